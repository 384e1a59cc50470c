#include "codec/convert.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define BLOCK 512 /* elements unpacked at a time: doubles that stay in cache */

/* Convert n elements; true if all fit. One that does not becomes 0. */
typedef bool convert_t(const void *wire, size_t n, void *type);

/* Undo the packing of n elements, in double. */
typedef void unpack_t(const struct packing *packing, const void *wire, size_t n, double *value);

/* clang-format off */

/* The functions below are made from this list: the integer types with the smallest number and one more than the
 * largest, both of which float and double hold exactly. */
#define INTEGER_TYPES(X, ...)                       \
    X(int8, int8_t, -0x1p7, 0x1p7, __VA_ARGS__)     \
    X(int16, int16_t, -0x1p15, 0x1p15, __VA_ARGS__) \
    X(int32, int32_t, -0x1p31, 0x1p31, __VA_ARGS__) \
    X(int64, int64_t, -0x1p63, 0x1p63, __VA_ARGS__) \
    X(uint8, uint8_t, 0, 0x1p8, __VA_ARGS__)        \
    X(uint16, uint16_t, 0, 0x1p16, __VA_ARGS__)     \
    X(uint32, uint32_t, 0, 0x1p32, __VA_ARGS__)     \
    X(uint64, uint64_t, 0, 0x1p64, __VA_ARGS__)

/* WIRE_to_NAME: the statement makes element i of `to` from v, and sets `bad` where v does not fit. Where it leaves
 * `bad` alone this is a plain loop, of which the compiler makes vector instructions. */
#define CONVERSION(WIRE, W, READ, NAME, T, STATEMENT)                    \
    static bool WIRE##_to_##NAME(const void *wire, size_t n, void *type) \
    {                                                                    \
        const W *restrict from = wire;                                   \
        T *restrict to = type;                                           \
        bool bad = false;                                                \
                                                                         \
        for (size_t i = 0; i < n; i++) {                                 \
            const W v = READ(from[i]);                                   \
                                                                         \
            STATEMENT                                                    \
        }                                                                \
        return !bad;                                                     \
    }

#define ITSELF(element) (element)
#define TRUTH(element) ((element) != 0)

/* Into float: rounding is fine, but a number beyond the largest does not fit. Integers never are. */
#define NARROW(TO)                                                             \
    const float near = (float)v;                                               \
    const bool over = __builtin_isinf(near) && !__builtin_isinf((double)v);    \
                                                                               \
    TO = over ? 0 : near;                                                      \
    bad |= over;

/* Into the types that take every number but what is beyond float, and into bool. */
#define CONVERSIONS(WIRE, W, READ)                  \
    CONVERSION(WIRE, W, READ, float, float, {       \
        NARROW(to[i])                               \
    })                                              \
    CONVERSION(WIRE, W, READ, double, double, {     \
        to[i] = (double)v;                          \
    })                                              \
    CONVERSION(WIRE, W, READ, complex64, float, {   \
        NARROW(to[2 * i])                           \
        to[2 * i + 1] = 0;                          \
    })                                              \
    CONVERSION(WIRE, W, READ, complex128, double, { \
        to[2 * i] = (double)v;                      \
        to[2 * i + 1] = 0;                          \
    })                                              \
    CONVERSION(WIRE, W, READ, boolean, uint8_t, {   \
        to[i] = v == 1;                             \
        bad |= v != 1 && v != 0;                    \
    })

/* Integer into integer; where this can't overflow the compiler drops the check. */
#define FROM_INTEGER(NAME, T, LOW, END, WIRE, W, READ)          \
    CONVERSION(WIRE, W, READ, NAME, T, {                        \
        T whole;                                                \
        const bool over = __builtin_add_overflow(v, 0, &whole); \
                                                                \
        to[i] = over ? 0 : whole;                               \
        bad |= over;                                            \
    })

/* Floating into integer: the cast is defined in the range only, in which NaN is not; equal means no fraction. */
#define FROM_FLOATING(NAME, T, LOW, END, WIRE, W, READ)    \
    CONVERSION(WIRE, W, READ, NAME, T, {                   \
        const bool within = v >= (W)(LOW) && v < (W)(END); \
        const T whole = within ? (T)v : 0;                 \
        const bool fits = (W)whole == v;                   \
                                                           \
        to[i] = fits ? whole : 0;                          \
        bad |= !fits;                                      \
    })

