/* Bytes into place, bits into the bitmap, the file under its name. */
#include "store/place.h"
#include "suite.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64], part[128], final[128];

static void make_file(off_t bytes)
{
    const int fd = open(part, O_CREAT | O_TRUNC | O_RDWR, 0600);

    CU_ASSERT(fd >= 0 && ftruncate(fd, bytes) == 0);
    close(fd);
}

static void read_part(const char *path, void *data, size_t bytes)
{
    FILE *file = fopen(path, "rb");

    CU_ASSERT_PTR_NOT_NULL(file);
    if (file) {
        CU_ASSERT_EQUAL(fread(data, 1, bytes, file), bytes);
        fclose(file);
    }
}

static void puts_bytes(void)
{
    struct error error = {0};
    struct place *place = NULL;
    char got[64];

    make_file(64);
    CU_ASSERT_EQUAL(place_open(part, 64, &place, &error), OK);
    CU_ASSERT_EQUAL(place_put(place, 8, "abcdefgh", 8, &error), OK);
    CU_ASSERT_EQUAL(place_put(place, 40, "12345678", 8, &error), OK);
    CU_ASSERT_EQUAL(place_close(place, &error), OK);
    read_part(part, got, 64);
    CU_ASSERT_EQUAL(memcmp(got + 8, "abcdefgh", 8), 0);
    CU_ASSERT_EQUAL(memcmp(got + 40, "12345678", 8), 0);
    CU_ASSERT_EQUAL(got[0] + got[16] + got[63], 0);
}

static void marks_bits_at_any_offset(void)
{
    struct error error = {0};
    unsigned char bits[8192 / 8 * 9], got[16384], expected[16384];

    for (size_t k = 0; k < sizeof bits; k++)
        bits[k] = (unsigned char)(k * 37 + 1);
    for (uint64_t first = 0; first < 20; first += 3) {
        const uint64_t count = 60000 + first;
        struct place *place = NULL;

        make_file(16384);
        memset(expected, 0, sizeof expected);
        for (uint64_t k = 0; k < count; k++)
            if (bits[k / 8] >> (k & 7) & 1)
                expected[100 + (first + k) / 8] |= (unsigned char)(1u << ((first + k) & 7));
        CU_ASSERT_EQUAL(place_open(part, 16384, &place, &error), OK);
        CU_ASSERT_EQUAL(place_mark(place, 100, first, count, bits, &error), OK);
        CU_ASSERT_EQUAL(place_close(place, &error), OK);
        read_part(part, got, sizeof got);
        CU_ASSERT_EQUAL(memcmp(got, expected, sizeof got), 0);
    }
}

static void keeps_bits_that_are_there(void)
{
    struct error error = {0};
    struct place *place = NULL;
    const unsigned char one = 1;
    unsigned char got[2];

    make_file(2);
    CU_ASSERT_EQUAL(place_open(part, 2, &place, &error), OK);
    for (uint64_t bit = 0; bit < 16; bit += 5)
        CU_ASSERT_EQUAL(place_mark(place, 0, bit, 1, &one, &error), OK);
    CU_ASSERT_EQUAL(place_close(place, &error), OK);
    read_part(part, got, 2);
    CU_ASSERT_EQUAL(got[0] | got[1] << 8, 1 | 1 << 5 | 1 << 10 | 1 << 15);
}

static void one_run_at_a_time(void)
{
    struct error error = {0};
    struct place *one = NULL, *two = NULL;

    make_file(8);
    CU_ASSERT_FALSE(place_busy(part));
    CU_ASSERT_EQUAL(place_open(part, 8, &one, &error), OK);
    CU_ASSERT_TRUE(place_busy(part));
    CU_ASSERT_EQUAL(place_open(part, 8, &two, &error), REFUSED);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.text, "another run is writing it"));
    CU_ASSERT_EQUAL(place_close(one, &error), OK);
    CU_ASSERT_FALSE(place_busy(part));
}

static void finishes_under_the_name(void)
{
    struct error error = {0};
    struct stat status;

    make_file(8);
    CU_ASSERT_EQUAL(place_finish(part, final, &error), OK);
    CU_ASSERT_EQUAL(stat(final, &status), 0);
    CU_ASSERT_EQUAL(access(part, F_OK), -1);
    CU_ASSERT_EQUAL(place_finish(part, final, &error), FAILED);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.text, "No such file"));
    unlink(final);
}

static void says_that_a_write_failed(void)
{
    struct error error = {0};
    struct rlimit before, limit;
    struct place *place = NULL;

    make_file(0);
    getrlimit(RLIMIT_FSIZE, &before);
    limit = before;
    limit.rlim_cur = 16;
    signal(SIGXFSZ, SIG_IGN);
    CU_ASSERT_EQUAL(place_open(part, 0, &place, &error), OK);
    setrlimit(RLIMIT_FSIZE, &limit);
    CU_ASSERT_EQUAL(place_put(place, 8, "0123456789abcdef", 16, &error), FAILED);
    setrlimit(RLIMIT_FSIZE, &before);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.text, "can't write: File too large"));
    place_close(place, &error);
}

int main(void)
{
    CU_TestInfo tests[] = {{"puts bytes", puts_bytes},
                           {"marks bits at any offset", marks_bits_at_any_offset},
                           {"keeps bits that are there", keeps_bits_that_are_there},
                           {"one run at a time", one_run_at_a_time},
                           {"finishes under the name", finishes_under_the_name},
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
