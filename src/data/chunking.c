#include "data/chunking.h"

#include "data/handles.h"
#include "data/types.h"

#include <string.h>

/* The filter's own numbers: values[0], 0 where it has none. */
static H5Z_filter_t filter_at(hid_t plist, unsigned k, unsigned *value)
{
    unsigned values[8] = {0}, flags, config;
    size_t count = sizeof values / sizeof *values;
    const H5Z_filter_t id = H5Pget_filter2(plist, k, &flags, &count, values, 0, NULL, &config);

    *value = values[0];
    return id;
}

static bool filters_are_known(hid_t plist, struct chunking *c)
{
    const int count = H5Pget_nfilters(plist);
    unsigned value;

    c->shuffled = count == 2;
    if (count != 1 && count != 2)
        return false;
    if (filter_at(plist, c->shuffled, &value) != H5Z_FILTER_DEFLATE)
        return false;
    return !c->shuffled || (filter_at(plist, 0, &value) == H5Z_FILTER_SHUFFLE && value == c->element_bytes);
}

static bool shape_is_known(hid_t plist, const struct bound *bound, struct chunking *c)
{
    hsize_t chunk[BUNDLE_RANK_MAX];

    c->rank = (uint32_t)bound->rank;
    if (bound->rank < 1 || H5Pget_chunk(plist, BUNDLE_RANK_MAX, chunk) != bound->rank)
        return false;
    for (int d = 0; d < bound->rank; d++) {
        if (bound->shape[d] == 0 || chunk[d] == 0)
            return false;
        c->shape[d] = bound->shape[d];
        c->chunk[d] = chunk[d];
        c->grid[d] = (bound->shape[d] - 1) / chunk[d] + 1;
    }
    return true;
}

/* Is there a value for elements that were never written? */
static bool is_filled(hid_t plist)
{
    H5D_fill_value_t defined;
    H5D_fill_time_t when;

    return H5Pfill_value_defined(plist, &defined) >= 0 && defined != H5D_FILL_VALUE_UNDEFINED &&
           H5Pget_fill_time(plist, &when) >= 0 && when != H5D_FILL_TIME_NEVER;
}

/* Is an element in the file what is to be in memory? */
static bool type_is_native(hid_t stored, hid_t memory)
{
    const hid_t base = H5Tget_class(stored) == H5T_ENUM ? H5Tget_super(stored) : H5Tcopy(stored);
    const bool same = base >= 0 && H5Tequal(base, memory) > 0;

    handles_close(&base, 1);
    return same;
}

static bool is_known(hid_t plist, const hid_t types[2], const struct bound *bound, struct chunking *c)
{
    unsigned options;

    c->element_bytes = (uint32_t)type_bytes(bound->wire);
    return plist >= 0 && types[0] >= 0 && types[1] >= 0 && bound->wire != TYPE_BOOL &&
           H5Pget_layout(plist) == H5D_CHUNKED && H5Pget_chunk_opts(plist, &options) >= 0 && options == 0 &&
           type_is_native(types[0], types[1]) && filters_are_known(plist, c) && shape_is_known(plist, bound, c) &&
           (!is_filled(plist) || H5Pget_fill_value(plist, types[1], c->fill) >= 0);
}

bool chunking_find(hid_t dataset, const struct bound *bound, struct chunking *chunking)
{
    const hid_t plist = H5Dget_create_plist(dataset), stored = H5Dget_type(dataset);
    const hid_t types[2] = {stored, stored < 0 || bound->wire >= TYPE_COUNT ? H5I_INVALID_HID
                                                                            : types_memory(bound->wire, stored)};
    bool known;

    memset(chunking, 0, sizeof *chunking);
    known = bound->wire < TYPE_COUNT && is_known(plist, types, bound, chunking);
    return handles_close((const hid_t[]){types[1], types[0], plist}, 3) == 0 && known;
}

bool chunking_leaves_gaps(hid_t dataset)
{
    const hid_t plist = H5Dget_create_plist(dataset);
    H5D_space_status_t status = H5D_SPACE_STATUS_ERROR;
    const bool filled = plist >= 0 && is_filled(plist);

    if (!filled)
        H5Dget_space_status(dataset, &status);
    handles_close(&plist, 1);
    return !filled && status != H5D_SPACE_STATUS_ALLOCATED;
}