/* WIRE_unpack: the fills are compared as they are stored; a NaN among them equals nothing, and stays NaN anyway. */
#define UNPACK(WIRE, W, READ)                                                                           \
    static void WIRE##_unpack(const struct packing *packing, const void *wire, size_t n, double *value) \
    {                                                                                                   \
        const double scale = packing->scale, offset = packing->offset;                                  \
        const W *restrict from = wire;                                                                  \
        double *restrict to = value;                                                                    \
                                                                                                        \
        for (size_t i = 0; i < n; i++)                                                                  \
            to[i] = (double)READ(from[i]) * scale + offset;                                             \
        for (int f = 0; f < packing->fill_count; f++) {                                                 \
            W fill;                                                                                     \
                                                                                                        \
            memcpy(&fill, packing->fill[f].bytes, sizeof fill);                                         \
            for (size_t i = 0; i < n; i++)                                                              \
                to[i] = from[i] == fill ? (double)NAN : to[i];                                          \
        }                                                                                               \
    }

#define INTEGER_WIRE(WIRE, W, READ)            \
    CONVERSIONS(WIRE, W, READ)                 \
    INTEGER_TYPES(FROM_INTEGER, WIRE, W, READ) \
    UNPACK(WIRE, W, READ)
#define FLOATING_WIRE(WIRE, W)                    \
    CONVERSIONS(WIRE, W, ITSELF)                  \
    INTEGER_TYPES(FROM_FLOATING, WIRE, W, ITSELF) \
    UNPACK(WIRE, W, ITSELF)

INTEGER_WIRE(boolean, uint8_t, TRUTH)
INTEGER_WIRE(int8, int8_t, ITSELF)
INTEGER_WIRE(int16, int16_t, ITSELF)
INTEGER_WIRE(int32, int32_t, ITSELF)
INTEGER_WIRE(int64, int64_t, ITSELF)
INTEGER_WIRE(uint8, uint8_t, ITSELF)
INTEGER_WIRE(uint16, uint16_t, ITSELF)
INTEGER_WIRE(uint32, uint32_t, ITSELF)
INTEGER_WIRE(uint64, uint64_t, ITSELF)
FLOATING_WIRE(float, float)
FLOATING_WIRE(double, double)

/* clang-format on */

/* A complex number is two real ones. */
static bool complex64_to_complex64(const void *wire, size_t n, void *type)
{
    return float_to_float(wire, 2 * n, type);
}

static bool complex64_to_complex128(const void *wire, size_t n, void *type)
{
    return float_to_double(wire, 2 * n, type);
}

static bool complex128_to_complex64(const void *wire, size_t n, void *type)
{
    return double_to_float(wire, 2 * n, type);
}

static bool complex128_to_complex128(const void *wire, size_t n, void *type)
{
    return double_to_double(wire, 2 * n, type);
}

#define REAL_ROW(WIRE)                                                                                            \
    {                                                                                                             \
        [TYPE_BOOL] = WIRE##_to_boolean, [TYPE_INT8] = WIRE##_to_int8, [TYPE_INT16] = WIRE##_to_int16,            \
        [TYPE_INT32] = WIRE##_to_int32, [TYPE_INT64] = WIRE##_to_int64, [TYPE_UINT8] = WIRE##_to_uint8,           \
        [TYPE_UINT16] = WIRE##_to_uint16, [TYPE_UINT32] = WIRE##_to_uint32, [TYPE_UINT64] = WIRE##_to_uint64,     \
        [TYPE_FLOAT] = WIRE##_to_float, [TYPE_DOUBLE] = WIRE##_to_double, [TYPE_COMPLEX64] = WIRE##_to_complex64, \
        [TYPE_COMPLEX128] = WIRE##_to_complex128                                                                  \
    }

