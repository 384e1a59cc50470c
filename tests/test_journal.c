/* Records come back as they were put, or not at all. */
#include "store/journal.h"
#include "suite.h"

#include <errno.h>
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

/* The linker sends the library's calls here. */
static bool no_memory, no_sync;

void *__real_realloc(void *data, size_t bytes);
void *__wrap_realloc(void *data, size_t bytes);
int __real_fdatasync(int fd);
int __wrap_fdatasync(int fd);

void *__wrap_realloc(void *data, size_t bytes)
{
    return no_memory ? NULL : __real_realloc(data, bytes);
}

int __wrap_fdatasync(int fd)
{
    if (!no_sync)
        return __real_fdatasync(fd);
    errno = EIO;
    return -1;
}

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

/* Where each record of the small journal ends: a head of 24 bytes, and the text padded to 8. */
static void find_ends(size_t ends[TEXTS], size_t count)
{
    size_t place = 0;

    for (size_t k = 0; k < TEXTS; k++)
        ends[k] = place += 24 + (strlen(texts[k]) + 7) / 8 * 8;
    CU_ASSERT_EQUAL(place, count);
}

/* The records that end at or before a place. */
static size_t records_before(const size_t ends[TEXTS], size_t place)
{
    size_t count = 0;

    while (count < TEXTS && ends[count] <= place)
        count++;
    return count;
}

static void is_read_as_far_as_it_is_whole(void)
{
    char bytes[4096];
    const size_t count = small_journal(bytes);
    size_t ends[TEXTS];

    find_ends(ends, count);
    for (size_t k = 0; k <= count; k++) {
        rewrite(bytes, k);
        CU_ASSERT_EQUAL(read_texts(1), records_before(ends, k));
    }
    clear();
}

/* A flipped bit ends reading before its record; only those of the padding, 5 and 6 bytes, count for nothing. */
static void notices_every_bit_that_counts(void)
{
    char bytes[4096];
    const size_t count = small_journal(bytes);
    size_t ends[TEXTS], unnoticed = 0;

    find_ends(ends, count);
    for (size_t bit = 0; bit < 8 * count; bit++) {
        size_t texts_read;

        bytes[bit / 8] ^= (char)(1 << (bit & 7));
        rewrite(bytes, count);
        texts_read = read_texts(1);
        unnoticed += texts_read == TEXTS;
        CU_ASSERT(texts_read == TEXTS || texts_read == records_before(ends, bit / 8));
        bytes[bit / 8] ^= (char)(1 << (bit & 7));
    }
    CU_ASSERT_EQUAL(unnoticed, 8 * (5 + 6));
    clear();
}

