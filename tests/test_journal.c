/* Records come back as they were put, or not at all. */
#include "store/journal.h"
#include "suite.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64], output[128], path[160];

static const char *const texts[] = {"one", "", "three little words", "12345678"};
#define TEXTS (sizeof texts / sizeof *texts)

static struct journal *create(unsigned attempt)
{
    struct error error = {0};
    struct journal *journal;

    CU_ASSERT_EQUAL_FATAL(journal_create(output, "out.h5", attempt, &journal, &error), OK);
    return journal;
}

static void put_texts(struct journal *journal)
{
    struct error error = {0};

    for (size_t k = 0; k < TEXTS; k++)
        CU_ASSERT_EQUAL(journal_put(journal, 10 + (uint32_t)k, texts[k], strlen(texts[k]), &error), OK);
}

/* The texts that are read, in order; each must be the one that was put. */
static size_t read_texts(unsigned attempt)
{
    struct error error = {0};
    struct journal_reader *reader;
    const void *data;
    size_t bytes, count = 0;
    uint32_t type;

    CU_ASSERT_EQUAL_FATAL(journal_read(output, "out.h5", attempt, &reader, &error), OK);
    while (journal_next(reader, &type, &data, &bytes, &error)) {
        if (count == TEXTS || type != 10 + count || bytes != strlen(texts[count]) ||
            memcmp(data, texts[count], bytes) != 0)
            CU_FAIL("a record that was not put");
        count++;
    }
    CU_ASSERT_EQUAL(error.code, OK);
    journal_end(reader);
    return count;
}

static unsigned newest(void)
{
    struct error error = {0};
    unsigned attempt;

    CU_ASSERT_EQUAL(journal_newest(output, "out.h5", &attempt, &error), OK);
    return attempt;
}

static void clear(void)
{
    struct error error = {0};

    CU_ASSERT_EQUAL(journal_remove_others(output, "out.h5", 0, &error), OK);
    CU_ASSERT_EQUAL(newest(), 0);
}

static void gives_back_what_was_put(void)
{
    struct error error = {0};
    struct journal *journal = create(3);

    put_texts(journal);
    CU_ASSERT_EQUAL(journal_sync(journal, &error), OK);
    CU_ASSERT_EQUAL(newest(), 0);
    CU_ASSERT_EQUAL(journal_publish(journal, &error), OK);
    CU_ASSERT_EQUAL(newest(), 3);
    journal_close(journal);
    CU_ASSERT_EQUAL(read_texts(3), TEXTS);
    clear();
}

static void holds_much(void)
{
    struct error error = {0};
    struct journal *journal = create(1);
    struct journal_reader *reader;
    char *large = calloc(1, 300000);
    const void *data;
    uint64_t number = 0;
    size_t bytes;
    uint32_t type;

    CU_ASSERT_PTR_NOT_NULL_FATAL(large);
    for (; number < 20000; number++)
        CU_ASSERT_EQUAL(journal_put(journal, 1, &number, sizeof number, &error), OK);
    large[299999] = 'e';
    CU_ASSERT_EQUAL(journal_put(journal, 2, large, 300000, &error), OK);
    CU_ASSERT_EQUAL(journal_publish(journal, &error), OK);
    journal_close(journal);
    CU_ASSERT_EQUAL_FATAL(journal_read(output, "out.h5", 1, &reader, &error), OK);
    for (uint64_t k = 0; k < 20000; k++)
        if (!journal_next(reader, &type, &data, &bytes, &error) || type != 1 || memcmp(data, &k, sizeof k) != 0)
            CU_FAIL("not the number");
    CU_ASSERT(journal_next(reader, &type, &data, &bytes, &error));
    CU_ASSERT(type == 2 && bytes == 300000 && memcmp(data, large, bytes) == 0);
    CU_ASSERT_FALSE(journal_next(reader, &type, &data, &bytes, &error));
    journal_end(reader);
    free(large);
    clear();
}

static void vanishes_unpublished(void)
{
    struct journal *journal = create(1);

    put_texts(journal);
    journal_close(journal);
    journal = create(2);
    journal_remove(journal);
    journal_close(journal);
    journal_close(NULL);
    CU_ASSERT_EQUAL(rmdir(folder), 0); /* it is empty */
    CU_ASSERT_EQUAL(mkdir(folder, 0700), 0);
}

static void publish(unsigned attempt)
{
    struct error error = {0};
    struct journal *journal = create(attempt);

    put_texts(journal);
    CU_ASSERT_EQUAL(journal_publish(journal, &error), OK);
    journal_close(journal);
}

/* The bytes of a small journal. */
static size_t small_journal(char bytes[4096])
{
    size_t count;
    FILE *file;

    publish(1);
    file = fopen(path, "rb");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    count = fread(bytes, 1, 4096, file);
    fclose(file);
    return count;
}

