/* pieces IN OUT: the least that the norm of 3-vectors can cost: HDF5 only says where the bytes are; pread, map, pwrite
 * in pieces that stay in cache; sent to the disk on the way, synced and renamed as h5map does it. */
#include "work.h"

#include <fcntl.h>
#include <hdf5.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PIECE 32768
#define N 3
#define FLUSH_BYTES (8 << 20)

static off_t find(const char *path, hsize_t *count)
{
    hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT), set = H5Dopen2(file, "x", H5P_DEFAULT);
    hid_t space = H5Dget_space(set);
    hsize_t dims[2] = {0, 0};
    off_t offset;

    H5Sget_simple_extent_dims(space, dims, NULL);
    *count = dims[0];
    offset = (off_t)H5Dget_offset(set);
    H5Sclose(space);
    H5Dclose(set);
    H5Fclose(file);
    return offset;
}

static off_t make(const char *path, hsize_t count)
{
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT), space = H5Screate_simple(1, &count, NULL);
    hid_t how = H5Pcreate(H5P_DATASET_CREATE), set;
    off_t offset;

    H5Pset_alloc_time(how, H5D_ALLOC_TIME_EARLY);
    H5Pset_fill_time(how, H5D_FILL_TIME_NEVER);
    set = H5Dcreate2(file, "y", H5T_NATIVE_DOUBLE, space, H5P_DEFAULT, how, H5P_DEFAULT);
    offset = (off_t)H5Dget_offset(set);
    if (H5Dclose(set) < 0 || H5Pclose(how) < 0 || H5Sclose(space) < 0 || H5Fclose(file) < 0)
        exit(1);
    return offset;
}

/* 0: all is well. */
static int map(int in, off_t from, int out, off_t to, hsize_t count)
{
    static double x[PIECE * N], y[PIECE];
    off_t flushed = 0;

    for (hsize_t first = 0; first < count; first += PIECE) {
        const size_t here = count - first < PIECE ? (size_t)(count - first) : PIECE;
        const size_t in_bytes = here * sizeof x[0] * N, out_bytes = here * sizeof y[0];
        const off_t done = (off_t)(first * sizeof y[0]);

        if (pread(in, x, in_bytes, from + N * done) != (ssize_t)in_bytes)
            return 1;
        for (size_t k = 0; k < here; k++)
            y[k] = length(x + k * N, N);
        if (pwrite(out, y, out_bytes, to + done) != (ssize_t)out_bytes)
            return 1;
        if (done - flushed >= FLUSH_BYTES) {
            sync_file_range(out, to + flushed, done - flushed, SYNC_FILE_RANGE_WRITE);
            flushed = done;
        }
    }
    return 0;
}

int main(int argc, char *argv[])
{
    char part[4096];
    hsize_t count;
    off_t from, to;
    int in, out;

    if (argc != 3)
        return 2;
    snprintf(part, sizeof part, "%s.part", argv[2]);
    from = find(argv[1], &count);
    to = make(part, count);
    in = open(argv[1], O_RDONLY);
    out = open(part, O_WRONLY);
    return in < 0 || out < 0 || map(in, from, out, to, count) || fsync(out) || close(out) || rename(part, argv[2]);
}
