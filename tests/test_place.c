/* Bytes into place, bits into the bitmap, the file under its name. */
#include "store/place.h"
#include "suite.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64], part[128], final[128];

static struct place_spec spec(const char *suffix)
{
    return (struct place_spec){final, "out.h5", suffix};
}

/* A place whose part file has this size. */
static struct place *begin(off_t bytes)
{
    const struct place_spec wanted = spec(PLACE_PART);
    struct error error = {0};
    struct place *place = NULL;

    CU_ASSERT_EQUAL_FATAL(place_make(&wanted, &place, &error), OK);
    CU_ASSERT_STRING_EQUAL(place_path(place), part);
    CU_ASSERT_EQUAL(truncate(part, bytes), 0);
    CU_ASSERT_EQUAL(place_reserve(place, (uint64_t)bytes, &error), OK);
    return place;
}

/* Remove and let go. */
static void end(struct place *place)
{
    place_remove(place);
    place_close(place);
}

static void read_file(const char *path, void *data, size_t bytes)
{
    FILE *file = fopen(path, "rb");

    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT_EQUAL(fread(data, 1, bytes, file), bytes);
    fclose(file);
}

static bool exists(const char *path)
{
    return access(path, F_OK) == 0;
}

static void puts_bytes_and_finishes(void)
{
    struct error error = {0};
    struct place *place = begin(64);
    char got[64];

    CU_ASSERT_EQUAL(place_put(place, 8, "abcdefgh", 8, &error), OK);
    CU_ASSERT_EQUAL(place_put(place, 40, "12345678", 8, &error), OK);
    CU_ASSERT(exists(part) && !exists(final));
    CU_ASSERT_EQUAL(place_finish(place, false, &error), OK);
    place_close(place);
    CU_ASSERT(!exists(part) && exists(final));
    read_file(final, got, 64);
    CU_ASSERT_EQUAL(memcmp(got + 8, "abcdefgh", 8), 0);
    CU_ASSERT_EQUAL(memcmp(got + 40, "12345678", 8), 0);
    CU_ASSERT_EQUAL(got[0] + got[16] + got[63], 0);
    unlink(final);
}

static void stays_until_it_is_removed(void)
{
    struct error error = {0};
    struct place *place = begin(8);

    place_close(place);
    CU_ASSERT(exists(part) && !exists(final));
    CU_ASSERT_EQUAL_FATAL(place_open(&(struct place_spec){final, "out.h5", PLACE_PART}, &place, &error), OK);
    place_remove(place);
    CU_ASSERT(!exists(part));
    CU_ASSERT_EQUAL(place_put(place, 0, "abcdefgh", 8, &error), OK);
    CU_ASSERT_EQUAL(place_finish(place, false, &error), FAILED);
    place_close(place);
    CU_ASSERT(!exists(final));
    CU_ASSERT_EQUAL(place_open(&(struct place_spec){final, "out.h5", PLACE_PART}, &place, &(struct error){0}), OK);
    CU_ASSERT_PTR_NULL(place);
    place_close(NULL);
}

/* What another run has put in our file's place is neither removed nor given the output's name. */
static void leaves_the_files_of_others(void)
{
    const struct place_spec wanted = spec(PLACE_PART);
    struct error error = {0};
    struct place *old = begin(8), *place = NULL;

    CU_ASSERT_EQUAL_FATAL(place_make(&wanted, &place, &error), OK);
    CU_ASSERT_EQUAL(place_put(old, 0, "old", 3, &error), OK);
    place_remove(old);
    CU_ASSERT(exists(part));
    CU_ASSERT_EQUAL(place_finish(old, true, &error), FAILED);
    CU_ASSERT(exists(part) && !exists(final));
    place_close(old);
    end(place);
}

