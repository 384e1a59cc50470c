/* square: the smallest kernel there is. Compiles on its own: cc -shared -fPIC -Iinclude src/kernel/square.c */
#include <h5map/kernel.h>

static int square(const h5map_item_t *item)
{
    const double *x = (const double *)item->in[0];
    double *result = (double *)item->out[0];

    *result = *x * *x;
    return 0;
}

H5MAP_KERNEL(square, .signature = "items: double -> results: double", .summary = "Square of a number");
