/* The scalar types: their classes, safe conversions, literals there and back. */
#include "suite.h"
#include "type.h"

#include <float.h>
#include <limits.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static void names(void)
{
    static const struct {
        const char *name;
        enum type type;
        size_t bytes;
    } expected[] = {
        {"bool", TYPE_BOOL, 1},     {"int8", TYPE_INT8, 1},           {"int16", TYPE_INT16, 2},
        {"int32", TYPE_INT32, 4},   {"int64", TYPE_INT64, 8},         {"uint8", TYPE_UINT8, 1},
        {"uint16", TYPE_UINT16, 2}, {"uint32", TYPE_UINT32, 4},       {"uint64", TYPE_UINT64, 8},
        {"float", TYPE_FLOAT, 4},   {"complex64", TYPE_COMPLEX64, 8}, {"complex128", TYPE_COMPLEX128, 16},
        {"double", TYPE_DOUBLE, 8},
    };

    CU_ASSERT_EQUAL(sizeof expected / sizeof *expected, TYPE_COUNT - 1);
    for (size_t k = 0; k < sizeof expected / sizeof *expected; k++) {
        CU_ASSERT_EQUAL(type_of_name(expected[k].name, strlen(expected[k].name)), expected[k].type);
        CU_ASSERT_STRING_EQUAL(type_name(expected[k].type), expected[k].name);
        CU_ASSERT_EQUAL(type_bytes(expected[k].type), expected[k].bytes);
    }
    CU_ASSERT_EQUAL(type_of_name("float32", 7), TYPE_FLOAT);
    CU_ASSERT_EQUAL(type_of_name("float64", 7), TYPE_DOUBLE);
    CU_ASSERT_EQUAL(type_of_name("int16, x", 5), TYPE_INT16);
    CU_ASSERT_EQUAL(type_of_name("int", 3), TYPE_NONE);
    CU_ASSERT_EQUAL(type_of_name("int8x", 5), TYPE_NONE);
    CU_ASSERT_EQUAL(type_of_name("Float", 5), TYPE_NONE);
    CU_ASSERT_EQUAL(type_of_name("none", 4), TYPE_NONE);
    CU_ASSERT_EQUAL(type_of_name("", 0), TYPE_NONE);
    CU_ASSERT_EQUAL(type_bytes(TYPE_NONE), 0);
}

/* A class as a row: one letter a type, in the order of enum type behind TYPE_NONE. */
static void classes(void)
{
    static const char integer[] = ".xxxxxxxx....", is_signed[] = ".xxxx........";
    static const char floating[] = ".........xxxx", complex[] = "...........xx";

    for (int t = 1; t < TYPE_COUNT; t++) {
        CU_ASSERT_EQUAL(type_is_integer(t), integer[t - 1] == 'x');
        CU_ASSERT_EQUAL(type_is_signed(t), is_signed[t - 1] == 'x');
        CU_ASSERT_EQUAL(type_is_floating(t), floating[t - 1] == 'x');
        CU_ASSERT_EQUAL(type_is_complex(t), complex[t - 1] == 'x');
    }
    CU_ASSERT_FALSE(type_is_integer(TYPE_NONE) || type_is_signed(TYPE_NONE));
    CU_ASSERT_FALSE(type_is_floating(TYPE_NONE) || type_is_complex(TYPE_NONE));
}

