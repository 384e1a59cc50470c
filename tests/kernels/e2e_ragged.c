/* Items that have lengths of their own. */
#include <h5map/kernel.h>

static int add(const h5map_item_t *item)
{
    const double *x = item->in[0];
    double *result = item->out[0];

    for (size_t k = 0; k < item->dim[0]; k++)
        *result += x[k];
    *(uint64_t *)item->out[1] = item->dim[0];
    return 0;
}

/* Points and their weights, of one length, and a number of each item. */
static int center(const h5map_item_t *item)
{
    const float *x = item->in[0], *weight = item->in[2];
    const double *far = item->in[1];
    double *c = item->out[0];

    for (size_t k = 0; k < item->dim[0]; k++)
        for (size_t d = 0; d < 3; d++)
            c[d] += (double)weight[k] * (double)x[3 * k + d];
    c[0] += *far;
    return item->dim[0] ? 0 : h5map_fail(item, "no points");
}

static int add_all(const h5map_slice_t *slice)
{
    for (size_t k = 0; k < slice->count; k++) {
        const uint64_t *offset = slice->in_offset[0] + k;
        const double *x = slice->in[0];

        for (uint64_t e = offset[0]; e < offset[1]; e++)
            ((double *)slice->out[0])[k] += x[e];
        ((uint64_t *)slice->out[1])[k] = offset[1] - offset[0];
    }
    return 0;
}

static int beyond(const h5map_item_t *item)
{
    *(double *)item->out[0] = ((const double *)item->in[0])[item->dim[0]];
    return 0;
}

/* Pairs of compounds. */
static int add_pairs(const h5map_item_t *item)
{
    const struct {
        int16_t id[2];
        double weight;
    } *pair = item->in[0];
    double *result = item->out[0];

    for (size_t k = 0; k < 2 * item->dim[0]; k++)
        *result += pair[k].weight * (pair[k].id[0] - pair[k].id[1]);
    return 0;
}

#define ADD "x: double[*n] -> sum: double, length: uint64"

H5MAP_KERNEL(add, .signature = ADD);
H5MAP_SLICE_KERNEL(add_all, .signature = ADD);
H5MAP_KERNEL(center, .signature = "x: float[*n, 3], far: double, weight: float[*n] -> c: double[3]");
H5MAP_KERNEL(add_pairs, .signature = "pair: {id: int16[2], weight: double}[*n, 2] -> sum: double");
H5MAP_KERNEL(beyond, .signature = "x: double[*n] -> y: double");
