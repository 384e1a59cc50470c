#include "data/vlen.h"

#include "data/handles.h"
#include "data/hdf5_error.h"
#include "data/types.h"
#include "type.h"

#include <stdlib.h>
#include <string.h>

#define PIECE 4096 /* elements at a time, or fewer where they are large */

bool vlen_look(hid_t stored, struct stored_type *base)
{
    struct stored_type look;
    hid_t numbers;

    if (H5Tget_class(stored) == H5T_STRING)
        return H5Tis_variable_str(stored) > 0;
    if (H5Tget_class(stored) != H5T_VLEN)
        return false;
    numbers = H5Tget_super(stored);
    if (numbers < 0)
        return false;
    types_look(numbers, &look);
    handles_close(&numbers, 1);
    if (look.wire == TYPE_NONE)
        return false;
    *base = look;
    return true;
}

/* ---- reading ---- */

void vlen_clear(struct vlen *vlen)
{
    *vlen = (struct vlen){.dataset = H5I_INVALID_HID,
                          .type = H5I_INVALID_HID,
                          .space = H5I_INVALID_HID,
                          .transfer = H5I_INVALID_HID,
                          .memory = H5I_INVALID_HID,
                          .pool = {.most = VLEN_POOL_BYTES}};
}

static hid_t memory_type(hid_t stored, enum type wire)
{
    const bool text = wire == TYPE_STRING;
    const hid_t base = text ? H5Tcopy(H5T_C_S1) : H5Tget_super(stored);
    hid_t made = H5I_INVALID_HID, numbers;

    if (base < 0)
        return base;
    if (text) {
        if (H5Tset_size(base, H5T_VARIABLE) >= 0 && H5Tset_cset(base, H5Tget_cset(stored)) >= 0)
            return base;
    } else {
        numbers = types_memory(wire, base);
        if (numbers >= 0)
            made = H5Tvlen_create(numbers);
        handles_close(&numbers, 1);
    }
    handles_close(&base, 1);
    return made;
}

int vlen_open_as(struct vlen *vlen, hid_t dataset, const char *name, const struct bound *bound, hid_t type,
                 size_t bytes, struct error *error)
{
    const uint64_t most = VLEN_POOL_BYTES / bytes;

    vlen_clear(vlen);
    vlen->dataset = dataset;
    vlen->type = type;
    vlen->rank = bound->rank;
    vlen->text = bound->wire == TYPE_STRING;
    vlen->bytes = bytes;
    vlen->piece = vlen->most = most < 1 ? 1 : most > PIECE ? PIECE : most;
    vlen->elements = malloc(vlen->most * bytes);
    if (!vlen->elements)
        return error_memory(error, name, vlen->most * bytes);
    if (type < 0 || (vlen->space = H5Dget_space(dataset)) < 0 ||
        (vlen->transfer = vlen_pool_transfer(&vlen->pool, H5P_DEFAULT)) < 0)
        return hdf5_error(error, FAILED, "%s: %s in %s", name, bound->dataset, bound->file);
    return OK;
}

int vlen_open(struct vlen *vlen, hid_t dataset, const char *name, const struct bound *bound, struct error *error)
{
    const size_t bytes = bound->wire == TYPE_STRING ? sizeof(char *) : sizeof(hvl_t);
    const hid_t stored = H5Dget_type(dataset);
    const hid_t type = stored < 0 ? H5I_INVALID_HID : memory_type(stored, bound->wire);
    int code = vlen_open_as(vlen, dataset, name, bound, type, bytes, error);

    if (handles_close(&stored, 1) && !code)
        code = hdf5_error(error, FAILED, "%s: %s in %s", name, bound->dataset, bound->file);
    return code;
}

void vlen_close(struct vlen *vlen)
{
    vlen_pool_empty(&vlen->pool);
    handles_close((const hid_t[]){vlen->memory, vlen->transfer, vlen->space, vlen->type}, 4);
    free(vlen->elements);
    vlen_clear(vlen);
}

static int select_box(struct vlen *vlen, const struct slab *box, uint64_t step)
{
    hsize_t steps[SLAB_RANK_MAX];

    for (int k = 0; k < vlen->rank; k++)
        steps[k] = k == 0 && box->count[0] > 1 ? step : 1;
    return vlen->rank && H5Sselect_hyperslab(vlen->space, H5S_SELECT_SET, box->first, steps, box->count, NULL) < 0;
}

