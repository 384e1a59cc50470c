#include "data/pack.h"

#include "codec/deflate.h"
#include "data/ending.h"
#include "data/handles.h"
#include "data/hdf5_error.h"
#include "data/output_file.h"
#include "data/pack_rows.h"
#include "data/record.h"
#include "data/result.h"
#include "element.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONTIGUOUS_BYTES (1u << 20)

/* A result on its way into the file. */
struct packer {
    const struct pack *pack;
    const struct result *result;
    int number; /* of the result; -1: the bitmap */
    struct chunks chunks;
    uint64_t offset, elements; /* where it is staged; of all of it */
    uint64_t count;            /* in `chunk`, of a contiguous one */
    size_t element_bytes;
    hid_t dataset;
    struct pack_rows *rows; /* where elements are to be made of references; NULL: they are staged as they are */
    unsigned char *chunk;   /* one, as it is read */
    void *fill;             /* an element that holds the fill value */
    struct deflate *deflate;
    struct error *error;
};

/* A failed call of HDF5. */
static int fail(const struct packer *p)
{
    return hdf5_error(p->error, FAILED, "%.400s: can't write the dataset %s", p->pack->target.name, p->result->path);
}

/* Elements first .. first + count - 1, as they are staged. */
static int read_elements(const struct packer *p, uint64_t first, uint64_t count)
{
    const struct staged *staged = &p->pack->staged;
    const uint64_t offset = p->offset + first * p->element_bytes;

    if (p->rows)
        return pack_rows_read(p->rows, count, p->chunk, p->error);
    return staged->read(staged->self, offset, p->chunk, count * p->element_bytes, p->error);
}

/* Elements first .. first + count - 1 as the chunk that they are, encoded. */
static int encode(const struct packer *p, uint64_t first, uint64_t count, const void **packed, size_t *bytes)
{
    const struct chunk_shape shape = {p->chunks.elements * p->element_bytes, p->element_bytes, p->fill};
    const struct staged *staged = &p->pack->staged;

    *packed = p->chunk;
    *bytes = 0;
    if (staged->look(staged->self, p->error) ||
        (p->number >= 0 && !p->rows &&
         staged->chunk(staged->self, p->number, first * p->element_bytes, p->chunk, bytes, p->error)) ||
        (*bytes == 0 && read_elements(p, first, count)))
        return p->error->code;
    if (*bytes == 0)
        *bytes = deflate_chunk(p->deflate, &shape, p->chunk, count * p->element_bytes, packed);
    return OK;
}

static int write_chunks(const struct packer *p)
{
    struct grid grid;
    struct slab slab;
    const void *packed;
    size_t bytes;
    int code = OK;

    grid_make(p->result->rank, p->result->shape, &grid);
    for (uint64_t first = 0, count; first < p->elements && !code; first += count) {
        count = slab_next(&grid, first, p->chunks.elements, &slab);
        code = encode(p, first, count, &packed, &bytes);
        if (!code && H5Dwrite_chunk(p->dataset, H5P_DEFAULT, 0, slab.first, bytes, packed) < 0)
            code = fail(p);
    }
    return code;
}

static int write_chunked(struct packer *p)
{
    const size_t bytes = p->chunks.elements * p->element_bytes;
    int code = deflate_open(p->pack->level, bytes, &p->deflate, p->error);

    if (!code && (!(p->chunk = malloc(bytes)) || !(p->fill = calloc(1, p->element_bytes))))
        code = error_memory(p->error, p->pack->target.name, bytes);
    if (!code && p->result->field) /* the bitmap's is 0 */
        element_fill(p->result->field, p->result->type, p->result->element, p->fill);
    if (!code)
        code = write_chunks(p);
    free(p->chunk);
    free(p->fill);
    deflate_close(p->deflate);
    return code;
}

/* Elements first .. first + count - 1, which are a slab of the dataset. */
static int write_slab(const struct packer *p, const struct slab *slab, hid_t type)
{
    const hsize_t count = p->count;
    hid_t file = H5Dget_space(p->dataset), memory = H5Screate_simple(1, &count, NULL);
    int code = OK;

    if (file < 0 || memory < 0 ||
        (p->result->rank && H5Sselect_hyperslab(file, H5S_SELECT_SET, slab->first, NULL, slab->count, NULL) < 0) ||
        H5Dwrite(p->dataset, type, memory, file, H5P_DEFAULT, p->chunk) < 0)
        code = fail(p);
    return handles_close((const hid_t[]){memory, file}, 2) && !code ? fail(p) : code;
}

