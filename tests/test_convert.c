/* Conversions: every pair of types against an oracle, statuses, packing, reasons. */
#include "codec/convert.h"
#include "suite.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT 4096
#define GOOD 7 /* what statuses hold before: it must stay for good items */

/* long double is the oracle's type: it must hold 64-bit integers. */
_Static_assert(LDBL_MANT_DIG >= 64, "the oracle needs 64 bits");

static uint64_t random_bits(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state ^ *state >> 29;
}

static long double load(enum type type, const void *from)
{
    int8_t i8;
    int16_t i16;
    int32_t i32;
    int64_t i64;
    uint8_t u8;
    uint16_t u16;
    uint32_t u32;
    uint64_t u64;
    float f;
    double d;

    switch (type) {
    case TYPE_BOOL:
        return *(const unsigned char *)from != 0;
    case TYPE_INT8:
        return memcpy(&i8, from, 1), i8;
    case TYPE_INT16:
        return memcpy(&i16, from, 2), i16;
    case TYPE_INT32:
        return memcpy(&i32, from, 4), i32;
    case TYPE_INT64:
        return memcpy(&i64, from, 8), i64;
    case TYPE_UINT8:
        return memcpy(&u8, from, 1), u8;
    case TYPE_UINT16:
        return memcpy(&u16, from, 2), u16;
    case TYPE_UINT32:
        return memcpy(&u32, from, 4), u32;
    case TYPE_UINT64:
        return memcpy(&u64, from, 8), u64;
    case TYPE_FLOAT:
    case TYPE_COMPLEX64:
        return memcpy(&f, from, 4), f;
    default:
        return memcpy(&d, from, 8), d;
    }
}

static long double lowest(enum type type)
{
    return type_is_signed(type) ? -ldexpl(1, (int)type_bytes(type) * 8 - 1) : 0;
}

static long double highest(enum type type)
{
    return type == TYPE_BOOL ? 1 : ldexpl(1, (int)type_bytes(type) * 8 - type_is_signed(type)) - 1;
}

/* What the element becomes; *fits tells whether it can. */
static long double expected(long double v, enum type type, bool *fits)
{
    *fits = true;
    if (type == TYPE_FLOAT || type == TYPE_COMPLEX64) {
        *fits = isinf(v) || !isinf((float)v);
        return *fits ? (float)v : 0;
    }
    if (type_is_floating(type))
        return (double)v;
    *fits = !isnan(v) && v >= lowest(type) && v <= highest(type) && v == truncl(v);
    return *fits ? v + 0.0L : 0; /* an integer's zero has no sign */
}

static bool same(long double a, long double b)
{
    return (isnan(a) && isnan(b)) || (a == b && (a != 0 || signbit(a) == signbit(b)));
}

/* A number near a power of two, where limits are. */
static double edge(uint64_t bits)
{
    static const double steps[] = {-1.5, -1, -0.5, 0, 0.5, 1};
    const double power = ldexp(1, (int)(bits % 67)) * (bits >> 8 & 1 ? -1 : 1);

    switch (bits >> 16 & 3) {
    case 0:
        return nextafter(power, 0);
    case 1:
        return power;
    default:
        return power + steps[(bits >> 24) % 6];
    }
}

static void store(enum type wire, uint64_t bits, void *to)
{
    static const double special[] = {0.0, -0.0, 1, 2, INFINITY, -INFINITY, NAN, DBL_MAX, -DBL_MAX, DBL_TRUE_MIN, 1e39};
    const double number = bits >> 40 & 1 ? edge(bits) : special[bits % 11];
    const float narrow = (float)number;
    const uint64_t whole = ((uint64_t)1 << bits % 64) + (bits >> 16) % 3 - 1;
    const uint64_t integer = bits >> 40 & 1 ? whole : bits >> 41 & 1 ? -whole : (bits >> 8) % 300;

    if (wire == TYPE_DOUBLE)
        memcpy(to, &number, sizeof number);
    else if (wire == TYPE_FLOAT)
        memcpy(to, &narrow, sizeof narrow);
    else
        memcpy(to, &integer, type_bytes(wire)); /* little-endian: the low bytes; any will do */
}

