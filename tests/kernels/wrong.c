/* Descriptions that the host must not take. */
#include <h5map/kernel.h>

static int map(const h5map_slice_t *slice)
{
    return slice->count == 0;
}

#define DESCRIBE(NAME, ABI, SIZE, MAP, SIGNATURE, BLOCK)                \
    extern const h5map_kernel_t h5map_kernel_##NAME;                    \
    const h5map_kernel_t h5map_kernel_##NAME = {.abi = ABI,             \
                                                .size = SIZE,           \
                                                .name = #NAME,          \
                                                .map = MAP,             \
                                                .default_block = 1,     \
                                                .signature = SIGNATURE, \
                                                .block = BLOCK}

DESCRIBE(future, H5MAP_ABI + 1, sizeof(h5map_kernel_t), map, "x: double -> y: double", 0);
DESCRIBE(small, H5MAP_ABI, offsetof(h5map_kernel_t, block), map, "x: double -> y: double", 0);
DESCRIBE(old, H5MAP_ABI, offsetof(h5map_kernel_t, slice_bytes), map, "x: double[*n] -> y: double", 0);
DESCRIBE(no_map, H5MAP_ABI, sizeof(h5map_kernel_t), NULL, "x: double -> y: double", 0);
DESCRIBE(no_signature, H5MAP_ABI, sizeof(h5map_kernel_t), map, NULL, 0);
DESCRIBE(big_block, H5MAP_ABI, sizeof(h5map_kernel_t), map, "x: double -> y: double", (size_t)1 << 31);
DESCRIBE(larger, H5MAP_ABI, sizeof(h5map_kernel_t) + 64, map, "x: double -> y: double", 0);
