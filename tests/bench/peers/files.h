/* What the programs written by hand have in common: where a dataset's bytes lie, an output to pwrite into, and an end
 * as durable as h5map's: synced, renamed, the folder synced. */
#ifndef BENCH_FILES_H
#define BENCH_FILES_H

#include <fcntl.h>
#include <hdf5.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PATH_BYTES 4096

static inline double now_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* The offset of /x in the file, which is contiguous, and its rows. */
static inline off_t find(const char *path, hsize_t *count)
{
    hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT), set = H5Dopen2(file, "x", H5P_DEFAULT);
    hid_t space = H5Dget_space(set);
    hsize_t dims[3] = {0};
    off_t offset;

    if (H5Sget_simple_extent_dims(space, dims, NULL) < 0)
        exit(1);
    *count = dims[0];
    offset = (off_t)H5Dget_offset(set);
    H5Sclose(space);
    H5Dclose(set);
    H5Fclose(file);
    return offset;
}

/* OUT is complete as `part`. 0: it is safe on the disk, under its name. */
static inline int publish(const char *part, const char *target)
{
    char path[PATH_BYTES];
    int fd = open(part, O_WRONLY), folder;

    if (fd < 0 || fdatasync(fd) || close(fd) || rename(part, target))
        return 1;
    snprintf(path, sizeof path, "%s", target);
    folder = open(dirname(path), O_RDONLY | O_DIRECTORY);
    return folder < 0 || fsync(folder) || close(folder);
}

#endif