/* By wire type, then kernel type; NULL: impossible. */
static convert_t *const conversions[TYPE_COUNT][TYPE_COUNT] = {
    [TYPE_BOOL] = REAL_ROW(boolean),
    [TYPE_INT8] = REAL_ROW(int8),
    [TYPE_INT16] = REAL_ROW(int16),
    [TYPE_INT32] = REAL_ROW(int32),
    [TYPE_INT64] = REAL_ROW(int64),
    [TYPE_UINT8] = REAL_ROW(uint8),
    [TYPE_UINT16] = REAL_ROW(uint16),
    [TYPE_UINT32] = REAL_ROW(uint32),
    [TYPE_UINT64] = REAL_ROW(uint64),
    [TYPE_FLOAT] = REAL_ROW(float),
    [TYPE_DOUBLE] = REAL_ROW(double),
    [TYPE_COMPLEX64] = {[TYPE_COMPLEX64] = complex64_to_complex64, [TYPE_COMPLEX128] = complex64_to_complex128},
    [TYPE_COMPLEX128] = {[TYPE_COMPLEX64] = complex128_to_complex64, [TYPE_COMPLEX128] = complex128_to_complex128},
};

/* By wire type; only real ones are packed. */
static unpack_t *const unpackings[TYPE_COUNT] = {
    [TYPE_BOOL] = boolean_unpack,  [TYPE_INT8] = int8_unpack,     [TYPE_INT16] = int16_unpack,
    [TYPE_INT32] = int32_unpack,   [TYPE_INT64] = int64_unpack,   [TYPE_UINT8] = uint8_unpack,
    [TYPE_UINT16] = uint16_unpack, [TYPE_UINT32] = uint32_unpack, [TYPE_UINT64] = uint64_unpack,
    [TYPE_FLOAT] = float_unpack,   [TYPE_DOUBLE] = double_unpack,
};

static bool unpack(const struct feed *feed, const void *from, size_t n, void *to)
{
    convert_t *const convert = conversions[TYPE_DOUBLE][feed->type];
    const size_t wire_bytes = type_bytes(feed->wire), bytes = type_bytes(feed->type);
    double value[BLOCK];
    bool fits = true;

    for (size_t i = 0; i < n; i += BLOCK) {
        const size_t count = n - i < BLOCK ? n - i : BLOCK;

        unpackings[feed->wire](&feed->packing, (const char *)from + i * wire_bytes, count, value);
        fits &= convert(value, count, (char *)to + i * bytes);
    }
    return fits;
}

/* n elements; do all fit? */
static bool convert_elements(const struct feed *feed, const void *from, size_t n, void *to)
{
    convert_t *const convert = conversions[feed->wire][feed->type];

    if (feed->packing.given && unpackings[feed->wire])
        return unpack(feed, from, n, to);
    if (feed->wire == feed->type) {
        memcpy(to, from, n * type_bytes(feed->type));
        return true;
    }
    return convert && convert(from, n, to);
}

size_t convert_items(const struct feed *feed, const void *from, size_t count, void *to, int32_t *status)
{
    const size_t elements = feed->elements;
    const size_t wire_bytes = elements * type_bytes(feed->wire), bytes = elements * type_bytes(feed->type);
    size_t failed = 0;

    if (convert_elements(feed, from, count * elements, to))
        return 0;
    for (size_t k = 0; k < count; k++) {
        if (convert_elements(feed, (const char *)from + k * wire_bytes, elements, (char *)to + k * bytes))
            continue;
        status[k] = 1;
        failed++;
    }
    return failed;
}

void convert_reason(const struct feed *feed, const void *from, size_t k, char *text, size_t text_bytes)
{
    const size_t wire_bytes = type_bytes(feed->wire);
    const char *element = (const char *)from + k * feed->elements * wire_bytes;
    const char *name = type_name(feed->type);
    struct scalar wire = {{0}}, ignored;
    char number[96];

    if (text_bytes)
        text[0] = '\0';
    for (uint64_t e = 0; e < feed->elements; e++, element += wire_bytes) {
        if (convert_elements(feed, element, 1, ignored.bytes))
            continue;
        memcpy(wire.bytes, element, wire_bytes);
        scalar_format(wire, feed->wire, number, sizeof number);
        snprintf(text, text_bytes, "%s is not %s %s", number, name[0] == 'i' ? "an" : "a", name);
        return;
    }
}

bool convert_run(enum type wire, enum type type, const void *from, size_t n, void *to)
{
    convert_t *const convert = conversions[wire][type];

    return convert && convert(from, n, to);
}

bool convert_possible(enum type from, enum type to)
{
    return conversions[from][to] != NULL;
}