/* What a crash may leave after the last record: a block of zeros, or of what the disk had there before. */
static void ends_before_what_is_no_record(void)
{
    char bytes[4096 + 4096] = "";
    const size_t count = small_journal(bytes);

    rewrite(bytes, count + 4096);
    CU_ASSERT_EQUAL(read_texts(1), TEXTS);
    memset(bytes + count, 0xff, 4096);
    rewrite(bytes, count + 4096);
    CU_ASSERT_EQUAL(read_texts(1), TEXTS);
    rewrite(bytes + 4, count - 4);
    CU_ASSERT_EQUAL(read_texts(1), 0);
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

static void works_in_the_current_folder(void)
{
    struct error error = {0};
    struct journal *journal;
    unsigned attempt;

    CU_ASSERT_EQUAL_FATAL(chdir(folder), 0);
    CU_ASSERT_EQUAL_FATAL(journal_create("out.h5", "out.h5", 7, &journal, &error), OK);
    put_texts(journal);
    CU_ASSERT_EQUAL(journal_publish(journal, &error), OK);
    journal_close(journal);
    CU_ASSERT_EQUAL(journal_newest("out.h5", "out.h5", &attempt, &error), OK);
    CU_ASSERT_EQUAL(attempt, 7);
    CU_ASSERT_EQUAL(journal_remove_others("out.h5", "out.h5", 0, &error), OK);
    CU_ASSERT_EQUAL(newest(), 0);
    CU_ASSERT_EQUAL(chdir("/"), 0);
}

static void check_broken(struct journal *journal)
{
    struct error error = {0};

    CU_ASSERT_EQUAL(journal_put(journal, 14, "more", 4, &error), FAILED);
    CU_ASSERT_STRING_EQUAL(error.text, "out.h5: its journal can't be written any more");
    error_clear(&error);
    CU_ASSERT_EQUAL(journal_sync(journal, &error), FAILED);
    error_clear(&error);
    CU_ASSERT_EQUAL(journal_publish(journal, &error), FAILED);
}

static struct journal *published_journal(void)
{
    struct error error = {0};
    struct journal *journal = create(1);

    put_texts(journal);
    CU_ASSERT_EQUAL(journal_publish(journal, &error), OK);
    return journal;
}

static off_t file_bytes(void)
{
    struct stat status;

    CU_ASSERT_EQUAL_FATAL(stat(path, &status), 0);
    return status.st_size;
}

/* However many bytes fit, what does not fit as a whole is cut off. */
static void stays_whole_when_it_can_not_grow(void)
{
    char large[2000] = "";

    signal(SIGXFSZ, SIG_IGN);
    for (rlim_t room = 0; room < 2024; room += 253) {
        struct error error = {0};
        struct journal *journal = published_journal();
        const off_t bytes = file_bytes();
        struct rlimit before, limit;

        getrlimit(RLIMIT_FSIZE, &before);
        limit = before;
        limit.rlim_cur = (rlim_t)bytes + room;
        setrlimit(RLIMIT_FSIZE, &limit);
        CU_ASSERT_EQUAL(journal_put(journal, 14, large, sizeof large, &error), OK);
        CU_ASSERT_EQUAL(journal_sync(journal, &error), FAILED);
        setrlimit(RLIMIT_FSIZE, &before);
        CU_ASSERT_STRING_EQUAL(error.text, "out.h5: can't write its journal: File too large");
        check_broken(journal);
        journal_close(journal);
        CU_ASSERT_EQUAL(file_bytes(), bytes);
        CU_ASSERT_EQUAL(read_texts(1), TEXTS);
        clear();
    }
}

/* A record that could not be taken is not left out: nothing follows it. */
static void ends_with_the_first_failure(void)
{
    struct error error = {0};
    struct journal *journal = published_journal();
    char *large = calloc(1, 200000);

    CU_ASSERT_PTR_NOT_NULL_FATAL(large);
    no_memory = true;
    CU_ASSERT_EQUAL(journal_put(journal, 14, large, 200000, &error), FAILED);
    no_memory = false;
    check_broken(journal);
    journal_close(journal);
    CU_ASSERT_EQUAL(read_texts(1), TEXTS);
    journal = published_journal();
    error_clear(&error);
    CU_ASSERT_EQUAL(journal_put(journal, 14, large, (size_t)1 << 40, &error), FAILED);
    check_broken(journal);
    journal_close(journal);
    CU_ASSERT_EQUAL(read_texts(1), TEXTS);
    free(large);
    clear();
}

static void says_that_it_is_not_on_disk(void)
{
    struct error error = {0};
    struct journal *journal = create(1);

    put_texts(journal);
    no_sync = true;
    CU_ASSERT_EQUAL(journal_publish(journal, &error), FAILED);
    no_sync = false;
    CU_ASSERT_STRING_EQUAL(error.text, "out.h5: can't sync its journal: Input/output error");
    check_broken(journal);
    journal_close(journal);
    CU_ASSERT_EQUAL(newest(), 0);
    CU_ASSERT_EQUAL(rmdir(folder), 0);
    CU_ASSERT_EQUAL(mkdir(folder, 0700), 0);
}

static void takes_a_record_of_no_bytes(void)
{
    struct error error = {0};
    struct journal *journal = create(1);
    struct journal_reader *reader;
    const void *data;
    size_t bytes = 1;
    uint32_t type;

    CU_ASSERT_EQUAL(journal_put(journal, 5, NULL, 0, &error), OK);
    CU_ASSERT_EQUAL(journal_publish(journal, &error), OK);
    journal_close(journal);
    CU_ASSERT_EQUAL_FATAL(journal_read(output, "out.h5", 1, &reader, &error), OK);
    CU_ASSERT(journal_next(reader, &type, &data, &bytes, &error));
    CU_ASSERT(type == 5 && bytes == 0);
    CU_ASSERT_FALSE(journal_next(reader, &type, &data, &bytes, &error));
    journal_end(reader);
    clear();
}

/* A run that was taken over goes on with the same attempt, for a while. */
static void leaves_the_journal_of_the_run_that_took_over(void)
{
    struct error error = {0};
    struct journal *old = create(1), *new = create(1);

    CU_ASSERT_EQUAL(journal_put(old, 1, "old", 3, &error), OK);
    CU_ASSERT_EQUAL(journal_publish(old, &error), FAILED);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.text, "out.h5.jnl.1.new is no longer this run's file"));
    CU_ASSERT_EQUAL(newest(), 0);
    journal_close(old);
    put_texts(new);
    error_clear(&error);
    CU_ASSERT_EQUAL(journal_publish(new, &error), OK);
    journal_close(new);
    CU_ASSERT_EQUAL(read_texts(1), TEXTS);
    old = published_journal();
    publish(1);
    journal_remove(old);
    journal_close(old);
    CU_ASSERT_EQUAL(read_texts(1), TEXTS);
    clear();
}

