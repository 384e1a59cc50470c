/* On which CPU a thread begins. */
#include "run/cpu.h"
#include "suite.h"

#include <sched.h>
#include <stdbool.h>

#define TRIES 100 /* it may have moved on by the time it is asked */

static void begins_where_it_is_to(void)
{
    cpu_set_t all;
    int number = 0, count;

    CU_ASSERT_EQUAL_FATAL(sched_getaffinity(0, sizeof all, &all), 0);
    count = CPU_COUNT(&all);
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        bool there = false;

        if (!CPU_ISSET(cpu, &all))
            continue;
        for (int k = 0; k < TRIES && !there; k++) {
            if (k % 2)
                cpu_begin_on(number * (1 + k % 3), count * (1 + k % 3)); /* spread */
            else
                cpu_begin_on(number + count, 1); /* counted round */
            there = sched_getcpu() == cpu;
        }
        CU_ASSERT(there);
        number++;
    }
}

static void may_go_anywhere_afterwards(void)
{
    cpu_set_t before, after;

    CU_ASSERT_EQUAL_FATAL(sched_getaffinity(0, sizeof before, &before), 0);
    for (int number = 0; number < 5; number++) {
        cpu_begin_on(number, 5);
        CU_ASSERT_EQUAL_FATAL(sched_getaffinity(0, sizeof after, &after), 0);
        CU_ASSERT(CPU_EQUAL(&before, &after));
    }
}

int main(void)
{
    CU_TestInfo tests[] = {{"a thread begins where it is to", begins_where_it_is_to},
                           {"and may go anywhere afterwards", may_go_anywhere_afterwards},
                           CU_TEST_INFO_NULL};

    return suite_run("cpu", tests);
}
