#include "data/types.h"

#include <stdio.h>
#include <string.h>

static enum type integer_of(size_t bits, bool is_signed)
{
    if (bits <= 8)
        return is_signed ? TYPE_INT8 : TYPE_UINT8;
    if (bits <= 16)
        return is_signed ? TYPE_INT16 : TYPE_UINT16;
    if (bits <= 32)
        return is_signed ? TYPE_INT32 : TYPE_UINT32;
    if (bits <= 64)
        return is_signed ? TYPE_INT64 : TYPE_UINT64;
    return TYPE_NONE;
}

static const char *order_name(hid_t stored)
{
    return H5Tget_size(stored) > 1 && H5Tget_order(stored) == H5T_ORDER_BE ? "big-endian " : "";
}

static void look_at_integer(hid_t stored, const char *prefix, struct stored_type *look)
{
    const size_t bits = H5Tget_precision(stored), bytes = H5Tget_size(stored);

    look->wire = bits ? integer_of(bits, H5Tget_sign(stored) == H5T_SGN_2) : TYPE_NONE;
    if (look->wire == TYPE_NONE)
        snprintf(look->name, sizeof look->name, "integers of %zu bytes", bytes);
    else if (bits == 8 * type_bytes(look->wire) && bytes == type_bytes(look->wire))
        snprintf(look->name, sizeof look->name, "%s%s%s", prefix, order_name(stored), type_name(look->wire));
    else
        snprintf(look->name, sizeof look->name, "%s%s%zu-bit %s", prefix, order_name(stored), bits,
                 type_name(look->wire));
}

static void look_at_float(hid_t stored, struct stored_type *look)
{
    size_t sign, exponent, exponent_bits = 0, mantissa, mantissa_bits = 0;
    const char *name;

    if (H5Tget_fields(stored, &sign, &exponent, &exponent_bits, &mantissa, &mantissa_bits) < 0 ||
        H5Tget_size(stored) > 8 || mantissa_bits > 52 || exponent_bits > 11) {
        snprintf(look->name, sizeof look->name, "long doubles (%zu bytes)", H5Tget_size(stored));
        return;
    }
    look->wire = mantissa_bits <= 23 && exponent_bits <= 8 ? TYPE_FLOAT : TYPE_DOUBLE;
    name = type_name(look->wire);
    if (H5Tget_size(stored) == 2)
        name = exponent_bits == 5 ? "float16" : "2-byte float";
    snprintf(look->name, sizeof look->name, "%s%s", order_name(stored), name);
}

static bool member_is(hid_t stored, unsigned member, const char *name)
{
    char *found = H5Tget_member_name(stored, member);
    const bool same = found && !strcmp(found, name);

    if (found)
        H5free_memory(found);
    return same;
}

/* The enum that h5py makes of NumPy's bool. */
static bool is_bool(hid_t stored)
{
    unsigned char no[16] = {1}, yes[16] = {0};

    return H5Tget_size(stored) == 1 && H5Tget_nmembers(stored) == 2 && member_is(stored, 0, "FALSE") &&
           member_is(stored, 1, "TRUE") && H5Tget_member_value(stored, 0, no) >= 0 &&
           H5Tget_member_value(stored, 1, yes) >= 0 && no[0] == 0 && yes[0] == 1;
}

static void look_at_enum(hid_t stored, struct stored_type *look)
{
    if (is_bool(stored)) {
        look->wire = TYPE_BOOL;
        snprintf(look->name, sizeof look->name, "bool");
    } else {
        look_at_integer(stored, "enum of ", look);
    }
}

static void look_at_bitfield(hid_t stored, struct stored_type *look)
{
    const size_t bytes = H5Tget_size(stored);

    look->wire = integer_of(8 * bytes, false);
    if (look->wire == TYPE_NONE)
        snprintf(look->name, sizeof look->name, "bitfields of %zu bytes", bytes);
    else
        snprintf(look->name, sizeof look->name, "%sbitfield of %zu bits", order_name(stored), 8 * bytes);
}

/* The names of the real and the imaginary member, as stored; NULL where it is no complex number. */
static const char *const *complex_names(hid_t stored)
{
    static const char *const names[][2] = {{"r", "i"}, {"real", "imag"}};

    if (H5Tget_class(stored) != H5T_COMPOUND || H5Tget_nmembers(stored) != 2)
        return NULL;
    for (size_t k = 0; k < sizeof names / sizeof *names; k++)
        if (H5Tget_member_index(stored, names[k][0]) >= 0 && H5Tget_member_index(stored, names[k][1]) >= 0)
            return names[k];
    return NULL;
}

