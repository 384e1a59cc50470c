#include "data/members.h"

#include "data/handles.h"
#include "data/hdf5_error.h"
#include "data/types.h"
#include "data/vlen.h"
#include "element.h"

#include <stdio.h>
#include <string.h>

#define PATH_MAX_BYTES 256
#define NAMES_BYTES 300
#define SHOWN_MAX 12

/* The compound at hand. */
struct matching {
    const struct members *members;
    char path[PATH_MAX_BYTES]; /* of the field at hand: "inner.at" */
    struct error *error;
};

static int match_compound(struct matching *m, hid_t stored, struct element element);

/* ---- refusals ---- */

static int fail(const struct matching *m)
{
    const struct bound *bound = m->members->bound;

    return hdf5_error(m->error, REFUSED, "%s: %s in %s: can't read its type", m->members->port->name, bound->dataset,
                      bound->file);
}

/* Of the field at hand: it holds one thing, the kernel takes another. */
static int refuse(const struct matching *m, const char *held, const char *taken, const char *hint)
{
    const struct bound *bound = m->members->bound;

    return error_set(m->error, REFUSED, "%s: field '%s' of %.300s in %.300s holds %s, the kernel takes %s (%s)",
                     m->members->port->name, m->path, bound->dataset, bound->file, held, taken, hint);
}

/* The names of the fields that there are. */
static const char *field_names(hid_t stored, char text[NAMES_BYTES])
{
    const int count = H5Tget_nmembers(stored);
    size_t length = 0;

    *text = '\0';
    for (int k = 0; k < count && length < NAMES_BYTES; k++) {
        char *name = k < SHOWN_MAX ? H5Tget_member_name(stored, (unsigned)k) : NULL;
        const char *shown = name && length + strlen(name) + 8 < NAMES_BYTES ? name : "...";

        length += (size_t)snprintf(text + length, NAMES_BYTES - length, "%s%s", k ? ", " : "", shown);
        if (name)
            H5free_memory(name);
        if (shown != name)
            break;
    }
    return text;
}

static int refuse_missing(const struct matching *m, hid_t stored)
{
    const struct bound *bound = m->members->bound;
    char names[NAMES_BYTES];

    return error_set(m->error, REFUSED, "%s: %.300s in %.300s has no field '%s' (its fields are %s)",
                     m->members->port->name, bound->dataset, bound->file, m->path, field_names(stored, names));
}

/* ---- matching ---- */

static void array_text(const char *name, int rank, const hsize_t *dim, char text[NAMES_BYTES])
{
    size_t length = (size_t)snprintf(text, NAMES_BYTES, "%.100s[", name);

    for (int d = 0; d < rank && length < NAMES_BYTES; d++)
        length +=
            (size_t)snprintf(text + length, NAMES_BYTES - length, "%s%llu", d ? ", " : "", (unsigned long long)dim[d]);
    if (length < NAMES_BYTES)
        snprintf(text + length, NAMES_BYTES - length, "]");
}

static bool same_dims(const struct field *field, int rank, const hsize_t *dim)
{
    bool same = rank == field->rank;

    for (int d = 0; d < rank && same; d++)
        same = dim[d] == field->dim[d];
    return same;
}

static void describe(hid_t base, int rank, const hsize_t *dim, char text[NAMES_BYTES])
{
    struct stored_type look;

    types_look(base, &look);
    if (rank)
        array_text(look.name, rank, dim, text);
    else
        snprintf(text, NAMES_BYTES, "%s", look.name);
}

static void describe_taken(const struct matching *m, const struct field *field, char text[NAMES_BYTES])
{
    hsize_t dim[PORT_DIMS_MAX];
    char type[NAME_BYTES];

    element_text(m->members->field, field->type, field->element, type, sizeof type);
    for (int d = 0; d < field->rank; d++)
        dim[d] = field->dim[d];
    if (field->rank)
        array_text(type, field->rank, dim, text);
    else
        snprintf(text, NAMES_BYTES, "%s", type);
}

