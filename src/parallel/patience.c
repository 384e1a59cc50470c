#include "parallel/patience.h"

#include <sched.h>
#include <time.h>

#define YIELDS 40
#define FIRST_SLEEP_NS 1000

void patience_reset(struct patience *patience)
{
    patience->idle = 0;
}

void patience_wait(struct patience *patience)
{
    unsigned doublings = patience->idle < YIELDS ? 0 : (patience->idle - YIELDS) / 2;
    long ns = FIRST_SLEEP_NS;

    patience->idle++;
    if (patience->idle <= YIELDS) {
        sched_yield();
        return;
    }
    while (doublings-- && ns < patience->most_ns)
        ns *= 2;
    if (ns > patience->most_ns)
        ns = patience->most_ns;
    nanosleep(&(struct timespec){ns / 1000000000, ns % 1000000000}, NULL);
}