static void becomes_another(void)
{
    const struct place_spec copy = spec(".part.7");
    struct error error = {0};
    struct place *old = begin(8), *place = NULL;
    char got[3];

    CU_ASSERT_EQUAL_FATAL(place_make(&copy, &place, &error), OK);
    CU_ASSERT_EQUAL(place_put(place, 0, "new", 3, &error), OK);
    CU_ASSERT_EQUAL(place_become(place, PLACE_PART, &error), OK);
    CU_ASSERT_STRING_EQUAL(place_path(place), part);
    read_file(part, got, 3);
    CU_ASSERT_EQUAL(memcmp(got, "new", 3), 0);
    place_close(old);
    end(place);
    CU_ASSERT(!exists(part));
}

static void clears_bits(void)
{
    unsigned char bits[8192], got[8192];

    memset(bits, 0xff, sizeof bits);
    for (uint64_t first = 0; first < 20; first += 3) {
        const uint64_t count = 60000 + first;
        struct error error = {0};
        struct place *place = begin(8192);

        CU_ASSERT_EQUAL(place_put(place, 0, bits, sizeof bits, &error), OK);
        CU_ASSERT_EQUAL(place_unmark(place, 0, first, count, &error), OK);
        read_file(part, got, sizeof got);
        for (uint64_t k = 0; k < 8 * sizeof got; k++)
            if ((got[k / 8] >> (k & 7) & 1) == (k >= first && k < first + count))
                CU_FAIL("a bit is not what it should be");
        end(place);
    }
}

static void gives_back_what_was_put(void)
{
    struct error error = {0};
    struct place *place = begin(16);
    char got[4];

    CU_ASSERT_EQUAL(place_put(place, 4, "abcd", 4, &error), OK);
    CU_ASSERT_EQUAL(place_sync(place, &error), OK);
    CU_ASSERT_EQUAL(place_get(place, 4, got, 4, &error), OK);
    CU_ASSERT_EQUAL(memcmp(got, "abcd", 4), 0);
    CU_ASSERT_EQUAL(place_cut(place, 6, &error), OK);
    CU_ASSERT_EQUAL(place_get(place, 4, got, 4, &error), FAILED);
    CU_ASSERT_STRING_EQUAL(error.text, "out.h5: can't read back: the file is too short");
    end(place);
}

static void marks_bits_at_any_offset(void)
{
    unsigned char bits[8192 / 8 * 9], got[16384], expected[16384];

    for (size_t k = 0; k < sizeof bits; k++)
        bits[k] = (unsigned char)(k * 37 + 1);
    for (uint64_t first = 0; first < 20; first += 3) {
        const uint64_t count = 60000 + first;
        struct error error = {0};
        struct place *place = begin(16384);

        memset(expected, 0, sizeof expected);
        for (uint64_t k = 0; k < count; k++)
            if (bits[k / 8] >> (k & 7) & 1)
                expected[100 + (first + k) / 8] |= (unsigned char)(1u << ((first + k) & 7));
        CU_ASSERT_EQUAL(place_mark(place, 100, first, count, bits, &error), OK);
        read_file(part, got, sizeof got);
        CU_ASSERT_EQUAL(memcmp(got, expected, sizeof got), 0);
        end(place);
    }
}

static void keeps_bits_that_are_there(void)
{
    struct error error = {0};
    struct place *place = begin(2);
    const unsigned char one = 1;
    unsigned char got[2];

    for (uint64_t bit = 0; bit < 16; bit += 5)
        CU_ASSERT_EQUAL(place_mark(place, 0, bit, 1, &one, &error), OK);
    read_file(part, got, 2);
    CU_ASSERT_EQUAL(got[0] | got[1] << 8, 1 | 1 << 5 | 1 << 10 | 1 << 15);
    end(place);
}

static void does_not_overwrite_unasked(void)
{
    struct error error = {0};
    struct place *place = begin(8);
    FILE *other = fopen(final, "w");

    CU_ASSERT_PTR_NOT_NULL_FATAL(other);
    CU_ASSERT(fputs("mine", other) >= 0);
    fclose(other);
    CU_ASSERT_EQUAL(place_finish(place, false, &error), FAILED); /* it appeared while we worked */
    CU_ASSERT_PTR_NOT_NULL(strstr(error.text, "File exists"));
    CU_ASSERT_FALSE(place_is_finished(place));
    error_clear(&error);
    CU_ASSERT_EQUAL(place_finish(place, true, &error), OK);
    CU_ASSERT(place_is_finished(place));
    place_close(place);
    unlink(final);
}

