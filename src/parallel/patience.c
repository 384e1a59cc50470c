#include "parallel/patience.h"

#include <time.h>

#define LOOKS 40 /* a few microseconds */
#define FIRST_SLEEP_NS 8000
#define LEAST_NS 1000000
#define MOST_NS 5000000
#define CROWD 8 /* more ranks on a CPU that look each LEAST_NS would take much of it */
#define CALM_MOST 4

void patience_reset(struct patience *patience)
{
    patience->idle = 0;
}

int patience_calm(int crowd)
{
    const int calm = crowd / CROWD;

    return calm < 1 ? 1 : calm > CALM_MOST ? CALM_MOST : calm;
}

static long within(double ns, long least, long most)
{
    return ns < (double)least ? least : ns > (double)most ? most : (long)ns;
}

void patience_beside(struct patience *patience, double work_s)
{
    const long most_ns = MOST_NS * patience_calm(patience->crowd);

    patience->most_ns = within(1e9 * work_s / 4, LEAST_NS, most_ns);
    patience->first_ns = within(1e9 * work_s / 8, FIRST_SLEEP_NS, most_ns / 2);
}

/* The first sleep and the longest. */
static void choose_sleeps(const struct patience *patience, long *first_ns, long *most_ns)
{
    const long crowd = patience->crowd;

    *first_ns = patience->first_ns ? patience->first_ns : FIRST_SLEEP_NS;
    *most_ns = patience->most_ns;
    if (crowd <= CROWD)
        return;
    if (*most_ns < LEAST_NS / CROWD * crowd)
        *most_ns = LEAST_NS / CROWD * crowd;
    *first_ns = *most_ns / 2;
}

long patience_next_ns(const struct patience *patience)
{
    const unsigned looks = patience->crowd > CROWD ? 1 : LOOKS;
    long ns, most_ns;

    if (patience->idle < looks) /* without sched_yield, which costs a thread its turn: Linux lets it wait for ticks */
        return 0;
    choose_sleeps(patience, &ns, &most_ns);
    for (unsigned doublings = (patience->idle - looks) / (patience->slow + 1); doublings && ns < most_ns; doublings--)
        ns *= 2;
    return ns < most_ns ? ns : most_ns;
}

long patience_take_ns(struct patience *patience)
{
    const long ns = patience_next_ns(patience);

    patience->idle++;
    return ns;
}

void patience_wait(struct patience *patience)
{
    const long ns = patience_take_ns(patience);

    if (ns)
        nanosleep(&(struct timespec){ns / 1000000000, ns % 1000000000}, NULL);
}
