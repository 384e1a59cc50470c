#include "data/members_texts.h"

#include "data/handles.h"
#include "data/hdf5_error.h"
#include "data/slab.h"
#include "element.h"

#include <stdlib.h>
#include <string.h>

#define PIECE 4096 /* elements that are scanned at a time, or fewer where they are large */

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
    hid_t dataset, type, space;
    struct members_texts texts;
    char *elements;
    uint64_t piece; /* how many there is room for; fewer are read where their texts are long */
    uint32_t longest[FIELDS_MAX];
    struct error *error;
};

static int read_piece(struct scan *s, const struct slab *box)
{
    const struct bound *bound = s->members->bound;
    const hid_t memory = bound->rank ? H5Screate_simple(bound->rank, box->count, NULL) : H5Screate(H5S_SCALAR);
    int code = -1;

    if (memory >= 0 &&
        (!bound->rank || H5Sselect_hyperslab(s->space, H5S_SELECT_SET, box->first, NULL, box->count, NULL) >= 0) &&
        H5Dread(s->dataset, s->type, memory, s->space, s->texts.transfer, s->elements) >= 0)
        code = OK;
    handles_close(&memory, 1);
    return code;
}

static int fail(struct scan *s)
{
    const struct bound *bound = s->members->bound;

    if (s->texts.pool.refused)
        return error_memory(s->error, s->members->port->name, s->texts.pool.refused);
    return hdf5_error(s->error, REFUSED, "%s: %.300s in %.300s: can't read its texts", s->members->port->name,
                      bound->dataset, bound->file);
}

static int scan_all(struct scan *s)
{
    const struct bound *bound = s->members->bound;
    const uint32_t bytes = bound->element.bytes;
    hsize_t shape[SLAB_RANK_MAX];
    uint64_t all = 1, some;
    struct grid grid;
    struct slab box;

    for (int k = 0; k < bound->rank; k++) {
        shape[k] = bound->shape[k];
        all *= bound->shape[k];
    }
    grid_make(bound->rank, shape, &grid);
    for (uint64_t first = 0; first < all; first += some) {
        some = slab_next(&grid, first, all - first < s->piece ? all - first : s->piece, &box);
        memset(s->elements, 0, some * bytes); /* what was never written is empty */
        if (read_piece(s, &box)) {
            if (!s->texts.pool.over)
                return fail(s);
            s->piece = s->piece > 8 ? s->piece / 8 : 1;
            s->texts.pool.most = s->piece > 1 ? VLEN_POOL_BYTES : SIZE_MAX;
            some = 0;
        }
        for (uint64_t k = 0; k < some; k++)
            visit(s->members->field, bound->element, s->elements + k * bytes, s->longest);
        vlen_pool_empty(&s->texts.pool);
    }
    return OK;
}

static int open_scan(struct scan *s)
{
    const struct bound *bound = s->members->bound;
    const hid_t stored = H5Dget_type(s->dataset);
    int code = OK;

    s->piece = VLEN_POOL_BYTES / bound->element.bytes;
    s->piece = s->piece < 1 ? 1 : s->piece > PIECE ? PIECE : s->piece;
    s->elements = malloc(s->piece * bound->element.bytes);
    if (!s->elements)
        code = error_memory(s->error, s->members->port->name, s->piece * bound->element.bytes);
    else if (stored < 0 || (s->type = members_memory(stored, bound, s->members->port, s->members->field)) < 0 ||
             (s->space = H5Dget_space(s->dataset)) < 0 || members_texts_open(&s->texts, H5P_DEFAULT, 0))
        code = fail(s);
    handles_close(&stored, 1);
    return code;
}

int members_scan(hid_t dataset, const struct members *members, struct error *error)
{
    struct scan s = {
        .members = members, .dataset = dataset, .type = H5I_INVALID_HID, .space = H5I_INVALID_HID, .error = error};
    int code;

    members_texts_clear(&s.texts);
    code = open_scan(&s);
    if (!code)
        code = scan_all(&s);
    for (int f = 0; f < FIELDS_MAX && !code; f++)
        if (members->field[f].vlen && s.longest[f] > members->field[f].wire_bytes)
            members->field[f].wire_bytes = s.longest[f];
    if (!code)
        code = members_lay_out(members, error);
    members_texts_close(&s.texts);
    handles_close((const hid_t[]){s.space, s.type}, 2);
    free(s.elements);
    return code;
}