static void fill_wire(enum type wire, unsigned char *from)
{
    uint64_t state = wire;

    for (size_t k = 0; k < COUNT; k++)
        store(wire, random_bits(&state), from + k * type_bytes(wire));
    for (size_t k = 0; k < COUNT && type_bytes(wire) == 1; k++)
        from[k] = (unsigned char)k;
}

struct buffers {
    _Alignas(64) unsigned char from[COUNT * 16], to[COUNT * 16 + 64];
    int32_t status[COUNT];
};

static size_t convert(struct buffers *b, enum type wire, enum type type, size_t count)
{
    const struct feed feed = {.convert = true, .wire = wire, .type = type, .elements = 1};

    memset(b->to, 0xa5, sizeof b->to);
    for (size_t k = 0; k < COUNT; k++)
        b->status[k] = GOOD;
    return convert_items(&feed, b->from, count, b->to, b->status);
}

/* Elements of the pair that did not come out as expected. */
static int wrong_elements(struct buffers *b, enum type wire, enum type type)
{
    const size_t bytes = type_bytes(type), count = COUNT - 3;
    size_t bad = 0, failed;
    int wrong = 0;

    fill_wire(wire, b->from);
    failed = convert(b, wire, type, count);

    for (size_t k = 0; k < count; k++) {
        const long double v = load(wire, b->from + k * type_bytes(wire));
        const unsigned char *to = b->to + k * bytes;
        bool fits;
        const long double want = expected(v, type, &fits);

        wrong += !same(load(type, to), want);
        wrong += type_is_complex(type) && load(type, to + bytes / 2) != 0;
        wrong += type == TYPE_BOOL && wire != TYPE_BOOL && *to > 1;
        wrong += b->status[k] != (fits ? GOOD : 1);
        bad += !fits;
    }
    return wrong + (failed != bad) + (b->to[count * bytes] != 0xa5) + (b->status[count] != GOOD);
}

static void all_pairs(void)
{
    struct buffers *b = aligned_alloc(64, sizeof *b);

    CU_ASSERT_PTR_NOT_NULL_FATAL(b);
    for (int wire = TYPE_BOOL; wire <= TYPE_DOUBLE; wire++)
        for (int type = TYPE_BOOL; type < TYPE_COUNT; type++) {
            const int wrong = wrong_elements(b, wire, type);

            if (wrong)
                fprintf(stderr, "%s to %s: %d wrong\n", type_name(wire), type_name(type), wrong);
            CU_ASSERT_EQUAL(wrong, 0);
        }
    free(b);
}

/* Every uint8 into every other one-byte type, by hand. */
static void bytes(void)
{
    struct buffers *b = aligned_alloc(64, sizeof *b);

    CU_ASSERT_PTR_NOT_NULL_FATAL(b);
    for (int k = 0; k < 256; k++)
        b->from[k] = (unsigned char)k;
    CU_ASSERT_EQUAL(convert(b, TYPE_UINT8, TYPE_INT8, 256), 128);
    for (int k = 0; k < 256; k++)
        CU_ASSERT(b->to[k] == (k < 128 ? k : 0) && b->status[k] == (k < 128 ? GOOD : 1));
    CU_ASSERT_EQUAL(convert(b, TYPE_INT8, TYPE_UINT8, 256), 128);
    CU_ASSERT_EQUAL(convert(b, TYPE_UINT8, TYPE_BOOL, 256), 254);
    CU_ASSERT_EQUAL(convert(b, TYPE_UINT8, TYPE_UINT8, 256), 0);
    CU_ASSERT(!memcmp(b->from, b->to, 256));
    CU_ASSERT_EQUAL(convert(b, TYPE_BOOL, TYPE_UINT8, 256), 0);
    for (int k = 0; k < 256; k++)
        CU_ASSERT_EQUAL(b->to[k], k != 0);
    free(b);
}

