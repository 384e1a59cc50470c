/* Spans against a plain array of flags, whatever is added. */
#include "run/ledger.h"
#include "run/spans.h"
#include "suite.h"

#include <stdlib.h>
#include <string.h>

#define POSITIONS 60

/* Sorted, joined where they may be, and the same as the flags (0: not there, else the run + 1). */
static void check(const struct spans *spans, const unsigned char *flags)
{
    uint64_t total = 0, set = 0;

    for (size_t k = 0; k < spans->count; k++) {
        const struct made *span = &spans->of[k];

        CU_ASSERT(span->count > 0);
        for (uint64_t p = span->first; p < span->first + span->count; p++)
            CU_ASSERT_EQUAL(flags[p], span->run + 1);
        if (k > 0)
            CU_ASSERT(span->first > span[-1].first + span[-1].count ||
                      (span->first == span[-1].first + span[-1].count && span->run != span[-1].run));
        total += span->count;
    }
    for (uint64_t k = 0; k < POSITIONS; k++) {
        CU_ASSERT_EQUAL(spans_touch(spans, k, 1), flags[k] != 0);
        set += flags[k] != 0;
    }
    CU_ASSERT_EQUAL(total, set);
    CU_ASSERT_EQUAL(spans_total(spans), set);
}

/* The gaps, found one after the other, are what is not set. */
static void check_gaps(const struct spans *spans, const unsigned char *flags)
{
    unsigned char seen[POSITIONS];
    struct gap gap = {0};

    for (int k = 0; k < POSITIONS; k++)
        seen[k] = flags[k] != 0;
    while (spans_gap(spans, gap.first + gap.count, POSITIONS, &gap))
        for (uint64_t k = gap.first; k < gap.first + gap.count; k++)
            seen[k]++;
    for (int k = 0; k < POSITIONS; k++)
        CU_ASSERT_EQUAL(seen[k], 1);
}

static void are_the_same_as_flags(void)
{
    struct error error = {0};

    srand(1);
    for (int round = 0; round < 300; round++) {
        unsigned char flags[POSITIONS] = {0};
        struct spans spans = {0};

        for (int k = rand() % 30; k > 0; k--) {
            const uint64_t first = (uint64_t)(rand() % POSITIONS);
            const struct made more = {first, (uint64_t)rand() % (POSITIONS - first + 1) % 9, (uint32_t)(rand() % 2)};

            if (spans_touch(&spans, more.first, more.count))
                continue;
            CU_ASSERT_EQUAL(spans_add(&spans, &more, &error), OK);
            memset(flags + first, (int)more.run + 1, more.count);
            check(&spans, flags);
        }
        check_gaps(&spans, flags);
        spans_free(&spans);
    }
}

static void grow(void)
{
    struct error error = {0};
    struct spans spans = {0};

    for (uint64_t k = 1000; k-- > 0;)
        CU_ASSERT_EQUAL(spans_add(&spans, &(struct made){2 * k, 1, 0}, &error), OK);
    CU_ASSERT_EQUAL(spans.count, 1000);
    for (uint64_t k = 0; k < 999; k++)
        CU_ASSERT_EQUAL(spans_add(&spans, &(struct made){2 * k + 1, 1, 0}, &error), OK);
    CU_ASSERT_EQUAL(spans.count, 1);
    CU_ASSERT_EQUAL(spans_total(&spans), 1999);
    spans_free(&spans);
}

static void leave_the_ledger_the_rest(void)
{
    struct error error = {0};
    struct spans done = {0};
    struct ledger ledger;
    uint64_t first, count, sum = 0;

    CU_ASSERT_EQUAL(spans_add(&done, &(struct made){8, 16, 0}, &error), OK);
    CU_ASSERT_EQUAL(spans_add(&done, &(struct made){40, 60, 1}, &error), OK);
    ledger_open(&ledger, 100, 8, &done);
    CU_ASSERT_EQUAL(ledger_left(&ledger), 24);
    while (ledger_take(&ledger, 9, &first, &count)) {
        CU_ASSERT(first % 8 == 0 && count == 8);
        CU_ASSERT_FALSE(spans_touch(&done, first, count));
        sum += count;
    }
    CU_ASSERT_EQUAL(sum, 24);
    CU_ASSERT_EQUAL(ledger_left(&ledger), 0);
    ledger_open(&ledger, 100, 8, &done);
    struct gap gap;

    CU_ASSERT(ledger_take_gap(&ledger, &gap) && gap.first == 0 && gap.count == 8);
    CU_ASSERT(ledger_take_gap(&ledger, &gap) && gap.first == 24 && gap.count == 16);
    CU_ASSERT_FALSE(ledger_take_gap(&ledger, &gap));
    spans_free(&done);
}

int main(void)
{
    CU_TestInfo tests[] = {{"are the same as flags", are_the_same_as_flags},
                           {"grow", grow},
                           {"leave the ledger the rest", leave_the_ledger_the_rest},
                           CU_TEST_INFO_NULL};

    return suite_run("spans", tests);
}