static int write_slabs(struct packer *p, hid_t type)
{
    const uint64_t most = CONTIGUOUS_BYTES / p->element_bytes;
    const struct staged *staged = &p->pack->staged;
    struct grid grid;
    struct slab slab = {0};
    int code = OK;

    grid_make(p->result->rank, p->result->shape, &grid);
    for (uint64_t first = 0; first < p->elements && !code; first += p->count) {
        p->count = p->result->rank ? slab_next(&grid, first, most, &slab) : 1;
        code = staged->look(staged->self, p->error);
        if (!code)
            code = read_elements(p, first, p->count);
        if (!code)
            code = write_slab(p, &slab, type);
    }
    return code;
}

static int write_contiguous(struct packer *p)
{
    hid_t type;
    int code;

    if (p->elements == 0)
        return OK;
    if (!(p->chunk = malloc(CONTIGUOUS_BYTES)))
        return error_memory(p->error, p->pack->target.name, CONTIGUOUS_BYTES);
    type = H5Dget_type(p->dataset);
    code = type < 0 ? fail(p) : write_slabs(p, type);
    free(p->chunk);
    return handles_close(&type, 1) && !code ? fail(p) : code;
}

/* Make the dataset and fill it. */
static int pack_dataset(struct packer *p, hid_t file, uint64_t step)
{
    const bool chunked = p->pack->level && result_chunks(p->result, step, &p->chunks);
    int code;

    p->chunks.level = p->pack->level;
    code = result_make(file, p->result, chunked ? &p->chunks : NULL, &p->dataset, p->error);
    if (code)
        return output_file_name(&p->pack->target, code, p->error);
    p->elements = 1;
    for (int d = 0; d < p->result->rank; d++)
        p->elements *= p->result->shape[d];
    code = chunked ? write_chunked(p) : write_contiguous(p);
    return handles_close(&p->dataset, 1) && !code ? fail(p) : code;
}

/* A ragged result: its rows, and where those of each item begin. */
static int pack_ragged(const struct pack *pack, hid_t file, int k, struct error *error)
{
    const struct port *port = &pack->record->ports->out[k];
    char path[PATH_BYTES + sizeof RESULT_OFFSETS];
    struct pack_rows rows;
    struct result flat, offsets = {.path = path, .type = TYPE_UINT64, .rank = 1, .shape = {pack->items + 1}};
    struct packer p = {.pack = pack, .result = &flat, .number = k, .rows = &rows, .error = error};
    int code = pack_rows_open(pack, k, &rows, error);

    if (code)
        return code;
    flat = (struct result){.path = pack->record->binding->result[k], .type = port->type, .element = port->element};
    flat.shape[flat.rank++] = rows.total;
    for (int d = 1; d < port->rank; d++)
        flat.shape[flat.rank++] =
            port->dim[d].name >= 0 ? pack->record->binding->dim[port->dim[d].name] : port->dim[d].size;
    p.element_bytes = element_bytes(flat.type, flat.element);
    code = pack_dataset(&p, file, 1);
    snprintf(path, sizeof path, "%s" RESULT_OFFSETS, flat.path);
    pack_rows_offsets(&rows);
    p = (struct packer){.pack = pack, .result = &offsets, .number = k, .rows = &rows, .error = error};
    p.element_bytes = sizeof(uint64_t);
    return code ? code : pack_dataset(&p, file, 1);
}

/* Result k; -1: the bitmap. */
static int pack_result(const struct pack *pack, hid_t file, int k, struct error *error)
{
    const struct layout *layout = pack->staged.layout;
    const struct result result = k < 0 ? result_failed(pack->items) : result_of(pack->record, k);
    struct packer p = {.pack = pack,
                       .result = &result,
                       .number = k,
                       .offset = k < 0 ? layout->failed_offset : layout->result_offset[k],
                       .element_bytes = element_bytes(result.type, result.element),
                       .error = error};

    if (k >= 0 && pack->record->ports->out[k].ragged)
        return pack_ragged(pack, file, k, error);
    return pack_dataset(&p, file, k < 0 ? 1 : result_step(pack->record->binding, pack->block));
}

static int pack_results(const struct pack *pack, hid_t file, struct error *error)
{
    int code = OK;

    for (int k = -1; k < pack->record->ports->out_count && !code; k++)
        code = pack_result(pack, file, k, error);
    return code;
}

int pack_write(const struct pack *pack, struct error *error)
{
    hid_t file;
    int code = output_file_open(&pack->target, OPENING_NEW, &file, error);

    if (code)
        return code;
    code = record_write(file, pack->record, pack->items, error);
    if (!code)
        code = ending_write(file, pack->ending, error);
    output_file_name(&pack->target, code, error);
    if (!code)
        code = pack_results(pack, file, error);
    return output_file_close(&pack->target, file, code, error);
}
