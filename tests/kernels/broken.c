/* Does not compile. */
#include <h5map/kernel.h>

static int broken(const h5map_item_t *item)
{
    return this_is_not_declared + item->index;
}

H5MAP_KERNEL(broken, .signature = "x: double -> y: double");
