#include "data/storage.h"

#include "codec/crc.h"
#include "data/hdf5_error.h"
#include "data/input_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ORIGIN "${ORIGIN}"
#define NESTED_MAX 8 /* virtual datasets over virtual datasets */

/* What is checked: the dataset as the user named it, and the one it leads to. */
struct check {
    const char *name;
    struct bound *bound;
    hid_t dataset, plist;
    char folder[PATH_BYTES]; /* of the file that the dataset is in, as it was opened */
    char actual[PATH_BYTES]; /* of the file that this leads to, if it is a link */
    int depth;
    struct error *error;
};

static const char *filter_name(H5Z_filter_t id, const char *stored)
{
    static const struct {
        H5Z_filter_t id;
        const char *name;
    } known[] = {{4, "szip"},      {305, "lzo"},   {307, "bzip2"},        {32000, "lzf"},
                 {32001, "blosc"}, {32004, "lz4"}, {32008, "bitshuffle"}, {32013, "zfp"},
                 {32015, "zstd"},  {32017, "sz"},  {32026, "blosc2"}};

    for (size_t k = 0; k < sizeof known / sizeof *known; k++)
        if (known[k].id == id)
            return known[k].name;
    return *stored ? stored : "unknown";
}

static int check_filters(const struct check *check)
{
    const int count = H5Pget_nfilters(check->plist);

    for (int k = 0; k < count; k++) {
        char stored[64] = "";
        size_t values = 0;
        unsigned flags, config;
        const H5Z_filter_t id =
            H5Pget_filter2(check->plist, (unsigned)k, &flags, &values, NULL, sizeof stored, stored, &config);

        stored[sizeof stored - 1] = '\0';
        if (id < 0)
            return hdf5_error(check->error, REFUSED, "%s: %s in %s: can't read its filters", check->name,
                              check->bound->dataset, check->bound->file);
        if (H5Zfilter_avail(id) <= 0)
            return error_set(check->error, REFUSED,
                             "%s: %s in %s needs the HDF5 filter '%s' (%d), which is not there (set HDF5_PLUGIN_PATH "
                             "to its folder)",
                             check->name, check->bound->dataset, check->bound->file, filter_name(id, stored), (int)id);
    }
    return OK;
}

/* The path of a file that the dataset names, as HDF5 makes it from a prefix; "" where it is too long. */
static void prefixed(const struct check *check, const char *prefix, const char *name, char path[PATH_BYTES])
{
    int length;

    if (name[0] == '/' || !prefix || !*prefix || !strcmp(prefix, "."))
        length = snprintf(path, PATH_BYTES, "%s", name);
    else if (!strncmp(prefix, ORIGIN, strlen(ORIGIN)))
        length = snprintf(path, PATH_BYTES, "%s%s/%s", check->folder, prefix + strlen(ORIGIN), name);
    else
        length = snprintf(path, PATH_BYTES, "%s/%s", prefix, name);
    if (length < 0 || length >= PATH_BYTES)
        *path = '\0';
}

/* Part of the data is in this file: another content of it is another input. */
static void note_file(const struct check *check, const struct stat *status)
{
    const int64_t stamp[] = {status->st_size, status->st_mtim.tv_sec, status->st_mtim.tv_nsec};

    check->bound->others_crc = crc_add(check->bound->others_crc, stamp, sizeof stamp);
}

static void note_other_file(const struct check *check, const char *path)
{
    struct stat status;

    if (!input_file_is(path, check->bound->file) && stat(path, &status) == 0)
        note_file(check, &status);
}

/* Is there a file of at least `end` bytes? */
static int check_external_file(const struct check *check, const char *name, uint64_t end)
{
    const char *prefix = getenv("HDF5_EXTFILE_PREFIX");
    char path[PATH_BYTES];
    struct stat status;

    prefixed(check, prefix ? prefix : ORIGIN, name, path);
    if (stat(path, &status) || access(path, R_OK))
        return error_set(check->error, REFUSED, "%s: %s in %s is stored in the external file %s: %s", check->name,
                         check->bound->dataset, check->bound->file, name, strerror(errno));
    if ((uint64_t)status.st_size < end)
        return error_set(check->error, REFUSED,
                         "%s: %s in %s is stored in the external file %s, which is too short: %lld bytes, not %llu",
                         check->name, check->bound->dataset, check->bound->file, name, (long long)status.st_size,
                         (unsigned long long)end);
    note_file(check, &status);
    return OK;
}

/* Bytes of the whole dataset as stored. */
static uint64_t stored_bytes(hid_t dataset)
{
    const hid_t space = H5Dget_space(dataset), type = H5Dget_type(dataset);
    const hssize_t count = space >= 0 ? H5Sget_simple_extent_npoints(space) : 0;
    const size_t bytes = type >= 0 ? H5Tget_size(type) : 0;

    if (space >= 0)
        H5Sclose(space);
    if (type >= 0)
        H5Tclose(type);
    return count > 0 ? (uint64_t)count * bytes : 0;
}

