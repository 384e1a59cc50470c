/* Two errors that a compiler shows. */
#include <h5map/kernel.h>

static int broken(const h5map_item_t *item)
{
    first_error = item;
    second_error = item;
    return 0;
}

H5MAP_KERNEL(broken, .signature = "items: double -> results: double");
