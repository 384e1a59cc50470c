/* The types of a signature, as they lie in memory, and single values of the scalar ones. */
#ifndef TYPE_H
#define TYPE_H

#include "error.h"

#include <stdbool.h>
#include <stddef.h>

enum type {
    TYPE_NONE,
    TYPE_BOOL, /* one byte, 0 or 1 */
    TYPE_INT8,
    TYPE_INT16,
    TYPE_INT32,
    TYPE_INT64,
    TYPE_UINT8,
    TYPE_UINT16,
    TYPE_UINT32,
    TYPE_UINT64,
    TYPE_FLOAT,
    TYPE_DOUBLE,
    TYPE_COMPLEX64,  /* two floats: real, imaginary */
    TYPE_COMPLEX128, /* two doubles */
    TYPE_COUNT,      /* of the scalar types */
    TYPE_STRING = TYPE_COUNT,
    TYPE_COMPOUND
};

/* One value of any type, as it lies in memory. */
struct scalar {
    _Alignas(16) unsigned char bytes[16];
};

/* Bytes of one element; 0 for TYPE_NONE, and for strings and compounds, which have no one size. */
size_t type_bytes(enum type type);

/* "int8", "float", ...: the name that messages use. */
const char *type_name(enum type type);

/* The scalar type of a name ("float64" is double), or TYPE_NONE. `length` bytes of name are read. */
enum type type_of_name(const char *name, size_t length);

bool type_is_integer(enum type type); /* the intN and uintN, not bool */
bool type_is_signed(enum type type);
bool type_is_floating(enum type type); /* float, double, complex */
bool type_is_complex(enum type type);

/* Is every value of `from` a value of `to`, in the sense of NumPy's casting="safe"? */
bool type_is_safe(enum type from, enum type to);

/* What a failed item holds: NaN, the smallest signed or the largest unsigned integer, false. */
struct scalar type_fill(enum type type);

/* Read a literal of the type: 5, -1e-9, nan, true, 1+2i. Refuses (REFUSED) what is not one, whole and in range;
 * `name` is what the message names. */
int scalar_parse(const char *text, enum type type, const char *name, struct scalar *value, struct error *error);

/* Write the value so that scalar_parse reads the same back; returns snprintf's result. */
int scalar_format(struct scalar value, enum type type, char *text, size_t text_bytes);

/* An integer or bool value as a size; false where it is negative or not an integer. */
bool scalar_size(struct scalar value, enum type type, size_t *size);

#endif