static enum type float_member(hid_t stored, unsigned member, struct stored_type *look)
{
    const hid_t type = H5Tget_member_type(stored, member);

    *look = (struct stored_type){0};
    if (type < 0)
        return TYPE_NONE;
    if (H5Tget_class(type) == H5T_FLOAT)
        look_at_float(type, look);
    H5Tclose(type);
    return look->wire;
}

/* The members' names, as many as fit. */
static void name_compound(hid_t stored, struct stored_type *look)
{
    const int count = H5Tget_nmembers(stored);
    size_t length = (size_t)snprintf(look->name, sizeof look->name, "compounds {");

    for (int k = 0; k < count && length < sizeof look->name; k++) {
        char *name = H5Tget_member_name(stored, (unsigned)k);

        length +=
            (size_t)snprintf(look->name + length, sizeof look->name - length, "%s%s", k ? ", " : "", name ? name : "?");
        H5free_memory(name);
    }
    if (length + 1 < sizeof look->name)
        memcpy(look->name + length, "}", 2);
    else
        memcpy(look->name + sizeof look->name - 5, "...}", 5);
}

static void look_at_compound(hid_t stored, struct stored_type *look)
{
    struct stored_type first, second;

    if (!complex_names(stored) || float_member(stored, 0, &first) == TYPE_NONE ||
        float_member(stored, 1, &second) == TYPE_NONE) {
        name_compound(stored, look);
        return;
    }
    look->wire = first.wire == TYPE_FLOAT && second.wire == TYPE_FLOAT ? TYPE_COMPLEX64 : TYPE_COMPLEX128;
    snprintf(look->name, sizeof look->name, "%s%s", strncmp(first.name, "big-", 4) ? "" : "big-endian ",
             type_name(look->wire));
}

static const char *other_name(hid_t stored)
{
    switch (H5Tget_class(stored)) {
    case H5T_TIME:
        return "times (HDF5's time type)";
    case H5T_STRING:
        return H5Tis_variable_str(stored) > 0 ? "variable-length strings" : "strings";
    case H5T_OPAQUE:
        return "opaque bytes";
    case H5T_REFERENCE:
        return "references";
    case H5T_VLEN:
        return "variable-length sequences";
    case H5T_ARRAY:
        return "elements that are arrays themselves";
    default:
        return "a type that HDF5 does not know";
    }
}

void types_look(hid_t stored, struct stored_type *look)
{
    *look = (struct stored_type){0};
    switch (H5Tget_class(stored)) {
    case H5T_INTEGER:
        look_at_integer(stored, "", look);
        break;
    case H5T_FLOAT:
        look_at_float(stored, look);
        break;
    case H5T_ENUM:
        look_at_enum(stored, look);
        break;
    case H5T_BITFIELD:
        look_at_bitfield(stored, look);
        break;
    case H5T_COMPOUND:
        look_at_compound(stored, look);
        break;
    default:
        snprintf(look->name, sizeof look->name, "%s", other_name(stored));
    }
}

static hid_t native_bitfield(size_t bytes)
{
    return bytes == 1 ? H5T_NATIVE_B8 : bytes == 2 ? H5T_NATIVE_B16 : bytes == 4 ? H5T_NATIVE_B32 : H5T_NATIVE_B64;
}

static hid_t native(enum type type)
{
    switch (type) {
    case TYPE_BOOL:
    case TYPE_INT8:
        return H5T_NATIVE_INT8;
    case TYPE_INT16:
        return H5T_NATIVE_INT16;
    case TYPE_INT32:
        return H5T_NATIVE_INT32;
    case TYPE_INT64:
        return H5T_NATIVE_INT64;
    case TYPE_UINT8:
        return H5T_NATIVE_UINT8;
    case TYPE_UINT16:
        return H5T_NATIVE_UINT16;
    case TYPE_UINT32:
        return H5T_NATIVE_UINT32;
    case TYPE_UINT64:
        return H5T_NATIVE_UINT64;
    case TYPE_FLOAT:
        return H5T_NATIVE_FLOAT;
    case TYPE_DOUBLE:
        return H5T_NATIVE_DOUBLE;
    default:
        return H5I_INVALID_HID;
    }
}