static int match_number(struct matching *m, hid_t base, struct field *field)
{
    struct stored_type look;
    bool possible;

    types_look(base, &look);
    if (look.wire == TYPE_NONE)
        return refuse(m, look.name, type_name(field->type), "take a field of its type");
    possible = !type_is_complex(look.wire) || type_is_complex(field->type);
    if (!possible)
        return refuse(m, look.name, type_name(field->type), "complex numbers can't become real ones");
    if (!type_is_safe(look.wire, field->type) && !m->members->cast)
        return refuse(m, look.name, type_name(field->type),
                      m->members->port->role == ROLE_SHARED ? "give --cast to convert, where every element fits"
                                                            : "give --cast to convert, items that do not fit fail");
    field->wire = look.wire;
    field->wire_bytes = (uint32_t)type_bytes(look.wire);
    return OK;
}

/* Of a text of variable length an address, until members_scan knows the longest. */
static int match_string(struct matching *m, hid_t base, struct field *field)
{
    struct stored_type look;

    types_look(base, &look);
    if (H5Tget_class(base) != H5T_STRING)
        return refuse(m, look.name, "string", "take a field of its type");
    field->vlen = H5Tis_variable_str(base) > 0;
    field->wire = TYPE_STRING;
    field->wire_bytes = field->vlen ? (uint32_t)sizeof(char *) : (uint32_t)H5Tget_size(base) + 1;
    return OK;
}

static int match_base(struct matching *m, hid_t base, struct field *field)
{
    char held[NAMES_BYTES], taken[NAMES_BYTES];

    if (field->type == TYPE_STRING)
        return match_string(m, base, field);
    if (field->type != TYPE_COMPOUND)
        return match_number(m, base, field);
    if (H5Tget_class(base) != H5T_COMPOUND) {
        describe(base, 0, NULL, held);
        describe_taken(m, field, taken);
        return refuse(m, held, taken, "take a field of its type");
    }
    field->wire = TYPE_COMPOUND;
    return match_compound(m, base, field->element);
}

static int match_type(struct matching *m, hid_t type, struct field *field)
{
    hsize_t dim[H5S_MAX_RANK];
    char held[NAMES_BYTES], taken[NAMES_BYTES];
    int rank, code;
    const hid_t base = types_base(type, &rank, dim);

    if (base < 0)
        return fail(m);
    if (same_dims(field, rank, dim)) {
        code = match_base(m, base, field);
    } else {
        describe(base, rank, dim, held);
        describe_taken(m, field, taken);
        code = refuse(m, held, taken, "take it with the dims that it has");
    }
    return handles_close(&base, 1) && !code ? fail(m) : code;
}

static int match_field(struct matching *m, hid_t stored, struct field *field)
{
    const int member = H5Tget_member_index(stored, field->stored);
    hid_t type;
    int code;

    if (member < 0)
        return refuse_missing(m, stored);
    type = H5Tget_member_type(stored, (unsigned)member);
    if (type < 0)
        return fail(m);
    code = match_type(m, type, field);
    return handles_close(&type, 1) && !code ? fail(m) : code;
}

static uint32_t wire_align(const struct field *pool, const struct field *field)
{
    uint32_t align = 1;

    if (field->wire == TYPE_STRING)
        return 1;
    if (field->wire != TYPE_COMPOUND)
        return element_of(field->wire, 0).align;
    for (int f = field->element.field; f >= 0; f = pool[f].next) {
        const uint32_t one = wire_align(pool, &pool[f]);

        align = one > align ? one : align;
    }
    return align;
}

static int lay_out(struct matching *m, struct element element, struct element *wire);