static int check_external(const struct check *check)
{
    const int count = H5Pget_external_count(check->plist);
    uint64_t left = count > 0 ? stored_bytes(check->dataset) : 0;
    int code = OK;

    for (int k = 0; k < count && left > 0 && !code; k++) {
        char name[PATH_BYTES] = "";
        off_t offset = 0;
        hsize_t size = 0;
        uint64_t here;

        if (H5Pget_external(check->plist, (unsigned)k, sizeof name - 1, name, &offset, &size) < 0)
            return hdf5_error(check->error, REFUSED, "%s: %s in %s: can't read its external files", check->name,
                              check->bound->dataset, check->bound->file);
        here = size == H5F_UNLIMITED || size > left ? left : size;
        code = check_external_file(check, name, (uint64_t)offset + here);
        left -= here;
    }
    return code;
}

static int check_dataset(const struct check *above, hid_t dataset);

/* "%b" of a printf-like name is a block's number (look for the first), "%%" a '%'. */
static void first_block(char *name)
{
    char *to = name;

    for (const char *from = name; *from; from++) {
        if (from[0] == '%' && (from[1] == 'b' || from[1] == '%'))
            *to++ = *++from == 'b' ? '0' : '%';
        else
            *to++ = *from;
    }
    *to = '\0';
}

/* Open the source dataset in the file `path`, and check it like its user. 1: not there. */
static int check_source_at(const struct check *check, hid_t file, const char *source)
{
    const hid_t dataset = H5Dopen2(file, source, H5P_DEFAULT);
    int code;

    if (dataset < 0)
        return 1;
    code = check_dataset(check, dataset);
    H5Dclose(dataset);
    return code;
}

/* The places where HDF5 looks for a source's file, in its order; NULL behind the last. */
static const char *source_place(const struct check *check, const char *file, int which, char path[PATH_BYTES])
{
    const char *prefix = getenv("HDF5_VDS_PREFIX");
    const char *base = strrchr(file, '/');

    if (which == 0)
        prefixed(check, prefix, file, path);
    else if (which == 1)
        prefixed(check, ORIGIN, file[0] == '/' && base ? base + 1 : file, path);
    else if (which == 2)
        prefixed(check, NULL, file, path);
    else if (which == 3)
        prefixed(check, check->actual, file[0] == '/' && base ? base + 1 : file, path);
    return which <= 3 ? path : NULL;
}

static int check_source(const struct check *check, const char *file, const char *source)
{
    char path[PATH_BYTES];
    int code = 1;

    if (!strcmp(file, ".")) {
        const hid_t same = H5Iget_file_id(check->dataset);

        code = same < 0 ? 1 : check_source_at(check, same, source);
        if (same >= 0)
            H5Fclose(same);
    }
    for (int which = 0; code == 1 && strcmp(file, ".") && source_place(check, file, which, path); which++) {
        const hid_t other = access(path, R_OK) ? H5I_INVALID_HID : H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);

        if (other < 0)
            continue;
        code = check_source_at(check, other, source);
        H5Fclose(other);
    }
    if (code == 1)
        code = error_set(check->error, REFUSED,
                         "%s: %s in %s is a virtual dataset, and its source %s in %s can't be opened", check->name,
                         check->bound->dataset, check->bound->file, source, file);
    return code;
}

static int check_virtual(const struct check *check)
{
    size_t count = 0;
    int code = OK;

    if (H5Pget_layout(check->plist) != H5D_VIRTUAL || stored_bytes(check->dataset) == 0)
        return OK;
    if (check->depth > NESTED_MAX)
        return error_set(check->error, REFUSED, "%s: %s in %s is virtual over more than %d others", check->name,
                         check->bound->dataset, check->bound->file, NESTED_MAX);
    if (H5Pget_virtual_count(check->plist, &count) < 0)
        count = 0;
    for (size_t k = 0; k < count && !code; k++) {
        char file[PATH_BYTES] = "", source[PATH_BYTES] = "";

        if (H5Pget_virtual_filename(check->plist, k, file, sizeof file) < 0 ||
            H5Pget_virtual_dsetname(check->plist, k, source, sizeof source) < 0)
            return hdf5_error(check->error, REFUSED, "%s: %s in %s: can't read its sources", check->name,
                              check->bound->dataset, check->bound->file);
        first_block(file);
        first_block(source);
        code = check_source(check, file, source);
    }
    return code;
}

/* Cut the name of the file off its path. */
static void cut_name(char *path)
{
    char *slash = strrchr(path, '/');

    if (slash)
        *slash = '\0';
    else
        memcpy(path, ".", 2);
}

static void find_folders(struct check *check)
{
    if (H5Fget_name(check->dataset, check->folder, sizeof check->folder) < 0)
        *check->folder = '\0';
    if (!realpath(check->folder, check->actual))
        *check->actual = '\0';
    note_other_file(check, check->folder);
    cut_name(check->folder);
    cut_name(check->actual);
}

static int check_dataset(const struct check *above, hid_t dataset)
{
    struct check check = *above;
    int code;

    check.dataset = dataset;
    check.depth++;
    find_folders(&check);
    check.plist = H5Dget_create_plist(dataset);
    if (check.plist < 0)
        return hdf5_error(check.error, REFUSED, "%s: %s in %s: can't read its layout", check.name, check.bound->dataset,
                          check.bound->file);
    code = check_filters(&check);
    if (!code)
        code = check_external(&check);
    if (!code)
        code = check_virtual(&check);
    H5Pclose(check.plist);
    return code;
}

int storage_check(hid_t dataset, const char *name, struct bound *bound, struct error *error)
{
    const struct check check = {.name = name, .bound = bound, .error = error};

    return check_dataset(&check, dataset);
}
