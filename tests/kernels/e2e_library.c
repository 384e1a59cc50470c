/* Calls a function that another library has. */
#include <h5map/kernel.h>

double e2e_half(double x);

static int half(const h5map_item_t *item)
{
    *(double *)item->out[0] = e2e_half(*(const double *)item->in[0]);
    return 0;
}

H5MAP_KERNEL(half, .signature = "items: double -> results: double");
