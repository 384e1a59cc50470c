#include "parallel/patience.h"

#include <time.h>

#define LOOKS 40 /* a few microseconds */
#define FIRST_SLEEP_NS 8000
#define LEAST_NS 1000000
#define MOST_NS 4000000
#define CROWD 8 /* more ranks on a CPU that look each LEAST_NS would take much of it */

void patience_reset(struct patience *patience)
{
    patience->idle = 0;
}

long patience_beside(double work_s)
{
    const double ns = 1e9 * work_s / 4;

    return ns < LEAST_NS ? LEAST_NS : ns > MOST_NS ? MOST_NS : (long)ns;
}

/* The first sleep and the longest. */
static void choose_sleeps(const struct patience *patience, long *first_ns, long *most_ns)
{
    const long crowd = patience->crowd;

    *first_ns = patience->most_ns > LEAST_NS ? patience->most_ns / 4 : FIRST_SLEEP_NS;
    *most_ns = patience->most_ns;
    if (crowd <= CROWD)
        return;
    if (*most_ns < LEAST_NS / CROWD * crowd)
        *most_ns = LEAST_NS / CROWD * crowd;
    *first_ns = *most_ns / 2;
}

void patience_wait(struct patience *patience)
{
    const unsigned looks = patience->crowd > CROWD ? 1 : LOOKS;
    unsigned doublings = patience->idle < looks ? 0 : (patience->idle - looks) / (patience->slow + 1);
    long ns, most_ns;

    patience->idle++;
    if (patience->idle <= looks) /* without sched_yield, which costs a thread its turn: Linux lets it wait for ticks */
        return;
    choose_sleeps(patience, &ns, &most_ns);
    while (doublings-- && ns < most_ns)
        ns *= 2;
    if (ns > most_ns)
        ns = most_ns;
    nanosleep(&(struct timespec){ns / 1000000000, ns % 1000000000}, NULL);
}