/* numpy.can_cast(row, column, "safe"), printed by NumPy 1.24. */
static void safe(void)
{
    static const char *const table[] = {
        "xxxxxxxxxxxxx", /* bool */
        ".xxxx....xxxx", /* int8 */
        "..xxx....xxxx", /* int16 */
        "...xx.....x.x", /* int32 */
        "....x.....x.x", /* int64 */
        "..xxxxxxxxxxx", /* uint8 */
        "...xx.xxxxxxx", /* uint16 */
        "....x..xx.x.x", /* uint32 */
        "........x.x.x", /* uint64 */
        ".........xxxx", /* float */
        "..........x.x", /* double */
        "...........xx", /* complex64 */
        "............x", /* complex128 */
    };

    for (int from = 1; from < TYPE_COUNT; from++)
        for (int to = 1; to < TYPE_COUNT; to++) {
            const bool expected = table[from - 1][to - 1] == 'x';

            if (type_is_safe(from, to) != expected)
                fprintf(stderr, "%s to %s\n", type_name(from), type_name(to));
            CU_ASSERT_EQUAL(type_is_safe(from, to), expected);
        }
    CU_ASSERT_FALSE(type_is_safe(TYPE_NONE, TYPE_DOUBLE) || type_is_safe(TYPE_BOOL, TYPE_NONE));
}

/* The literal's bytes, or a failed assertion. */
static struct scalar parsed(const char *text, enum type type)
{
    struct scalar value = {{0}};
    struct error error = {0};
    const int code = scalar_parse(text, type, "x", &value, &error);

    if (code)
        fprintf(stderr, "%s\n", error.text);
    CU_ASSERT_EQUAL(code, OK);
    return value;
}

#define PARSES(TEXT, TYPE, C, ...)                                 \
    do {                                                           \
        const struct scalar got = parsed(TEXT, TYPE);              \
        const C expected[] = {__VA_ARGS__};                        \
                                                                   \
        CU_ASSERT_EQUAL(sizeof expected, type_bytes(TYPE));        \
        CU_ASSERT(!memcmp(got.bytes, expected, type_bytes(TYPE))); \
    } while (0)

static void integer_literals(void)
{
    PARSES("0", TYPE_INT8, int8_t, 0);
    PARSES("-128", TYPE_INT8, int8_t, -128);
    PARSES("+127", TYPE_INT8, int8_t, 127);
    PARSES("0x7f", TYPE_INT8, int8_t, 127);
    PARSES("-0x80", TYPE_INT8, int8_t, -128);
    PARSES("010", TYPE_INT8, int8_t, 10);
    PARSES("-32768", TYPE_INT16, int16_t, INT16_MIN);
    PARSES("32767", TYPE_INT16, int16_t, INT16_MAX);
    PARSES("-2147483648", TYPE_INT32, int32_t, INT32_MIN);
    PARSES("2147483647", TYPE_INT32, int32_t, INT32_MAX);
    PARSES("-9223372036854775808", TYPE_INT64, int64_t, INT64_MIN);
    PARSES("9223372036854775807", TYPE_INT64, int64_t, INT64_MAX);
    PARSES("255", TYPE_UINT8, uint8_t, 255);
    PARSES("-0", TYPE_UINT8, uint8_t, 0);
    PARSES("65535", TYPE_UINT16, uint16_t, 65535);
    PARSES("4294967295", TYPE_UINT32, uint32_t, UINT32_MAX);
    PARSES("18446744073709551615", TYPE_UINT64, uint64_t, UINT64_MAX);
    PARSES("0XffffFFFFffffFFFF", TYPE_UINT64, uint64_t, UINT64_MAX);
    PARSES("true", TYPE_BOOL, uint8_t, 1);
    PARSES("1", TYPE_BOOL, uint8_t, 1);
    PARSES("false", TYPE_BOOL, uint8_t, 0);
    PARSES("0", TYPE_BOOL, uint8_t, 0);
}

