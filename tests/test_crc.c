/* CRC-32: known answers, and what is known of joined and of zero bytes against the CRC of the bytes themselves. */
#include "codec/crc.h"
#include "suite.h"

#include <stdlib.h>
#include <string.h>

static void known(void)
{
    CU_ASSERT_EQUAL(crc_add(0, "123456789", 9), 0xcbf43926);
    CU_ASSERT_EQUAL(crc_add(0, "The quick brown fox jumps over the lazy dog", 43), 0x414fa339);
    CU_ASSERT_EQUAL(crc_add(0, "", 1), 0xd202ef8d);
    CU_ASSERT_EQUAL(crc_add(0, "", 0), 0);
}

static void goes_on(void)
{
    CU_ASSERT_EQUAL(crc_add(crc_add(0, "1234", 4), "56789", 5), 0xcbf43926);
    CU_ASSERT_EQUAL(crc_add(crc_add(0, "123456789", 9), "", 0), 0xcbf43926);
    CU_ASSERT_NOT_EQUAL(crc_add(crc_add(0, "56789", 5), "1234", 4), 0xcbf43926);
}

/* Two runs of 0 to 300 bytes. */
static void joins(void)
{
    unsigned char bytes[600];
    int wrong = 0;

    for (unsigned k = 0; k < sizeof bytes; k++)
        bytes[k] = (unsigned char)(k * k >> 3 ^ k);
    for (size_t first = 0; first <= 300; first += 1 + first / 5)
        for (size_t second = 0; second <= 300; second += 1 + second / 5) {
            const uint32_t whole = crc_add(0, bytes, first + second);

            wrong += crc_join(crc_add(0, bytes, first), crc_add(0, bytes + first, second), second) != whole;
        }
    CU_ASSERT_EQUAL(wrong, 0);
}

static void joins_in_any_grouping(void)
{
    const uint32_t a = crc_add(0, "one", 3), b = crc_add(0, "two, ", 5), c = crc_add(0, "three", 5);
    const uint32_t whole = crc_add(0, "onetwo, three", 13);

    CU_ASSERT_EQUAL(crc_join(crc_join(a, b, 5), c, 5), whole);
    CU_ASSERT_EQUAL(crc_join(a, crc_join(b, c, 5), 10), whole);
    CU_ASSERT_NOT_EQUAL(crc_join(crc_join(b, a, 3), c, 5), whole);
}

static void counts_zeros(void)
{
    const size_t most = 3000000;
    unsigned char *zeros = calloc(1, most);
    int wrong = 0;

    CU_ASSERT_PTR_NOT_NULL_FATAL(zeros);
    for (size_t bytes = 0; bytes <= most; bytes += 1 + bytes * 3)
        wrong += crc_zeros(bytes) != crc_add(0, zeros, bytes);
    CU_ASSERT_EQUAL(crc_zeros(most), crc_add(0, zeros, most));
    CU_ASSERT_EQUAL(wrong, 0);
    free(zeros);
}

/* More than any buffer holds: the halves of it, and the whole. */
static void counts_more_than_fits_in_32_bits(void)
{
    const uint64_t half = UINT64_C(5) << 32;

    CU_ASSERT_EQUAL(crc_zeros(2 * half + 1), crc_join(crc_zeros(half + 1), crc_zeros(half), half));
    CU_ASSERT_NOT_EQUAL(crc_zeros(half), crc_zeros(0));
    CU_ASSERT_NOT_EQUAL(crc_join(crc_add(0, "1", 1), crc_zeros(half), half), crc_zeros(half + 1));
}

int main(void)
{
    CU_TestInfo tests[] = {{"known answers", known},
                           {"goes on", goes_on},
                           {"joins", joins},
                           {"joins in any grouping", joins_in_any_grouping},
                           {"counts zeros", counts_zeros},
                           {"counts more than fits in 32 bits", counts_more_than_fits_in_32_bits},
                           CU_TEST_INFO_NULL};

    return suite_run("crc", tests);
}