static void rewrite(const char *bytes, size_t count)
{
    FILE *file = fopen(path, "wb");

    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT_EQUAL(fwrite(bytes, 1, count, file), count);
    fclose(file);
}

static void is_read_as_far_as_it_is_whole(void)
{
    char bytes[4096];
    const size_t count = small_journal(bytes);
    size_t before = 0;

    for (size_t k = 0; k <= count; k++) {
        size_t texts_read;

        rewrite(bytes, k);
        texts_read = read_texts(1);
        CU_ASSERT(texts_read >= before);
        before = texts_read;
    }
    CU_ASSERT_EQUAL(before, TEXTS);
    clear();
}

static void notices_every_bit_that_counts(void)
{
    char bytes[4096];
    const size_t count = small_journal(bytes);
    size_t whole = 0;

    for (size_t bit = 0; bit < 8 * count; bit++) {
        bytes[bit / 8] ^= (char)(1 << (bit & 7));
        rewrite(bytes, count);
        whole += read_texts(1) == TEXTS;
        bytes[bit / 8] ^= (char)(1 << (bit & 7));
    }
    CU_ASSERT_EQUAL(whole, 8 * (5 + 6)); /* the padding of "one" and of "three little words" */
    clear();
}

static void finds_the_newest(void)
{
    const char *const others[] = {"out.h5.jnl.9.new", "out.h5.jnl.",   "out.h5.jnl.07",
                                  "out.h5.jnl.8x",    "out.h5.jnl.-1", "out.h5.jnl.99999999999",
                                  "other.h5.jnl.50",  "xout.h5.jnl.60"};
    struct error error = {0};

    publish(2);
    publish(11);
    publish(10);
    for (size_t k = 0; k < sizeof others / sizeof *others; k++) {
        char file[256];
        FILE *made;

        snprintf(file, sizeof file, "%s/%s", folder, others[k]);
        made = fopen(file, "w");
        CU_ASSERT_PTR_NOT_NULL_FATAL(made);
        fclose(made);
    }
    CU_ASSERT_EQUAL(newest(), 11);
    CU_ASSERT_EQUAL(journal_remove_others(output, "out.h5", 10, &error), OK);
    CU_ASSERT_EQUAL(newest(), 10);
    clear();
    for (size_t k = 0; k < sizeof others / sizeof *others; k++) {
        char file[256];

        snprintf(file, sizeof file, "%s/%s", folder, others[k]);
        CU_ASSERT_EQUAL(unlink(file), k == 0 ? -1 : 0); /* only ours are gone */
    }
}

static void stays_whole_when_it_can_not_grow(void)
{
    struct error error = {0};
    struct rlimit before, limit;
    struct journal *journal = create(1);
    char large[2000] = "";

    put_texts(journal);
    CU_ASSERT_EQUAL(journal_publish(journal, &error), OK);
    getrlimit(RLIMIT_FSIZE, &before);
    limit = before;
    limit.rlim_cur = 1000;
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &limit);
    CU_ASSERT_EQUAL(journal_put(journal, 14, large, sizeof large, &error), OK);
    CU_ASSERT_EQUAL(journal_sync(journal, &error), FAILED);
    setrlimit(RLIMIT_FSIZE, &before);
    CU_ASSERT_STRING_EQUAL(error.text, "out.h5: can't write its journal: File too large");
    error_clear(&error);
    CU_ASSERT_EQUAL(journal_put(journal, 14, large, 1, &error), FAILED);
    error_clear(&error);
    CU_ASSERT_EQUAL(journal_sync(journal, &error), FAILED);
    journal_close(journal);
    CU_ASSERT_EQUAL(read_texts(1), TEXTS);
    clear();
}

int main(void)
{
    CU_TestInfo tests[] = {{"gives back what was put", gives_back_what_was_put},
                           {"holds much", holds_much},
                           {"vanishes unpublished", vanishes_unpublished},
                           {"is read as far as it is whole", is_read_as_far_as_it_is_whole},
                           {"notices every bit that counts", notices_every_bit_that_counts},
                           {"finds the newest", finds_the_newest},
                           {"stays whole when it can't grow", stays_whole_when_it_can_not_grow},
                           CU_TEST_INFO_NULL};
    int status;

    snprintf(folder, sizeof folder, "/tmp/h5map_journal.XXXXXX");
    if (!mkdtemp(folder))
        return 1;
    snprintf(output, sizeof output, "%s/out.h5", folder);
    snprintf(path, sizeof path, "%s.jnl.1", output);
    status = suite_run("journal", tests);
    rmdir(folder);
    return status;
}
