/* A result that tells of the item's value and of its place, and items far apart that fail. */
#include <h5map/kernel.h>

static int far(const h5map_item_t *item)
{
    const int8_t x = *(const int8_t *)item->in[0];

    if (item->index % 300000007 == 5)
        return h5map_fail(item, "item %llu", (unsigned long long)item->index);
    *(int16_t *)item->out[0] = (int16_t)(4 * x + (int)(item->index >> 20 & 4095) + (int)(item->index & 31));
    return 0;
}

H5MAP_KERNEL(far, .signature = "x: int8 -> y: int16");
