#include "data/ragged.h"

#include "data/dataset.h"
#include "data/handles.h"
#include "data/hdf5_error.h"
#include "data/input_file.h"
#include "data/vlen.h"

#include <inttypes.h>
#include <string.h>

#define PIECE 4096 /* offsets at a time */

int ragged_split(const struct port *port, struct bound *bound, struct error *error)
{
    char *const at = strstr(bound->dataset, "@/");

    if (at && !port->ragged)
        return error_set(error, REFUSED, "-i %s=%s: items of %s all have one size (give one dataset)", port->name,
                         bound->dataset, port->name);
    if (at) {
        *at = '\0';
        memmove(bound->offsets, at + 1, strlen(at + 1) + 1);
    }
    return OK;
}

/* The same file, and the offsets in place of the values: what dataset_open is told. */
static void name_offsets(const struct bound *bound, struct bound *other)
{
    memset(other, 0, sizeof *other);
    memcpy(other->file, bound->file, sizeof other->file);
    memcpy(other->dataset, bound->offsets, sizeof other->dataset);
}

static int check_type(struct offsets *offsets, struct error *error)
{
    const hid_t stored = H5Dget_type(offsets->dataset);
    const bool integers = stored >= 0 && H5Tget_class(stored) == H5T_INTEGER;
    const bool negative = integers && H5Tget_sign(stored) == H5T_SGN_2;

    if (stored >= 0)
        H5Tclose(stored);
    if (!integers)
        return error_set(error, REFUSED, "%s: the offsets %s in %s are no integers (give -i %s=/VALUES@/OFFSETS)",
                         offsets->name, offsets->bound->offsets, offsets->bound->file, offsets->name);
    offsets->type = H5Tcopy(negative ? H5T_NATIVE_INT64 : H5T_NATIVE_UINT64);
    return offsets->type < 0 ? hdf5_error(error, FAILED, "%s", offsets->bound->offsets) : OK;
}

static int check_space(struct offsets *offsets, struct error *error)
{
    offsets->space = H5Dget_space(offsets->dataset);
    if (offsets->space < 0)
        return hdf5_error(error, FAILED, "%s", offsets->bound->offsets);
    if (H5Sget_simple_extent_ndims(offsets->space) != 1)
        return error_set(error, REFUSED, "%s: the offsets %s in %s have not one dim (they are items + 1 numbers)",
                         offsets->name, offsets->bound->offsets, offsets->bound->file);
    return OK;
}

int offsets_open(hid_t file, const char *name, const struct bound *bound, struct offsets *offsets, struct error *error)
{
    struct bound other;
    int code;

    *offsets = (struct offsets){name, bound, H5I_INVALID_HID, H5I_INVALID_HID, H5I_INVALID_HID};
    name_offsets(bound, &other);
    code = dataset_open(file, name, &other, 0, &offsets->dataset, error);
    if (!code)
        code = check_type(offsets, error);
    if (!code)
        code = check_space(offsets, error);
    if (code)
        offsets_close(offsets);
    return code;
}

void offsets_close(struct offsets *offsets)
{
    if (offsets->space >= 0)
        H5Sclose(offsets->space);
    if (offsets->type >= 0)
        H5Tclose(offsets->type);
    if (offsets->dataset >= 0)
        H5Dclose(offsets->dataset);
    offsets->space = offsets->type = offsets->dataset = H5I_INVALID_HID;
}

static uint64_t stored_count(const struct offsets *offsets)
{
    hsize_t count = 0;

    return H5Sget_simple_extent_dims(offsets->space, &count, NULL) < 0 ? 0 : count;
}

int offsets_read(const struct offsets *offsets, uint64_t first, uint64_t step, uint64_t count, uint64_t *at,
                 struct error *error)
{
    const uint64_t stored = stored_count(offsets);
    const hsize_t start = first, stride = step,
                  number = count && first + (count - 1) * step >= stored ? count - 1 : count;
    hid_t memory;
    int code = OK;