/* The very limits, where a double rounds to 2^63 and 2^64. */
static void limits(void)
{
    static const double from[] = {0x1p63,  0x1.fffffffffffffp62,
                                  -0x1p63, -0x1.0000000000001p63,
                                  0x1p64,  0x1.fffffffffffffp63,
                                  -0.0,    -0x1p-1074,
                                  0x1p53,  0.5};
    static const int32_t in_int64[] = {1, 0, 0, 1, 1, 1, 0, 1, 0, 1}, in_uint64[] = {0, 0, 1, 1, 1, 0, 0, 1, 0, 1};
    const struct feed to_int64 = {.wire = TYPE_DOUBLE, .type = TYPE_INT64, .elements = 1};
    const struct feed to_uint64 = {.wire = TYPE_DOUBLE, .type = TYPE_UINT64, .elements = 1};
    int32_t status[10] = {0};
    int64_t signed_to[10];
    uint64_t unsigned_to[10];

    CU_ASSERT_EQUAL(convert_items(&to_int64, from, 10, signed_to, status), 6);
    CU_ASSERT(!memcmp(status, in_int64, sizeof status));
    CU_ASSERT_EQUAL(signed_to[1], INT64_MAX - 1023);
    CU_ASSERT_EQUAL(signed_to[2], INT64_MIN);
    memset(status, 0, sizeof status);
    CU_ASSERT_EQUAL(convert_items(&to_uint64, from, 10, unsigned_to, status), 5);
    CU_ASSERT(!memcmp(status, in_uint64, sizeof status));
    CU_ASSERT_EQUAL(unsigned_to[0], (uint64_t)1 << 63);
    CU_ASSERT_EQUAL(unsigned_to[5], UINT64_MAX - 2047);
}

/* One bad element fails its item alone, and only it becomes 0. */
static void items(void)
{
    static const double from[4][3] = {{1, 2, 3}, {4, 5.5, 6}, {7, 8, 9}, {NAN, 256, 10}};
    static const uint8_t want[4][3] = {{1, 2, 3}, {4, 0, 6}, {7, 8, 9}, {0, 0, 10}};
    const struct feed feed = {.wire = TYPE_DOUBLE, .type = TYPE_UINT8, .elements = 3};
    int32_t status[4] = {GOOD, GOOD, GOOD, GOOD};
    uint8_t to[4][3];

    CU_ASSERT_EQUAL(convert_items(&feed, from, 4, to, status), 2);
    CU_ASSERT(!memcmp(to, want, sizeof to));
    CU_ASSERT(status[0] == GOOD && status[1] == 1 && status[2] == GOOD && status[3] == 1);
    CU_ASSERT_EQUAL(convert_items(&feed, from, 0, to, status), 0);
}

static void complex_numbers(void)
{
    static const double wide[2][2] = {{1.1, -2.2}, {INFINITY, NAN}}, beyond[2] = {1, 1e39};
    const struct feed narrowing = {.wire = TYPE_COMPLEX128, .type = TYPE_COMPLEX64, .elements = 1};
    const struct feed widening = {.wire = TYPE_COMPLEX64, .type = TYPE_COMPLEX128, .elements = 1};
    const struct feed impossible = {.wire = TYPE_COMPLEX128, .type = TYPE_DOUBLE, .elements = 1};
    int32_t status[2] = {GOOD, GOOD};
    float narrow[2][2];
    double again[2][2];

    CU_ASSERT_EQUAL(convert_items(&narrowing, wide, 2, narrow, status), 0);
    CU_ASSERT(narrow[0][0] == 1.1f && narrow[0][1] == -2.2f && isinf(narrow[1][0]) && isnan(narrow[1][1]));
    CU_ASSERT_EQUAL(convert_items(&widening, narrow, 2, again, status), 0);
    CU_ASSERT(again[0][0] == 1.1f && again[0][1] == -2.2f && isinf(again[1][0]) && isnan(again[1][1]));
    CU_ASSERT(status[0] == GOOD && status[1] == GOOD);
    CU_ASSERT_EQUAL(convert_items(&narrowing, beyond, 1, narrow, status), 1);
    CU_ASSERT_EQUAL(convert_items(&impossible, wide, 2, again, status), 2);
    CU_ASSERT(status[0] == 1 && status[1] == 1);
}

