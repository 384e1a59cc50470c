#include "data/output_file.h"

#include "data/hdf5_error.h"

/* A close closes what is still open with it, so that it is one. No lock of HDF5's own: the part file is locked by us,
 * in a way that some file systems take for the same. */
static bool set_access(hid_t plist, enum opening opening)
{
    return H5Pset_fclose_degree(plist, H5F_CLOSE_STRONG) >= 0 && H5Pset_file_locking(plist, false, true) >= 0 &&
           (opening != OPENING_NEW_ALIGNED || H5Pset_alignment(plist, PAGED_FROM, PAGE_BYTES) >= 0);
}

int output_file_open(const struct target *target, enum opening opening, hid_t *file, struct error *error)
{
    const hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    int code = OK;

    *file = H5I_INVALID_HID;
    if (access >= 0 && set_access(access, opening))
        *file = opening == OPENING_AGAIN ? H5Fopen(target->path, H5F_ACC_RDWR, access)
                                         : H5Fcreate(target->path, H5F_ACC_TRUNC, H5P_DEFAULT, access);
    if (*file < 0)
        code = hdf5_error(error, FAILED, "%.400s: can't be %s", target->name,
                          opening == OPENING_AGAIN ? "opened again" : "created");
    if (access >= 0 && H5Pclose(access) < 0 && !code)
        code = output_file_close(target, *file, hdf5_error(error, FAILED, "%.400s", target->name), error);
    return code;
}

int output_file_name(const struct target *target, int code, struct error *error)
{
    struct error inner = *error;

    if (code)
        error_set(error, code, "%.400s: %s", target->name, inner.text);
    return code;
}

int output_file_close(const struct target *target, hid_t file, int code, struct error *error)
{
    if (H5Fclose(file) < 0 && !code)
        code = hdf5_error(error, FAILED, "%.400s: can't be written", target->name);
    return code;
}