    if (number < count)
        at[number] = offsets->bound->shape[0];
    if (number == 0)
        return OK;
    memory = H5Screate_simple(1, &number, NULL);
    if (memory < 0 || H5Sselect_hyperslab(offsets->space, H5S_SELECT_SET, &start, &stride, &number, NULL) < 0 ||
        H5Dread(offsets->dataset, offsets->type, memory, offsets->space, H5P_DEFAULT, at) < 0)
        code =
            hdf5_error(error, FAILED, "%s: %s in %s: can't read the offsets of items %" PRIu64 " to %" PRIu64,
                       offsets->name, offsets->bound->offsets, offsets->bound->file, first, first + (count - 1) * step);
    if (memory >= 0)
        H5Sclose(memory);
    return code;
}

/* One more than the items, the last being the end of the values; or where each item begins. */
static int count_items(const struct offsets *offsets, struct bound *bound, struct error *error)
{
    const uint64_t stored = stored_count(offsets);
    uint64_t last = 0;

    bound->items = stored;
    if (stored == 0 || offsets_read(offsets, stored - 1, 1, 1, &last, error))
        return stored ? error->code : OK;
    if (last == bound->shape[0])
        bound->items--;
    return OK;
}

static int check_item(const struct offsets *offsets, uint64_t item, const uint64_t at[2], struct error *error)
{
    const struct bound *bound = offsets->bound;
    const uint64_t wrong = at[0] > bound->shape[0] ? at[0] : at[1];

    if (at[0] > INT64_MAX || at[1] > INT64_MAX || wrong > bound->shape[0])
        return error_set(error, REFUSED,
                         "%s: item %" PRIu64 " reaches to %" PRId64 " by %s in %s, and %s has %" PRIu64
                         " rows (offsets are from 0 to that)",
                         offsets->name, item, (int64_t)wrong, bound->offsets, bound->file, bound->dataset,
                         bound->shape[0]);
    if (at[1] < at[0])
        return error_set(error, REFUSED,
                         "%s: item %" PRIu64 " runs backwards by %s in %s, from %" PRIu64 " to %" PRIu64
                         " (offsets never get smaller)",
                         offsets->name, item, bound->offsets, bound->file, at[0], at[1]);
    return OK;
}

static int scan_items(const struct offsets *offsets, struct bound *bound, struct error *error)
{
    uint64_t at[PIECE + 1];
    int code = OK;

    bound->longest = 0;
    for (uint64_t first = 0, count; first < bound->items && !code; first += count) {
        count = bound->items - first < PIECE ? bound->items - first : PIECE;
        code = offsets_read(offsets, first, 1, count + 1, at, error);
        for (uint64_t k = 0; k < count && !code; k++) {
            code = check_item(offsets, first + k, at + k, error);
            if (at[k + 1] - at[k] > bound->longest)
                bound->longest = at[k + 1] - at[k];
        }
    }
    return code;
}

int ragged_scan(hid_t file, const struct port *port, struct bound *bound, struct error *error)
{
    struct offsets offsets;
    int code;

    if (bound->rank != port->rank)
        return error_set(error, REFUSED, "%s: the values %s in %s have %d dims, the kernel takes %d", port->name,
                         bound->dataset, bound->file, bound->rank, port->rank);
    if (offsets_open(file, port->name, bound, &offsets, error))
        return error->code;
    code = count_items(&offsets, bound, error);
    if (!code)
        code = scan_items(&offsets, bound, error);
    offsets_close(&offsets);
    return code;
}

/* The lengths of an input's items, open: by its offsets, or by its elements. */
struct lengths {
    const struct port *port;
    const struct bound *bound;
    hid_t file, dataset;
    struct offsets offsets;
    struct vlen vlen;
};

static int lengths_open(struct lengths *lengths, const struct port *port, const struct bound *bound,
                        struct error *error)
{
    int code;