static struct scalar fill_of(const void *value, size_t value_bytes)
{
    struct scalar fill = {{0}};

    memcpy(fill.bytes, value, value_bytes);
    return fill;
}

/* More than one block of it, into each floating type. */
static void packed(void)
{
    enum { N = 2000 };
    static const int16_t missing[] = {-32768, 99};
    struct feed feed = {.wire = TYPE_INT16, .type = TYPE_DOUBLE, .elements = 1};
    int16_t from[N];
    int32_t status[N] = {0};
    double to_double[N], to_complex[N][2];
    float to_float[N];

    feed.packing = (struct packing){.given = true, .scale = 0.01, .offset = 273.15, .fill_count = 2};
    for (int f = 0; f < 2; f++)
        feed.packing.fill[f] = fill_of(&missing[f], sizeof missing[f]);
    for (int k = 0; k < N; k++)
        from[k] = (int16_t)(k % 7 ? k - 1000 : -32768);
    CU_ASSERT_EQUAL(convert_items(&feed, from, N, to_double, status), 0);
    feed.type = TYPE_FLOAT;
    CU_ASSERT_EQUAL(convert_items(&feed, from, N, to_float, status), 0);
    feed.type = TYPE_COMPLEX128;
    CU_ASSERT_EQUAL(convert_items(&feed, from, N, to_complex, status), 0);
    for (int k = 0; k < N; k++) {
        const bool is_missing = k % 7 == 0 || from[k] == 99;
        const double want = is_missing ? NAN : from[k] * 0.01 + 273.15;

        CU_ASSERT(same(to_double[k], want) && same(to_float[k], (float)want));
        CU_ASSERT(same(to_complex[k][0], want) && to_complex[k][1] == 0 && status[k] == 0);
    }
}

/* Fills are compared as stored: two int64 that are one double are two numbers. */
static void packed_fills(void)
{
    static const int64_t from[] = {9007199254740993, 9007199254740992};
    static const double floating[] = {NAN, -999, 0.0};
    const double minus_zero = -0.0, nan = NAN;
    struct feed feed = {.wire = TYPE_INT64, .type = TYPE_DOUBLE, .elements = 2};
    int32_t status[3] = {0};
    double to[3];

    feed.packing = (struct packing){.given = true, .scale = 1, .fill_count = 1};
    feed.packing.fill[0] = fill_of(&from[0], sizeof from[0]);
    CU_ASSERT_EQUAL(convert_items(&feed, from, 1, to, status), 0);
    CU_ASSERT(isnan(to[0]) && to[1] == 9007199254740992.0);
    feed.wire = TYPE_DOUBLE;
    feed.elements = 1;
    feed.packing.fill_count = 2;
    feed.packing.fill[0] = fill_of(&nan, sizeof nan);
    feed.packing.fill[1] = fill_of(&floating[1], sizeof floating[1]);
    CU_ASSERT_EQUAL(convert_items(&feed, floating, 3, to, status), 0);
    CU_ASSERT(isnan(to[0]) && isnan(to[1]) && to[2] == 0);
    feed.packing.fill[0] = fill_of(&minus_zero, sizeof minus_zero);
    CU_ASSERT_EQUAL(convert_items(&feed, floating, 3, to, status), 0);
    CU_ASSERT(isnan(to[2]));
}

