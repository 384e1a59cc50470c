#include "codec/compound.h"

#include "codec/convert.h"

#include <stdio.h>
#include <string.h>

#define PATH_MAX_BYTES 256

bool compound_converts(const struct field *field, struct element element)
{
    bool converts = false;

    for (int f = element.field; f >= 0 && !converts; f = field[f].next) {
        const struct field *one = &field[f];

        /* a bool is whatever the enum's base was made to hold */
        converts = one->wire != one->type || one->wire_offset != one->offset || one->type == TYPE_BOOL ||
                   one->type == TYPE_STRING || one->wire_bytes != one->element.bytes ||
                   (one->type == TYPE_COMPOUND && compound_converts(field, one->element));
    }
    return converts;
}

static bool convert_compound(const struct field *field, int first, const char *from, char *to);

static bool convert_field(const struct field *field, const struct field *one, const char *from, char *to)
{
    bool fits = true;

    if (one->type == TYPE_STRING) {
        memcpy(to, &from, sizeof from);
        return true;
    }
    if (one->type != TYPE_COMPOUND)
        return convert_run(one->wire, one->type, from, one->count, to);
    for (uint32_t k = 0; k < one->count; k++)
        fits &= convert_compound(field, one->element.field, from + (size_t)k * one->wire_bytes,
                                 to + (size_t)k * one->element.bytes);
    return fits;
}

static bool convert_compound(const struct field *field, int first, const char *from, char *to)
{
    bool fits = true;

    for (int f = first; f >= 0; f = field[f].next)
        fits &= convert_field(field, &field[f], from + field[f].wire_offset, to + field[f].offset);
    return fits;
}

size_t compound_convert(const struct field *field, const struct feed *feed, const void *from, size_t count,
                        const struct compounds *compounds)
{
    const size_t wire_bytes = feed->wire_element.bytes, bytes = feed->element.bytes;
    const char *wire = from;
    char *to = compounds->to;
    size_t failed = 0;

    memset(to, 0, count * feed->bytes);
    for (size_t k = 0; k < count; k++) {
        bool fits = true;

        for (uint64_t e = 0; e < feed->elements; e++, wire += wire_bytes, to += bytes)
            fits &= convert_compound(field, feed->element.field, wire, to);
        if (fits)
            continue;
        compounds->status[k] = 1;
        failed++;
    }
    return failed;
}

/* ---- why not ---- */

/* The field at hand: its names, and where it is. */
struct place {
    const struct field *field;
    char path[PATH_MAX_BYTES];
    char *text;
    size_t text_bytes;
};

static bool explain(struct place *place, int first, const char *from);

static bool explain_field(struct place *place, const struct field *one, const char *from)
{
    const struct feed feed = {.wire = one->wire, .type = one->type, .elements = one->count};
    char why[160];

    for (uint32_t k = 0; one->type == TYPE_COMPOUND && k < one->count; k++)
        if (explain(place, one->element.field, from + (size_t)k * one->wire_bytes))
            return true;
    if (one->type >= TYPE_COUNT)
        return false;
    convert_reason(&feed, from, 0, why, sizeof why);
    if (why[0])
        snprintf(place->text, place->text_bytes, "field '%s': %s", place->path, why);
    return why[0];
}

static bool explain(struct place *place, int first, const char *from)
{
    const size_t length = strlen(place->path);
    bool found = false;

    for (int f = first; f >= 0 && !found; f = place->field[f].next) {
        const struct field *one = &place->field[f];

        snprintf(place->path + length, sizeof place->path - length, "%s%s", length ? "." : "", one->name);
        found = explain_field(place, one, from + one->wire_offset);
    }
    place->path[length] = '\0';
    return found;
}

void compound_reason(const struct field *field, const struct feed *feed, const void *from, char *text,
                     size_t text_bytes)
{
    struct place place = {.field = field, .text = text, .text_bytes = text_bytes};
    const char *at = from;

    if (text_bytes)
        text[0] = '\0';
    for (uint64_t e = 0; e < feed->elements; e++, at += feed->wire_element.bytes)
        if (explain(&place, feed->element.field, at))
            return;
}
