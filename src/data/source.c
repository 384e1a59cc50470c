#include "data/source.h"

#include "data/dataset.h"
#include "data/hdf5_error.h"
#include "data/input_file.h"
#include "data/types.h"

#include <stdlib.h>
#include <string.h>

#define RANK_MAX (LOOP_DIMS_MAX + PORT_DIMS_MAX)
#define CONVERSION_BYTES (256 * 1024) /* fits the cache; a buffer of ours spares HDF5 one a read */

/* An open input. */
struct input {
    const char *name;
    const struct bound *bound;
    hid_t file, dataset, type, space, memory; /* memory: the space that a read fills, of the selection's own shape */
    hsize_t memory_shape[RANK_MAX];
    enum type wire;
    uint64_t item_bytes;
};

struct source {
    int in_count, loop_rank;
    uint64_t start, step, inner;
    uint64_t below[LOOP_DIMS_MAX + 1]; /* items below one index of each leading axis */
    struct input in[PORTS_MAX];
    hid_t transfer;   /* how H5Dread converts: in our buffer */
    void *conversion; /* [CONVERSION_BYTES] */
    struct signature signature;
    struct binding binding;
};

/* A hyperslab that is being put together: one index on the axes above `axis`. */
struct slab {
    hsize_t first[RANK_MAX], count[RANK_MAX], step[RANK_MAX];
};

static uint64_t item_bytes(const struct bound *bound, int loop_rank)
{
    uint64_t bytes = type_bytes(bound->wire);

    for (int k = loop_rank; k < bound->rank; k++)
        bytes *= bound->shape[k];
    return bytes;
}

static int open_spaces(struct input *input, struct error *error)
{
    const hid_t stored = H5Dget_type(input->dataset);

    if (stored >= 0)
        input->type = types_memory(input->wire, stored);
    input->space = H5Dget_space(input->dataset);
    input->memory = H5Screate(input->bound->rank ? H5S_SIMPLE : H5S_SCALAR);
    if (stored >= 0 && H5Tclose(stored) >= 0 && input->type >= 0 && input->space >= 0 && input->memory >= 0)
        return OK;
    return hdf5_error(error, FAILED, "%s: %s in %s", input->name, input->bound->dataset, input->bound->file);
}

static int open_input(struct source *source, int k, uint64_t cache_bytes, struct error *error)
{
    struct input *input = &source->in[k];
    int code;

    input->name = source->signature.in[k].name;
    input->bound = &source->binding.in[k];
    input->wire = input->bound->wire;
    input->item_bytes = item_bytes(input->bound, source->loop_rank);
    code = input_file_open(input->bound->file, &input->file, error);
    if (!code)
        code = dataset_open(input->file, input->name, input->bound, cache_bytes, &input->dataset, error);
    return code ? code : open_spaces(input, error);
}

static int open_transfer(struct source *source, struct error *error)
{
    source->conversion = aligned_alloc(BATCH_ALIGN, CONVERSION_BYTES);
    if (!source->conversion)
        return error_memory(error, "the inputs", CONVERSION_BYTES);
    source->transfer = H5Pcreate(H5P_DATASET_XFER);
    if (source->transfer < 0 || H5Pset_buffer(source->transfer, CONVERSION_BYTES, source->conversion, NULL) < 0)
        return hdf5_error(error, FAILED, "the inputs");
    return OK;
}

