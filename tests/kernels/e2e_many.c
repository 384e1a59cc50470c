/* Several kernels in one file: FILE:NAME picks one. */
#include <h5map/kernel.h>

static int twice(const h5map_item_t *item)
{
    *(double *)item->out[0] = 2 * *(const double *)item->in[0];
    return 0;
}

static int thrice(const h5map_item_t *item)
{
    *(double *)item->out[0] = 3 * *(const double *)item->in[0];
    return 0;
}

H5MAP_KERNEL(twice, .signature = "items: double -> results: double");
H5MAP_KERNEL(thrice, .signature = "items: double -> results: double");
