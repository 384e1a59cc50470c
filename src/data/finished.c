#include "data/finished.h"

#include "data/account_read.h"
#include "data/flat.h"
#include "data/handles.h"
#include "data/hdf5_error.h"
#include "data/result.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct finished {
    char name[PATH_BYTES];
    hid_t file;
    struct account account;
    const struct field *field;
    struct flat failed, result[PORTS_MAX], offsets[PORTS_MAX]; /* offsets: of ragged results */
    uint64_t item_elements[PORTS_MAX];
};

static void no_result(struct finished *finished, int k)
{
    flat_none(&finished->result[k]);
    flat_none(&finished->offsets[k]);
}

static void close_result(struct finished *finished, int k)
{
    flat_close(&finished->result[k]);
    flat_close(&finished->offsets[k]);
}

/* A line of a stage that does not know the file. */
static int name_file(const struct finished *finished, int code, struct error *error)
{
    struct error inner = *error;

    if (code == REFUSED)
        return error_set(error, code, "%.400s: %.550s (give --overwrite to replace it)", finished->name, inner.text);
    if (code)
        return error_set(error, code, "%.400s: %s", finished->name, inner.text);
    return OK;
}

/* Open the file; *file negative: it is no HDF5 file. */
static int open_file(const char *path, hid_t *file, struct error *error)
{
    struct stat status;
    hid_t access;
    int code = OK;

    *file = H5I_INVALID_HID;
    if (stat(path, &status))
        return error_set(error, REFUSED, "can't be opened: %s", strerror(errno));
    if (!S_ISREG(status.st_mode) || H5Fis_hdf5(path) == 0)
        return OK;
    access = H5Pcreate(H5P_FILE_ACCESS);
    if (access < 0 || H5Pset_file_locking(access, false, true) < 0 ||
        (*file = H5Fopen(path, H5F_ACC_RDONLY, access)) < 0)
        code = hdf5_error(error, REFUSED, "can't be opened");
    if (handles_close(&access, 1) && !code)
        code = hdf5_error(error, REFUSED, "can't be opened");
    return code;
}

/* The group /h5map, open where it has what a completed output has; negative: it has not. */
static int open_group(hid_t file, hid_t *group, struct error *error)
{
    const htri_t there = H5Lexists(file, "/h5map", H5P_DEFAULT);
    htri_t identity = -1, runs = -1;
    bool is_group = false;
    int code = OK;

    *group = H5I_INVALID_HID;
    if (there == 0)
        return OK;
    if (there < 0 || (*group = H5Oopen(file, "/h5map", H5P_DEFAULT)) < 0)
        return hdf5_error(error, REFUSED, "/h5map can't be opened");
    is_group = H5Iget_type(*group) == H5I_GROUP;
    if (is_group && ((identity = H5Lexists(*group, "identity", H5P_DEFAULT)) < 0 ||
                     (runs = H5Lexists(*group, "runs", H5P_DEFAULT)) < 0))
        code = hdf5_error(error, REFUSED, "/h5map can't be read");
    if (is_group && identity > 0 && runs > 0)
        return OK;
    if (handles_close(group, 1) && !code)
        code = hdf5_error(error, REFUSED, "/h5map can't be closed");
    *group = H5I_INVALID_HID;
    return code;
}

/* What is damaged can't be used, but replaced. */
static int read_account(hid_t group, struct account *account, struct error *error)
{
    int code = account_read(group, account, error) ? REFUSED : OK;

    if (handles_close(&group, 1) && !code)
        code = hdf5_error(error, REFUSED, "/h5map can't be closed");
    return code;
}

int finished_open(const struct target *target, struct finished **finished, struct error *error)
{
    struct finished *f = calloc(1, sizeof *f);
    hid_t group = H5I_INVALID_HID;
    int code;

    *finished = NULL;
    if (!f)
        return error_memory(error, target->name, sizeof *f);
    snprintf(f->name, sizeof f->name, "%s", target->name);
    flat_none(&f->failed);
    for (int k = 0; k < PORTS_MAX; k++)
        no_result(f, k);
    code = open_file(target->path, &f->file, error);
    if (!code && f->file >= 0)
        code = open_group(f->file, &group, error);
    if (!code && group >= 0)
        code = read_account(group, &f->account, error);
    name_file(f, code, error);
    if (!code && group >= 0)
        *finished = f;
    else
        finished_close(f);
    return code;
}

const struct account *finished_account(const struct finished *finished)
{
    return &finished->account;
}

/* Open the dataset, which must hold so many elements. */
static int find(struct finished *finished, struct flat *flat, const char *path, const struct flat_type *type,
                uint64_t elements, struct error *error)
{
    int code;

    flat_close(flat);
    code = flat_open(finished->file, path, type, flat, error);
    if (!code && flat_elements(flat) != elements) {
        code = error_set(error, FAILED, "%s holds %llu elements, not %llu", path,
                         (unsigned long long)flat_elements(flat), (unsigned long long)elements);
        flat_close(flat);
    }
    return name_file(finished, code ? REFUSED : OK, error);
}

void finished_use(struct finished *finished, const struct field *field)
{
    finished->field = field;
}