    *lengths = (struct lengths){.port = port, .bound = bound, .file = H5I_INVALID_HID, .dataset = H5I_INVALID_HID};
    lengths->offsets.dataset = lengths->offsets.type = lengths->offsets.space = H5I_INVALID_HID;
    vlen_clear(&lengths->vlen);
    code = input_file_open(bound->file, &lengths->file, error);
    if (code || !bound->vlen)
        return code ? code : offsets_open(lengths->file, port->name, bound, &lengths->offsets, error);
    code = dataset_open(lengths->file, port->name, bound, 0, &lengths->dataset, error);
    return code ? code : vlen_open(&lengths->vlen, lengths->dataset, port->name, bound, error);
}

static void lengths_close(struct lengths *lengths)
{
    vlen_close(&lengths->vlen);
    offsets_close(&lengths->offsets);
    handles_close((const hid_t[]){lengths->dataset, lengths->file}, 2);
}

static int read_elements(struct lengths *lengths, uint64_t first, uint64_t count, uint64_t *length, struct error *error)
{
    const void *data;

    for (uint64_t done = 0, some; done < count; done += some) {
        some = count - done < lengths->vlen.piece ? count - done : lengths->vlen.piece;
        const struct slab box = {{first + done}, {some}};
        const int read = vlen_read(&lengths->vlen, &box, 1);

        if (read < 0)
            return vlen_error(&lengths->vlen, lengths->port->name, lengths->bound,
                              (const uint64_t[]){first + done, first + done + some - 1}, REFUSED, error);
        some = read ? 0 : some;
        for (uint64_t k = 0; k < some; k++)
            length[done + k] = vlen_element(&lengths->vlen, k, &data);
    }
    return OK;
}

/* length: [PIECE + 1]. */
static int lengths_read(struct lengths *lengths, uint64_t first, uint64_t count, uint64_t *length, struct error *error)
{
    if (lengths->bound->vlen)
        return read_elements(lengths, first, count, length, error);
    if (offsets_read(&lengths->offsets, first, 1, count + 1, length, error))
        return error->code;
    for (uint64_t k = 0; k < count; k++)
        length[k] = length[k + 1] - length[k];
    return OK;
}

static int compare_items(struct lengths *a, struct lengths *b, uint64_t items, struct error *error)
{
    uint64_t one[PIECE + 1], other[PIECE + 1];

    for (uint64_t first = 0, count; first < items; first += count) {
        count = items - first < PIECE ? items - first : PIECE;
        if (lengths_read(a, first, count, one, error) || lengths_read(b, first, count, other, error))
            return error->code;
        for (uint64_t k = 0; k < count; k++)
            if (one[k] != other[k])
                return error_set(error, REFUSED,
                                 "%s and %s: item %" PRIu64 " has %" PRIu64 " and %" PRIu64
                                 " rows (they share a dim; give the dims two names, or offsets that agree)",
                                 a->port->name, b->port->name, first + k, one[k], other[k]);
    }
    return OK;
}

static int compare(const struct port *a, const struct bound *one, const struct port *b, const struct bound *other,
                   struct error *error)
{
    struct lengths lengths_a, lengths_b;
    int code = lengths_open(&lengths_a, a, one, error);

    if (!code) {
        code = lengths_open(&lengths_b, b, other, error);
        if (!code)
            code = compare_items(&lengths_a, &lengths_b, one->items, error);
        lengths_close(&lengths_b);
    }
    lengths_close(&lengths_a);
    return code;
}

int ragged_agree(const struct signature *signature, const struct binding *binding, struct error *error)
{
    for (int k = 1; k < signature->in_count; k++)
        for (int j = 0; j < k; j++) {
            const struct port *one = &signature->in[j], *other = &signature->in[k];

            if (!one->ragged || !other->ragged || one->dim[0].name != other->dim[0].name)
                continue;
            if (compare(one, &binding->in[j], other, &binding->in[k], error))
                return error->code;
            break;
        }
    return OK;
}
