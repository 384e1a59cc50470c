/* Chunks back into items (bundle.h). */
#include "codec/bundle.h"
#include "codec/inflate.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct unpacker {
    struct inflate *inflate;
    unsigned char *chunk; /* one, unpacked */
};

int unpacker_open(size_t chunk_bytes, struct unpacker **unpacker, struct error *error)
{
    struct unpacker *u = calloc(1, sizeof *u);

    *unpacker = NULL;
    if (!u)
        return error_memory(error, "the decompressor", sizeof *u);
    u->chunk = malloc(chunk_bytes + 1);
    if (!u->chunk)
        error_memory(error, "the decompressor", chunk_bytes);
    else
        inflate_open(chunk_bytes, &u->inflate, error);
    if (!u->inflate) {
        unpacker_close(u);
        return error->code;
    }
    *unpacker = u;
    return OK;
}

void unpacker_close(struct unpacker *unpacker)
{
    if (!unpacker)
        return;
    inflate_close(unpacker->inflate);
    free(unpacker->chunk);
    free(unpacker);
}

/* ---- from a chunk to the box ---- */

/* The elements that a chunk and a box share; strides and runs in bytes. */
struct overlap {
    uint64_t count[BUNDLE_RANK_MAX];
    uint64_t from, to; /* where it begins: in the chunk, among the items */
    uint64_t from_stride[BUNDLE_RANK_MAX], to_stride[BUNDLE_RANK_MAX];
    uint32_t run_axis;  /* from this axis on it is contiguous in both */
    uint64_t run_bytes; /* of one index of the axes before */
    bool whole;         /* it is the whole chunk, and one run */
};

static void find_runs(const struct chunking *c, const struct bundle_box *box, struct overlap *o)
{
    uint32_t axis = c->rank - 1;

    o->run_bytes = o->count[axis] * c->element_bytes;
    while (axis > 0 && o->count[axis] == c->chunk[axis] && o->count[axis] == box->count[axis]) {
        axis--;
        o->run_bytes *= o->count[axis];
    }
    o->run_axis = axis;
    o->whole = axis == 0 && o->count[0] == c->chunk[0];
}

/* They do overlap. */
static void find_overlap(const struct chunking *c, const uint64_t *first, const struct bundle_box *box,
                         struct overlap *o)
{
    uint64_t from_stride = c->element_bytes, to_stride = c->element_bytes;

    o->from = 0;
    o->to = box->place * c->element_bytes;
    for (uint32_t d = c->rank; d-- > 0;) {
        const uint64_t begin = first[d] > box->first[d] ? first[d] : box->first[d];
        const uint64_t chunk_end = first[d] + c->chunk[d], box_end = box->first[d] + box->count[d];

        o->count[d] = (chunk_end < box_end ? chunk_end : box_end) - begin;
        o->from_stride[d] = from_stride;
        o->to_stride[d] = to_stride;
        o->from += (begin - first[d]) * from_stride;
        o->to += (begin - box->first[d]) * to_stride;
        from_stride *= c->chunk[d];
        to_stride *= box->count[d];
    }
    find_runs(c, box, o);
}

static inline __attribute__((always_inline)) void
copy_runs_of(const struct overlap *o, uint32_t axis, const unsigned char *from, unsigned char *to, size_t run_bytes)
{
    for (uint64_t k = 0; k < o->count[axis]; k++)
        memcpy(to + k * o->to_stride[axis], from + k * o->from_stride[axis], run_bytes);
}

static void copy_runs(const struct overlap *o, uint32_t axis, const unsigned char *from, unsigned char *to)
{
    switch (o->run_bytes) { /* single elements: constants make them loads and stores */
    case 4:
        copy_runs_of(o, axis, from, to, 4);
        break;
    case 8:
        copy_runs_of(o, axis, from, to, 8);
        break;
    default:
        copy_runs_of(o, axis, from, to, o->run_bytes);
    }
}

static void copy_axes(const struct overlap *o, uint32_t axis, const unsigned char *from, unsigned char *to)
{
    if (axis == o->run_axis)
        memcpy(to, from, o->run_bytes);
    else if (axis + 1 == o->run_axis)
        copy_runs(o, axis, from, to);
    else
        for (uint64_t k = 0; k < o->count[axis]; k++)
            copy_axes(o, axis + 1, from + k * o->from_stride[axis], to + k * o->to_stride[axis]);
}

/* ---- from the bundle to a chunk ---- */

static bool undo_filters(struct unpacker *unpacker, const struct chunking *c, const struct bundle_chunk *chunk,
                         void *to)
{
    const uint64_t bytes = bundle_chunk_bytes(c);
    const struct filtered filtered = {.data = chunk + 1,
                                      .data_bytes = chunk->bytes,
                                      .deflated = !(chunk->mask >> c->shuffled & 1),
                                      .shuffled = c->shuffled && !(chunk->mask & 1) ? c->element_bytes : 0};

    if (chunk->bytes)
        return inflate_undo(unpacker->inflate, &filtered, to, bytes);
    for (uint64_t k = 0; k < bytes; k += c->element_bytes)
        memcpy((char *)to + k, c->fill, c->element_bytes);
    return true;
}

static bool unpack_chunk(struct unpacker *unpacker, const struct bundle *bundle, const struct bundle_chunk *chunk,
                         unsigned char *to)
{
    const struct chunking *c = &bundle->chunking;
    const struct bundle_box *box = (const struct bundle_box *)(bundle + 1), *last = box + bundle->boxes;
    uint64_t first[BUNDLE_RANK_MAX];
    bool undone = false;
    struct overlap o;

    bundle_chunk_first(c, chunk->number, first);
    for (; box < last; box++) {
        if (!bundle_touches(c, first, box))
            continue;
        find_overlap(c, first, box, &o);
        if (o.whole)
            return undo_filters(unpacker, c, chunk, to + o.to);
        if (!undone && !undo_filters(unpacker, c, chunk, unpacker->chunk))
            return false;
        undone = true;
        copy_axes(&o, 0, unpacker->chunk + o.from, to + o.to);
    }
    return true;
}

static int tell_damage(const struct bundle *bundle, const struct bundle_chunk *chunk, struct error *error)
{
    uint64_t first[BUNDLE_RANK_MAX];
    char text[256] = "";
    size_t length = 0;

    bundle_chunk_first(&bundle->chunking, chunk->number, first);
    for (uint32_t d = 0; d < bundle->chunking.rank && length < sizeof text; d++)
        length += (size_t)snprintf(text + length, sizeof text - length, "%s%" PRIu64, d ? ", " : "", first[d]);
    return error_set(error, FAILED, "%s: the chunk at [%s] is damaged", bundle->name, text);
}

int unpacker_unpack(struct unpacker *unpacker, const struct bundle *bundle, void *to, struct error *error)
{
    const char *next = (const char *)(bundle + 1) + bundle->boxes * sizeof(struct bundle_box);

    for (uint64_t k = 0; k < bundle->chunks; k++) {
        const struct bundle_chunk *chunk = (const struct bundle_chunk *)next;

        if (!unpack_chunk(unpacker, bundle, chunk, to))
            return tell_damage(bundle, chunk, error);
        next += sizeof *chunk + ((size_t)chunk->bytes + 7) / 8 * 8;
    }
    return OK;
}
