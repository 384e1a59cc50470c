/* Where an item is in the full input, for item and slice kernels. */
#include <h5map/kernel.h>

static int item_index(const h5map_item_t *item)
{
    *(uint64_t *)item->out[0] = item->index;
    return 0;
}

static int slice_index(const h5map_slice_t *slice)
{
    for (size_t k = 0; k < slice->count; k++) {
        const uint64_t index = slice->index ? slice->index[k] : slice->first + k;
        uint64_t *to = (uint64_t *)((char *)slice->out[0] + k * slice->out_bytes[0]);

        if (*(const float *)((const char *)slice->in[0] + k * slice->in_bytes[0]) < 0)
            h5map_fail_at(slice, k, "negative at %llu", (unsigned long long)index);
        *to = index;
    }
    return 0;
}

H5MAP_KERNEL(item_index, .signature = "x: float -> index: uint64");
H5MAP_SLICE_KERNEL(slice_index, .signature = "x: float -> index: uint64");
