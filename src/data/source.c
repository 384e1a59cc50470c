#include "data/source.h"

#include "codec/ragged.h"
#include "data/chunking.h"
#include "data/dataset.h"
#include "data/fetch.h"
#include "data/handles.h"
#include "data/hdf5_error.h"
#include "data/input_file.h"
#include "data/members.h"
#include "data/ragged.h"
#include "data/slab.h"
#include "element.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONVERSION_BYTES (256 * 1024) /* fits the cache; a buffer of ours spares HDF5 one a read */

/* An open input. */
struct input {
    const char *name;
    const struct bound *bound;
    hid_t file, dataset, type, space, memory; /* memory: the space that a read fills, of the selection's own shape */
    hsize_t memory_shape[SLAB_RANK_MAX];
    enum type wire;
    uint64_t item_bytes;
    bool gaps;          /* HDF5 leaves elements that were never written as they are in memory */
    bool bundled;       /* its chunks may be fetched: */
    struct fetch fetch; /* how */
    bool ragged;        /* item_bytes are a row's */
    struct offsets offsets;
    uint64_t *begin, *behind; /* [slice] rows of the items at hand */
    uint64_t rows_most;       /* of an item */
};

struct source {
    int in_count, loop_rank;
    uint64_t start, step, inner;
    struct grid grid; /* the leading axes of the selection */
    struct input in[PORTS_MAX];
    struct bundle_box boxes[2 * LOOP_DIMS_MAX]; /* of the items at hand: what slab_next makes of them, at the most */
    hid_t transfer;                             /* how H5Dread converts: in our buffer */
    void *conversion;                           /* [CONVERSION_BYTES] */
    struct signature signature;
    struct binding binding;
};

int source_is_seen(const struct signature *signature, const struct binding *binding, struct error *error)
{
    for (int k = 0; k < signature->in_count; k++) {
        struct bound seen = binding->in[k];

        if (signature->in[k].role != ROLE_INPUT)
            continue;
        if (input_file_look(&seen, error))
            return error->code;
        if (seen.file_bytes != binding->in[k].file_bytes || seen.mtime_ns != binding->in[k].mtime_ns)
            return error_set(error, FAILED, "%s is another file", seen.file);
    }
    return OK;
}

static uint64_t item_bytes(const struct bound *bound, int loop_rank)
{
    uint64_t bytes = element_bytes(bound->wire, bound->element);

    for (int k = loop_rank; k < bound->rank; k++)
        bytes *= bound->shape[k];
    return bytes;
}

static int open_spaces(const struct source *source, struct input *input, struct error *error)
{
    const hid_t stored = H5Dget_type(input->dataset);
    const ptrdiff_t k = input - source->in;
    int code = OK;

    if (stored < 0 ||
        (input->type = members_memory(stored, input->bound, &source->signature.in[k], source->binding.field)) < 0 ||
        (input->space = H5Dget_space(input->dataset)) < 0 ||
        (input->memory = H5Screate(input->bound->rank ? H5S_SIMPLE : H5S_SCALAR)) < 0)
        code = hdf5_error(error, FAILED, "%s: %s in %s", input->name, input->bound->dataset, input->bound->file);
    if (handles_close(&stored, 1) && !code)
        code = hdf5_error(error, FAILED, "%s: %s in %s", input->name, input->bound->dataset, input->bound->file);
    return code;
}

/* Its chunks are fetched only if one of them is seen to come out right. */
static void open_fetch(struct input *input)
{
    struct fetch *fetch = &input->fetch;

    fetch->dataset = input->dataset;
    fetch->type = input->type;
    snprintf(fetch->name, sizeof fetch->name, "%s: %s in %s", input->name, input->bound->dataset, input->bound->file);
    input->bundled = chunking_find(input->dataset, input->bound, &fetch->chunking) && fetch_is_right(fetch);
}

/* A ragged input is read row by row: the rows of its values. */
static int open_ragged(struct input *input, const struct plan *plan, struct error *error)
{
    input->ragged = true;
    input->item_bytes = item_bytes(input->bound, 1);
    input->rows_most = input->bound->longest;
    input->begin = calloc(2 * plan->slice + 2, sizeof *input->begin);
    if (!input->begin)
        return error_memory(error, "offsets", (2 * plan->slice + 2) * sizeof *input->begin);
    input->behind = input->begin + plan->slice + 1;
    return offsets_open(input->file, input->name, input->bound, &input->offsets, error);
}

