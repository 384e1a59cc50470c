#include "data/source.h"

#include "codec/ragged.h"
#include "data/hdf5_error.h"
#include "data/input.h"
#include "data/input_file.h"
#include "element.h"

#include <stdlib.h>
#include <string.h>

#define CONVERSION_BYTES (256 * 1024) /* fits the cache; a buffer of ours spares HDF5 one a read */

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
    memcpy(&s->binding, binding, binding_bytes(signature->in_count));
    for (int k = 0; k < s->loop_rank; k++)
        shape[k] = k ? binding->loop_shape[k] : binding->rows;
    grid_make(s->loop_rank, shape, &s->grid);
    s->transfer = H5I_INVALID_HID;
    for (int k = 0; k < s->in_count; k++)
        input_clear(&s->in[k]);
}

int source_open(const struct signature *signature, const struct binding *binding, const struct plan *plan,
                struct source **source, struct error *error)
{
    struct source *s = calloc(1, sizeof *s);
    struct inputs_spec spec;
    int code;

    *source = s;
    if (!s)
        return error_memory(error, "the inputs", sizeof *s);
    fill_in(s, signature, binding, plan);
    code = open_transfer(s, error);
    spec = (struct inputs_spec){&s->signature, &s->binding, plan, s->transfer};
    for (int k = 0; k < s->in_count && !code; k++)
        if (signature->in[k].role == ROLE_INPUT)
            code = input_open(&s->in[k], &spec, k, error);
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

/* Items first .. first + count - 1: the end of a row, whole rows, the beginning of one. */
static int read_items(const struct source *source, struct input *input, uint64_t first, uint64_t count,
                      unsigned char *to)
{
    struct slab slab;
    int result = OK;

    for (uint64_t done = 0, some; done < count && !result; done += some) {
        some = slab_next(&source->grid, first + done, count - done < input->piece ? count - done : input->piece, &slab);
        place_slab(source, input, &slab);
        result = input_read_box(input, &slab, source->step, to + done * input->item_bytes);
    }
    return result;
}

static int read_input(struct source *source, struct input *input, uint64_t first, uint64_t count, void *to,
                      struct error *error)
{
    if (count == 0 || input->item_bytes == 0)
        return OK;
    if (input->gaps || input->pointed)
        memset(to, 0, count * input->item_bytes);
    if (read_items(source, input, first, count, to))
        return input_unread(input, index_of(source, first), index_of(source, first + count - 1), error);
    input_settle(input, to, count * input->item_bytes);
    return OK;
}

/* Items of variable length, as codec/ragged.h has them. */
static int read_lengths(struct source *source, struct input *input, uint64_t first, uint64_t count, void *to,
                        struct error *error)
{
    uint64_t *const offset = to, some;
    unsigned char *const data = (unsigned char *)to + ragged_rows_at(count);
    struct slab slab;

    memset(to, 0, ragged_rows_at(count));
    for (uint64_t done = 0; done < count; done += some) {
        int read;

        some = slab_next(&source->grid, first + done,
                         count - done < input->vlen.piece ? count - done : input->vlen.piece, &slab);
        place_slab(source, input, &slab);
        read = vlen_read(&input->vlen, &slab, source->step);
        if (read < 0)
            return vlen_error(
                &input->vlen, input->name, input->bound,
                (const uint64_t[]){index_of(source, first + done), index_of(source, first + done + some - 1)}, FAILED,
                error);
        some = read ? 0 : some;
        for (uint64_t k = 0; k < some; k++) {
            const void *element;
            const uint64_t length = vlen_element(&input->vlen, k, &element);

            if (length > input->bound->longest)
                return error_set(error, FAILED, "%s: %s in %s changed while it was read (nobody may write to it)",
                                 input->name, input->bound->dataset, input->bound->file);
            if (length)
                memcpy(data + offset[done + k] * input->item_bytes, element, length * input->item_bytes);
            offset[done + k + 1] = offset[done + k] + length;
        }
    }
    input_settle(input, data, offset[count] * input->item_bytes);
    return OK;
}

static int read_rows(struct source *source, struct input *input, uint64_t first, uint64_t count, void *to,
                     struct error *error)
{
    const struct input_items items = {source->start + first * source->step, source->step, count};

    return input_rows_read(input, &items, to, error);
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

static int read_any(struct source *source, struct input *input, uint64_t first, uint64_t count, void *to,
                    struct error *error)
{
    if (input->bound->vlen)
        return read_lengths(source, input, first, count, to, error);
    if (input->ragged)
        return read_rows(source, input, first, count, to, error);
    return read_input(source, input, first, count, to, error);
}

int source_read(struct source *source, uint64_t first, uint64_t count, void *const to[PORTS_MAX], struct error *error)
{
    int code = OK;

    for (int k = 0; k < source->in_count && !code; k++)
        if (to[k] && source->signature.in[k].role == ROLE_INPUT)
            code = read_any(source, &source->in[k], first, count, to[k], error);
    return code;
}

void source_close(struct source *source)
{
    if (!source)
        return;
    for (int k = 0; k < source->in_count; k++)
        input_close(&source->in[k]);
    if (source->transfer >= 0)
        H5Pclose(source->transfer);
    free(source->conversion);
    free(source);
}
