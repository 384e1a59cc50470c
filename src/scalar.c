/* Single values of the types of type.h: literals, texts, fill values. */
#include "type.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A literal on its way to a value. */
struct literal {
    const char *text;
    enum type type;
    const char *name;
    struct error *error;
};

/* Is it made of floats, not doubles? */
static bool is_narrow(enum type type)
{
    return type == TYPE_FLOAT || type == TYPE_COMPLEX64;
}

/* The largest value of an integer type; the smallest of a signed one is -1 less that. */
static uint64_t largest(enum type type)
{
    const size_t bits = type_bytes(type) * 8 - type_is_signed(type);

    return UINT64_MAX >> (64 - bits);
}

/* The low bytes of the number, in the byte order of this machine. */
static struct scalar integer_scalar(uint64_t bits, enum type type)
{
    struct scalar value = {{0}};
    const uint8_t one = (uint8_t)bits;
    const uint16_t two = (uint16_t)bits;
    const uint32_t four = (uint32_t)bits;

    switch (type_bytes(type)) {
    case 1:
        memcpy(value.bytes, &one, 1);
        break;
    case 2:
        memcpy(value.bytes, &two, 2);
        break;
    case 4:
        memcpy(value.bytes, &four, 4);
        break;
    default:
        memcpy(value.bytes, &bits, 8);
    }
    return value;
}

/* An integer or bool scalar, sign-extended to 64 bits. */
static uint64_t scalar_integer(struct scalar value, enum type type)
{
    uint64_t bits = 0;
    uint32_t four;
    uint16_t two;

    switch (type_bytes(type)) {
    case 1:
        bits = value.bytes[0];
        break;
    case 2:
        memcpy(&two, value.bytes, 2);
        bits = two;
        break;
    case 4:
        memcpy(&four, value.bytes, 4);
        bits = four;
        break;
    default:
        memcpy(&bits, value.bytes, 8);
    }
    if (type_is_signed(type) && bits > largest(type))
        bits |= ~largest(type);
    return bits;
}

static struct scalar floating_scalar(double real, double imaginary, enum type type)
{
    struct scalar value = {{0}};
    const double parts[2] = {real, imaginary};
    const float narrow[2] = {(float)real, (float)imaginary};

    memcpy(value.bytes, is_narrow(type) ? (const void *)narrow : parts, type_bytes(type));
    return value;
}

static void scalar_parts(struct scalar value, enum type type, double part[2])
{
    float narrow[2] = {0, 0};

    if (!is_narrow(type)) {
        memcpy(part, value.bytes, type_bytes(type));
        return;
    }
    memcpy(narrow, value.bytes, type_bytes(type));
    part[0] = narrow[0];
    part[1] = narrow[1];
}

struct scalar type_fill(enum type type)
{
    if (type_is_floating(type))
        return floating_scalar(NAN, NAN, type);
    if (type_is_signed(type))
        return integer_scalar(~largest(type), type);
    if (type_is_integer(type))
        return integer_scalar(largest(type), type);
    return (struct scalar){{0}};
}

static int literal_error(const struct literal *literal, const char *why, const char *hint)
{
    return error_set(literal->error, REFUSED, "%s: '%.200s' %s %s (%s)", literal->name, literal->text, why,
                     type_name(literal->type), hint);
}

/* One real number at text, rounded to the type's width; *end behind it, or at text where there is none. False where a
 * finite number is too large. */
static bool read_real(const char *text, enum type type, char **end, double *value)
{
    *end = (char *)text;
    *value = 0;
    if (isspace((unsigned char)*text))
        return true;
    errno = 0;
    *value = is_narrow(type) ? (double)strtof(text, end) : strtod(text, end);
    return !(errno == ERANGE && isinf(*value));
}

static bool is_unit(const char *text)
{
    return (text[0] == 'i' || text[0] == 'j') && !text[1];
}

static int parse_floating(const struct literal *literal, struct scalar *value)
{
    const bool complex = type_is_complex(literal->type);
    const char *hint = complex ? "such as 1.5, -2i, 1e-3+2i" : "such as 1, -0.5, 1e-9, nan, inf";
    double part[2] = {0, 0};
    char *end, *second;
    bool in_range, whole;

    in_range = read_real(literal->text, literal->type, &end, &part[0]);
    whole = end > literal->text && !*end;
    if (complex && end > literal->text && is_unit(end)) {
        part[1] = part[0];
        part[0] = 0;
        whole = true;
    } else if (complex && end > literal->text && (*end == '+' || *end == '-')) {
        in_range = read_real(end, literal->type, &second, &part[1]) && in_range;
        whole = second > end && is_unit(second);
    }
    if (!whole)
        return literal_error(literal, "is no", hint);
    if (!in_range)
        return literal_error(literal, "is too large for", "write inf for infinity");
    *value = floating_scalar(part[0], part[1], literal->type);
    return OK;
}

