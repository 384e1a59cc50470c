#include "data/dataset.h"

#include "data/chunking.h"
#include "data/handles.h"
#include "data/hdf5_error.h"
#include "data/types.h"
#include "data/vlen.h"
#include "element.h"

#include <stdio.h>
#include <string.h>

#define CANDIDATES_BYTES 400

/* Does every link on the way to the object exist? What the last one leads to does not matter. */
static bool links_exist(hid_t file, const char *dataset)
{
    char path[PATH_BYTES];

    for (size_t end = 1; dataset[end - 1]; end++) {
        if (dataset[end] && dataset[end] != '/')
            continue;
        memcpy(path, dataset, end);
        path[end] = '\0';
        if (strspn(path, "/") != end && H5Lexists(file, path, H5P_DEFAULT) <= 0)
            return false;
        if (!dataset[end])
            break;
    }
    return true;
}

static int refuse_missing(hid_t file, const char *name, const struct bound *bound, struct error *error)
{
    char candidates[CANDIDATES_BYTES];

    if (!*dataset_candidates(file, candidates, sizeof candidates))
        return error_set(error, REFUSED, "%s: no dataset %s in %s (no dataset in it can be an input)", name,
                         bound->dataset, bound->file);
    return error_set(error, REFUSED, "%s: no dataset %s in %s (bind it with -i %s=/DATASET; there are %s)", name,
                     bound->dataset, bound->file, name, candidates);
}

/* Is the object there, and a dataset? */
static int check_object(hid_t file, const char *name, const struct bound *bound, struct error *error)
{
    char reason[HDF5_REASON_BYTES], candidates[CANDIDATES_BYTES];
    const hid_t object = H5Oopen(file, bound->dataset, H5P_DEFAULT);
    H5I_type_t type;

    if (object < 0) {
        hdf5_reason(reason);
        if (!links_exist(file, bound->dataset))
            return refuse_missing(file, name, bound, error);
        return error_set(error, REFUSED, "%s: %s in %s can't be opened: %s", name, bound->dataset, bound->file, reason);
    }
    type = H5Iget_type(object);
    if (H5Oclose(object) < 0)
        return hdf5_error(error, FAILED, "%s: %s in %s", name, bound->dataset, bound->file);
    if (type == H5I_DATASET)
        return OK;
    dataset_candidates(file, candidates, sizeof candidates);
    return error_set(error, REFUSED, "%s: %s in %s is a %s, no dataset%s%s%s", name, bound->dataset, bound->file,
                     type == H5I_GROUP ? "group" : "type", *candidates ? " (there are " : "", candidates,
                     *candidates ? ")" : "");
}

/* A prime, about 100 slots for each chunk that the cache may hold. */
static size_t cache_slots(uint64_t cache_bytes, uint64_t chunk_bytes)
{
    static const size_t primes[] = {101, 211, 503, 1009, 2003, 5003, 10007};
    const uint64_t chunks = chunk_bytes ? cache_bytes / chunk_bytes : 1;
    const size_t count = sizeof primes / sizeof *primes;

    for (size_t k = 0; k < count; k++)
        if (primes[k] / 100 >= chunks)
            return primes[k];
    return primes[count - 1];
}

/* Below 1: then HDF5 never evicts a chunk that was read in part, whatever the cache may hold. */
#define CACHE_READ_FIRST 0.75

/* How the dataset is to be accessed; negative: HDF5 failed. An external dataset looks for its files beside its own;
 * only such a one is told so, as HDF5 1.10 takes no such word for a dataset that is open already. */
static hid_t access_list(const struct bound *bound, uint64_t cache_bytes, bool external)
{
    const hid_t access = H5Pcreate(H5P_DATASET_ACCESS);

    if (access < 0)
        return access;
    if ((!external || H5Pset_efile_prefix(access, "${ORIGIN}") >= 0) &&
        (!cache_bytes ||
         H5Pset_chunk_cache(access, cache_slots(cache_bytes, bound->chunk_bytes), cache_bytes, CACHE_READ_FIRST) >= 0))
        return access;
    H5Pclose(access);
    return H5I_INVALID_HID;
}

