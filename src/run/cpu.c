#include "run/cpu.h"

#include <sched.h>

/* The number-th CPU of the set, which has so many. */
static int nth(const cpu_set_t *set, int number)
{
    int cpu = -1;

    for (; number >= 0; number--)
        do
            cpu++;
        while (!CPU_ISSET(cpu, set));
    return cpu;
}

void cpu_begin_on(int number, int threads)
{
    cpu_set_t all, one;
    int count;

    if (sched_getaffinity(0, sizeof all, &all) || (count = CPU_COUNT(&all)) < 2)
        return;
    CPU_ZERO(&one);
    CPU_SET(nth(&all, number < threads ? (int)((long)number * count / threads) : number % count), &one);
    if (!sched_setaffinity(0, sizeof one, &one))
        sched_setaffinity(0, sizeof all, &all);
}
