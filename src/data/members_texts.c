#include "data/members_texts.h"

#include "data/handles.h"
#include "data/vlen.h"
#include "element.h"

#include <string.h>

bool members_have_texts(const struct field *field, struct element element)
{
    bool have = false;

    for (int f = element.field; f >= 0 && !have; f = field[f].next)
        have = field[f].vlen || (field[f].type == TYPE_COMPOUND && members_have_texts(field, field[f].element));
    return have;
}

/* The address of a text becomes the text; what was never written is empty. */
static bool place_text(char *at, uint32_t bytes)
{
    const char *text;
    size_t length;

    memcpy(&text, at, sizeof text);
    length = text ? strlen(text) : 0;
    memset(at, 0, bytes);
    if (length < bytes && length)
        memcpy(at, text, length);
    return length < bytes;
}

static void measure_text(const char *at, uint32_t *longest)
{
    const char *text;
    size_t bytes;

    memcpy(&text, at, sizeof text);
    bytes = text ? strlen(text) + 1 : 1;
    if (bytes > 4 * (size_t)ELEMENT_BYTES_MAX) /* too much in any case */
        bytes = 4 * (size_t)ELEMENT_BYTES_MAX;
    if (bytes > *longest)
        *longest = (uint32_t)bytes;
}

/* The texts of an element: measured, by field, where longest is given, or else put in their places. */
static bool visit(const struct field *field, struct element element, char *at, uint32_t *longest)
{
    bool fits = true;

    for (int f = element.field; f >= 0; f = field[f].next) {
        char *place = at + field[f].wire_offset;

        for (uint32_t k = 0; k < field[f].count; k++, place += field[f].wire_bytes)
            if (field[f].type == TYPE_COMPOUND)
                fits &= visit(field, field[f].element, place, longest);
            else if (field[f].vlen && longest)
                measure_text(place, &longest[f]);
            else if (field[f].vlen)
                fits &= place_text(place, field[f].wire_bytes);
    }
    return fits;
}

/* ---- reading ---- */

void members_texts_clear(struct members_texts *texts)
{
    *texts = (struct members_texts){.transfer = H5I_INVALID_HID};
}

int members_texts_open(struct members_texts *texts, hid_t transfer, uint64_t bytes)
{
    texts->pool.most = bytes > VLEN_POOL_BYTES ? bytes : VLEN_POOL_BYTES;
    texts->transfer = vlen_pool_transfer(&texts->pool, transfer);
    return texts->transfer < 0 ? -1 : OK;
}

void members_texts_close(struct members_texts *texts)
{
    vlen_pool_empty(&texts->pool);
    handles_close(&texts->transfer, 1);
    members_texts_clear(texts);
}

bool members_texts_place(struct members_texts *texts, const struct field *field, struct element element, void *elements,
                         uint64_t count)
{
    bool fits = true;

    for (uint64_t k = 0; k < count; k++)
        fits &= visit(field, element, (char *)elements + k * element.bytes, NULL);
    vlen_pool_empty(&texts->pool);
    return fits;
}

/* ---- the longest ---- */

struct scan {
    const struct members *members;
    uint32_t longest[FIELDS_MAX];
};

static void measure(const struct vlen *vlen, uint64_t count, void *of)
{
    struct scan *s = of;

    for (uint64_t k = 0; k < count; k++)
        visit(s->members->field, s->members->bound->element, (char *)vlen->elements + k * vlen->bytes, s->longest);
}

int members_scan(hid_t dataset, const struct members *members, struct error *error)
{
    const struct bound *bound = members->bound;
    const hid_t stored = H5Dget_type(dataset);
    const hid_t type = stored < 0 ? H5I_INVALID_HID : members_memory(stored, bound, members->port, members->field);
    struct scan s = {.members = members};
    struct vlen vlen;
    int code = vlen_open_as(&vlen, dataset, members->port->name, bound, type, bound->element.bytes, error);

    if (!code)
        code = vlen_walk(&vlen, members->port->name, bound, measure, &s, error);
    for (int f = 0; f < FIELDS_MAX && !code; f++)
        if (members->field[f].vlen && s.longest[f] > members->field[f].wire_bytes)
            members->field[f].wire_bytes = s.longest[f];
    if (!code)
        code = members_lay_out(members, error);
    vlen_close(&vlen);
    handles_close(&stored, 1);
    return code;
}
