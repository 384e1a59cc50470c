/* Extents joined in any order have the CRCs of what lies in place. */
#include "codec/crc.h"
#include "run/extents.h"
#include "suite.h"

#include <stdlib.h>
#include <string.h>

#define ITEMS 500
#define A_BYTES 8
#define B_BYTES 3

static unsigned char a[ITEMS * A_BYTES], b[ITEMS * B_BYTES], bits[ITEMS / 8 + 1];

static void fill(void)
{
    srand(2);
    for (size_t k = 0; k < sizeof a; k++)
        a[k] = (unsigned char)rand();
    for (size_t k = 0; k < sizeof b; k++)
        b[k] = (unsigned char)rand();
    for (size_t k = 0; k < sizeof bits; k++)
        bits[k] = (unsigned char)(rand() & rand() & rand());
}

static bool failed(uint64_t item)
{
    return bits[item / 8] >> (item & 7) & 1;
}

/* As a rank would describe them. */
static struct extent describe(uint64_t first, uint64_t count, uint32_t run)
{
    struct batch image = {.first = first, .count = count};
    unsigned char own[ITEMS / 8 + 1] = {0};
    struct extent extent;

    for (uint64_t k = 0; k < count; k++)
        if (failed(first + k)) {
            own[k / 8] |= (unsigned char)(1u << (k & 7));
            image.failed++;
        }
    image.crc[0] = crc_add(0, a + first * A_BYTES, count * A_BYTES);
    image.crc[1] = crc_add(0, b + first * B_BYTES, count * B_BYTES);
    extents_describe(&image, image.failed ? own : NULL, run, &extent);
    return extent;
}

static void check(const struct extent *extent)
{
    uint64_t count = 0;

    for (uint64_t k = extent->first; k < extent->first + extent->count; k++)
        count += failed(k);
    CU_ASSERT_EQUAL(extent->failed, count);
    CU_ASSERT_EQUAL(extent->crc[0], crc_add(0, a + extent->first * A_BYTES, extent->count * A_BYTES));
    CU_ASSERT_EQUAL(extent->crc[1], crc_add(0, b + extent->first * B_BYTES, extent->count * B_BYTES));
    CU_ASSERT_EQUAL(extent->failed_crc, extents_failed_crc(0, bits, extent->first, extent->count));
}

static void join_in_any_order(void)
{
    static const struct plan plan = {.out_count = 2, .out = {{.bytes = A_BYTES}, {.bytes = B_BYTES}}};

    fill();
    for (int round = 0; round < 50; round++) {
        struct extents extents = {.plan = &plan};
        struct error error = {0};
        bool there[ITEMS / 10] = {false};

        for (int left = ITEMS / 10; left > 0;) {
            const int at = rand() % (ITEMS / 10);
            struct extent extent;

            if (there[at])
                continue;
            there[at] = true;
            left--;
            extent = describe(10 * (uint64_t)at, 10, 7);
            CU_ASSERT_EQUAL(extents_add(&extents, &extent, &error), OK);
            for (size_t k = 0; k < extents.count; k++)
                check(&extents.of[k]);
        }
        CU_ASSERT_EQUAL(extents.count, 1);
        CU_ASSERT_EQUAL(extents.items, ITEMS);
        extents_clear(&extents);
        CU_ASSERT_EQUAL(extents.items, 0);
        extents_free(&extents);
    }
}

static void of_different_runs_stay_apart(void)
{
    static const struct plan plan = {.out_count = 2, .out = {{.bytes = A_BYTES}, {.bytes = B_BYTES}}};
    struct extents extents = {.plan = &plan};
    struct error error = {0};
    const struct extent one = describe(0, 10, 0), two = describe(10, 10, 1);

    CU_ASSERT_EQUAL(extents_add(&extents, &two, &error), OK);
    CU_ASSERT_EQUAL(extents_add(&extents, &one, &error), OK);
    CU_ASSERT_EQUAL(extents.count, 2);
    CU_ASSERT(extents.of[0].run == 0 && extents.of[1].run == 1);
    extents_free(&extents);
}

int main(void)
{
    CU_TestInfo tests[] = {{"join in any order", join_in_any_order},
                           {"of different runs stay apart", of_different_runs_stay_apart},
                           CU_TEST_INFO_NULL};

    return suite_run("extents", tests);
}