static void floating_literals(void)
{
    PARSES("1e-9", TYPE_DOUBLE, double, 1e-9);
    PARSES("-5", TYPE_DOUBLE, double, -5);
    PARSES("0x1.8p3", TYPE_DOUBLE, double, 12);
    PARSES("4.9406564584124654e-324", TYPE_DOUBLE, double, DBL_TRUE_MIN);
    PARSES("1.7976931348623157e308", TYPE_DOUBLE, double, DBL_MAX);
    PARSES("1e-400", TYPE_DOUBLE, double, 0);
    PARSES("inf", TYPE_DOUBLE, double, INFINITY);
    PARSES("-inf", TYPE_FLOAT, float, -INFINITY);
    PARSES("nan", TYPE_FLOAT, float, NAN);
    PARSES("0.1", TYPE_FLOAT, float, 0.1f);
    PARSES("1e-45", TYPE_FLOAT, float, FLT_TRUE_MIN);
    /* rounded once: by way of double this one would come out 1 + 2^-22 */
    PARSES("1.00000017881393432617187499", TYPE_FLOAT, float, 1 + 0x1p-23f);
    PARSES("1+2i", TYPE_COMPLEX128, double, 1, 2);
    PARSES("1e-3-2e5j", TYPE_COMPLEX128, double, 1e-3, -2e5);
    PARSES("2i", TYPE_COMPLEX64, float, 0, 2);
    PARSES("-1.5", TYPE_COMPLEX64, float, -1.5f, 0);
    PARSES("-inf+infi", TYPE_COMPLEX64, float, -INFINITY, INFINITY);
}

static bool refused(const char *text, enum type type, const char *message)
{
    struct scalar value = {{1}};
    struct error error = {0};
    const int code = scalar_parse(text, type, "-p x", &value, &error);
    const bool as_told =
        code == REFUSED && error.code == REFUSED && !strcmp(error.text, message) && value.bytes[0] == 1;

    if (!as_told)
        fprintf(stderr, "'%s' %s: code %d: %s\n", text, type_name(type), code, error.text);
    return as_told;
}

static void refused_literals(void)
{
    static const char *const never[] = {"",    " ",   " 1", "1 ",     "\t1", "x", "1x",
                                        "--1", "+-1", "0x", "1 + 2i", "-",   "+", "1,"};
    static const char *const no_integer[] = {"1.0", "0b1", "nan", "1i", "true", "0x1.8p1", "- 1"};
    static const char *const no_complex[] = {"i",    "1+i",   "1+2", "1+2ii", "1+2i3",
                                             "2i+1", "1+ 2i", "1i2", "1++2i", "1-"};
    struct scalar value;
    struct error error = {0};

    for (int t = 1; t < TYPE_COUNT; t++) {
        for (size_t k = 0; k < sizeof never / sizeof *never; k++)
            CU_ASSERT_EQUAL(scalar_parse(never[k], t, "x", &value, &error), REFUSED);
        for (size_t k = 0; k < sizeof no_integer / sizeof *no_integer; k++)
            CU_ASSERT(!type_is_integer(t) || scalar_parse(no_integer[k], t, "x", &value, &error) == REFUSED);
        for (size_t k = 0; k < sizeof no_complex / sizeof *no_complex; k++)
            CU_ASSERT_EQUAL(scalar_parse(no_complex[k], t, "x", &value, &error), REFUSED);
    }
    CU_ASSERT_EQUAL(scalar_parse("2i", TYPE_DOUBLE, "x", &value, &error), REFUSED);
    CU_ASSERT_EQUAL(scalar_parse("2", TYPE_BOOL, "x", &value, &error), REFUSED);
    CU_ASSERT_EQUAL(scalar_parse("1", TYPE_NONE, "x", &value, &error), REFUSED);
}

