/* stats: mean, standard deviation and range of an image; a model for kernels with dims, several results and items that
 * can fail. Compiles on its own: cc -shared -fPIC -Iinclude src/kernel/stats.c -lm */
#include <h5map/kernel.h>

#include <math.h>

/* Sums in so many lanes need no order among each other, so that they become vector instructions. */
#define LANES 8

struct range {
    float min, max;
};

static double lanes_sum(const double part[LANES])
{
    return ((part[0] + part[1]) + (part[2] + part[3])) + ((part[4] + part[5]) + (part[6] + part[7]));
}

static double mean_of(const float *x, size_t count)
{
    double part[LANES] = {0};
    size_t k = 0;

    for (; k + LANES <= count; k += LANES)
        for (size_t lane = 0; lane < LANES; lane++)
            part[lane] += x[k + lane];
    for (; k < count; k++)
        part[0] += x[k];
    return lanes_sum(part) / (double)count;
}

/* A second pass, about the mean: the sum of squares minus the squared sum would lose the digits that matter. */
static double deviation_of(const float *x, size_t count, double mean)
{
    double part[LANES] = {0};
    size_t k = 0;

    for (; k + LANES <= count; k += LANES)
        for (size_t lane = 0; lane < LANES; lane++)
            part[lane] += (x[k + lane] - mean) * (x[k + lane] - mean);
    for (; k < count; k++)
        part[0] += (x[k] - mean) * (x[k] - mean);
    return sqrt(lanes_sum(part) / (double)count);
}

static struct range range_of(const float *x, size_t count)
{
    float min[LANES], max[LANES];
    struct range range = {x[0], x[0]};
    size_t k = 0;

    for (size_t lane = 0; lane < LANES; lane++)
        min[lane] = max[lane] = x[0];
    for (; k + LANES <= count; k += LANES)
        for (size_t lane = 0; lane < LANES; lane++) {
            min[lane] = x[k + lane] < min[lane] ? x[k + lane] : min[lane];
            max[lane] = x[k + lane] > max[lane] ? x[k + lane] : max[lane];
        }
    for (; k < count; k++) {
        range.min = x[k] < range.min ? x[k] : range.min;
        range.max = x[k] > range.max ? x[k] : range.max;
    }
    for (size_t lane = 0; lane < LANES; lane++) {
        range.min = min[lane] < range.min ? min[lane] : range.min;
        range.max = max[lane] > range.max ? max[lane] : range.max;
    }
    return range;
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
    struct range range = {NAN, NAN};

    if (!count)
        return h5map_fail(item, "an image of %zu x %zu has no statistics", item->dim[0], item->dim[1]);
    *mean = mean_of(x, count);
    *std = deviation_of(x, count, *mean);
    /* a sum can also be NaN without any NaN in it: Inf - Inf */
    if (!isnan(*mean) || !has_nan(x, count))
        range = range_of(x, count);
    *min = range.min;
    *max = range.max;
    return 0;
}

H5MAP_KERNEL(stats, .signature = "x: float[h, w] -> mean: double, std: double, min: float, max: float",
             .summary = "Mean, population standard deviation, minimum and maximum of an image; NaN if any pixel is");
