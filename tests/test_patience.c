/* How long is slept beside work of so many seconds. */
#include "parallel/patience.h"
#include "suite.h"

static struct patience beside(double work_s)
{
    struct patience patience = {0};

    patience_beside(&patience, work_s);
    return patience;
}

static void looks_often_where_nothing_is_ahead(void)
{
    const struct patience none = beside(0), little = beside(1e-6);

    CU_ASSERT_EQUAL(none.first_ns, 8000);
    CU_ASSERT_EQUAL(none.most_ns, 1000000);
    CU_ASSERT(little.first_ns == none.first_ns && little.most_ns == none.most_ns);
}

static void sleeps_a_part_of_the_work(void)
{
    const struct patience brief = beside(0.002), usual = beside(0.008);

    CU_ASSERT_EQUAL(brief.first_ns, 250000);
    CU_ASSERT_EQUAL(brief.most_ns, 1000000);
    CU_ASSERT_EQUAL(usual.first_ns, 1000000);
    CU_ASSERT_EQUAL(usual.most_ns, 2000000);
}

static void never_sleeps_long(void)
{
    const struct patience hour = beside(3600);

    CU_ASSERT_EQUAL(hour.first_ns, 2500000);
    CU_ASSERT_EQUAL(hour.most_ns, 5000000);
}

/* The k-th sleep in a row, without sleeping; 0: it only looks. */
static long sleep_of(struct patience patience, unsigned k)
{
    patience.idle = k;
    return patience_next_ns(&patience);
}

static void sleeps_longer_each_time(void)
{
    struct patience patience = beside(0);

    CU_ASSERT(sleep_of(patience, 0) == 0 && sleep_of(patience, 39) == 0);
    CU_ASSERT(sleep_of(patience, 40) == 8000 && sleep_of(patience, 41) == 16000 && sleep_of(patience, 46) == 512000);
    CU_ASSERT(sleep_of(patience, 47) == 1000000 && sleep_of(patience, 4000000000) == 1000000);
    patience.slow = 2;
    CU_ASSERT(sleep_of(patience, 42) == 8000 && sleep_of(patience, 43) == 16000);
}

static void is_slower_in_a_crowd(void)
{
    struct patience patience = {.crowd = 8, .most_ns = 1000000};

    CU_ASSERT(sleep_of(patience, 39) == 0 && sleep_of(patience, 40) == 8000);
    patience.crowd = 32;
    CU_ASSERT(sleep_of(patience, 0) == 0 && sleep_of(patience, 1) == 2000000 && sleep_of(patience, 5) == 4000000);
}

static void talks_less_in_a_crowd(void)
{
    struct patience crowd = {.crowd = 32}, few = {.crowd = 8};

    CU_ASSERT(patience_calm(1) == 1 && patience_calm(15) == 1 && patience_calm(16) == 2 && patience_calm(1000) == 4);
    patience_beside(&crowd, 3600);
    patience_beside(&few, 3600);
    CU_ASSERT(crowd.most_ns == 20000000 && few.most_ns == 5000000);
}

static void is_quick_again_after_a_find(void)
{
    struct patience patience = beside(0);

    for (int k = 0; k < 45; k++)
        patience_wait(&patience);
    CU_ASSERT_EQUAL(patience_next_ns(&patience), 256000);
    patience_reset(&patience);
    CU_ASSERT_EQUAL(patience_next_ns(&patience), 0);
}

int main(void)
{
    CU_TestInfo tests[] = {{"looks often where nothing is ahead", looks_often_where_nothing_is_ahead},
                           {"sleeps a part of the work", sleeps_a_part_of_the_work},
                           {"never sleeps long", never_sleeps_long},
                           {"sleeps longer each time", sleeps_longer_each_time},
                           {"is slower in a crowd", is_slower_in_a_crowd},
                           {"talks less in a crowd", talks_less_in_a_crowd},
                           {"is quick again after a find", is_quick_again_after_a_find},
                           CU_TEST_INFO_NULL};

    return suite_run("patience", tests);
}
