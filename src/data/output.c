#include "data/output.h"

#include "data/handles.h"
#include "data/hdf5_error.h"
#include "data/record.h"
#include "data/types.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define ALIGN_FROM (64 * 1024) /* bytes from which on a dataset starts at a multiple of ALIGN_BYTES */
#define ALIGN_BYTES 4096

/* The datasets to make. */
struct making {
    hid_t file, links; /* links: makes groups on the way, names in UTF-8 */
    const struct record *record;
    uint64_t items;
    struct error *error;
};

/* A contiguous dataset whose place is known at once and into which HDF5 writes nothing. */
struct place {
    const char *path;
    enum type type;
    struct scalar fill;
    int rank;
    hsize_t shape[LOOP_DIMS_MAX + PORT_DIMS_MAX];
};

static hid_t creation(const struct place *place, hid_t type)
{
    const hid_t plist = H5Pcreate(H5P_DATASET_CREATE);

    if (plist >= 0 && H5Pset_layout(plist, H5D_CONTIGUOUS) >= 0 &&
        H5Pset_alloc_time(plist, H5D_ALLOC_TIME_EARLY) >= 0 && H5Pset_fill_time(plist, H5D_FILL_TIME_NEVER) >= 0 &&
        H5Pset_fill_value(plist, type, place->fill.bytes) >= 0 && H5Pset_obj_track_times(plist, false) >= 0)
        return plist;
    return H5I_INVALID_HID;
}

static bool is_empty(const struct place *place)
{
    for (int k = 0; k < place->rank; k++)
        if (place->shape[k] == 0)
            return true;
    return false;
}

/* Where the dataset lies in the file; an empty one has no place. */
static int find_offset(hid_t dataset, const struct place *place, uint64_t *offset)
{
    haddr_t address;

    *offset = UINT64_MAX;
    if (is_empty(place))
        return OK;
    address = H5Dget_offset(dataset);
    if (address == HADDR_UNDEF)
        return -1;
    *offset = address;
    return OK;
}

static int make_place(const struct making *making, const struct place *place, uint64_t *offset)
{
    const hid_t type = types_output(place->type), space = H5Screate_simple(place->rank, place->shape, NULL);
    const hid_t plist = type < 0 || space < 0 ? H5I_INVALID_HID : creation(place, type);
    const hid_t dataset = plist < 0
                              ? H5I_INVALID_HID
                              : H5Dcreate2(making->file, place->path, type, space, making->links, plist, H5P_DEFAULT);
    const hid_t opened[] = {dataset, plist, space, type};
    int code = OK;

    if (dataset < 0 || find_offset(dataset, place, offset))
        code = hdf5_error(making->error, FAILED, "can't make the dataset %s", place->path);
    if (handles_close(opened, 4) && !code)
        code = hdf5_error(making->error, FAILED, "can't make the dataset %s", place->path);
    return code;
}

static int make_result(const struct making *making, int k, uint64_t *offset)
{
    const struct binding *binding = making->record->binding;
    const struct port *port = &making->record->ports->out[k];
    struct place place = {.path = binding->result[k], .type = port->type, .fill = type_fill(port->type)};

    for (int d = 0; d < binding->loop_rank; d++)
        place.shape[place.rank++] = d ? binding->loop_shape[d] : binding->rows;
    for (int d = 0; d < port->rank; d++)
        place.shape[place.rank++] = port->dim[d].name >= 0 ? binding->dim[port->dim[d].name] : port->dim[d].size;
    return make_place(making, &place, offset);
}

static int make_failed(const struct making *making, uint64_t *offset)
{
    const struct place place = {.path = "/h5map/failed",
                                .type = TYPE_UINT8,
                                .rank = 1,
                                .shape = {making->items / 8 + (making->items % 8 != 0)}};

    return make_place(making, &place, offset);
}

static int make_all(const struct making *making, struct layout *layout)
{
    int code = OK;

    for (int k = 0; k < making->record->ports->out_count && !code; k++)
        code = make_result(making, k, &layout->result_offset[k]);
    if (!code)
        code = record_write(making->file, making->record, making->error);
    return code ? code : make_failed(making, &layout->failed_offset);
}

/* What is still open when the file is closed is closed with it, so that a close is one. */
/* No lock of HDF5's own: the part file is locked by us, in a way that some file systems take for the same. */
static hid_t file_access(void)
{
    const hid_t plist = H5Pcreate(H5P_FILE_ACCESS);

    if (plist >= 0 && H5Pset_fclose_degree(plist, H5F_CLOSE_STRONG) >= 0 &&
        H5Pset_alignment(plist, ALIGN_FROM, ALIGN_BYTES) >= 0 && H5Pset_file_locking(plist, false, true) >= 0)
        return plist;
    return H5I_INVALID_HID;
}

static hid_t link_creation(void)
{
    const hid_t plist = H5Pcreate(H5P_LINK_CREATE);

    if (plist >= 0 && H5Pset_create_intermediate_group(plist, 1) >= 0 &&
        H5Pset_char_encoding(plist, H5T_CSET_UTF8) >= 0)
        return plist;
    return H5I_INVALID_HID;
}

/* The stage's line, with the file before it. */
static int name_file(const char *path, int code, struct error *error)
{
    struct error inner = *error;

    if (code)
        error_set(error, code, "%.400s: %s", path, inner.text);
    return code;
}

/* Close the file; after a failed close HDF5 knows nothing of it that can be used. */
static int close_file(const char *path, hid_t file, int code, struct error *error)
{
    if (H5Fclose(file) < 0 && !code)
        code = hdf5_error(error, FAILED, "%s: can't be written", path);
    return code;
}

int output_create(const struct target *target, const struct record *record, const struct plan *plan,
                  struct layout *layout, struct error *error)
{
    const hid_t access = file_access(), links = link_creation();
    const hid_t opened[] = {access, links};
    struct making making = {
        .file = H5I_INVALID_HID, .links = links, .record = record, .items = plan->items, .error = error};
    struct stat status;
    int code;

    *layout = (struct layout){0};
    if (access >= 0 && links >= 0)
        making.file = H5Fcreate(target->path, H5F_ACC_TRUNC, H5P_DEFAULT, access);
    if (making.file < 0)
        return hdf5_error(error, FAILED, "%s: can't be created", target->name);
    code = close_file(target->name, making.file, name_file(target->name, make_all(&making, layout), error), error);
    if (!code && handles_close(opened, 2))
        code = hdf5_error(error, FAILED, "%s", target->name);
    if (!code && stat(target->path, &status))
        code = error_set(error, FAILED, "%s: %s", target->name, strerror(errno));
    if (!code)
        layout->file_bytes = (uint64_t)status.st_size;
    return code;
}

int output_complete(const struct target *target, const struct ending *ending, struct error *error)
{
    const hid_t access = file_access();
    const hid_t file = access < 0 ? H5I_INVALID_HID : H5Fopen(target->path, H5F_ACC_RDWR, access);
    int code;

    if (file < 0)
        return hdf5_error(error, FAILED, "%s: can't be opened again", target->name);
    code = close_file(target->name, file, name_file(target->name, record_end(file, ending, error), error), error);
    if (!code && handles_close(&access, 1))
        code = hdf5_error(error, FAILED, "%s", target->name);
    return code;
}
