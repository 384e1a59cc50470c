#include "data/fetch.h"

#include "data/handles.h"
#include "data/hdf5_error.h"

#include <stdlib.h>
#include <string.h>

#define TRIES_MAX 1000 /* chunks that are looked at to find one that was written */

/* ---- which chunks ---- */

/* A walk over the chunks that hold elements of boxes, each once. */
struct walk {
    const struct chunking *chunking;
    const struct bundle_box *boxes;
    uint64_t box_count, box;         /* how many, the one at hand */
    bool begun;                      /* with that box */
    uint64_t first[BUNDLE_RANK_MAX]; /* of the chunk at hand */
};

/* Where the chunks of the box at hand begin along an axis. */
static uint64_t walk_low(const struct walk *walk, uint32_t d)
{
    return walk->boxes[walk->box].first[d] / walk->chunking->chunk[d] * walk->chunking->chunk[d];
}

/* The next chunk of the box at hand. */
static bool walk_on(struct walk *walk)
{
    const struct bundle_box *box = &walk->boxes[walk->box];
    const struct chunking *c = walk->chunking;

    for (uint32_t d = c->rank; walk->begun && d-- > 0;) {
        walk->first[d] += c->chunk[d];
        if (walk->first[d] < box->first[d] + box->count[d])
            return true;
        walk->first[d] = walk_low(walk, d);
    }
    if (walk->begun)
        return false;
    for (uint32_t d = 0; d < c->rank; d++)
        walk->first[d] = walk_low(walk, d);
    walk->begun = true;
    return true;
}

/* Was the chunk at hand one of an earlier box? */
static bool walk_was_here(const struct walk *walk)
{
    for (uint64_t k = 0; k < walk->box; k++)
        if (bundle_touches(walk->chunking, walk->first, &walk->boxes[k]))
            return true;
    return false;
}

/* The next chunk; false: there are no more. */
static bool walk_next(struct walk *walk)
{
    while (walk->box < walk->box_count) {
        if (!walk_on(walk)) {
            walk->box++;
            walk->begun = false;
        } else if (!walk_was_here(walk)) {
            return true;
        }
    }
    return false;
}

/* Its elements, without those that a chunk at an edge has beyond it. */
static uint64_t walk_elements(const struct walk *walk)
{
    const struct chunking *c = walk->chunking;
    uint64_t elements = 1;

    for (uint32_t d = 0; d < c->rank; d++)
        elements *= c->shape[d] - walk->first[d] < c->chunk[d] ? c->shape[d] - walk->first[d] : c->chunk[d];
    return elements;
}

static uint64_t walk_number(const struct walk *walk)
{
    uint64_t number = 0;

    for (uint32_t d = 0; d < walk->chunking->rank; d++)
        number = number * walk->chunking->grid[d] + walk->first[d] / walk->chunking->chunk[d];
    return number;
}

/* ---- fetching them ---- */

/* Are the wanted elements at least half of what would have to be decoded? */
static bool is_worth_it(struct walk walk)
{
    uint64_t wanted = 0, touched = 0;

    for (uint64_t k = 0; k < walk.box_count; k++) {
        uint64_t elements = 1;

        for (uint32_t d = 0; d < walk.chunking->rank; d++)
            elements *= walk.boxes[k].count[d];
        wanted += elements;
    }
    while (touched <= 2 * wanted && walk_next(&walk))
        touched += walk_elements(&walk);
    return touched <= 2 * wanted;
}

/* How many bytes the chunk at hand is stored in, 0 where it was never written; HDF5 1.10 calls that an error. false:
 * HDF5 fails. */
static bool stored_bytes(const struct fetch *fetch, const struct walk *walk, hsize_t at[BUNDLE_RANK_MAX],
                         hsize_t *bytes)
{
    for (uint32_t d = 0; d < walk->chunking->rank; d++)
        at[d] = walk->first[d];
    if (H5Dget_chunk_storage_size(fetch->dataset, at, bytes) >= 0)
        return *bytes <= UINT32_MAX;
    *bytes = 0;
    return hdf5_said("chunk storage is not allocated");
}