/* Each real wire type unpacks. */
static void packed_wires(void)
{
    for (int wire = TYPE_BOOL; wire <= TYPE_DOUBLE; wire++) {
        struct feed feed = {.wire = wire, .type = TYPE_FLOAT, .elements = 1};
        unsigned char from[3 * 8];
        int32_t status[3] = {0};
        float to[3];

        for (int k = 0; k < 3; k++) {
            struct scalar value;
            struct error error;
            const char digit[] = {(char)('0' + k % 2), '\0'};

            CU_ASSERT_EQUAL(scalar_parse(digit, wire, "x", &value, &error), OK);
            memcpy(from + (size_t)k * type_bytes(wire), value.bytes, type_bytes(wire));
        }
        feed.packing = (struct packing){.given = true, .scale = -3, .offset = 5};
        CU_ASSERT_EQUAL(convert_items(&feed, from, 3, to, status), 0);
        CU_ASSERT(to[0] == 5 && to[1] == 2 && to[2] == 5);
    }
}

static bool reason_is(enum type wire, enum type type, const void *from, const char *want)
{
    const struct feed feed = {.wire = wire, .type = type, .elements = 2};
    char text[64];

    convert_reason(&feed, from, 1, text, sizeof text);
    if (strcmp(text, want))
        fprintf(stderr, "%s\n", text);
    return !strcmp(text, want);
}

/* Of the second item of two elements each. */
static void reasons(void)
{
    static const int32_t whole[] = {-1, -1, 7, 300};
    static const double real[] = {-1, -1, 2.5, 300};
    static const double nan[] = {0, 0, 1, NAN};
    static const float huge[] = {0, 0, 1e30f, 1};
    static const double good[] = {-1, 2.5, 0, 1};
    static const uint64_t top[] = {0, 0, UINT64_MAX, 0};

    CU_ASSERT(reason_is(TYPE_INT32, TYPE_UINT8, whole, "300 is not a uint8"));
    CU_ASSERT(reason_is(TYPE_DOUBLE, TYPE_INT16, real, "2.5 is not an int16"));
    CU_ASSERT(reason_is(TYPE_DOUBLE, TYPE_INT64, nan, "nan is not an int64"));
    CU_ASSERT(reason_is(TYPE_FLOAT, TYPE_UINT32, huge, "1e+30 is not a uint32"));
    CU_ASSERT(reason_is(TYPE_UINT64, TYPE_INT64, top, "18446744073709551615 is not an int64"));
    CU_ASSERT(reason_is(TYPE_INT32, TYPE_BOOL, whole, "7 is not a bool"));
    CU_ASSERT(reason_is(TYPE_DOUBLE, TYPE_UINT8, good, ""));
    CU_ASSERT(reason_is(TYPE_DOUBLE, TYPE_FLOAT, nan, ""));
}

static void possible(void)
{
    for (int from = TYPE_BOOL; from < TYPE_COUNT; from++)
        for (int to = TYPE_BOOL; to < TYPE_COUNT; to++)
            CU_ASSERT_EQUAL(convert_possible(from, to), !type_is_complex(from) || type_is_complex(to));
    CU_ASSERT_FALSE(convert_possible(TYPE_NONE, TYPE_DOUBLE) || convert_possible(TYPE_DOUBLE, TYPE_NONE));
}

/* What is safe in NumPy's sense never fails. */
static void safe(void)
{
    struct buffers *b = aligned_alloc(64, sizeof *b);

    CU_ASSERT_PTR_NOT_NULL_FATAL(b);
    for (int wire = TYPE_BOOL; wire <= TYPE_DOUBLE; wire++)
        for (int type = TYPE_INT8; type < TYPE_COUNT; type++) {
            if (!type_is_safe(wire, type))
                continue;
            fill_wire(wire, b->from);
            CU_ASSERT_EQUAL(convert(b, wire, type, COUNT), 0);
        }
    free(b);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"all pairs", all_pairs},
        {"bytes", bytes},
        {"limits", limits},
        {"items", items},
        {"complex numbers", complex_numbers},
        {"packed", packed},
        {"packed fills", packed_fills},
        {"packed wires", packed_wires},
        {"reasons", reasons},
        {"possible", possible},
        {"safe", safe},
        CU_TEST_INFO_NULL,
    };

    return suite_run("convert", tests);
}
