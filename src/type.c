#include "type.h"

#include <string.h>

enum kind { KIND_NONE, KIND_BOOL, KIND_SIGNED, KIND_UNSIGNED, KIND_REAL, KIND_COMPLEX };

static const struct {
    const char *name;
    enum kind kind;
    size_t bytes;
} types[TYPE_COMPOUND + 1] = {
    [TYPE_NONE] = {"none", KIND_NONE, 0},
    [TYPE_BOOL] = {"bool", KIND_BOOL, 1},
    [TYPE_INT8] = {"int8", KIND_SIGNED, 1},
    [TYPE_INT16] = {"int16", KIND_SIGNED, 2},
    [TYPE_INT32] = {"int32", KIND_SIGNED, 4},
    [TYPE_INT64] = {"int64", KIND_SIGNED, 8},
    [TYPE_UINT8] = {"uint8", KIND_UNSIGNED, 1},
    [TYPE_UINT16] = {"uint16", KIND_UNSIGNED, 2},
    [TYPE_UINT32] = {"uint32", KIND_UNSIGNED, 4},
    [TYPE_UINT64] = {"uint64", KIND_UNSIGNED, 8},
    [TYPE_FLOAT] = {"float", KIND_REAL, 4},
    [TYPE_DOUBLE] = {"double", KIND_REAL, 8},
    [TYPE_COMPLEX64] = {"complex64", KIND_COMPLEX, 8},
    [TYPE_COMPLEX128] = {"complex128", KIND_COMPLEX, 16},
    [TYPE_STRING] = {"string", KIND_NONE, 0},
    [TYPE_COMPOUND] = {"compound", KIND_NONE, 0},
};

size_t type_bytes(enum type type)
{
    return types[type].bytes;
}

const char *type_name(enum type type)
{
    return types[type].name;
}

enum type type_of_name(const char *name, size_t length)
{
    static const struct {
        const char *name;
        enum type type;
    } others[] = {{"float32", TYPE_FLOAT}, {"float64", TYPE_DOUBLE}};

    for (int t = TYPE_NONE + 1; t < TYPE_COUNT; t++)
        if (strlen(types[t].name) == length && !memcmp(types[t].name, name, length))
            return t;
    for (size_t k = 0; k < sizeof others / sizeof *others; k++)
        if (strlen(others[k].name) == length && !memcmp(others[k].name, name, length))
            return others[k].type;
    return TYPE_NONE;
}

bool type_is_integer(enum type type)
{
    return types[type].kind == KIND_SIGNED || types[type].kind == KIND_UNSIGNED;
}

bool type_is_signed(enum type type)
{
    return types[type].kind == KIND_SIGNED;
}

bool type_is_floating(enum type type)
{
    return types[type].kind == KIND_REAL || types[type].kind == KIND_COMPLEX;
}

bool type_is_complex(enum type type)
{
    return types[type].kind == KIND_COMPLEX;
}

/* Bytes of a floating type's real part. */
static size_t part_bytes(enum type type)
{
    return type_is_complex(type) ? types[type].bytes / 2 : types[type].bytes;
}

/* NumPy takes double for the 64-bit integers too, although it rounds the largest. */
static bool integer_is_safe(enum type from, enum type to)
{
    const size_t bytes = types[from].bytes;

    if (type_is_floating(to))
        return bytes < part_bytes(to) || part_bytes(to) == sizeof(double);
    if (types[from].kind == types[to].kind)
        return bytes <= types[to].bytes;
    return types[from].kind == KIND_UNSIGNED && types[to].kind == KIND_SIGNED && bytes < types[to].bytes;
}

bool type_is_safe(enum type from, enum type to)
{
    if (types[from].kind == KIND_NONE || types[to].kind == KIND_NONE)
        return from == to && from != TYPE_NONE;
    if (from == to || from == TYPE_BOOL)
        return true;
    if (type_is_integer(from))
        return integer_is_safe(from, to);
    return type_is_floating(to) && type_is_complex(from) <= type_is_complex(to) && part_bytes(from) <= part_bytes(to);
}