static int lay_out_within(struct matching *m, struct field *field)
{
    const size_t length = strlen(m->path);
    struct element wire = {0};
    int code;

    snprintf(m->path + length, sizeof m->path - length, "%s%s", length ? "." : "", field->stored);
    code = lay_out(m, field->element, &wire);
    field->wire_bytes = wire.bytes;
    m->path[length] = '\0';
    return code;
}

/* As C would the struct of these types. */
static int lay_out(struct matching *m, struct element element, struct element *wire)
{
    struct field *pool = m->members->field;
    uint64_t end = 0, align = 1;

    for (int f = element.field; f >= 0; f = pool[f].next) {
        const int code = pool[f].wire == TYPE_COMPOUND ? lay_out_within(m, &pool[f]) : OK;
        const uint32_t one = wire_align(pool, &pool[f]);

        if (code)
            return code;
        end = (end + one - 1) / one * one;
        pool[f].wire_offset = (uint32_t)end;
        end += (uint64_t)pool[f].count * pool[f].wire_bytes;
        align = one > align ? one : align;
        if (end > 2 * ELEMENT_BYTES_MAX)
            return refuse(m, "too many bytes", "less", "bind a dataset of smaller compounds");
    }
    *wire = (struct element){
        .bytes = (uint32_t)((end + align - 1) / align * align), .align = (uint32_t)align, .field = element.field};
    return OK;
}

/* All fields that the kernel takes of the compound. */
static int match_compound(struct matching *m, hid_t stored, struct element element)
{
    struct field *pool = m->members->field;
    const size_t length = strlen(m->path);
    int code = OK;

    for (int f = element.field; f >= 0 && !code; f = pool[f].next) {
        snprintf(m->path + length, sizeof m->path - length, "%s%s", length ? "." : "", pool[f].stored);
        code = match_field(m, stored, &pool[f]);
    }
    m->path[length] = '\0';
    return code;
}

/* ---- ports ---- */

static int refuse_port(const struct matching *m, const char *held)
{
    const struct members *members = m->members;
    char taken[NAME_BYTES];
    const bool text = members->port->type == TYPE_STRING;

    element_text(members->field, members->port->type, members->port->element, taken, sizeof taken);
    return error_set(m->error, REFUSED, "%s: %.300s in %.300s holds %s, the kernel takes %s%s (bind another dataset)",
                     members->port->name, members->bound->dataset, members->bound->file, held,
                     text ? "strings" : "compounds ", text ? "" : taken);
}

static int bind_type(struct matching *m, hid_t stored)
{
    struct bound *bound = m->members->bound;
    const struct port *port = m->members->port;
    const H5T_class_t wanted = port->type == TYPE_STRING ? H5T_STRING : H5T_COMPOUND;
    struct stored_type look;

    types_look(stored, &look);
    memcpy(bound->type_name, look.name, sizeof bound->type_name);
    if (H5Tget_class(stored) != wanted)
        return refuse_port(m, look.name);
    bound->wire = port->type;
    bound->stored_bytes = (uint32_t)H5Tget_size(stored);
    bound->vlen = vlen_look(stored, &look);
    if (bound->vlen) {
        bound->element = (struct element){.bytes = 1, .align = 1};
        return OK;
    }
    if (wanted == H5T_COMPOUND) {
        const int code = match_compound(m, stored, port->element);

        return code ? code : lay_out(m, port->element, &bound->element);
    }
    bound->element = (struct element){.bytes = bound->stored_bytes + 1, .align = 1};
    return OK;
}

int members_bind(hid_t dataset, const struct members *members, struct error *error)
{
    struct matching m = {.members = members, .error = error};
    const hid_t stored = H5Dget_type(dataset);
    int code;

    if (stored < 0)
        return fail(&m);
    code = bind_type(&m, stored);
    return handles_close(&stored, 1) && !code ? fail(&m) : code;
}

int members_lay_out(const struct members *members, struct error *error)
{
    struct matching m = {.members = members, .error = error};

    return lay_out(&m, members->port->element, &members->bound->element);
}