static int open_input(struct source *source, int k, const struct plan *plan, struct error *error)
{
    struct input *input = &source->in[k];
    int code;

    input->name = source->signature.in[k].name;
    input->bound = &source->binding.in[k];
    input->wire = input->bound->wire;
    input->item_bytes = item_bytes(input->bound, source->loop_rank);
    code = input_file_open(input->bound->file, &input->file, error);
    if (!code)
        code = dataset_open(input->file, input->name, input->bound, plan->cache_bytes, &input->dataset, error);
    if (!code)
        code = open_spaces(source, input, error);
    if (!code && source->signature.in[k].ragged)
        code = open_ragged(input, plan, error);
    input->gaps = !code && chunking_leaves_gaps(input->dataset);
    if (!code && plan->in[k].bundled)
        open_fetch(input);
    return code;
}

/* Does an element fit in our buffer? */
static bool is_small(const struct source *source)
{
    bool small = true;

    for (int k = 0; k < source->in_count; k++)
        small &= source->binding.in[k].stored_bytes <= CONVERSION_BYTES &&
                 source->binding.in[k].element.bytes <= CONVERSION_BYTES;
    return small;
}

static int open_transfer(struct source *source, struct error *error)
{
    source->conversion = aligned_alloc(BATCH_ALIGN, CONVERSION_BYTES);
    if (!source->conversion)
        return error_memory(error, "the inputs", CONVERSION_BYTES);
    source->transfer = H5Pcreate(H5P_DATASET_XFER);
    if (source->transfer < 0 ||
        (is_small(source) && H5Pset_buffer(source->transfer, CONVERSION_BYTES, source->conversion, NULL) < 0))
        return hdf5_error(error, FAILED, "the inputs");
    return OK;
}

/* What does not need HDF5; every handle is invalid. */
static void fill_in(struct source *s, const struct signature *signature, const struct binding *binding,
                    const struct plan *plan)
{
    hsize_t shape[LOOP_DIMS_MAX];

    s->in_count = signature->in_count;
    s->loop_rank = binding->loop_rank;
    s->start = plan->start;
    s->step = plan->step;
    s->inner = plan->inner;
    s->signature = *signature;
    s->binding = *binding;
    for (int k = 0; k < s->loop_rank; k++)
        shape[k] = k ? binding->loop_shape[k] : binding->rows;
    grid_make(s->loop_rank, shape, &s->grid);
    s->transfer = H5I_INVALID_HID;
    for (int k = 0; k < PORTS_MAX; k++)
        s->in[k].offsets.dataset = s->in[k].offsets.type = s->in[k].offsets.space = s->in[k].file = s->in[k].dataset =
            s->in[k].type = s->in[k].space = s->in[k].memory = H5I_INVALID_HID;
}

int source_open(const struct signature *signature, const struct binding *binding, const struct plan *plan,
                struct source **source, struct error *error)
{
    struct source *s = calloc(1, sizeof *s);
    int code;

    *source = s;
    if (!s)
        return error_memory(error, "the inputs", sizeof *s);
    fill_in(s, signature, binding, plan);
    code = open_transfer(s, error);
    for (int k = 0; k < s->in_count && !code; k++)
        if (signature->in[k].role == ROLE_INPUT)
            code = open_input(s, k, plan, error);
    if (code) {
        source_close(s);
        *source = NULL;
    }
    return code;
}

/* The index in the full input of the item at a position. */
static unsigned long long index_of(const struct source *source, uint64_t position)
{
    const uint64_t inner = source->inner ? source->inner : 1;

    return (source->start + position / inner * source->step) * inner + position % inner;
}

static int select_slab(struct input *input, const struct slab *slab, const hsize_t *step)
{
    const size_t bytes = (size_t)input->bound->rank * sizeof *slab->count;

    if (input->bound->rank == 0)
        return OK;
    if (memcmp(input->memory_shape, slab->count, bytes)) {
        if (H5Sset_extent_simple(input->memory, input->bound->rank, slab->count, NULL) < 0)
            return -1;
        memcpy(input->memory_shape, slab->count, bytes);
    }
    return H5Sselect_hyperslab(input->space, H5S_SELECT_SET, slab->first, step, slab->count, NULL) < 0 ? -1 : OK;
}