static bool is_external(hid_t dataset)
{
    const hid_t creation = H5Dget_create_plist(dataset);
    const bool external = creation >= 0 && H5Pget_external_count(creation) > 0;

    if (creation >= 0)
        H5Pclose(creation);
    return external;
}

int dataset_open(hid_t file, const char *name, const struct bound *bound, uint64_t cache_bytes, hid_t *dataset,
                 struct error *error)
{
    bool external = false;
    hid_t access;
    int code;

    *dataset = H5I_INVALID_HID;
    code = check_object(file, name, bound, error);
    for (int turn = 0; turn < 2 && !code && (turn == 0 || external); turn++) {
        if (*dataset >= 0 && H5Dclose(*dataset) < 0)
            return hdf5_error(error, FAILED, "%s: %s in %s", name, bound->dataset, bound->file);
        access = access_list(bound, cache_bytes, external);
        if (access < 0)
            return hdf5_error(error, FAILED, "%s: %s in %s", name, bound->dataset, bound->file);
        *dataset = H5Dopen2(file, bound->dataset, access);
        if (*dataset < 0)
            code = hdf5_error(error, REFUSED, "%s: %s in %s can't be opened", name, bound->dataset, bound->file);
        else
            external = is_external(*dataset);
        H5Pclose(access);
    }
    return code;
}

const char *dataset_shape_text(const uint64_t *shape, int rank, char *text, size_t text_bytes)
{
    size_t length = (size_t)snprintf(text, text_bytes, "(");

    for (int k = 0; k < rank && length < text_bytes; k++)
        length +=
            (size_t)snprintf(text + length, text_bytes - length, "%s%llu", k ? ", " : "", (unsigned long long)shape[k]);
    if (length < text_bytes)
        snprintf(text + length, text_bytes - length, ")");
    return text;
}

static int describe_space(hid_t dataset, const char *name, struct bound *bound, struct error *error)
{
    const int most = LOOP_DIMS_MAX + PORT_DIMS_MAX;
    const hid_t space = H5Dget_space(dataset);
    hsize_t shape[H5S_MAX_RANK];
    int code = REFUSED;

    if (space < 0)
        return hdf5_error(error, REFUSED, "%s: %s in %s: can't read its shape", name, bound->dataset, bound->file);
    bound->rank = H5Sget_simple_extent_ndims(space);
    if (H5Sget_simple_extent_type(space) == H5S_NULL)
        error_set(error, REFUSED, "%s: %s in %s holds nothing (a null dataspace)", name, bound->dataset, bound->file);
    else if (bound->rank < 0 || bound->rank > most || H5Sget_simple_extent_dims(space, shape, NULL) < 0)
        hdf5_error(error, REFUSED, "%s: %s in %s: can't read its shape", name, bound->dataset, bound->file);
    else
        code = OK;
    for (int k = 0; !code && k < bound->rank; k++)
        bound->shape[k] = shape[k];
    if (H5Sclose(space) < 0 && !code)
        code = hdf5_error(error, FAILED, "%s: %s in %s", name, bound->dataset, bound->file);
    return code;
}

