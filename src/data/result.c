#include "data/result.h"

#include "data/handles.h"
#include "data/hdf5_error.h"
#include "data/types.h"
#include "element.h"

#include <stdlib.h>

#ifndef CHUNK_BYTES /* less in tests */
#define CHUNK_BYTES (1024 * 1024)
#endif

struct result result_of(const struct record *record, int k)
{
    const struct binding *binding = record->binding;
    const struct port *port = &record->ports->out[k];
    struct result result = {
        .path = binding->result[k], .type = port->type, .element = port->element, .field = record->ports->field};

    for (int d = 0; d < binding->loop_rank; d++)
        result.shape[result.rank++] = d ? binding->loop_shape[d] : binding->rows;
    if (port->ragged) { /* as it is staged: struct ref an item */
        result.type = TYPE_UINT64;
        result.element = (struct element){0};
        result.shape[result.rank++] = sizeof(struct ref) / sizeof(uint64_t);
        return result;
    }
    for (int d = 0; d < port->rank; d++)
        result.shape[result.rank++] = port->dim[d].name >= 0 ? binding->dim[port->dim[d].name] : port->dim[d].size;
    return result;
}

struct result result_failed(uint64_t items)
{
    return (struct result){
        .path = "/h5map/failed", .type = TYPE_UINT8, .rank = 1, .shape = {items / 8 + (items % 8 != 0)}};
}

bool result_is_empty(const struct result *result)
{
    for (int k = 0; k < result->rank; k++)
        if (result->shape[k] == 0)
            return true;
    return false;
}

uint64_t result_step(const struct binding *binding, uint64_t block)
{
    uint64_t common = block, rest = 1 % block;

    for (int d = 1; d < binding->loop_rank; d++)
        rest = rest * (binding->loop_shape[d] % block) % block;
    while (rest) {
        const uint64_t left = common % rest;

        common = rest;
        rest = left;
    }
    return binding->loop_rank ? block / common : 1;
}

/* Rows of axis 0 for a chunk, `most` at most. */
static uint64_t chunk_rows(uint64_t all, uint64_t most, uint64_t step)
{
    uint64_t rows = step;

    if (all <= most)
        return all;
    while (rows <= most / 2)
        rows *= 2;
    return rows;
}

/* The same of an axis, evenly: above the first axis every row of chunks ends with one that is filled up. */
static uint64_t even_rows(uint64_t all, uint64_t most)
{
    const uint64_t pieces = (all - 1) / most + 1;

    return (all - 1) / pieces + 1;
}

bool result_chunks(const struct result *result, uint64_t step, struct chunks *chunks)
{
    const uint64_t most = CHUNK_BYTES / element_bytes(result->type, result->element);
    struct grid grid;
    uint64_t rows;
    int axis = 0;

    if (result->rank == 0 || result_is_empty(result))
        return false;
    grid_make(result->rank, result->shape, &grid);
    while (grid.below[axis] > most)
        axis++;
    rows = most / grid.below[axis];
    *chunks = (struct chunks){0};
    for (int k = 0; k < result->rank; k++)
        chunks->shape[k] = k < axis ? 1 : grid.shape[k];
    chunks->shape[axis] =
        axis == 0 && step <= rows ? chunk_rows(grid.shape[0], rows, step) : even_rows(grid.shape[axis], rows);
    chunks->elements = chunks->shape[axis] * grid.below[axis];
    chunks->row_elements = axis ? grid.below[axis - 1] : grid.shape[0] * grid.below[0];
    return true;
}

void output_cutting(const struct record *record, int k, uint64_t block, struct cutting *cutting)
{
    const struct result result = result_of(record, k);
    const uint64_t bytes = element_bytes(result.type, result.element);
    struct chunks chunks;

    *cutting = (struct cutting){0};
    if (!result_chunks(&result, result_step(record->binding, block), &chunks))
        return;
    cutting->row_bytes = chunks.row_elements * bytes;
    cutting->chunk_bytes = chunks.elements * bytes;
}

static bool set_storage(hid_t plist, const struct result *result, const struct chunks *chunks)
{
    if (chunks)
        return H5Pset_chunk(plist, result->rank, chunks->shape) >= 0 && H5Pset_shuffle(plist) >= 0 &&
               H5Pset_deflate(plist, (unsigned)chunks->level) >= 0;
    return H5Pset_layout(plist, H5D_CONTIGUOUS) >= 0 && H5Pset_alloc_time(plist, H5D_ALLOC_TIME_EARLY) >= 0 &&
           H5Pset_fill_time(plist, H5D_FILL_TIME_NEVER) >= 0;
}

/* The bitmap's is 0. */
static bool set_fill(hid_t plist, hid_t type, const struct result *result, void *fill)
{
    if (result->field)
        element_fill(result->field, result->type, result->element, fill);
    return H5Pset_fill_value(plist, type, fill) >= 0;
}

int result_make(hid_t file, const struct result *result, const struct chunks *chunks, hid_t *dataset,
                struct error *error)
{
    hid_t type, space = H5I_INVALID_HID, plist = H5I_INVALID_HID, links = H5I_INVALID_HID;
    const size_t fill_bytes = element_bytes(result->type, result->element);
    void *fill = calloc(1, fill_bytes);
    int code = OK;

    *dataset = H5I_INVALID_HID;
    if (!fill)
        return error_memory(error, result->path, fill_bytes);
    if ((type = types_output(result->field, result->type, result->element)) < 0 ||
        (space = H5Screate_simple(result->rank, result->shape, NULL)) < 0 ||
        (plist = H5Pcreate(H5P_DATASET_CREATE)) < 0 || !set_storage(plist, result, chunks) ||
        !set_fill(plist, type, result, fill) || H5Pset_obj_track_times(plist, false) < 0 ||
        (links = H5Pcreate(H5P_LINK_CREATE)) < 0 || H5Pset_create_intermediate_group(links, 1) < 0 ||
        H5Pset_char_encoding(links, H5T_CSET_UTF8) < 0 ||
        (*dataset = H5Dcreate2(file, result->path, type, space, links, plist, H5P_DEFAULT)) < 0)
        code = hdf5_error(error, FAILED, "can't make the dataset %s", result->path);
    if (handles_close((const hid_t[]){links, plist, space, type}, 4) && !code)
        code = hdf5_error(error, FAILED, "can't make the dataset %s", result->path);
    free(fill);
    return code;
}

int result_offset(hid_t dataset, const struct result *result, uint64_t *offset, struct error *error)
{
    haddr_t address;

    *offset = UINT64_MAX;
    if (result_is_empty(result))
        return OK;
    address = H5Dget_offset(dataset);
    if (address == HADDR_UNDEF)
        return hdf5_error(error, FAILED, "can't make the dataset %s", result->path);
    *offset = address;
    return OK;
}
