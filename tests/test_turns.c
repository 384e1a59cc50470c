/* Static dealing: every item in exactly one ticket, whatever the numbers. */
#include "run/turns.h"
#include "suite.h"

#include <stdlib.h>

static void check_cover(uint64_t items, uint64_t block, uint64_t slice, int pool, int ranks)
{
    const struct plan plan = {.items = items, .block = block, .slice = slice, .pool = pool};
    unsigned char *seen = calloc(items + 1, 1);
    uint64_t first, count;

    for (uint64_t round = 0; round < turns_count(&plan, ranks); round++) {
        const struct turn turn = turns_at(&plan, ranks, round);
        int served = 0;

        for (int rank = 0; rank < ranks; rank++) {
            if (!turns_items(&plan, ranks, turn, rank, &first, &count))
                continue;
            served++;
            CU_ASSERT(count > 0 && count <= slice && first + count <= items && first % block == 0);
            for (uint64_t k = first; k < first + count && k < items; k++)
                seen[k]++;
        }
        CU_ASSERT(served <= pool);
    }
    for (uint64_t k = 0; k < items; k++)
        CU_ASSERT_EQUAL(seen[k], 1);
    free(seen);
}

static void covers_every_item_once(void)
{
    const uint64_t items[] = {0, 1, 2, 7, 64, 100, 1001};

    for (size_t k = 0; k < sizeof items / sizeof items[0]; k++)
        for (int ranks = 1; ranks <= 9; ranks += 2)
            for (int pool = 1; pool <= ranks; pool += 2) {
                check_cover(items[k], 1, 5, pool, ranks);
                check_cover(items[k], 8, 16, pool, ranks);
                check_cover(items[k], 1, 2000, pool, ranks);
            }
}

static void shares_differ_by_a_block_at_most(void)
{
    const struct plan plan = {.items = 1003, .block = 1, .slice = 1003, .pool = 4};
    uint64_t first, count, least = UINT64_MAX, most = 0;

    for (int rank = 0; rank < 4; rank++) {
        CU_ASSERT(turns_items(&plan, 4, turns_at(&plan, 4, 0), rank, &first, &count));
        least = count < least ? count : least;
        most = count > most ? count : most;
    }
    CU_ASSERT(most - least <= 1);
}

int main(void)
{
    CU_TestInfo tests[] = {{"covers every item once", covers_every_item_once},
                           {"shares differ by a block at most", shares_differ_by_a_block_at_most},
                           CU_TEST_INFO_NULL};

    return suite_run("turns", tests);
}
