/* The failures of the lowest indices are kept, however many come, in any order. */
#include "run/failures.h"
#include "suite.h"

#include <stdlib.h>

static void add(struct failures *failures, uint64_t index)
{
    const struct failure failure = {.index = index, .rank = (int32_t)(index % 7)};
    struct error error = {0};

    CU_ASSERT_EQUAL(failures_add(failures, &failure, &error), OK);
}

static void keeps_the_lowest(void)
{
    const uint64_t all = 3 * (uint64_t)FAILURES_KEPT, step = 48271; /* prime to all: each index once */
    struct failures failures = {0};

    for (uint64_t k = 0; k < all; k++)
        add(&failures, k * step % all + 5);
    CU_ASSERT_EQUAL(failures.count, FAILURES_KEPT);
    CU_ASSERT_EQUAL(failures_first(&failures)->index, 5);
    CU_ASSERT_FALSE(failures_want(&failures, all));
    CU_ASSERT(failures_want(&failures, 0));
    failures_sort(&failures);
    for (uint64_t k = 0; k < FAILURES_KEPT; k++)
        if (failures.of[k].index != k + 5 || failures.of[k].rank != (int32_t)((k + 5) % 7))
            CU_FAIL("not the lowest, in order");
    failures_free(&failures);
}

static void has_none_at_first(void)
{
    struct failures failures = {0};

    CU_ASSERT_PTR_NULL(failures_first(&failures));
    CU_ASSERT(failures_want(&failures, UINT64_MAX));
    failures_sort(&failures);
    add(&failures, 3);
    add(&failures, 2);
    CU_ASSERT_EQUAL(failures_first(&failures)->index, 2);
    failures_free(&failures);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"keeps the lowest", keeps_the_lowest}, {"has none at first", has_none_at_first}, CU_TEST_INFO_NULL};

    return suite_run("failures", tests);
}
