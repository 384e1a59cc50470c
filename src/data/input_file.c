#include "data/input_file.h"

#include "data/hdf5_error.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int missing(const char *path, struct error *error)
{
    const char *colon = strrchr(path, ':');
    char file[PATH_BYTES];

    if (colon && colon != path && colon[1] && (size_t)(colon - path) < sizeof file) {
        memcpy(file, path, (size_t)(colon - path));
        file[colon - path] = '\0';
        if (access(file, F_OK) == 0)
            return error_set(error, REFUSED, "%s: no such file (for a dataset of %s give %s:/%s)", path, file, file,
                             colon + 1);
    }
    return error_set(error, REFUSED, "%s: no such file", path);
}

static int check_kind(const char *path, int fd, const struct stat *status, struct error *error)
{
    char start[4] = {0};

    if (S_ISDIR(status->st_mode))
        return error_set(error, REFUSED, "%s: is a folder (give an HDF5 file)", path);
    if (!S_ISREG(status->st_mode))
        return error_set(error, REFUSED, "%s: is no regular file (give an HDF5 file)", path);
    if (status->st_size == 0)
        return error_set(error, REFUSED, "%s: is empty (give an HDF5 file)", path);
    if (pread(fd, start, sizeof start, 0) < 0)
        return error_set(error, FAILED, "%s: %s", path, strerror(errno));
    if (!memcmp(start, "CDF", 3) && (start[3] == 1 || start[3] == 2 || start[3] == 5))
        return error_set(error, REFUSED, "%s: is a netCDF classic file, not HDF5 (convert it: nccopy -k nc4 %s NEW.nc)",
                         path, path);
    return OK;
}

int input_file_look(struct bound *bound, struct error *error)
{
    struct stat status;
    const int fd = open(bound->file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    int code;

    if (fd < 0)
        return errno == ENOENT ? missing(bound->file, error)
                               : error_set(error, REFUSED, "%s: %s", bound->file, strerror(errno));
    if (fstat(fd, &status))
        code = error_set(error, FAILED, "%s: %s", bound->file, strerror(errno));
    else
        code = check_kind(bound->file, fd, &status, error);
    if (close(fd) && !code)
        code = error_set(error, FAILED, "%s: %s", bound->file, strerror(errno));
    if (!code) {
        bound->file_bytes = (uint64_t)status.st_size;
        bound->mtime_ns = (int64_t)status.st_mtim.tv_sec * 1000000000 + status.st_mtim.tv_nsec;
    }
    return code;
}

int input_file_open(const char *path, hid_t *file, struct error *error)
{
    char reason[HDF5_REASON_BYTES];

    *file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
    if (*file >= 0)
        return OK;
    if (hdf5_said("unable to lock file"))
        return error_set(error, REFUSED,
                         "%s: is locked: another program has it open for writing, or the file system has no locks "
                         "(wait for that program, or set HDF5_USE_FILE_LOCKING=FALSE)",
                         path);
    hdf5_reason(reason);
    if (H5Fis_hdf5(path) == 0)
        return error_set(error, REFUSED, "%s: is not an HDF5 file", path);
    return error_set(error, REFUSED, "%s: can't be opened as HDF5: %s", path, reason);
}

bool input_file_is(const char *path, const char *other)
{
    struct stat one, two;

    return stat(path, &one) == 0 && stat(other, &two) == 0 && one.st_dev == two.st_dev && one.st_ino == two.st_ino;
}