static void messages(void)
{
    CU_ASSERT(
        refused("1e6", TYPE_INT32, "-p x: '1e6' is no int32 (write it out in digits, from -2147483648 to 2147483647)"));
    CU_ASSERT(refused("abc", TYPE_INT8, "-p x: 'abc' is no int8 (an integer from -128 to 127)"));
    CU_ASSERT(refused("12abc", TYPE_INT8, "-p x: '12abc' is no int8 (an integer from -128 to 127)"));
    CU_ASSERT(refused("300", TYPE_UINT8, "-p x: '300' is out of range for uint8 (an integer from 0 to 255)"));
    CU_ASSERT(refused("-1", TYPE_UINT8, "-p x: '-1' is out of range for uint8 (an integer from 0 to 255)"));
    CU_ASSERT(refused("-129", TYPE_INT8, "-p x: '-129' is out of range for int8 (an integer from -128 to 127)"));
    CU_ASSERT(refused("9223372036854775808", TYPE_INT64,
                      "-p x: '9223372036854775808' is out of range for int64 (an integer from -9223372036854775808 to "
                      "9223372036854775807)"));
    CU_ASSERT(refused("18446744073709551616", TYPE_UINT64,
                      "-p x: '18446744073709551616' is out of range for uint64 (an integer from 0 to "
                      "18446744073709551615)"));
    CU_ASSERT(refused("yes", TYPE_BOOL, "-p x: 'yes' is no bool (true, false, 1 or 0)"));
    CU_ASSERT(refused("1e400", TYPE_DOUBLE, "-p x: '1e400' is too large for double (write inf for infinity)"));
    CU_ASSERT(refused("1e39", TYPE_FLOAT, "-p x: '1e39' is too large for float (write inf for infinity)"));
    CU_ASSERT(
        refused("1+1e39i", TYPE_COMPLEX64, "-p x: '1+1e39i' is too large for complex64 (write inf for infinity)"));
    CU_ASSERT(refused("0,5", TYPE_DOUBLE, "-p x: '0,5' is no double (such as 1, -0.5, 1e-9, nan, inf)"));
    CU_ASSERT(refused("1+2", TYPE_COMPLEX64, "-p x: '1+2' is no complex64 (such as 1.5, -2i, 1e-3+2i)"));
}

/* Format, parse, and compare the bytes; NaNs need only stay NaNs. */
static bool comes_back(struct scalar value, enum type type)
{
    char text[96];
    struct scalar again = {{0}};
    struct error error = {0};
    const int length = scalar_format(value, type, text, sizeof text);

    if (length <= 0 || (size_t)length != strlen(text) || scalar_parse(text, type, "x", &again, &error))
        return false;
    return strstr(text, "nan") || !memcmp(value.bytes, again.bytes, type_bytes(type));
}

static void round_trips(void)
{
    uint64_t state = 12345;

    for (int t = 1; t < TYPE_COUNT; t++) {
        int lost = 0;

        for (int k = 0; k < 4000; k++) {
            struct scalar value = {{0}};

            for (size_t b = 0; b < type_bytes(t); b++) {
                state = state * 6364136223846793005u + 1442695040888963407u;
                value.bytes[b] = (unsigned char)(state >> 56);
            }
            if (t == TYPE_BOOL)
                value.bytes[0] &= 1;
            lost += !comes_back(value, t);
        }
        CU_ASSERT_EQUAL(lost, 0);
        CU_ASSERT(comes_back(type_fill(t), t));
    }
}

static bool formats(const char *literal, enum type type, const char *text)
{
    char got[96];

    scalar_format(parsed(literal, type), type, got, sizeof got);
    if (strcmp(got, text))
        fprintf(stderr, "%s: %s\n", literal, got);
    return !strcmp(got, text);
}

static void texts(void)
{
    char small[4];

    CU_ASSERT(formats("1e-9", TYPE_DOUBLE, "1e-09"));
    CU_ASSERT(formats("0.1", TYPE_FLOAT, "0.1"));
    CU_ASSERT(formats("0.1", TYPE_DOUBLE, "0.1"));
    CU_ASSERT(formats("0x1.5555555555555p-2", TYPE_DOUBLE, "0.3333333333333333"));
    CU_ASSERT(formats("-0.0", TYPE_DOUBLE, "-0"));
    CU_ASSERT(formats("nan", TYPE_FLOAT, "nan"));
    CU_ASSERT(formats("-inf", TYPE_DOUBLE, "-inf"));
    CU_ASSERT(formats("1-2i", TYPE_COMPLEX64, "1-2i"));
    CU_ASSERT(formats("2j", TYPE_COMPLEX128, "0+2i"));
    CU_ASSERT(formats("0", TYPE_BOOL, "false"));
    CU_ASSERT(formats("-128", TYPE_INT8, "-128"));
    CU_ASSERT(formats("0xffffffffffffffff", TYPE_UINT64, "18446744073709551615"));
    CU_ASSERT_EQUAL(scalar_format(parsed("12345", TYPE_INT32), TYPE_INT32, small, sizeof small), 5);
    CU_ASSERT_STRING_EQUAL(small, "123");
}

