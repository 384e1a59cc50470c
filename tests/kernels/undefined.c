/* Needs a library that is not given. */
#include <h5map/kernel.h>

double of_another_library(double x);

static int undefined(const h5map_item_t *item)
{
    *(double *)item->out[0] = of_another_library(*(const double *)item->in[0]);
    return 0;
}

H5MAP_KERNEL(undefined, .signature = "x: double -> y: double");