/* What does not need HDF5; every handle is invalid. */
static void fill_in(struct source *s, const struct signature *signature, const struct binding *binding,
                    const struct plan *plan)
{
    s->in_count = signature->in_count;
    s->loop_rank = binding->loop_rank;
    s->start = plan->start;
    s->step = plan->step;
    s->inner = plan->inner;
    s->signature = *signature;
    s->binding = *binding;
    s->below[s->loop_rank] = 1;
    for (int k = s->loop_rank - 1; k >= 0; k--)
        s->below[k] = k + 1 < s->loop_rank ? s->below[k + 1] * binding->loop_shape[k + 1] : 1;
    s->transfer = H5I_INVALID_HID;
    for (int k = 0; k < PORTS_MAX; k++)
        s->in[k].file = s->in[k].dataset = s->in[k].type = s->in[k].space = s->in[k].memory = H5I_INVALID_HID;
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
            code = open_input(s, k, plan->cache_bytes, error);
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

static int select_slab(struct input *input, const struct slab *slab)
{
    const size_t bytes = (size_t)input->bound->rank * sizeof *slab->count;

    if (input->bound->rank == 0)
        return OK;
    if (memcmp(input->memory_shape, slab->count, bytes)) {
        if (H5Sset_extent_simple(input->memory, input->bound->rank, slab->count, NULL) < 0)
            return -1;
        memcpy(input->memory_shape, slab->count, bytes);
    }
    return H5Sselect_hyperslab(input->space, H5S_SELECT_SET, slab->first, slab->step, slab->count, NULL) < 0 ? -1 : OK;
}

/* One call of source_read for one input. */
struct reading {
    const struct source *source;
    struct input *input;
    struct slab slab;
    unsigned char *to; /* where the next item goes */
};

/* Read `rows` whole indices of the axis from `row` on; with axis -1 the whole dataset. */
static int read_rows(struct reading *r, int axis, uint64_t row, uint64_t rows)
{
    struct input *input = r->input;
    uint64_t items = axis < 0 ? 1 : rows * r->source->below[axis];

    for (int k = axis + 1; k < input->bound->rank; k++) {
        r->slab.first[k] = 0;
        r->slab.count[k] = input->bound->shape[k];
        r->slab.step[k] = 1;
    }
    if (axis >= 0) {
        r->slab.first[axis] = axis ? row : r->source->start + row * r->source->step;
        r->slab.count[axis] = rows;
        r->slab.step[axis] = axis || rows == 1 ? 1 : r->source->step;
    }
    if (select_slab(input, &r->slab) ||
        H5Dread(input->dataset, input->type, input->memory, input->space, r->source->transfer, r->to) < 0)
        return -1;
    r->to += items * input->item_bytes;
    return OK;
}

static int read_span(struct reading *r, int axis, uint64_t first, uint64_t count);

/* Some of the items at one index of the axis. */
static int read_part(struct reading *r, int axis, uint64_t row, uint64_t first, uint64_t count)
{
    r->slab.first[axis] = axis ? row : r->source->start + row * r->source->step;
    r->slab.count[axis] = r->slab.step[axis] = 1;
    return read_span(r, axis + 1, first, count);
}

/* Items first .. first + count - 1 below one index of the axes above: the end of a row, whole rows, the start of one.
 */
static int read_span(struct reading *r, int axis, uint64_t first, uint64_t count)
{
    const uint64_t below = r->source->below[axis], skip = first % below;
    uint64_t row = first / below;
    int result = OK;

    if (skip) {
        const uint64_t some = count < below - skip ? count : below - skip;

        result = read_part(r, axis, row++, skip, some);
        count -= some;
    }
    if (!result && count >= below) {
        result = read_rows(r, axis, row, count / below);
        row += count / below;
        count %= below;
    }
    if (!result && count)
        result = read_part(r, axis, row, 0, count);
    return result;
}

static int read_input(struct source *source, struct input *input, uint64_t first, uint64_t count, void *to,
                      struct error *error)
{
    struct reading r = {.source = source, .input = input, .to = to};
    unsigned char *truth = to;

    if (count == 0 || input->item_bytes == 0)
        return OK;
    if (source->loop_rank ? read_span(&r, 0, first, count) : read_rows(&r, -1, 0, 1))
        return hdf5_error(error, FAILED, "%s: %s in %s: can't read items %llu to %llu", input->name,
                          input->bound->dataset, input->bound->file, index_of(source, first),
                          index_of(source, first + count - 1));
    for (size_t k = 0; input->wire == TYPE_BOOL && k < count * input->item_bytes; k++)
        truth[k] = truth[k] != 0; /* whatever the enum's base was made to hold */
    return OK;
}

int source_read(struct source *source, uint64_t first, uint64_t count, void *const to[PORTS_MAX], struct error *error)
{
    int code = OK;

    for (int k = 0; k < source->in_count && !code; k++)
        if (source->signature.in[k].role == ROLE_INPUT)
            code = read_input(source, &source->in[k], first, count, to[k], error);
    return code;
}

static void close_input(struct input *input)
{
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