/* Says the range, and to an integer typed as 1e6 that digits are wanted. */
static int integer_error(const struct literal *literal, bool in_range)
{
    const bool is_signed = type_is_signed(literal->type);
    const unsigned long long top = largest(literal->type);
    char hint[96], *end;
    double real;
    const bool reads = read_real(literal->text, TYPE_DOUBLE, &end, &real) && end > literal->text && !*end;

    snprintf(hint, sizeof hint, "%s from %s%llu to %llu", reads && in_range ? "write it out in digits," : "an integer",
             is_signed ? "-" : "", is_signed ? top + 1 : 0, top);
    return literal_error(literal, in_range ? "is no" : "is out of range for", hint);
}

static int parse_integer(const struct literal *literal, struct scalar *value)
{
    const char *digits = literal->text + (*literal->text == '-' || *literal->text == '+');
    const bool negative = *literal->text == '-';
    const bool hexadecimal = digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X');
    const uint64_t top = largest(literal->type);
    unsigned long long magnitude;
    char *end;

    if (!isdigit((unsigned char)*digits) || (hexadecimal && !isxdigit((unsigned char)digits[2])))
        return integer_error(literal, true);
    errno = 0;
    magnitude = strtoull(digits, &end, hexadecimal ? 16 : 10);
    if (*end)
        return integer_error(literal, true);
    if (errno || magnitude > (negative ? (type_is_signed(literal->type) ? top + 1 : 0) : top))
        return integer_error(literal, false);
    *value = integer_scalar(negative ? -(uint64_t)magnitude : magnitude, literal->type);
    return OK;
}

static int parse_bool(const struct literal *literal, struct scalar *value)
{
    const bool yes = !strcmp(literal->text, "true") || !strcmp(literal->text, "1");

    if (!yes && strcmp(literal->text, "false") && strcmp(literal->text, "0"))
        return literal_error(literal, "is no", "true, false, 1 or 0");
    *value = integer_scalar(yes, literal->type);
    return OK;
}

int scalar_parse(const char *text, enum type type, const char *name, struct scalar *value, struct error *error)
{
    const struct literal literal = {text, type, name, error};

    if (type_is_floating(type))
        return parse_floating(&literal, value);
    if (type_is_integer(type))
        return parse_integer(&literal, value);
    if (type == TYPE_BOOL)
        return parse_bool(&literal, value);
    return literal_error(&literal, "is given for", "a value needs a type");
}

/* The fewest digits that read back as the same number. */
static void format_real(double part, bool narrow, bool plus, char text[32])
{
    for (int digits = narrow ? 6 : 15; digits <= 17; digits++) {
        snprintf(text, 32, plus ? "%+.*g" : "%.*g", digits, part);
        if (isnan(part) || (narrow ? (double)strtof(text, NULL) : strtod(text, NULL)) == part)
            return;
    }
}

int scalar_format(struct scalar value, enum type type, char *text, size_t text_bytes)
{
    const bool narrow = is_narrow(type);
    char real[32], imaginary[32];
    double part[2] = {0, 0};

    if (type == TYPE_BOOL)
        return snprintf(text, text_bytes, "%s", value.bytes[0] ? "true" : "false");
    if (type_is_signed(type))
        return snprintf(text, text_bytes, "%lld", (long long)scalar_integer(value, type));
    if (type_is_integer(type))
        return snprintf(text, text_bytes, "%llu", (unsigned long long)scalar_integer(value, type));
    if (!type_is_floating(type))
        return snprintf(text, text_bytes, "none");
    scalar_parts(value, type, part);
    format_real(part[0], narrow, false, real);
    format_real(part[1], narrow, true, imaginary);
    return snprintf(text, text_bytes, "%s%s%s", real, type_is_complex(type) ? imaginary : "",
                    type_is_complex(type) ? "i" : "");
}

bool scalar_size(struct scalar value, enum type type, size_t *size)
{
    uint64_t bits;

    if (!type_is_integer(type) && type != TYPE_BOOL)
        return false;
    bits = scalar_integer(value, type);
    if ((type_is_signed(type) && bits > INT64_MAX) || bits > SIZE_MAX)
        return false;
    *size = bits;
    return true;
}