/* A box of the selection's leading axes, in the dataset: all that is below it. */
static void place_slab(const struct source *source, const struct input *input, struct slab *slab)
{
    for (int k = source->loop_rank; k < input->bound->rank; k++) {
        slab->first[k] = 0;
        slab->count[k] = input->bound->shape[k];
    }
    if (source->loop_rank)
        slab->first[0] = source->start + slab->first[0] * source->step;
}

/* Read such a box, and of axis 0 each step-th index. */
static int read_slab(const struct source *source, struct input *input, struct slab *slab, void *to)
{
    hsize_t step[SLAB_RANK_MAX];

    place_slab(source, input, slab);
    for (int k = 0; k < input->bound->rank; k++)
        step[k] = 1;
    if (source->loop_rank && slab->count[0] > 1)
        step[0] = source->step;
    if (select_slab(input, slab, step))
        return -1;
    return H5Dread(input->dataset, input->type, input->memory, input->space, source->transfer, to) < 0 ? -1 : OK;
}

/* Items first .. first + count - 1: the end of a row, whole rows, the beginning of one. */
static int read_items(const struct source *source, struct input *input, uint64_t first, uint64_t count,
                      unsigned char *to)
{
    struct slab slab;
    int result = OK;

    for (uint64_t done = 0, some; done < count && !result; done += some) {
        some = slab_next(&source->grid, first + done, count - done, &slab);
        result = read_slab(source, input, &slab, to + done * input->item_bytes);
    }
    return result;
}

static int read_input(struct source *source, struct input *input, uint64_t first, uint64_t count, void *to,
                      struct error *error)
{
    unsigned char *truth = to;

    if (count == 0 || input->item_bytes == 0)
        return OK;
    if (input->gaps)
        memset(to, 0, count * input->item_bytes);
    if (read_items(source, input, first, count, to))
        return hdf5_error(error, FAILED, "%s: %s in %s: can't read items %llu to %llu", input->name,
                          input->bound->dataset, input->bound->file, index_of(source, first),
                          index_of(source, first + count - 1));
    for (size_t k = 0; input->wire == TYPE_BOOL && k < count * input->item_bytes; k++)
        truth[k] = truth[k] != 0; /* whatever the enum's base was made to hold */
    return OK;
}

/* Rows first .. first + count - 1 of the values. */
static int read_rows(const struct source *source, struct input *input, uint64_t first, uint64_t count, void *to)
{
    struct slab slab = {{first}, {count}};
    hsize_t step[SLAB_RANK_MAX];

    if (count == 0 || input->item_bytes == 0)
        return OK;
    for (int k = 0; k < input->bound->rank; k++) {
        step[k] = 1;
        if (k > 0) {
            slab.first[k] = 0;
            slab.count[k] = input->bound->shape[k];
        }
    }
    if (input->gaps)
        memset(to, 0, count * input->item_bytes);
    if (select_slab(input, &slab, step))
        return -1;
    return H5Dread(input->dataset, input->type, input->memory, input->space, source->transfer, to) < 0 ? -1 : OK;
}

/* Where the items' rows are. They were looked at before: another length means that someone writes to the file. */
static int find_rows(const struct source *source, struct input *input, uint64_t first, uint64_t count,
                     struct error *error)
{
    const uint64_t index = source->start + first * source->step;

    if (offsets_read(&input->offsets, index, source->step, count, input->begin, error) ||
        offsets_read(&input->offsets, index + 1, source->step, count, input->behind, error))
        return error->code;
    for (uint64_t k = 0; k < count; k++)
        if (input->behind[k] < input->begin[k] || input->behind[k] > input->bound->shape[0] ||
            input->behind[k] - input->begin[k] > input->rows_most)
            return error_set(error, FAILED, "%s: %s in %s changed while it was read (nobody may write to it)",
                             input->name, input->bound->offsets, input->bound->file);
    return OK;
}