int finished_find(struct finished *finished, int k, const char *path, const struct yield *yield, struct error *error)
{
    const struct flat_type type = {yield->type, yield->element, finished->field};
    uint64_t elements;

    if (__builtin_mul_overflow(finished->account.items, yield->elements, &elements))
        elements = UINT64_MAX; /* no dataset holds so many */
    finished->item_elements[k] = yield->elements;
    return find(finished, &finished->result[k], path, &type, elements, error);
}

int finished_find_ragged(struct finished *finished, int k, const char *path, const struct yield *yield,
                         struct error *error)
{
    const struct flat_type type = {yield->type, yield->element, finished->field}, number = {.type = TYPE_UINT64};
    char offsets[PATH_BYTES + sizeof RESULT_OFFSETS];

    snprintf(offsets, sizeof offsets, "%s" RESULT_OFFSETS, path);
    finished->item_elements[k] = yield->elements;
    flat_close(&finished->result[k]);
    if (flat_open(finished->file, path, &type, &finished->result[k], error))
        return name_file(finished, REFUSED, error);
    return find(finished, &finished->offsets[k], offsets, &number, finished->account.items + 1, error);
}

int finished_rows(struct finished *finished, int k, uint64_t at, uint64_t bytes, void *to, struct error *error)
{
    const struct flat *flat = &finished->result[k];
    const uint64_t size = type_bytes(flat->type.type), all = flat_elements(flat);

    if (at / size > all || bytes / size > all - at / size)
        return error_set(error, FAILED, "%s: %s is shorter than its offsets say", finished->name, flat->path);
    return name_file(finished, flat_read(flat, at / size, bytes / size, to, error), error);
}

static int check_range(const struct finished *finished, uint64_t first, uint64_t count, struct error *error)
{
    const uint64_t items = finished->account.items;

    if (first <= items && count <= items - first)
        return OK;
    return error_set(error, FAILED, "%s: has no items %llu to %llu", finished->name, (unsigned long long)first,
                     (unsigned long long)(first + count - 1));
}

#define OFFSETS_WINDOW 1024

/* From offsets to references. */
static int read_refs(struct finished *finished, int k, uint64_t first, uint64_t count, struct ref *to,
                     struct error *error)
{
    const struct flat *offsets = &finished->offsets[k];
    const uint64_t row_bytes = finished->item_elements[k] * type_bytes(finished->result[k].type.type);
    uint64_t window[OFFSETS_WINDOW + 1];

    for (uint64_t done = 0; done < count; done += OFFSETS_WINDOW) {
        const uint64_t part = count - done < OFFSETS_WINDOW ? count - done : OFFSETS_WINDOW;

        if (flat_read(offsets, first + done, part + 1, window, error))
            return name_file(finished, error->code, error);
        for (uint64_t j = 0; j < part; j++) {
            if (window[j + 1] < window[j])
                return error_set(error, FAILED, "%s: %s runs backwards", finished->name, offsets->path);
            to[done + j] = (struct ref){window[j] * row_bytes, window[j + 1] - window[j]};
        }
    }
    return OK;
}

int finished_read(struct finished *finished, int k, uint64_t first, uint64_t count, void *to, struct error *error)
{
    const uint64_t elements = finished->item_elements[k];

    if (check_range(finished, first, count, error))
        return error->code;
    if (finished->offsets[k].dataset >= 0)
        return read_refs(finished, k, first, count, to, error);
    return name_file(finished, flat_read(&finished->result[k], first * elements, count * elements, to, error), error);
}

/* Have bit `shift` of the first byte as bit 0 of it, and so on; `next` is the byte behind. */
static void shift_down(unsigned char *bits, size_t bytes, unsigned shift, unsigned next)
{
    for (size_t k = 0; shift && k < bytes; k++)
        bits[k] = (unsigned char)(bits[k] >> shift | (k + 1 < bytes ? bits[k + 1] : next) << (8 - shift));
}

static int read_bits(const struct flat *flat, uint64_t first, uint64_t count, unsigned char *bits, struct error *error)
{
    const uint64_t bytes = (count + 7) / 8, touched = (first % 8 + count + 7) / 8;
    unsigned char next = 0;

    if (flat_read(flat, first / 8, bytes, bits, error) ||
        (touched > bytes && flat_read(flat, first / 8 + bytes, 1, &next, error)))
        return error->code;
    shift_down(bits, bytes, first % 8, next);
    if (count % 8)
        bits[bytes - 1] &= (unsigned char)((1u << count % 8) - 1);
    return OK;
}

int finished_failed(struct finished *finished, uint64_t first, uint64_t count, unsigned char *bits, struct error *error)
{
    const struct flat_type byte = {.type = TYPE_UINT8};
    const uint64_t items = finished->account.items;

    if (check_range(finished, first, count, error))
        return error->code;
    if (count == 0)
        return OK;
    if (finished->failed.dataset < 0 &&
        find(finished, &finished->failed, "/h5map/failed", &byte, items / 8 + (items % 8 != 0), error))
        return error->code;
    return name_file(finished, read_bits(&finished->failed, first, count, bits, error), error);
}

void finished_close(struct finished *finished)
{
    if (!finished)
        return;
    flat_close(&finished->failed);
    for (int k = 0; k < PORTS_MAX; k++)
        close_result(finished, k);
    if (finished->file >= 0)
        H5Fclose(finished->file);
    account_free(&finished->account);
    free(finished);
}
