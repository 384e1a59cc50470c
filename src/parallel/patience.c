#include "parallel/patience.h"

#include <time.h>

#define LOOKS 40 /* a few microseconds */
#define FIRST_SLEEP_NS 8000
#define LEAST_NS 1000000
#define MOST_NS 4000000

void patience_reset(struct patience *patience)
{
    patience->idle = 0;
}

long patience_beside(double work_s)
{
    const double ns = 1e9 * work_s / 4;

    return ns < LEAST_NS ? LEAST_NS : ns > MOST_NS ? MOST_NS : (long)ns;
}

void patience_wait(struct patience *patience)
{
    unsigned doublings = patience->idle < LOOKS ? 0 : (patience->idle - LOOKS) / (patience->slow + 1);
    long ns = patience->most_ns > LEAST_NS ? patience->most_ns / 32 : FIRST_SLEEP_NS;

    patience->idle++;
    if (patience->idle <= LOOKS) /* without sched_yield, which costs a thread its turn: Linux lets it wait for ticks */
        return;
    while (doublings-- && ns < patience->most_ns)
        ns *= 2;
    if (ns > patience->most_ns)
        ns = patience->most_ns;
    nanosleep(&(struct timespec){ns / 1000000000, ns % 1000000000}, NULL);
}