/* Close what came to nothing; HDF5's error stack, which a close would empty, stays. */
static hid_t give_up(hid_t made)
{
    const hid_t stack = H5Eget_current_stack();

    H5Tclose(made);
    H5Eset_current_stack(stack);
    return H5I_INVALID_HID;
}

static hid_t complex_type(enum type type, const char *const names[2])
{
    const hid_t part = type == TYPE_COMPLEX64 ? H5T_NATIVE_FLOAT : H5T_NATIVE_DOUBLE;
    hid_t made = H5Tcreate(H5T_COMPOUND, type_bytes(type));

    if (made >= 0 &&
        (H5Tinsert(made, names[0], 0, part) < 0 || H5Tinsert(made, names[1], type_bytes(type) / 2, part) < 0))
        made = give_up(made);
    return made;
}

hid_t types_memory(enum type wire, hid_t stored)
{
    const H5T_class_t class = H5Tget_class(stored);

    if (type_is_complex(wire)) {
        const char *const *names = complex_names(stored);

        return names ? complex_type(wire, names) : H5I_INVALID_HID;
    }
    if (class == H5T_BITFIELD)
        return H5Tcopy(native_bitfield(type_bytes(wire)));
    if (class != H5T_FLOAT && wire != TYPE_BOOL && H5Tget_sign(stored) == H5T_SGN_2)
        return H5Tcopy(native(integer_of(8 * type_bytes(wire), true)));
    return H5Tcopy(native(wire));
}

static hid_t bool_type(void)
{
    const signed char no = 0, yes = 1;
    hid_t made = H5Tenum_create(H5T_NATIVE_INT8);

    if (made >= 0 && (H5Tenum_insert(made, "FALSE", &no) < 0 || H5Tenum_insert(made, "TRUE", &yes) < 0))
        made = give_up(made);
    return made;
}

hid_t types_text(size_t bytes)
{
    hid_t made = H5Tcopy(H5T_C_S1);

    if (made >= 0 && (H5Tset_size(made, bytes ? bytes : 1) < 0 || H5Tset_cset(made, H5T_CSET_UTF8) < 0 ||
                      H5Tset_strpad(made, H5T_STR_NULLPAD) < 0))
        made = give_up(made);
    return made;
}

static hid_t field_type(const struct field *pool, const struct field *field)
{
    const hid_t one = types_output(pool, field->type, field->element);
    hsize_t dim[PORT_DIMS_MAX];
    hid_t made;

    for (int d = 0; d < field->rank; d++)
        dim[d] = field->dim[d];
    if (one < 0 || field->rank == 0)
        return one;
    made = H5Tarray_create2(one, (unsigned)field->rank, dim);
    give_up(one);
    return made;
}

static hid_t compound_type(const struct field *pool, struct element element)
{
    hid_t made = H5Tcreate(H5T_COMPOUND, element.bytes);

    for (int f = element.field; f >= 0 && made >= 0; f = pool[f].next) {
        const hid_t type = field_type(pool, &pool[f]);
        const bool inserted = type >= 0 && H5Tinsert(made, pool[f].stored, pool[f].offset, type) >= 0;

        if (type >= 0)
            give_up(type);
        if (!inserted)
            made = give_up(made);
    }
    return made;
}

hid_t types_output(const struct field *field, enum type type, struct element element)
{
    static const char *const names[2] = {"r", "i"};

    if (type == TYPE_STRING)
        return types_text(element.bytes);
    if (type == TYPE_COMPOUND)
        return compound_type(field, element);
    if (type_is_complex(type))
        return complex_type(type, names);
    return type == TYPE_BOOL ? bool_type() : H5Tcopy(native(type));
}

hid_t types_base(hid_t type, int *rank, hsize_t dim[H5S_MAX_RANK])
{
    *rank = 0;
    if (H5Tget_class(type) != H5T_ARRAY)
        return H5Tcopy(type);
    *rank = H5Tget_array_ndims(type);
    if (*rank < 1 || *rank > H5S_MAX_RANK || H5Tget_array_dims2(type, dim) < 0)
        return H5I_INVALID_HID;
    return H5Tget_super(type);
}
