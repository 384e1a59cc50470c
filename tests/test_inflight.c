/* What each rank has, and how people are told. */
#include "run/inflight.h"
#include "suite.h"

#include <stdlib.h>
#include <string.h>

static const struct plan plan = {.step = 1, .inner = 1};

static void check_text(const struct inflight *inflight, const struct plan *of, const char *end, const char *expected)
{
    char *text = inflight_text(inflight, of, end);

    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    CU_ASSERT_STRING_EQUAL(text, expected);
    free(text);
}

static void keeps_what_each_rank_has(void)
{
    struct inflight inflight;
    struct error error = {0};

    CU_ASSERT_EQUAL_FATAL(inflight_open(&inflight, 3, 2, &error), OK);
    CU_ASSERT_FALSE(inflight_any(&inflight));
    CU_ASSERT_PTR_NULL(inflight_text(&inflight, &plan, ""));
    inflight_add(&inflight, 1, 100, 20);
    inflight_add(&inflight, 2, 120, 1);
    CU_ASSERT(inflight_any(&inflight));
    check_text(&inflight, &plan, "", "h5map: in flight: rank 1: items 100 to 119; rank 2: item 120\n");
    inflight_add(&inflight, 2, 140, 20);
    check_text(&inflight, &plan, " (so)",
               "h5map: in flight: rank 1: items 100 to 119; rank 2: items 120, 140 to 159 (so)\n");
    inflight_remove(&inflight, 1, 100);
    inflight_remove(&inflight, 2, 120);
    inflight_add(&inflight, 2, 200, 2);
    check_text(&inflight, &plan, "", "h5map: in flight: rank 2: items 140 to 159, 200 to 201\n");
    inflight_remove(&inflight, 2, 200);
    inflight_remove(&inflight, 2, 140);
    inflight_remove(&inflight, 0, 0); /* of a rank that gave up a ticket: it does not say which */
    CU_ASSERT_FALSE(inflight_any(&inflight));
    inflight_close(&inflight);
}

static void names_sixteen_ranks(void)
{
    struct inflight inflight;
    struct error error = {0};
    char *text;

    CU_ASSERT_EQUAL_FATAL(inflight_open(&inflight, 20, 1, &error), OK);
    for (int rank = 3; rank < 20; rank++)
        inflight_add(&inflight, rank, (uint64_t)rank, 1);
    text = inflight_text(&inflight, &plan, "");
    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "; rank 18: item 18; and 1 more rank\n"));
    free(text);
    inflight_add(&inflight, 0, 0, 1);
    text = inflight_text(&inflight, &plan, "");
    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "; rank 17: item 17; and 2 more ranks\n"));
    free(text);
    inflight_close(&inflight);
}

static void counts_in_the_full_input(void)
{
    const struct plan every_third = {.start = 2, .step = 3, .inner = 1};
    struct inflight inflight;
    struct error error = {0};

    CU_ASSERT_EQUAL_FATAL(inflight_open(&inflight, 1, 1, &error), OK);
    inflight_add(&inflight, 0, 10, 5);
    check_text(&inflight, &every_third, "", "h5map: in flight: rank 0: items 32 to 44\n");
    inflight_close(&inflight);
}

int main(void)
{
    CU_TestInfo tests[] = {{"keeps what each rank has", keeps_what_each_rank_has},
                           {"names sixteen ranks", names_sixteen_ranks},
                           {"counts in the full input", counts_in_the_full_input},
                           CU_TEST_INFO_NULL};

    return suite_run("inflight", tests);
}