/* As codec/ragged.h has it; rows that follow each other are read at once. */
static int read_ragged(struct source *source, struct input *input, uint64_t first, uint64_t count, void *to,
                       struct error *error)
{
    uint64_t *const offset = to, some;
    unsigned char *const rows = (unsigned char *)to + ragged_rows_at(count);

    memset(to, 0, ragged_rows_at(count));
    if (find_rows(source, input, first, count, error))
        return error->code;
    for (uint64_t k = 0; k < count; k++)
        offset[k + 1] = offset[k] + input->behind[k] - input->begin[k];
    for (uint64_t k = 0; k < count; k += some) {
        for (some = 1; k + some < count && input->begin[k + some] == input->behind[k + some - 1];)
            some++;
        if (read_rows(source, input, input->begin[k], offset[k + some] - offset[k],
                      rows + offset[k] * input->item_bytes))
            return hdf5_error(error, FAILED, "%s: %s in %s: can't read items %llu to %llu", input->name,
                              input->bound->dataset, input->bound->file, index_of(source, first + k),
                              index_of(source, first + k + some - 1));
    }
    for (size_t k = 0; input->wire == TYPE_BOOL && k < offset[count] * input->item_bytes; k++)
        rows[k] = rows[k] != 0;
    return OK;
}

int source_enter(struct error *error)
{
    if (H5Eset_auto2(H5E_DEFAULT, NULL, NULL) < 0)
        return error_set(error, FAILED, "HDF5: can't be used in a thread");
    return OK;
}

/* The boxes of the items; returns how many. */
static uint64_t find_boxes(struct source *source, const struct input *input, uint64_t first, uint64_t count)
{
    const uint64_t elements = input->item_bytes / element_bytes(input->wire, input->bound->element);
    struct bundle_box *box = source->boxes;
    struct slab slab;

    for (uint64_t done = 0, some; done < count; done += some, box++) {
        some = slab_next(&source->grid, first + done, count - done, &slab);
        place_slab(source, input, &slab);
        box->place = done * elements;
        for (int k = 0; k < input->bound->rank; k++) {
            box->first[k] = slab.first[k];
            box->count[k] = slab.count[k];
        }
    }
    return (uint64_t)(box - source->boxes);
}

/* Fetch the chunks that the items are in; false: they are to be read. */
static bool fetch_input(struct source *source, const struct input *input, uint64_t first, uint64_t count, void *to)
{
    if (!input->bundled || source->step != 1 || count == 0 || input->item_bytes == 0)
        return false;
    return fetch_bundle(&input->fetch, source->boxes, find_boxes(source, input, first, count), to,
                        bundle_room(count * input->item_bytes)) > 0;
}

uint32_t source_fetch(struct source *source, uint64_t first, uint64_t count, void *to[PORTS_MAX])
{
    uint32_t bundled = 0;

    for (int k = 0; k < source->in_count; k++)
        if (to[k] && fetch_input(source, &source->in[k], first, count, to[k])) {
            bundled |= 1u << k;
            to[k] = NULL;
        }
    return bundled;
}

int source_read(struct source *source, uint64_t first, uint64_t count, void *const to[PORTS_MAX], struct error *error)
{
    int code = OK;

    for (int k = 0; k < source->in_count && !code; k++)
        if (to[k] && source->signature.in[k].role == ROLE_INPUT)
            code = source->in[k].ragged ? read_ragged(source, &source->in[k], first, count, to[k], error)
                                        : read_input(source, &source->in[k], first, count, to[k], error);
    return code;
}

static void close_input(struct input *input)
{
    offsets_close(&input->offsets);
    free(input->begin);
    if (input->memory >= 0)
        H5Sclose(input->memory);
    if (input->space >= 0)
        H5Sclose(input->space);
    if (input->type >= 0)
        H5Tclose(input->type);
    if (input->dataset >= 0)
        H5Dclose(input->dataset);
    if (input->file >= 0)
        H5Fclose(input->file);
}

void source_close(struct source *source)
{
    if (!source)
        return;
    for (int k = 0; k < source->in_count; k++)
        close_input(&source->in[k]);
    if (source->transfer >= 0)
        H5Pclose(source->transfer);
    free(source->conversion);
    free(source);
}
