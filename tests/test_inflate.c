/* What the standard filters made, undone; whatever is damaged is found. */
#include "codec/inflate.h"
#include "codec/shuffle.h"
#include "suite.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define BYTES 6000

static unsigned char data[BYTES], shuffled[BYTES], got[BYTES + 8];
static unsigned char deflated[2 * BYTES];

static struct inflate *open_inflate(void)
{
    struct inflate *inflate = NULL;

    CU_ASSERT_EQUAL_FATAL(inflate_open(BYTES, &inflate, &(struct error){0}), OK);
    for (int k = 0; k < BYTES; k++)
        data[k] = (unsigned char)(k % 8 < 3 ? rand() % 6 : k / 256);
    memset(got, 0xee, sizeof got);
    return inflate;
}

/* By zlib, as HDF5 does it. */
static size_t deflate_by_zlib(const void *from, size_t bytes)
{
    uLongf length = sizeof deflated;

    CU_ASSERT_EQUAL_FATAL(compress2(deflated, &length, from, bytes, 6), Z_OK);
    return length;
}

static int is_undone(struct inflate *inflate, size_t bytes, size_t element_bytes, bool deflate)
{
    struct filtered filtered = {.deflated = deflate, .shuffled = element_bytes};
    const void *from = data;

    if (element_bytes > 1) {
        shuffle_bytes(data, bytes, element_bytes, shuffled);
        from = shuffled;
    }
    filtered.data = deflate ? deflated : from;
    filtered.data_bytes = deflate ? deflate_by_zlib(from, bytes) : bytes;
    memset(got, 0xee, sizeof got);
    return inflate_undo(inflate, &filtered, got, bytes) && !memcmp(got, data, bytes) && got[bytes] == 0xee;
}

static void undoes_what_the_filters_did(void)
{
    static const size_t elements[] = {0, 1, 2, 3, 4, 8, 16}, lengths[] = {0, 1, 16, 255, 4096, BYTES};
    struct inflate *inflate = open_inflate();

    for (size_t e = 0; e < sizeof elements / sizeof *elements; e++)
        for (size_t k = 0; k < sizeof lengths / sizeof *lengths; k++) {
            CU_ASSERT(is_undone(inflate, lengths[k], elements[e], true));
            CU_ASSERT(is_undone(inflate, lengths[k], elements[e], false));
        }
    inflate_close(inflate);
}

/* Every byte of it, one after the other, is turned; and every length that is too short. */
static void finds_damage(void)
{
    struct inflate *inflate = open_inflate();
    const size_t length = deflate_by_zlib(data, 1000);
    const struct filtered whole = {deflated, length, true, 4};
    int missed = 0;

    for (size_t k = 0; k < length; k++) {
        deflated[k] ^= 0x55;
        missed += inflate_undo(inflate, &whole, got, 1000);
        deflated[k] ^= 0x55;
    }
    for (size_t k = 0; k < length; k++)
        missed += inflate_undo(inflate, &(struct filtered){deflated, k, true, 0}, got, 1000);
    CU_ASSERT_EQUAL(missed, 0);
    CU_ASSERT(inflate_undo(inflate, &whole, got, 1000));
    inflate_close(inflate);
}

static void finds_other_lengths(void)
{
    struct inflate *inflate = open_inflate();
    const struct filtered whole = {deflated, deflate_by_zlib(data, 1000), true, 0};

    CU_ASSERT(inflate_undo(inflate, &whole, got, 1000));
    CU_ASSERT_FALSE(inflate_undo(inflate, &whole, got, 999));
    CU_ASSERT_FALSE(inflate_undo(inflate, &whole, got, 1001));
    CU_ASSERT_FALSE(inflate_undo(inflate, &(struct filtered){data, 999, false, 0}, got, 1000));
    CU_ASSERT_FALSE(inflate_undo(inflate, &(struct filtered){data, 1001, false, 4}, got, 1000));
    inflate_close(inflate);
    inflate_close(NULL);
}

int main(void)
{
    CU_TestInfo tests[] = {{"undoes what the filters did", undoes_what_the_filters_did},
                           {"finds damage", finds_damage},
                           {"finds other lengths", finds_other_lengths},
                           CU_TEST_INFO_NULL};

    return suite_run("inflate", tests);
}