static void fills(void)
{
    static const struct {
        enum type type;
        const char *text;
    } expected[] = {
        {TYPE_BOOL, "false"},        {TYPE_INT8, "-128"},
        {TYPE_INT16, "-32768"},      {TYPE_INT32, "-2147483648"},
        {TYPE_UINT8, "255"},         {TYPE_INT64, "-9223372036854775808"},
        {TYPE_UINT16, "65535"},      {TYPE_UINT64, "18446744073709551615"},
        {TYPE_UINT32, "4294967295"},
    };

    for (size_t k = 0; k < sizeof expected / sizeof *expected; k++) {
        char text[64];

        scalar_format(type_fill(expected[k].type), expected[k].type, text, sizeof text);
        CU_ASSERT_STRING_EQUAL(text, expected[k].text);
    }
    for (int t = TYPE_FLOAT; t < TYPE_COUNT; t++) {
        const struct scalar fill = type_fill(t);
        float narrow[2];
        double wide[2];

        memcpy(narrow, fill.bytes, sizeof narrow);
        memcpy(wide, fill.bytes, sizeof wide);
        CU_ASSERT(t == TYPE_FLOAT || t == TYPE_COMPLEX64 ? isnan(narrow[0]) : isnan(wide[0]));
        CU_ASSERT(t != TYPE_COMPLEX64 || isnan(narrow[1]));
        CU_ASSERT(t != TYPE_COMPLEX128 || isnan(wide[1]));
    }
}

static void sizes(void)
{
    size_t size = 77;

    CU_ASSERT(scalar_size(parsed("5", TYPE_INT8), TYPE_INT8, &size) && size == 5);
    CU_ASSERT(scalar_size(parsed("0", TYPE_INT64), TYPE_INT64, &size) && size == 0);
    CU_ASSERT(scalar_size(parsed("true", TYPE_BOOL), TYPE_BOOL, &size) && size == 1);
    CU_ASSERT(scalar_size(parsed("18446744073709551615", TYPE_UINT64), TYPE_UINT64, &size) && size == UINT64_MAX);
    CU_ASSERT(scalar_size(parsed("65535", TYPE_UINT16), TYPE_UINT16, &size) && size == 65535);
    size = 77;
    CU_ASSERT_FALSE(scalar_size(parsed("-1", TYPE_INT8), TYPE_INT8, &size));
    CU_ASSERT_FALSE(scalar_size(parsed("-1", TYPE_INT16), TYPE_INT16, &size));
    CU_ASSERT_FALSE(scalar_size(parsed("-1", TYPE_INT32), TYPE_INT32, &size));
    CU_ASSERT_FALSE(scalar_size(parsed("-1", TYPE_INT64), TYPE_INT64, &size));
    CU_ASSERT_FALSE(scalar_size(parsed("1", TYPE_DOUBLE), TYPE_DOUBLE, &size));
    CU_ASSERT_EQUAL(size, 77);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"names", names},
        {"classes", classes},
        {"safe conversions", safe},
        {"integer literals", integer_literals},
        {"floating literals", floating_literals},
        {"refused literals", refused_literals},
        {"messages", messages},
        {"round trips", round_trips},
        {"texts", texts},
        {"fill values", fills},
        {"sizes", sizes},
        CU_TEST_INFO_NULL,
    };

    return suite_run("type", tests);
}
