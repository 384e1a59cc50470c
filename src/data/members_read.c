/* The types that strings and compounds are read with. */
#include "data/handles.h"
#include "data/members.h"
#include "data/types.h"

/* HDF5 cuts the padding, as the stored type has it. */
static hid_t string_memory(hid_t stored, size_t bytes)
{
    const hid_t made = H5Tcopy(H5T_C_S1);

    if (made >= 0 && H5Tset_size(made, bytes) >= 0 && H5Tset_strpad(made, H5T_STR_NULLTERM) >= 0 &&
        H5Tset_cset(made, H5Tget_cset(stored)) >= 0)
        return made;
    handles_close(&made, 1);
    return H5I_INVALID_HID;
}

static hid_t compound_memory(hid_t stored, const struct field *pool, int first, uint32_t bytes);

static hid_t base_memory(hid_t base, const struct field *pool, const struct field *field)
{
    if (field->wire == TYPE_STRING)
        return string_memory(base, field->vlen ? H5T_VARIABLE : field->wire_bytes);
    if (field->wire == TYPE_COMPOUND)
        return compound_memory(base, pool, field->element.field, field->wire_bytes);
    return types_memory(field->wire, base);
}

static hid_t field_memory(hid_t type, const struct field *pool, const struct field *field)
{
    hsize_t dim[H5S_MAX_RANK];
    int rank;
    const hid_t base = types_base(type, &rank, dim);
    const hid_t one = base < 0 ? base : base_memory(base, pool, field);
    const hid_t made = one < 0 || rank == 0 ? one : H5Tarray_create2(one, (unsigned)rank, dim);

    handles_close(&base, 1);
    if (made != one)
        handles_close(&one, 1);
    return made;
}

static bool insert_field(hid_t made, hid_t stored, const struct field *pool, const struct field *field)
{
    const int member = H5Tget_member_index(stored, field->stored);
    const hid_t type = member < 0 ? H5I_INVALID_HID : H5Tget_member_type(stored, (unsigned)member);
    const hid_t memory = type < 0 ? type : field_memory(type, pool, field);
    const bool inserted = memory >= 0 && H5Tinsert(made, field->stored, field->wire_offset, memory) >= 0;

    return handles_close((const hid_t[]){memory, type}, 2) == 0 && inserted;
}

static hid_t compound_memory(hid_t stored, const struct field *pool, int first, uint32_t bytes)
{
    const hid_t made = H5Tcreate(H5T_COMPOUND, bytes);
    bool whole = made >= 0;

    for (int f = first; f >= 0 && whole; f = pool[f].next)
        whole = insert_field(made, stored, pool, &pool[f]);
    if (whole)
        return made;
    handles_close(&made, 1);
    return H5I_INVALID_HID;
}

hid_t members_memory(hid_t stored, const struct bound *bound, const struct port *port, const struct field *field)
{
    if (bound->wire == TYPE_STRING)
        return string_memory(stored, bound->element.bytes);
    if (bound->wire == TYPE_COMPOUND)
        return compound_memory(stored, field, port->element.field, bound->element.bytes);
    return types_memory(bound->wire, stored);
}
