#include "data/pack.h"

#include "codec/deflate.h"
#include "data/ending.h"
#include "data/handles.h"
#include "data/hdf5_error.h"
#include "data/output_file.h"
#include "data/record.h"
#include "data/result.h"

#include <stdlib.h>
#include <string.h>

/* A result on its way into the file. */
struct packer {
    const struct pack *pack;
    const struct result *result;
    struct chunks chunks;
    uint64_t offset, elements; /* where it is staged; of all of it */
    size_t element_bytes;
    hid_t dataset;
    unsigned char *chunk; /* one, as it is read */
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
    const int code = staged->look(staged->self, p->error);

    return code ? code : staged->read(staged->self, offset, p->chunk, count * p->element_bytes, p->error);
}

/* `count` elements of it are within the edge. */
static int write_chunk(const struct packer *p, const hsize_t *at, uint64_t count)
{
    const struct whole whole = {p->chunks.elements * p->element_bytes, p->element_bytes, p->result->fill.bytes};
    const void *packed;
    const size_t bytes = deflate_chunk(p->deflate, &whole, p->chunk, count * p->element_bytes, &packed);

    return H5Dwrite_chunk(p->dataset, H5P_DEFAULT, 0, at, bytes, packed) < 0 ? fail(p) : OK;
}

static int write_chunks(const struct packer *p)
{
    struct grid grid;
    struct slab slab;
    int code = OK;

    grid_make(p->result->rank, p->result->shape, &grid);
    for (uint64_t first = 0, count; first < p->elements && !code; first += count) {
        count = slab_next(&grid, first, p->chunks.elements, &slab);
        code = read_elements(p, first, count);
        if (!code)
            code = write_chunk(p, slab.first, count);
    }
    return code;
}

static int write_chunked(struct packer *p)
{
    const size_t bytes = p->chunks.elements * p->element_bytes;
    int code = deflate_open(p->pack->level, bytes, &p->deflate, p->error);

    if (!code && !(p->chunk = malloc(bytes)))
        code = error_memory(p->error, p->pack->target.name, bytes);
    if (!code)
        code = write_chunks(p);
    free(p->chunk);
    deflate_close(p->deflate);
    return code;
}

/* One element, or none. */
static int write_contiguous(struct packer *p)
{
    struct scalar value;
    hid_t type;
    int code;

    if (p->elements == 0)
        return OK;
    p->chunk = value.bytes;
    code = read_elements(p, 0, 1);
    if (code)
        return code;
    type = H5Dget_type(p->dataset);
    code = type < 0 || H5Dwrite(p->dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, value.bytes) < 0 ? fail(p) : OK;
    return handles_close(&type, 1) && !code ? fail(p) : code;
}

static int pack_result(const struct pack *pack, hid_t file, const struct result *result, uint64_t offset,
                       struct error *error)
{
    struct packer p = {.pack = pack,
                       .result = result,
                       .offset = offset,
                       .elements = 1,
                       .element_bytes = type_bytes(result->type),
                       .error = error};
    const bool chunked = result_chunks(result, pack->level, &p.chunks);
    int code = result_make(file, result, chunked ? &p.chunks : NULL, &p.dataset, error);

    if (code)
        return output_file_name(&pack->target, code, error);
    for (int k = 0; k < result->rank; k++)
        p.elements *= result->shape[k];
    code = chunked ? write_chunked(&p) : write_contiguous(&p);
    return handles_close(&p.dataset, 1) && !code ? fail(&p) : code;
}

static int pack_results(const struct pack *pack, hid_t file, struct error *error)
{
    const struct result failed = result_failed(pack->items);
    const struct layout *layout = pack->staged.layout;
    int code = pack_result(pack, file, &failed, layout->failed_offset, error);

    for (int k = 0; k < pack->record->ports->out_count && !code; k++) {
        const struct result result = result_of(pack->record, k);

        code = pack_result(pack, file, &result, layout->result_offset[k], error);
    }
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
