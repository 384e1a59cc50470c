/* Hands one value of each type on. */
#include <h5map/kernel.h>

#define SAME(TYPE, C_TYPE)                                      \
    static int same_##TYPE(const h5map_item_t *item)            \
    {                                                           \
        *(C_TYPE *)item->out[0] = *(const C_TYPE *)item->in[0]; \
        return 0;                                               \
    }                                                           \
    H5MAP_KERNEL(same_##TYPE, .signature = "x: " #TYPE " -> y: " #TYPE)

SAME(bool, bool);
SAME(int8, int8_t);
SAME(int16, int16_t);
SAME(int32, int32_t);
SAME(int64, int64_t);
SAME(uint8, uint8_t);
SAME(uint16, uint16_t);
SAME(uint32, uint32_t);
SAME(uint64, uint64_t);
SAME(float, float);
SAME(double, double);
SAME(float32, float);
SAME(float64, double);
SAME(complex64, float _Complex);
SAME(complex128, double _Complex);