int vlen_read(struct vlen *vlen, const struct slab *box, uint64_t step)
{
    vlen_pool_empty(&vlen->pool);
    vlen->pool.most = vlen->piece > 1 ? VLEN_POOL_BYTES : SIZE_MAX; /* one element may be as long as it is */
    memset(vlen->elements, 0, vlen->most * vlen->bytes);            /* what was never written is empty */
    handles_close(&vlen->memory, 1);
    vlen->memory = vlen->rank ? H5Screate_simple(vlen->rank, box->count, NULL) : H5Screate(H5S_SCALAR);
    if (vlen->memory < 0 || select_box(vlen, box, step))
        return -1;
    if (H5Dread(vlen->dataset, vlen->type, vlen->memory, vlen->space, vlen->transfer, vlen->elements) < 0) {
        if (!vlen->pool.over)
            return -1;
        vlen->piece = vlen->piece > 8 ? vlen->piece / 8 : 1;
        return VLEN_AGAIN;
    }
    if (vlen->pool.bytes < VLEN_POOL_BYTES / 4 && vlen->piece < vlen->most)
        vlen->piece = 2 * vlen->piece < vlen->most ? 2 * vlen->piece : vlen->most;
    return OK;
}

int vlen_error(const struct vlen *vlen, const char *name, const struct bound *bound, const uint64_t items[2], int code,
               struct error *error)
{
    if (vlen->pool.refused)
        return error_memory(error, name, vlen->pool.refused);
    return hdf5_error(error, code, "%s: %.300s in %.300s: can't read items %llu to %llu", name, bound->dataset,
                      bound->file, (unsigned long long)items[0], (unsigned long long)items[1]);
}

uint64_t vlen_element(const struct vlen *vlen, uint64_t k, const void **data)
{
    if (vlen->text) {
        const char *text = ((char *const *)vlen->elements)[k];

        *data = text ? text : "";
        return strlen(*data) + 1;
    }
    *data = ((const hvl_t *)vlen->elements)[k].p;
    return *data ? ((const hvl_t *)vlen->elements)[k].len : 0;
}

/* ---- all of it ---- */

int vlen_walk(struct vlen *vlen, const char *name, const struct bound *bound, vlen_see *see, void *of,
              struct error *error)
{
    hsize_t shape[SLAB_RANK_MAX] = {0};
    uint64_t all = 1, some;
    struct grid grid;
    struct slab box;

    for (int k = 0; k < bound->rank; k++) {
        shape[k] = bound->shape[k];
        all *= bound->shape[k];
    }
    grid_make(bound->rank, shape, &grid);
    for (uint64_t first = 0; first < all; first += some) {
        int read;

        some = slab_next(&grid, first, all - first < vlen->piece ? all - first : vlen->piece, &box);
        read = vlen_read(vlen, &box, 1);
        if (read < 0)
            return vlen_error(vlen, name, bound, (const uint64_t[]){first, first + some - 1}, REFUSED, error);
        if (read)
            some = 0;
        else
            see(vlen, some, of);
    }
    return OK;
}

static void measure(const struct vlen *vlen, uint64_t count, void *of)
{
    uint64_t *longest = of;
    const void *data;

    for (uint64_t k = 0; k < count; k++) {
        const uint64_t length = vlen_element(vlen, k, &data);

        *longest = length > *longest ? length : *longest;
    }
}

int vlen_scan(hid_t dataset, const struct port *port, struct bound *bound, struct error *error)
{
    struct vlen vlen;
    int code;

    if (bound->wire != TYPE_STRING && (bound->rank != 1 || port->rank != 1))
        return error_set(error, REFUSED,
                         "%s: %.300s in %.300s has %d dims of sequences, the kernel takes a sequence an item (one dim, "
                         "and %s[*n])",
                         port->name, bound->dataset, bound->file, bound->rank, type_name(port->type));
    code = vlen_open(&vlen, dataset, port->name, bound, error);
    bound->longest = vlen.text;
    if (!code)
        code = vlen_walk(&vlen, port->name, bound, measure, &bound->longest, error);
    bound->items = bound->rank ? bound->shape[0] : 1;
    vlen_close(&vlen);
    return code;
}
