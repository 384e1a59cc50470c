#include "data/flat.h"

#include "data/handles.h"
#include "data/hdf5_error.h"
#include "data/types.h"
#include "element.h"

#include <stdio.h>

#define TYPE_TEXT_BYTES 256

void flat_none(struct flat *flat)
{
    flat->dataset = flat->space = flat->memory_type = H5I_INVALID_HID;
}

static int refuse_type(const struct flat *flat, const char *held, struct error *error)
{
    char text[TYPE_TEXT_BYTES];

    element_text(flat->type.field, flat->type.type, flat->type.element, text, sizeof text);
    return error_set(error, FAILED, "%s holds %s, not %s", flat->path, held, text);
}

/* The type that its elements are read with. */
static int find_type(struct flat *flat, struct error *error)
{
    const hid_t stored = H5Dget_type(flat->dataset);
    const struct flat_type *type = &flat->type;
    struct stored_type look;
    int code = OK;

    if (stored < 0)
        return hdf5_error(error, FAILED, "%s can't be read", flat->path);
    types_look(stored, &look);
    if (type->type >= TYPE_COUNT)
        flat->memory_type = types_output(type->field, type->type, type->element);
    else if (look.wire == type->type)
        flat->memory_type = types_memory(type->type, stored);
    else
        code = refuse_type(flat, look.name, error);
    if (!code && flat->memory_type >= 0 && type->type >= TYPE_COUNT && H5Tequal(stored, flat->memory_type) <= 0)
        code = refuse_type(flat, look.name, error);
    else if (!code && flat->memory_type < 0)
        code = hdf5_error(error, FAILED, "%s can't be read", flat->path);
    if (handles_close(&stored, 1) && !code)
        code = hdf5_error(error, FAILED, "%s can't be read", flat->path);
    return code;
}

static int find_shape(struct flat *flat, struct error *error)
{
    hsize_t shape[H5S_MAX_RANK];
    int rank = -1;

    if ((flat->space = H5Dget_space(flat->dataset)) < 0 ||
        (rank = H5Sget_simple_extent_dims(flat->space, shape, NULL)) < 0)
        return hdf5_error(error, FAILED, "%s can't be read", flat->path);
    grid_make(rank, shape, &flat->grid);
    return OK;
}

/* Results are never compact; one that a damaged file says is may be longer than what is there. */
static int check_layout(const struct flat *flat, struct error *error)
{
    const hid_t plist = H5Dget_create_plist(flat->dataset);
    const H5D_layout_t layout = plist < 0 ? H5D_LAYOUT_ERROR : H5Pget_layout(plist);
    int code = OK;

    if (layout != H5D_CONTIGUOUS && layout != H5D_CHUNKED)
        code = error_set(error, FAILED, "%s is neither contiguous nor chunked", flat->path);
    if (handles_close(&plist, 1) && !code)
        code = hdf5_error(error, FAILED, "%s can't be read", flat->path);
    return code;
}

int flat_open(hid_t file, const char *path, const struct flat_type *type, struct flat *flat, struct error *error)
{
    int code = OK;

    flat_none(flat);
    snprintf(flat->path, sizeof flat->path, "%s", path);
    flat->type = *type;
    flat->dataset = H5Dopen2(file, path, H5P_DEFAULT);
    if (flat->dataset < 0)
        code = hdf5_error(error, FAILED, "%s can't be opened", path);
    if (!code)
        code = check_layout(flat, error);
    if (!code)
        code = find_type(flat, error);
    if (!code)
        code = find_shape(flat, error);
    if (code)
        flat_close(flat);
    return code;
}

uint64_t flat_elements(const struct flat *flat)
{
    const hssize_t elements = H5Sget_simple_extent_npoints(flat->space);

    return elements < 0 ? 0 : (uint64_t)elements;
}

static int read_slab(const struct flat *flat, const struct slab *slab, void *to, struct error *error)
{
    const int rank = flat->grid.rank;
    const hid_t memory = H5Screate_simple(rank, slab->count, NULL);
    int code = OK;

    if (memory < 0 ||
        (rank && H5Sselect_hyperslab(flat->space, H5S_SELECT_SET, slab->first, NULL, slab->count, NULL) < 0) ||
        H5Dread(flat->dataset, flat->memory_type, memory, flat->space, H5P_DEFAULT, to) < 0)
        code = hdf5_error(error, FAILED, "%s can't be read", flat->path);
    if (handles_close(&memory, 1) && !code)
        code = hdf5_error(error, FAILED, "%s can't be read", flat->path);
    return code;
}

int flat_read(const struct flat *flat, uint64_t first, uint64_t count, void *to, struct error *error)
{
    unsigned char *next = to, *truth = to;
    struct slab slab = {0};
    int code = OK;

    for (uint64_t done = 0, some; done < count && !code; done += some) {
        some = slab_next(&flat->grid, first + done, count - done, &slab);
        code = read_slab(flat, &slab, next, error);
        next += some * element_bytes(flat->type.type, flat->type.element);
    }
    for (uint64_t k = 0; flat->type.type == TYPE_BOOL && k < count; k++)
        truth[k] = truth[k] != 0; /* whatever the enum's base was made to hold */
    return code;
}

void flat_close(struct flat *flat)
{
    handles_close((const hid_t[]){flat->memory_type, flat->space, flat->dataset}, 3);
    flat_none(flat);
}
