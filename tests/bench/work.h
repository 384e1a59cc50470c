/* The work that is timed, the same text for h5map's kernels and the programs written by hand. */
#ifndef BENCH_WORK_H
#define BENCH_WORK_H

#include <math.h>
#include <stddef.h>

/* A few cycles a round: each waits for the one before. */
static inline double rounds(double count)
{
    double x = count;

    for (long k = 0; k < (long)count; k++)
        x = x * 0.999999 + 1e-3;
    return x;
}

static inline double length(const double *x, size_t n)
{
    double sum = 0;

    for (size_t k = 0; k < n; k++)
        sum += x[k] * x[k];
    return sqrt(sum);
}

#endif
