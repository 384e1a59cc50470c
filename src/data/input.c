#include "data/input.h"

#include "data/chunking.h"
#include "data/dataset.h"
#include "data/handles.h"
#include "data/hdf5_error.h"
#include "data/input_file.h"
#include "element.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void input_clear(struct input *input)
{
    *input = (struct input){.file = H5I_INVALID_HID,
                            .dataset = H5I_INVALID_HID,
                            .type = H5I_INVALID_HID,
                            .space = H5I_INVALID_HID,
                            .memory = H5I_INVALID_HID,
                            .raw = {.fd = -1},
                            .offsets = {.dataset = H5I_INVALID_HID, .type = H5I_INVALID_HID, .space = H5I_INVALID_HID}};
    vlen_clear(&input->vlen);
    members_texts_clear(&input->texts);
}

static uint64_t item_bytes(const struct bound *bound, int first_axis)
{
    uint64_t bytes = element_bytes(bound->wire, bound->element);

    for (int k = first_axis; k < bound->rank; k++)
        bytes *= bound->shape[k];
    return bytes;
}

static int open_spaces(struct input *input, const struct inputs_spec *spec, int k, struct error *error)
{
    const hid_t stored = H5Dget_type(input->dataset);
    int code = OK;

    if (stored < 0 ||
        (input->type = members_memory(stored, input->bound, &spec->signature->in[k], spec->binding->field)) < 0 ||
        (input->space = H5Dget_space(input->dataset)) < 0 ||
        (input->memory = H5Screate(input->bound->rank ? H5S_SIMPLE : H5S_SCALAR)) < 0)
        code = hdf5_error(error, FAILED, "%s: %s in %s", input->name, input->bound->dataset, input->bound->file);
    if (handles_close(&stored, 1) && !code)
        code = hdf5_error(error, FAILED, "%s: %s in %s", input->name, input->bound->dataset, input->bound->file);
    return code;
}

/* Texts of variable length in compounds: few enough items at a time that they take no more than a piece, or one item.
 */
static int open_texts(struct input *input, const struct port *port, const struct field *field, struct error *error)
{
    input->field = field;
    input->piece = UINT64_MAX;
    input->pointed = port->type == TYPE_COMPOUND && members_have_texts(field, port->element);
    if (!input->pointed)
        return OK;
    input->piece = input->item_bytes && input->item_bytes < VLEN_POOL_BYTES ? VLEN_POOL_BYTES / input->item_bytes : 1;
    if (members_texts_open(&input->texts, input->transfer, input->item_bytes))
        return hdf5_error(error, FAILED, "%s: %s in %s", input->name, input->bound->dataset, input->bound->file);
    return OK;
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

int input_open(struct input *input, const struct inputs_spec *spec, int k, struct error *error)
{
    int code;

    input->name = spec->signature->in[k].name;
    input->bound = &spec->binding->in[k];
    input->transfer = spec->transfer;
    input->wire = input->bound->wire;
    input->ragged = spec->signature->in[k].ragged && !input->bound->vlen;
    input->item_bytes = item_bytes(input->bound, input->ragged ? 1 : spec->binding->loop_rank);
    code = input_file_open(input->bound->file, &input->file, error);
    if (!code)
        code = dataset_open(input->file, input->name, input->bound, spec->plan->cache_bytes, &input->dataset, error);
    if (!code && input->bound->vlen)
        return vlen_open(&input->vlen, input->dataset, input->name, input->bound, error);
    if (!code)
        code = open_spaces(input, spec, k, error);
    if (!code)
        code = open_texts(input, &spec->signature->in[k], spec->binding->field, error);
    if (!code && !input->pointed)
        raw_open(input->dataset, input->type, &input->raw);
    if (!code && input->ragged)
        code = input_rows_open(input, spec->plan, error);
    input->gaps = !code && chunking_leaves_gaps(input->dataset);
    if (!code && spec->plan->in[k].bundled)
        open_fetch(input);
    return code;
}

static int select_box(struct input *input, const struct slab *slab, const hsize_t *step)
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

static bool place_texts(struct input *input, const struct slab *slab, void *elements)
{
    uint64_t count = 1;

    for (int k = 0; k < input->bound->rank; k++)
        count *= slab->count[k];
    return members_texts_place(&input->texts, input->field, input->bound->element, elements, count);
}

int input_read_box(struct input *input, const struct slab *slab, uint64_t step, void *to)
{
    hsize_t steps[SLAB_RANK_MAX];

    if (raw_read(&input->raw, slab, step, to))
        return OK;
    for (int k = 0; k < input->bound->rank; k++)
        steps[k] = k == 0 && slab->count[0] > 1 ? step : 1;
    if (select_box(input, slab, steps))
        return -1;
    return H5Dread(input->dataset, input->type, input->memory, input->space,
                   input->pointed ? input->texts.transfer : input->transfer, to) < 0 ||
                   (input->pointed && !place_texts(input, slab, to))
               ? -1
               : OK;
}

void input_settle(const struct input *input, void *data, uint64_t elements)
{
    unsigned char *truth = data;

    for (uint64_t k = 0; input->wire == TYPE_BOOL && k < elements; k++)
        truth[k] = truth[k] != 0;
}

int input_unread(const struct input *input, unsigned long long first, unsigned long long last, struct error *error)
{
    return hdf5_error(error, FAILED, "%s: %s in %s: can't read items %llu to %llu", input->name, input->bound->dataset,
                      input->bound->file, first, last);
}

void input_close(struct input *input)
{
    offsets_close(&input->offsets);
    vlen_close(&input->vlen);
    members_texts_close(&input->texts);
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
