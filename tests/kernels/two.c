/* Two kernels in one file. */
#include <h5map/kernel.h>

#ifndef FACTOR
#define FACTOR 3
#endif

static int twice(const h5map_item_t *item)
{
    *(int32_t *)item->out[0] = 2 * *(const int32_t *)item->in[0];
    return 0;
}

static int scale(const h5map_item_t *item)
{
    *(int32_t *)item->out[0] = FACTOR * *(const int32_t *)item->in[0];
    return 0;
}

H5MAP_KERNEL(twice, .signature = "x: int32 -> y: int32");
H5MAP_KERNEL(scale, .signature = "x: int32 -> y: int32");
