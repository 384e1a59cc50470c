/* Kernels with one mistake each, at item 12 or where x[0] is 1: what --debug-kernel has to find. */
#include <h5map/kernel.h>
#include <stdlib.h>

static int is_wrong(const h5map_item_t *item)
{
    return *(const int *)item->in[0] == 1;
}

static int past_input(const h5map_item_t *item)
{
    const int *x = item->in[0];

    *(int *)item->out[0] = x[is_wrong(item) ? item->dim[0] : 0]; /* past_input */
    return 0;
}

static int past_result(const h5map_item_t *item)
{
    int *y = item->out[0];

    y[is_wrong(item)] = 7; /* past_result */
    return 0;
}

static int before_result(const h5map_item_t *item)
{
    int *y = item->out[0];

    y[-2 * is_wrong(item)] = 7;
    return 0;
}

static int into_input(const h5map_item_t *item)
{
    int *x = (int *)item->in[0];

    if (is_wrong(item))
        x[2] = 0; /* into_input */
    return 0;
}

static int past_param(const h5map_item_t *item)
{
    const int *k = item->in[1];

    *(int *)item->out[0] = k[is_wrong(item)]; /* past_param */
    return 0;
}

static int in_library(const h5map_item_t *item)
{
    memset(item->out[0], 0, is_wrong(item) ? 4096 : 4); /* in_library */
    return 0;
}

static int by_zero(const h5map_item_t *item)
{
    *(int *)item->out[0] = 12 / (1 - is_wrong(item)); /* by_zero */
    return 0;
}

static int overflow(const h5map_item_t *item)
{
    int sum = 2147483647;

    sum += is_wrong(item); /* overflow */
    *(int *)item->out[0] = sum;
    return 0;
}

static int local_array(const h5map_item_t *item)
{
    const int table[4] = {1, 2, 3, 4};

    *(int *)item->out[0] = table[5 * is_wrong(item) - 1 + !is_wrong(item)]; /* local_array */
    return 0;
}

static int null(const h5map_item_t *item)
{
    const int *x = is_wrong(item) ? NULL : item->in[0];

    *(int *)item->out[0] = *x; /* null */
    return 0;
}

static int shift(const h5map_item_t *item)
{
    *(int *)item->out[0] = 1 << (is_wrong(item) ? 40 : 1); /* shift */
    return 0;
}

static int cast(const h5map_item_t *item)
{
    const double wide = is_wrong(item) ? 1e30 : 1;

    *(int *)item->out[0] = (int)wide; /* cast */
    return 0;
}

static int aborts(const h5map_item_t *item)
{
    if (is_wrong(item))
        abort(); /* aborts */
    return 0;
}

/* A block of 64: which of its items is not told. */
static int slice(const h5map_slice_t *slice)
{
    const int *x = slice->in[0];
    int *y = slice->out[0];

    for (size_t k = 0; k < slice->count; k++)
        y[x[k * slice->dim[0]] == 1 ? slice->count : k] = 1; /* slice */
    return 0;
}

static int good(const h5map_item_t *item)
{
    const int *x = item->in[0];
    int sum = 0;

    if (x[0] < 0)
        return h5map_fail(item, "negative");
    for (size_t k = 0; k < item->dim[0]; k++)
        sum += x[k];
    *(int *)item->out[0] = sum;
    return 0;
}

static int init_wrong(const h5map_job_t *job, void **state)
{
    static int table[3];

    *state = &table[job->items]; /* init_wrong */
    table[job->items] = 1;
    return 0;
}

#define SIGNATURE "x: int32[n], param k: int32 = 0 -> y: int32"

H5MAP_KERNEL(past_input, .signature = SIGNATURE);
H5MAP_KERNEL(past_result, .signature = SIGNATURE);
H5MAP_KERNEL(before_result, .signature = SIGNATURE);
H5MAP_KERNEL(into_input, .signature = SIGNATURE);
H5MAP_KERNEL(past_param, .signature = SIGNATURE);
H5MAP_KERNEL(in_library, .signature = SIGNATURE);
H5MAP_KERNEL(by_zero, .signature = SIGNATURE);
H5MAP_KERNEL(overflow, .signature = SIGNATURE);
H5MAP_KERNEL(local_array, .signature = SIGNATURE);
H5MAP_KERNEL(null, .signature = SIGNATURE);
H5MAP_KERNEL(shift, .signature = SIGNATURE);
H5MAP_KERNEL(cast, .signature = SIGNATURE);
H5MAP_KERNEL(aborts, .signature = SIGNATURE);
H5MAP_SLICE_KERNEL(slice, .signature = SIGNATURE);
H5MAP_KERNEL(good, .signature = SIGNATURE);
static int good_too(const h5map_item_t *item)
{
    return good(item);
}
H5MAP_KERNEL(good_too, .signature = SIGNATURE, .init = init_wrong);
