/* HDF5's shuffle by vectors and byte by byte: the same, at every size, and undone by its inverse. */
#include "codec/shuffle.h"
#include "suite.h"

#include <stdlib.h>
#include <string.h>

#define BYTES_MAX 1200

static unsigned char data[BYTES_MAX], fast[BYTES_MAX + 1], plain[BYTES_MAX], back[BYTES_MAX + 1];

static void fill(void)
{
    for (size_t k = 0; k < BYTES_MAX; k++)
        data[k] = (unsigned char)rand();
}

static void moves_bytes_as_hdf5_does(void)
{
    static const unsigned char elements[] = "a1b2c3x", planes[] = "abc123x";
    unsigned char got[sizeof planes] = "";

    shuffle_bytes(elements, 7, 2, got);
    CU_ASSERT_EQUAL(memcmp(got, planes, 7), 0);
    unshuffle_bytes(planes, 7, 2, got);
    CU_ASSERT_EQUAL(memcmp(got, elements, 7), 0);
}

/* One size of buffer and element. */
static int is_right(size_t bytes, size_t element_bytes)
{
    fast[bytes] = back[bytes] = 0xee;
    shuffle_bytes(data, bytes, element_bytes, fast);
    shuffle_bytes_plainly(data, bytes, element_bytes, plain);
    if (memcmp(fast, plain, bytes) || fast[bytes] != 0xee)
        return 0;
    unshuffle_bytes(fast, bytes, element_bytes, back);
    if (memcmp(back, data, bytes) || back[bytes] != 0xee)
        return 0;
    unshuffle_bytes_plainly(fast, bytes, element_bytes, back);
    return memcmp(back, data, bytes) == 0;
}

static void is_the_same_by_vectors_and_byte_by_byte(void)
{
    int wrong = 0;

    fill();
    for (size_t element_bytes = 1; element_bytes <= 17; element_bytes++)
        for (size_t bytes = 0; bytes <= BYTES_MAX; bytes++)
            wrong += !is_right(bytes, element_bytes);
    CU_ASSERT_EQUAL(wrong, 0);
}

static void needs_no_alignment(void)
{
    int wrong = 0;

    fill();
    for (size_t from = 0; from < 16; from++)
        for (size_t to = 0; to < 16; to++) {
            shuffle_bytes(data + from, 1024, 8, fast + to);
            shuffle_bytes_plainly(data + from, 1024, 8, plain);
            wrong += memcmp(fast + to, plain, 1024) != 0;
            unshuffle_bytes(fast + to, 1024, 8, back + from);
            wrong += memcmp(back + from, data + from, 1024) != 0;
        }
    CU_ASSERT_EQUAL(wrong, 0);
}

int main(void)
{
    CU_TestInfo tests[] = {{"moves bytes as HDF5 does", moves_bytes_as_hdf5_does},
                           {"is the same by vectors and byte by byte", is_the_same_by_vectors_and_byte_by_byte},
                           {"needs no alignment", needs_no_alignment},
                           CU_TEST_INFO_NULL};

    return suite_run("shuffle", tests);
}
