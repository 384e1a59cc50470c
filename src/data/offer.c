#include "data/offer.h"

#include "data/handles.h"
#include "data/types.h"
#include "element.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define COMPOUND_DEPTH_MAX 8 /* a signature's limit */
#define PATH_MAX_BYTES 256

/* The compound at hand. */
struct offering {
    struct survey *survey;
    char path[PATH_MAX_BYTES]; /* of the field at hand: "/star.inner.at" */
    int depth;
};

/* What an element is taken as. */
struct offered {
    enum type type; /* TYPE_NONE: kernels can't take it */
    struct element element;
    char name[NAME_BYTES]; /* of the stored type */
};

void offer_leave_out(struct survey *survey, const char *what, const char *why)
{
    const size_t used = strlen(survey->left);
    char more[SURVEY_LEFT];

    snprintf(more, sizeof more, "%s%s (%s)", used ? ", " : "", what, why);
    if (used + strlen(more) + 8 < SURVEY_LEFT)
        strcat(survey->left, more);
    else if (!strstr(survey->left, ", ..."))
        strcat(survey->left, ", ...");
}

void offer_identifier(const char *text, char name[NAME_BYTES])
{
    const bool digit = isdigit((unsigned char)*text);

    snprintf(name, NAME_BYTES, "%s%.*s", digit || !*text ? "_" : "", NAME_BYTES - 2, text);
    for (char *c = name; *c; c++)
        if ((unsigned char)*c >= 0x80 || !isalnum((unsigned char)*c))
            *c = '_';
}

/* Can a signature have it, in double quotes if need be? */
static bool is_writable(const char *stored)
{
    bool writable = *stored && strlen(stored) < NAME_BYTES;

    for (const char *c = stored; *c && writable; c++)
        writable = *c != '"' && (unsigned char)*c >= 0x20;
    return writable;
}

static void offer_compound(struct offering *o, hid_t stored, struct offered *offered);

static void offer_element(struct offering *o, hid_t stored, struct offered *offered)
{
    struct stored_type look;

    *offered = (struct offered){0};
    types_look(stored, &look);
    memcpy(offered->name, look.name, sizeof offered->name);
    if (look.wire == TYPE_NONE && H5Tget_class(stored) == H5T_COMPOUND) {
        offer_compound(o, stored, offered);
        return;
    }
    offered->type = look.wire;
    if (H5Tget_class(stored) == H5T_STRING)
        offered->type = TYPE_STRING;
    if (offered->type)
        offered->element = element_of(offered->type, 0);
}

/* The dims of an array; *base is the caller's to close. */
static bool take_dims(hid_t type, struct field *field, hid_t *base)
{
    hsize_t dim[H5S_MAX_RANK];
    uint64_t count = 1;
    bool fits;

    field->count = 1;
    *base = H5Tget_class(type) == H5T_ARRAY ? H5Tget_super(type) : H5Tcopy(type);
    if (H5Tget_class(type) != H5T_ARRAY || *base < 0)
        return *base >= 0;
    field->rank = H5Tget_array_ndims(type);
    fits = field->rank >= 1 && field->rank <= PORT_DIMS_MAX && H5Tget_array_dims2(type, dim) >= 0;
    for (int d = 0; fits && d < field->rank; d++) {
        fits = !__builtin_mul_overflow(count, dim[d], &count) && count <= ELEMENT_BYTES_MAX;
        field->dim[d] = (uint32_t)dim[d];
    }
    field->count = (uint32_t)count;
    return fits;
}

/* Why the field can't be taken; NULL: it can, and is filled in. */
static const char *offer_field(struct offering *o, hid_t type, struct field *field, struct offered *offered)
{
    hid_t base = H5I_INVALID_HID;
    const char *why = NULL;

    if (!is_writable(field->stored))
        return "no signature can have its name";
    if (take_dims(type, field, &base)) {
        offer_element(o, base, offered);
        field->type = offered->type;
        field->element = offered->element;
        if (offered->type == TYPE_NONE)
            why = offered->name;
        else if (offered->type == TYPE_STRING && field->rank)
            why = "arrays of strings";
    } else {
        why = "too many dims, or too large";
    }
    handles_close(&base, 1);
    return why;
}

/* Member `member` into the pool; its index, or -1. */
static int offer_member(struct offering *o, hid_t stored, unsigned member)
{
    struct survey *survey = o->survey;
    const size_t length = strlen(o->path);
    const int count = survey->field_count;
    struct field *field = &survey->field[count];
    const hid_t type = H5Tget_member_type(stored, member);
    char *name = H5Tget_member_name(stored, member);
    struct offered offered;
    const char *why = "can't be read";

    snprintf(o->path + length, sizeof o->path - length, ".%s", name ? name : "?");
    if (count == FIELDS_MAX) {
        why = "one field more than a signature may have";
    } else if (type >= 0 && name) {
        memset(field, 0, sizeof *field);
        field->next = -1;
        snprintf(field->stored, NAME_BYTES, "%s", strlen(name) < NAME_BYTES ? name : "");
        offer_identifier(name, field->name);
        survey->field_count++;
        why = offer_field(o, type, field, &offered);
    }
    if (why) {
        offer_leave_out(survey, o->path, why);
        survey->field_count = count;
    }
    o->path[length] = '\0';
    H5free_memory(name);
    handles_close(&type, 1);
    return why ? -1 : count;
}

static void offer_compound(struct offering *o, hid_t stored, struct offered *offered)
{
    const int members = o->depth < COMPOUND_DEPTH_MAX ? H5Tget_nmembers(stored) : 0;
    struct field *pool = o->survey->field;
    int last = -1;

    offered->element.field = -1;
    o->depth++;
    for (int k = 0; k < members; k++) {
        const int field = offer_member(o, stored, (unsigned)k);

        if (field < 0)
            continue;
        if (last < 0)
            offered->element.field = field;
        else
            pool[last].next = field;
        last = field;
    }
    o->depth--;
    if (last >= 0 && element_lay_out(pool, &offered->element))
        offered->type = TYPE_COMPOUND;
}

void offer_look(hid_t dataset, struct survey *survey, struct specimen *specimen)
{
    const hid_t stored = H5Dget_type(dataset);
    struct offering offering = {.survey = survey};
    const int count = survey->field_count;
    struct offered offered = {0};

    snprintf(offering.path, sizeof offering.path, "%.200s", specimen->bound.dataset);
    if (stored >= 0)
        offer_element(&offering, stored, &offered);
    specimen->bound.vlen = offered.type == TYPE_STRING && H5Tis_variable_str(stored) > 0;
    handles_close(&stored, 1);
    if (offered.type < TYPE_COUNT) {
        survey->field_count = count;
        return;
    }
    specimen->type = specimen->bound.wire = offered.type;
    specimen->element = specimen->bound.element = offered.element;
    memcpy(specimen->bound.type_name, offered.name, sizeof offered.name);
}
