/* Shuffle and deflate: their inverses give the bytes back. */
#include "codec/deflate.h"
#include "suite.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* zlib's inflate, then each byte back to its place. */
static bool unpack(const void *packed, size_t packed_bytes, size_t element_bytes, unsigned char *to, size_t bytes)
{
    const size_t count = bytes / element_bytes;
    unsigned char *shuffled = malloc(bytes + 1);
    uLongf got = bytes + 1;
    const bool whole = uncompress(shuffled, &got, packed, packed_bytes) == Z_OK && got == bytes;

    for (size_t k = 0; k < bytes && whole; k++)
        to[k] = k < count * element_bytes ? shuffled[k % element_bytes * count + k / element_bytes] : shuffled[k];
    free(shuffled);
    return whole;
}

/* Numbers that grow, with noise in their lowest byte. */
static unsigned char *numbers(size_t bytes)
{
    unsigned char *made = malloc(bytes + 4);
    unsigned seed = 1;

    CU_ASSERT_PTR_NOT_NULL_FATAL(made);
    for (size_t k = 0; k < bytes; k += 4) {
        const unsigned value = (unsigned)k * 300 + (seed = seed * 1103515245u + 12345u) % 256;

        memcpy(made + k, &value, 4);
    }
    return made;
}

static void gives_back(void)
{
    static const size_t sizes[] = {1, 15, 16, 100, 4099, 200000};
    static const size_t elements[] = {1, 2, 3, 4, 8, 16};
    unsigned char *data = numbers(200000), *got = malloc(200000);
    struct error error = {0};
    int wrong = 0;

    for (int level = 1; level <= DEFLATE_LEVEL_MAX; level++) {
        struct deflate *deflate;

        CU_ASSERT_EQUAL_FATAL(deflate_open(level, 200000, &deflate, &error), OK);
        for (int s = 0; s < 6; s++)
            for (int e = 0; e < 6; e++) {
                const void *packed;
                const size_t bytes = deflate_pack(deflate, data, sizes[s], elements[e], &packed);

                memset(got, 0, sizes[s]);
                wrong += !unpack(packed, bytes, elements[e], got, sizes[s]) || memcmp(got, data, sizes[s]) != 0;
            }
        deflate_close(deflate);
    }
    CU_ASSERT_EQUAL(wrong, 0);
    free(data);
    free(got);
}

static size_t packed_bytes(int level, const void *data, size_t bytes, size_t element_bytes)
{
    struct deflate *deflate;
    struct error error = {0};
    const void *packed;
    size_t got;

    CU_ASSERT_EQUAL_FATAL(deflate_open(level, bytes, &deflate, &error), OK);
    got = deflate_pack(deflate, data, bytes, element_bytes, &packed);
    deflate_close(deflate);
    return got;
}

static void makes_smaller(void)
{
    unsigned char *data = numbers(200000);

    CU_ASSERT(packed_bytes(4, data, 200000, 4) < packed_bytes(4, data, 200000, 1));
    CU_ASSERT(packed_bytes(9, data, 200000, 1) < packed_bytes(1, data, 200000, 1));
    CU_ASSERT(packed_bytes(1, data, 200000, 4) < 100000);
    free(data);
}

/* What has no pattern takes little more room, also where it is all that a buffer is for. */
static void noise(void)
{
    const size_t bytes = 1 << 20;
    unsigned char *data = malloc(bytes), *got = malloc(bytes);
    unsigned seed = 7;
    struct error error = {0};

    for (size_t k = 0; k < bytes; k++)
        data[k] = (unsigned char)((seed = seed * 1103515245u + 12345u) >> 16);
    for (int level = 1; level <= DEFLATE_LEVEL_MAX; level += 4) {
        struct deflate *deflate;
        const void *packed;
        size_t packed_size;

        CU_ASSERT_EQUAL_FATAL(deflate_open(level, bytes, &deflate, &error), OK);
        packed_size = deflate_pack(deflate, data, bytes, 8, &packed);
        CU_ASSERT(packed_size > bytes && packed_size < bytes + bytes / 1000);
        CU_ASSERT(unpack(packed, packed_size, 8, got, bytes) && !memcmp(got, data, bytes));
        deflate_close(deflate);
    }
    free(data);
    free(got);
}

/* A chunk that sticks out over the edge is as if what is behind it were there. */
static void fills_up(void)
{
    unsigned char *data = numbers(4000), expected[4000];
    const struct chunk_shape whole = {4000, 4, "FILL"};
    struct error error = {0};

    memcpy(expected, data, sizeof expected);
    for (size_t k = 1204; k < sizeof expected; k += 4)
        memcpy(expected + k, "FILL", 4);
    for (int level = 1; level <= DEFLATE_LEVEL_MAX; level++) {
        struct deflate *deflate;
        unsigned char got[4000];
        const void *packed;
        size_t bytes;

        CU_ASSERT_EQUAL_FATAL(deflate_open(level, sizeof got, &deflate, &error), OK);
        bytes = deflate_chunk(deflate, &whole, data, 1204, &packed);
        CU_ASSERT(unpack(packed, bytes, 4, got, sizeof got) && !memcmp(got, expected, sizeof got));
        bytes = deflate_chunk(deflate, &whole, data, sizeof got, &packed);
        CU_ASSERT(unpack(packed, bytes, 4, got, sizeof got) && !memcmp(got, data, sizeof got));
        deflate_close(deflate);
    }
    free(data);
}

/* The file must not depend on which rank made a chunk, or what it made before. */
static void makes_the_same(void)
{
    unsigned char *data = numbers(300000);
    struct error error = {0};

    for (int level = 1; level <= DEFLATE_LEVEL_MAX; level++) {
        struct deflate *one, *other;
        const void *first, *second;
        size_t bytes;

        CU_ASSERT_EQUAL_FATAL(deflate_open(level, 200000, &one, &error), OK);
        CU_ASSERT_EQUAL_FATAL(deflate_open(level, 300000, &other, &error), OK);
        deflate_pack(other, data + 100000, 200000, 2, &second);
        deflate_pack(other, data, 77777, 8, &second);
        bytes = deflate_pack(one, data, 200000, 4, &first);
        CU_ASSERT_EQUAL(deflate_pack(other, data, 200000, 4, &second), bytes);
        CU_ASSERT_EQUAL(memcmp(first, second, bytes), 0);
        deflate_close(one);
        deflate_close(other);
    }
    free(data);
}

static void says_when_it_can_not_be(void)
{
    struct error error = {0};
    struct deflate *deflate = (struct deflate *)&error;

    CU_ASSERT_EQUAL(deflate_open(99, 100, &deflate, &error), FAILED);
    CU_ASSERT_PTR_NULL(deflate);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.text, "no memory"));
    deflate_close(NULL);
}

int main(void)
{
    CU_TestInfo tests[] = {{"gives back what was packed", gives_back},
                           {"makes smaller", makes_smaller},
                           {"noise", noise},
                           {"fills up what is behind the edge", fills_up},
                           {"makes the same of the same", makes_the_same},
                           {"says when it can't be", says_when_it_can_not_be},
                           CU_TEST_INFO_NULL};

    return suite_run("deflate", tests);
}