static void refuses_what_is_no_file(void)
{
    struct error error = {0};
    struct place *place = NULL;

    CU_ASSERT_EQUAL(mkfifo(part, 0600), 0);
    CU_ASSERT_EQUAL(place_open(&(struct place_spec){final, "out.h5", PLACE_PART}, &place, &error), REFUSED);
    CU_ASSERT(exists(part));
    unlink(part);
}

static void says_that_a_write_failed(void)
{
    struct error error = {0};
    struct rlimit before, limit;
    struct place *place = begin(0);

    getrlimit(RLIMIT_FSIZE, &before);
    limit = before;
    limit.rlim_cur = 16;
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &limit);
    CU_ASSERT_EQUAL(place_put(place, 8, "0123456789abcdef", 16, &error), FAILED);
    setrlimit(RLIMIT_FSIZE, &before);
    CU_ASSERT_STRING_EQUAL(error.text, "out.h5: can't write: File too large");
    end(place);
}

/* In a file with holes. */
static void goes_beyond_4_gib(void)
{
    const uint64_t far = (5ull << 30) + 3, first = 6000000001, second = first + 5000000000;
    const unsigned char bits[] = {0xa5, 0x3c};
    struct error error = {0};
    struct place *place = begin(0);
    unsigned char got[8];

    CU_ASSERT_EQUAL(place_put(place, far, "01234567", 8, &error), OK);
    CU_ASSERT_EQUAL(place_cut(place, far + 2000000000, &error), OK);
    CU_ASSERT_EQUAL(place_mark(place, far, first, 15, bits, &error), OK);
    CU_ASSERT_EQUAL(place_mark(place, far, second, 15, bits, &error), OK);
    CU_ASSERT_EQUAL(place_get(place, far + first / 8, got, 3, &error), OK);
    CU_ASSERT(got[0] == 0x4a && got[1] == 0x79 && got[2] == 0);
    CU_ASSERT_EQUAL(place_unmark(place, far, second, 8, &error), OK);
    CU_ASSERT_EQUAL(place_get(place, far + second / 8, got, 3, &error), OK);
    CU_ASSERT(got[0] == 0 && got[1] == 0x78 && got[2] == 0);
    CU_ASSERT_EQUAL(place_get(place, far, got, 8, &error), OK);
    CU_ASSERT_EQUAL(memcmp(got, "01234567", 8), 0);
    end(place);
}

int main(void)
{
    CU_TestInfo tests[] = {{"puts bytes and finishes", puts_bytes_and_finishes},
                           {"stays until it is removed", stays_until_it_is_removed},
                           {"leaves the files of others", leaves_the_files_of_others},
                           {"becomes another", becomes_another},
                           {"gives back what was put", gives_back_what_was_put},
                           {"clears bits", clears_bits},
                           {"marks bits at any offset", marks_bits_at_any_offset},
                           {"keeps bits that are there", keeps_bits_that_are_there},
                           {"does not overwrite unasked", does_not_overwrite_unasked},
                           {"refuses what is no file", refuses_what_is_no_file},
                           {"goes beyond 4 GiB", goes_beyond_4_gib},
                           {"says that a write failed", says_that_a_write_failed},
                           CU_TEST_INFO_NULL};
    int status;

    snprintf(folder, sizeof folder, "/tmp/h5map_place.XXXXXX");
    if (!mkdtemp(folder))
        return 1;
    snprintf(part, sizeof part, "%s/out.h5.part", folder);
    snprintf(final, sizeof final, "%s/out.h5", folder);
    status = suite_run("place", tests);
    unlink(part);
    rmdir(folder);
    return status;
}