static void says_what_can_not_be_made_or_read(void)
{
    struct journal_reader *reader;
    struct error error = {0};
    struct journal *journal;
    char where[5000];
    unsigned attempt;

    memset(where, 'a', sizeof where - 1);
    where[sizeof where - 1] = '\0';
    CU_ASSERT_EQUAL(journal_create(where, "out.h5", 1, &journal, &error), REFUSED);
    CU_ASSERT_STRING_EQUAL(error.text, "out.h5: the path is too long");
    CU_ASSERT_PTR_NULL(journal);
    error_clear(&error);
    CU_ASSERT_EQUAL(journal_create("/nowhere/out.h5", "out.h5", 1, &journal, &error), FAILED);
    CU_ASSERT_STRING_EQUAL(error.text, "out.h5: can't make its journal: No such file or directory");
    error_clear(&error);
    CU_ASSERT_EQUAL(journal_newest("/nowhere/out.h5", "out.h5", &attempt, &error), FAILED);
    CU_ASSERT_STRING_EQUAL(error.text, "out.h5: can't read its folder: No such file or directory");
    error_clear(&error);
    CU_ASSERT_EQUAL(journal_read(output, "out.h5", 1, &reader, &error), FAILED);
    CU_ASSERT_STRING_EQUAL(error.text, "out.h5: can't read its journal: No such file or directory");
    CU_ASSERT_PTR_NULL(reader);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"gives back what was put", gives_back_what_was_put},
        {"holds much", holds_much},
        {"vanishes unpublished", vanishes_unpublished},
        {"is read as far as it is whole", is_read_as_far_as_it_is_whole},
        {"notices every bit that counts", notices_every_bit_that_counts},
        {"ends before what is no record", ends_before_what_is_no_record},
        {"finds the newest", finds_the_newest},
        {"works in the current folder", works_in_the_current_folder},
        {"stays whole when it can't grow", stays_whole_when_it_can_not_grow},
        {"ends with the first failure", ends_with_the_first_failure},
        {"says that it is not on disk", says_that_it_is_not_on_disk},
        {"takes a record of no bytes", takes_a_record_of_no_bytes},
        {"leaves the journal of the run that took over", leaves_the_journal_of_the_run_that_took_over},
        {"says what can't be made or read", says_what_can_not_be_made_or_read},
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
