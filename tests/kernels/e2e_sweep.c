/* A parameter to sweep over. */
#include <h5map/kernel.h>

static int scale(const h5map_item_t *item)
{
    *(double *)item->out[0] = *(const double *)item->in[0] * *(const double *)item->in[1];
    return 0;
}

H5MAP_KERNEL(scale, .signature = "x: double, param k: double -> y: double");
