/* Slice kernels: whole slices at once, and how they were cut. */
#include <h5map/kernel.h>

static int mean(const h5map_slice_t *slice)
{
    const double *x = slice->in[0];
    double *to = slice->out[0];
    const size_t n = slice->dim[0];

    for (size_t k = 0; k < slice->count; k++) {
        double sum = 0;

        for (size_t j = 0; j < n; j++)
            sum += x[k * n + j];
        to[k] = sum / (double)n;
        if (sum < 0)
            h5map_fail_at(slice, k, "sum %g", sum);
    }
    return 0;
}

/* Which call an item was in: its first index and its count. */
static int cut(const h5map_slice_t *slice)
{
    for (size_t k = 0; k < slice->count; k++) {
        *(uint64_t *)((char *)slice->out[0] + k * slice->out_bytes[0]) = slice->first;
        *(uint64_t *)((char *)slice->out[1] + k * slice->out_bytes[1]) = slice->count;
    }
    return 0;
}

static int cut_by_default(const h5map_slice_t *slice)
{
    return cut(slice);
}

static int refusing(const h5map_slice_t *slice)
{
    (void)slice;
    return 5;
}

H5MAP_SLICE_KERNEL(mean, .signature = "x: double[n] -> mean: double", .block = 1);
H5MAP_SLICE_KERNEL(cut, .signature = "x: float -> first: uint64, count: uint64", .block = 7);
H5MAP_SLICE_KERNEL(cut_by_default, .signature = "x: float -> first: uint64, count: uint64");
H5MAP_SLICE_KERNEL(refusing, .signature = "x: float -> y: float");