static int describe_type(hid_t dataset, const char *name, struct bound *bound, struct error *error)
{
    const hid_t type = H5Dget_type(dataset);
    struct stored_type look;

    if (bound->wire >= TYPE_COUNT) /* members_bind has looked at it */
        return handles_close(&type, 1) ? hdf5_error(error, FAILED, "%s: %s in %s", name, bound->dataset, bound->file)
                                       : OK;
    if (type < 0)
        return hdf5_error(error, REFUSED, "%s: %s in %s: can't read its type", name, bound->dataset, bound->file);
    types_look(type, &look);
    bound->vlen = H5Tget_class(type) == H5T_VLEN && vlen_look(type, &look);
    if (bound->vlen)
        bound->stored_bytes = (uint32_t)H5Tget_size(type);
    bound->wire = look.wire;
    snprintf(bound->type_name, sizeof bound->type_name, "%s%s", bound->vlen ? "sequences of " : "", look.name);
    if (H5Tclose(type) < 0)
        return hdf5_error(error, FAILED, "%s: %s in %s", name, bound->dataset, bound->file);
    if (look.wire == TYPE_NONE)
        return error_set(error, REFUSED, "%s: %s in %s holds %s, the kernel takes numbers (bind another dataset)", name,
                         bound->dataset, bound->file, look.name);
    return OK;
}

/* All bytes must be countable, with room to spare for sums. */
static int check_bytes(const char *name, const struct bound *bound, struct error *error)
{
    uint64_t bytes = element_bytes(bound->wire, bound->element);
    bool over = false;
    char shape[256];

    for (int k = 0; k < bound->rank; k++)
        if (bound->shape[k] == 0)
            return OK;
    for (int k = 0; k < bound->rank; k++)
        over = over || __builtin_mul_overflow(bytes, bound->shape[k], &bytes);
    if (over || bytes > INT64_MAX)
        return error_set(error, REFUSED, "%s: %s in %s is too large to count: shape %s", name, bound->dataset,
                         bound->file, dataset_shape_text(bound->shape, bound->rank, shape, sizeof shape));
    return OK;
}

/* In the chunk cache it is as large as it is stored. */
static uint64_t chunk_element_bytes(const struct bound *bound)
{
    const uint64_t bytes = element_bytes(bound->wire, bound->element);

    return bytes > bound->stored_bytes ? bytes : bound->stored_bytes;
}

static int describe_chunks(hid_t dataset, const char *name, struct bound *bound, struct error *error)
{
    const hid_t plist = H5Dget_create_plist(dataset);
    struct chunking chunking;
    hsize_t chunk[H5S_MAX_RANK];
    int code = OK;

    memset(bound->chunk, 0, sizeof bound->chunk);
    bound->bundles = !bound->vlen && chunking_find(dataset, bound, &chunking);
    bound->chunk_rows = bound->chunk_bytes = bound->row_chunks = 0;
    if (plist < 0)
        return hdf5_error(error, REFUSED, "%s: %s in %s: can't read its layout", name, bound->dataset, bound->file);
    if (bound->rank > 0 && H5Pget_layout(plist) == H5D_CHUNKED) {
        if (H5Pget_chunk(plist, bound->rank, chunk) != bound->rank) {
            code = hdf5_error(error, REFUSED, "%s: %s in %s: can't read its layout", name, bound->dataset, bound->file);
        } else {
            bound->chunk_rows = chunk[0];
            bound->chunk_bytes = chunk_element_bytes(bound) * chunk[0];
            bound->row_chunks = 1;
            for (int k = 0; k < bound->rank; k++)
                bound->chunk[k] = chunk[k];
            for (int k = 1; k < bound->rank; k++) {
                bound->chunk_bytes *= chunk[k];
                bound->row_chunks *= bound->shape[k] / chunk[k] + (bound->shape[k] % chunk[k] != 0);
            }
        }
    }
    if (H5Pclose(plist) < 0 && !code)
        code = hdf5_error(error, FAILED, "%s: %s in %s", name, bound->dataset, bound->file);
    return code;
}

int dataset_describe(hid_t dataset, const char *name, struct bound *bound, struct error *error)
{
    int code = describe_space(dataset, name, bound, error);

    if (!code)
        code = describe_type(dataset, name, bound, error);
    if (!code)
        code = check_bytes(name, bound, error);
    if (!code)
        code = describe_chunks(dataset, name, bound, error);
    return code;
}
