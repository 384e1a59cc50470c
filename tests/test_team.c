/* Agreement, sharing and collecting at any number of ranks. */
#include "suite_mpi.h"

#include "parallel/team_mpi.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void agrees_that_all_is_well(void)
{
    struct error error = {0};

    CU_ASSERT_EQUAL(team_agree(suite_team(), &error), OK);
    CU_ASSERT_EQUAL(error.code, OK);
}

static void learns_of_each_ranks_error(void)
{
    for (int bad = 0; bad < team_size(suite_team()); bad++) {
        struct error error = {0};
        char expected[64];

        snprintf(expected, sizeof expected, "rank %d: no luck", bad);
        if (team_rank(suite_team()) == bad)
            error_set(&error, REFUSED, "%s", expected);
        CU_ASSERT_EQUAL(team_agree(suite_team(), &error), REFUSED);
        CU_ASSERT_STRING_EQUAL(error.text, expected);
    }
}

static void hears_the_lowest_of_many(void)
{
    struct error error = {0};
    const int low = team_size(suite_team()) > 1 ? 1 : 0;
    char expected[64];

    if (team_rank(suite_team()) >= low)
        error_set(&error, FAILED, "rank %d", team_rank(suite_team()));
    snprintf(expected, sizeof expected, "rank %d", low);
    CU_ASSERT_EQUAL(team_agree(suite_team(), &error), FAILED);
    CU_ASSERT_STRING_EQUAL(error.text, expected);
}

/* By way of root, as ranks that crowd a host do; then as before. */
static void agrees_in_a_crowd(void)
{
    const struct team before = *suite_team();

    suite_team()->crowd = 32;
    suite_team()->flat = true;
    agrees_that_all_is_well();
    learns_of_each_ranks_error();
    hears_the_lowest_of_many();
    *suite_team() = before;
}

static void shares_any_size(void)
{
    const size_t sizes[] = {0, 1, 1000, ((size_t)1 << 24) - 1, ((size_t)1 << 24) + 5};

    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        unsigned char *data = calloc(sizes[s] + 1, 1);
        size_t wrong = 0;

        for (size_t k = 0; team_rank(suite_team()) == 0 && k < sizes[s]; k++)
            data[k] = (unsigned char)(k * 31);
        team_share(suite_team(), data, sizes[s]);
        for (size_t k = 0; k < sizes[s]; k++)
            wrong += data[k] != (unsigned char)(k * 31);
        CU_ASSERT_EQUAL(wrong, 0);
        free(data);
    }
}

static void collects_from_all(void)
{
    const int size = team_size(suite_team());
    const long mine = 1000 + team_rank(suite_team());
    long *all = calloc((size_t)size, sizeof *all);

    team_collect(suite_team(), &mine, sizeof mine, all);
    for (int rank = 0; team_rank(suite_team()) == 0 && rank < size; rank++)
        CU_ASSERT_EQUAL(all[rank], 1000 + rank);
    free(all);
}

int main(void)
{
    CU_TestInfo tests[] = {{"agrees that all is well", agrees_that_all_is_well},
                           {"learns of each rank's error", learns_of_each_ranks_error},
                           {"hears the lowest of many", hears_the_lowest_of_many},
                           {"agrees in a crowd", agrees_in_a_crowd},
                           {"shares any size", shares_any_size},
                           {"collects from all", collects_from_all},
                           CU_TEST_INFO_NULL};

    return suite_run_mpi("team", tests);
}
