/* Compiles only with -DSCALE=... */
#include <h5map/kernel.h>

#ifndef SCALE
#error "SCALE is not given"
#endif

static int scale(const h5map_item_t *item)
{
    *(double *)item->out[0] = SCALE * *(const double *)item->in[0];
    return 0;
}

H5MAP_KERNEL(scale, .signature = "items: double -> results: double");