static bool add_chunk(const struct fetch *fetch, const struct walk *walk, struct bundle *bundle, size_t room)
{
    struct bundle_chunk chunk = {.number = walk_number(walk)};
    hsize_t at[BUNDLE_RANK_MAX], bytes;
    void *data;

    if (!stored_bytes(fetch, walk, at, &bytes))
        return false;
    chunk.bytes = (uint32_t)bytes;
    data = bundle_next(bundle, room, chunk.bytes);
    if (!data || (bytes && H5Dread_chunk(fetch->dataset, H5P_DEFAULT, at, &chunk.mask, data) < 0))
        return false;
    bundle_add(bundle, &chunk);
    return true;
}

size_t fetch_bundle(const struct fetch *fetch, const struct bundle_box *boxes, uint64_t box_count, void *to,
                    size_t room)
{
    struct walk walk = {.chunking = &fetch->chunking, .boxes = boxes, .box_count = box_count};
    struct bundle *bundle = to;

    if (!is_worth_it(walk) || !bundle_begin(bundle, room, &fetch->chunking, boxes, box_count))
        return 0;
    memcpy(bundle->name, fetch->name, sizeof bundle->name);
    while (walk_next(&walk))
        if (!add_chunk(fetch, &walk, bundle, room))
            return 0;
    return bundle->bytes;
}

/* ---- is it right? ---- */

/* The box of the first chunk that was written; false: it was not found. */
static bool find_chunk(const struct fetch *fetch, struct bundle_box *chunk)
{
    const struct chunking *c = &fetch->chunking;
    struct bundle_box all = {0};
    struct walk walk = {.chunking = c, .boxes = &all, .box_count = 1};
    hsize_t at[BUNDLE_RANK_MAX], bytes = 0;

    memcpy(all.count, c->shape, sizeof all.count);
    for (int k = 0; k < TRIES_MAX && !bytes; k++)
        if (!walk_next(&walk) || !stored_bytes(fetch, &walk, at, &bytes))
            return false;
    *chunk = (struct bundle_box){0};
    for (uint32_t d = 0; d < c->rank; d++) {
        chunk->first[d] = at[d];
        chunk->count[d] = c->shape[d] - at[d] < c->chunk[d] ? c->shape[d] - at[d] : c->chunk[d];
    }
    return bytes > 0;
}

/* The elements of a box, by H5Dread. */
static bool read_box(const struct fetch *fetch, const struct bundle_box *box, void *to)
{
    const hid_t space = H5Dget_space(fetch->dataset);
    hsize_t first[BUNDLE_RANK_MAX], count[BUNDLE_RANK_MAX];
    hid_t memory;
    bool read;

    for (uint32_t d = 0; d < fetch->chunking.rank; d++) {
        first[d] = box->first[d];
        count[d] = box->count[d];
    }
    memory = H5Screate_simple((int)fetch->chunking.rank, count, NULL);
    read = space >= 0 && memory >= 0 && H5Sselect_hyperslab(space, H5S_SELECT_SET, first, NULL, count, NULL) >= 0 &&
           H5Dread(fetch->dataset, fetch->type, memory, space, H5P_DEFAULT, to) >= 0;
    return handles_close((const hid_t[]){memory, space}, 2) == 0 && read;
}

static bool same_both_ways(const struct fetch *fetch, const struct bundle_box *box, struct unpacker *unpacker)
{
    const uint64_t bytes = bundle_chunk_bytes(&fetch->chunking);
    const size_t room = bundle_room(bytes);
    unsigned char *bundle = malloc(room), *one = calloc(1, bytes), *other = calloc(1, bytes);
    bool same = bundle && one && other && fetch_bundle(fetch, box, 1, bundle, room) > 0 &&
                unpacker_unpack(unpacker, (const struct bundle *)bundle, one, &(struct error){0}) == OK &&
                read_box(fetch, box, other) && !memcmp(one, other, bytes);

    free(bundle);
    free(one);
    free(other);
    return same;
}

bool fetch_is_right(const struct fetch *fetch)
{
    struct unpacker *unpacker;
    struct bundle_box box;
    bool right;

    if (!find_chunk(fetch, &box) || unpacker_open(bundle_chunk_bytes(&fetch->chunking), &unpacker, &(struct error){0}))
        return false;
    right = same_both_ways(fetch, &box, unpacker);
    unpacker_close(unpacker);
    return right;
}
