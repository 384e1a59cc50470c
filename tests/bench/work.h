/* The work that is timed, the same text for h5map's kernels and the programs written by hand. */
#ifndef BENCH_WORK_H
#define BENCH_WORK_H

#include <math.h>
#include <stddef.h>
#include <string.h>

/* Chains of divisions, as many as keep the divider busy: what an item takes hardly depends on whether the processor
 * foresees its end and is at the next one already. Vectors, so that every program has the same instructions. */
typedef double chains __attribute__((vector_size(32)));

static inline double rounds(double count)
{
    chains a = {count, count + 1, count + 2, count + 3}, b = a + 4, c = a + 8, d = a + 12;

    for (long k = 0; k < (long)count; k++) {
        a = 1 / (1 + a);
        b = 1 / (1 + b);
        c = 1 / (1 + c);
        d = 1 / (1 + d);
    }
    a += b + c + d;
    return count + a[0] + a[1] + a[2] + a[3]; /* the chains come to the same, whatever they began with */
}

static inline double length(const double *x, size_t n)
{
    double sum = 0;

    for (size_t k = 0; k < n; k++)
        sum += x[k] * x[k];
    return sqrt(sum);
}

struct summary {
    double mean, std;
    float min, max;
};

/* Sums that need no order among each other become vector instructions. */
#define LANES 32

static inline double sum_of(const double part[LANES])
{
    double sum = 0;

    for (int lane = 0; lane < LANES; lane++)
        sum += part[lane];
    return sum;
}

/* Of a multiple of LANES pixels. */
static inline struct summary summary_of(const float *x, size_t n)
{
    double sum[LANES] = {0}, square[LANES] = {0}, mean;
    float min[LANES], max[LANES];

    memcpy(min, x, sizeof min);
    memcpy(max, x, sizeof max);
    for (size_t k = 0; k < n; k += LANES)
        for (int lane = 0; lane < LANES; lane++) {
            sum[lane] += x[k + lane];
            min[lane] = x[k + lane] < min[lane] ? x[k + lane] : min[lane];
            max[lane] = x[k + lane] > max[lane] ? x[k + lane] : max[lane];
        }
    mean = sum_of(sum) / (double)n;
    for (size_t k = 0; k < n; k += LANES)
        for (int lane = 0; lane < LANES; lane++)
            square[lane] += (x[k + lane] - mean) * (x[k + lane] - mean);
    for (int lane = 1; lane < LANES; lane++) {
        min[0] = min[lane] < min[0] ? min[lane] : min[0];
        max[0] = max[lane] > max[0] ? max[lane] : max[0];
    }
    return (struct summary){mean, sqrt(sum_of(square) / (double)n), min[0], max[0]};
}

#endif
