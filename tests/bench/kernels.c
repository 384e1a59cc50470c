#include "work.h"

#include <h5map/kernel.h>
#include <time.h>

static int work(const h5map_item_t *item)
{
    *(double *)item->out[0] = rounds(*(const double *)item->in[0]);
    return 0;
}

static int norm(const h5map_item_t *item)
{
    *(double *)item->out[0] = length(item->in[0], item->dim[0]);
    return 0;
}

/* Knows what the programs written by hand know. */
static int norm3(const h5map_item_t *item)
{
    *(double *)item->out[0] = length(item->in[0], 3);
    return 0;
}

static int image(const h5map_item_t *item)
{
    const struct summary summary = summary_of(item->in[0], (size_t)512 * 512);

    *(double *)item->out[0] = summary.mean;
    *(double *)item->out[1] = summary.std;
    *(float *)item->out[2] = summary.min;
    *(float *)item->out[3] = summary.max;
    return 0;
}

static int nap(const h5map_item_t *item)
{
    const double s = *(const double *)item->in[0];
    const struct timespec rest = {(time_t)s, (long)(1e9 * (s - (double)(time_t)s))};

    *(double *)item->out[0] = s;
    return nanosleep(&rest, NULL) ? h5map_stop(item, "woken up") : 0;
}

H5MAP_KERNEL(work, .signature = "x: double -> y: double", .summary = "x rounds of work");
H5MAP_KERNEL(norm, .signature = "x: double[n] -> y: double", .summary = "Euclidean length of a vector");
H5MAP_KERNEL(norm3, .signature = "x: double[3] -> y: double", .summary = "Euclidean length of a vector of 3");
H5MAP_KERNEL(image, .signature = "x: float[512, 512] -> mean: double, std: double, min: float, max: float",
             .summary = "Mean, standard deviation and range of an image");
H5MAP_KERNEL(nap, .signature = "x: double -> y: double", .summary = "A nap of x seconds");
