/* The ledger deals every item once, in whole blocks. */
#include "run/ledger.h"
#include "suite.h"

static void deals_all(void)
{
    struct ledger ledger;
    uint64_t first, count, next = 0;

    ledger_open(&ledger, 1000, 1, NULL);
    for (uint64_t want = 1; ledger_take(&ledger, want, &first, &count); want += 7) {
        CU_ASSERT_EQUAL(first, next);
        CU_ASSERT(count == want || first + count == 1000);
        next += count;
    }
    CU_ASSERT_EQUAL(next, 1000);
    CU_ASSERT_EQUAL(ledger_left(&ledger), 0);
}

static void cuts_at_blocks(void)
{
    struct ledger ledger;
    uint64_t first, count;

    ledger_open(&ledger, 100, 64, NULL);
    CU_ASSERT(ledger_take(&ledger, 1, &first, &count));
    CU_ASSERT(first == 0 && count == 64);
    CU_ASSERT(ledger_take(&ledger, 1, &first, &count));
    CU_ASSERT(first == 64 && count == 36);
    CU_ASSERT_FALSE(ledger_take(&ledger, 1, &first, &count));
}

static void ends_at_units(void)
{
    static const uint64_t expected[][2] = {{0, 1}, {1, 9}, {10, 10}, {20, 4}, {24, 10}, {34, 10}, {44, 4}, {48, 2}};
    struct ledger ledger;
    uint64_t first, count;

    ledger_open(&ledger, 50, 1, NULL);
    ledger.grain = (struct grain){.every = 10, .period = 24};
    for (int k = 0; k < 8; k++) {
        CU_ASSERT(ledger_take(&ledger, k ? 13 : 1, &first, &count));
        CU_ASSERT(first == expected[k][0] && count == expected[k][1]);
    }
    CU_ASSERT_FALSE(ledger_take(&ledger, 13, &first, &count));
}

static void ends_tickets_with_chunks(void)
{
    static const uint64_t ends[] = {10, 20, 40, 43, 50, 60, 64};
    static const uint64_t wants[] = {7, 10, 29, 3, 9, 10, 10};
    struct ledger ledger;
    uint64_t first, count;

    ledger_open(&ledger, 64, 1, NULL);
    ledger.grain.every = 10;
    for (size_t k = 0; k < sizeof ends / sizeof *ends; k++) {
        CU_ASSERT(ledger_take(&ledger, wants[k], &first, &count));
        CU_ASSERT_EQUAL(first + count, ends[k]);
    }
    ledger_open(&ledger, 64, 4, NULL);
    ledger.grain.every = 10;
    CU_ASSERT(ledger_take(&ledger, 10, &first, &count) && count == 8);
}

static void deals_nothing_of_nothing(void)
{
    struct ledger ledger;
    uint64_t first, count;

    ledger_open(&ledger, 0, 1, NULL);
    CU_ASSERT_FALSE(ledger_take(&ledger, 1, &first, &count));
}

static void deals_more_than_32_bits_can_count(void)
{
    const uint64_t items = 9000000001;
    struct ledger ledger;
    uint64_t first, count, next = 0, tickets = 0;

    ledger_open(&ledger, items, 64, NULL);
    for (; ledger_take(&ledger, 3000000000, &first, &count); next += count, tickets++)
        CU_ASSERT(first == next && (count % 64 == 0 || first + count == items));
    CU_ASSERT(next == items && tickets <= 4);
}

static void deals_no_more_than_fits(void)
{
    struct ledger ledger;
    uint64_t first, count, next = 0;

    ledger_open(&ledger, 10000, 8, NULL);
    ledger.grain = (struct grain){.every = 4096};
    ledger.most = 3000;
    for (; ledger_take(&ledger, 3000, &first, &count); next += count)
        CU_ASSERT(first == next && count <= 3000 && (count % 8 == 0 || first + count == 10000));
    CU_ASSERT_EQUAL(next, 10000);
}

int main(void)
{
    CU_TestInfo tests[] = {{"deals all", deals_all},
                           {"ends tickets with chunks", ends_tickets_with_chunks},
                           {"cuts at blocks", cuts_at_blocks},
                           {"ends at units", ends_at_units},
                           {"deals more than 32 bits can count", deals_more_than_32_bits_can_count},
                           {"deals no more than fits", deals_no_more_than_fits},
                           {"deals nothing of nothing", deals_nothing_of_nothing},
                           CU_TEST_INFO_NULL};

    return suite_run("ledger", tests);
}
