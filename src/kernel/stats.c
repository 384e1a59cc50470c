/* stats: mean, standard deviation and range of an image; a model for kernels with dims, several results and items that
 * can fail. Compiles on its own: cc -shared -fPIC -Iinclude src/kernel/stats.c -lm */
#include <h5map/kernel.h>

#include <math.h>

/* Sums in so many lanes need no order among each other. That many are a loop of vector instructions to the compiler;
 * fewer it writes out, one by one. */
#define LANES 32

struct sums {
    double sum;
    float min, max;
};

static struct sums sums_of(const float *x, size_t count)
{
    double sum[LANES] = {0};
    float min[LANES], max[LANES];
    struct sums sums = {0, x[0], x[0]};
    size_t k = 0;

    for (size_t lane = 0; lane < LANES; lane++)
        min[lane] = max[lane] = x[0];
    for (; k + LANES <= count; k += LANES)
        for (size_t lane = 0; lane < LANES; lane++) {
            sum[lane] += x[k + lane];
            min[lane] = x[k + lane] < min[lane] ? x[k + lane] : min[lane];
            max[lane] = x[k + lane] > max[lane] ? x[k + lane] : max[lane];
        }
    for (size_t lane = 0; k < count; k++, lane++) {
        sum[lane] += x[k];
        min[lane] = x[k] < min[lane] ? x[k] : min[lane];
        max[lane] = x[k] > max[lane] ? x[k] : max[lane];
    }
    for (size_t lane = 0; lane < LANES; lane++) {
        sums.sum += sum[lane];
        sums.min = min[lane] < sums.min ? min[lane] : sums.min;
        sums.max = max[lane] > sums.max ? max[lane] : sums.max;
    }
    return sums;
}

/* A second pass, about the mean: the sum of squares minus the squared sum would lose the digits that matter. */
static double deviation_of(const float *x, size_t count, double mean)
{
    double sum[LANES] = {0}, all = 0;
    size_t k = 0;

    for (; k + LANES <= count; k += LANES)
        for (size_t lane = 0; lane < LANES; lane++)
            sum[lane] += (x[k + lane] - mean) * (x[k + lane] - mean);
    for (size_t lane = 0; k < count; k++, lane++)
        sum[lane] += (x[k] - mean) * (x[k] - mean);
    for (size_t lane = 0; lane < LANES; lane++)
        all += sum[lane];
    return sqrt(all / (double)count);
}

static bool has_nan(const float *x, size_t count)
{
    int nans = 0;

    for (size_t k = 0; k < count; k++)
        nans |= x[k] != x[k];
    return nans;
}

static int stats(const h5map_item_t *item)
{
    const float *x = (const float *)item->in[0];
    const size_t count = item->dim[0] * item->dim[1];
    double *mean = (double *)item->out[0], *std = (double *)item->out[1];
    float *min = (float *)item->out[2], *max = (float *)item->out[3];
    struct sums sums;

    if (!count)
        return h5map_fail(item, "an image of %zu x %zu has no statistics", item->dim[0], item->dim[1]);
    sums = sums_of(x, count);
    *mean = sums.sum / (double)count;
    *std = deviation_of(x, count, *mean);
    *min = sums.min;
    *max = sums.max;
    /* a sum can also be NaN without any NaN in it: Inf - Inf */
    if (isnan(*mean) && has_nan(x, count))
        *min = *max = NAN;
    return 0;
}

H5MAP_KERNEL(stats, .signature = "x: float[h, w] -> mean: double, std: double, min: float, max: float",
             .summary = "Mean, population standard deviation, minimum and maximum of an image; NaN if any pixel is");
