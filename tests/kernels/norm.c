/* The example of h5map/kernel.h. */
#include <h5map/kernel.h>
#include <math.h>

static int norm(const h5map_item_t *item)
{
    const double *x = item->in[0];
    double *length = item->out[0];
    double sum = 0;

    for (size_t k = 0; k < item->dim[0]; k++)
        sum += x[k] * x[k];
    *length = sqrt(sum);
    return 0;
}

H5MAP_KERNEL(norm, .signature = "x: double[n] -> length: double", .summary = "Euclidean length of a vector");
