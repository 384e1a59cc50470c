/* openmp IN OUT: what a scientist writes by hand for work.h's rounds(): /x of IN whole into memory, an OpenMP loop, /y
 * of OUT, synced and renamed as h5map does it. */
#include "files.h"
#include "work.h"

static double *read_all(const char *path, hsize_t *count)
{
    hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT), set = H5Dopen2(file, "x", H5P_DEFAULT);
    hid_t space = H5Dget_space(set);
    double *x;

    *count = (hsize_t)H5Sget_simple_extent_npoints(space);
    x = malloc((*count + 1) * sizeof *x);
    if (!x || H5Dread(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, x) < 0)
        exit(1);
    H5Sclose(space);
    H5Dclose(set);
    H5Fclose(file);
    return x;
}

static void write_all(const char *path, const double *y, hsize_t count)
{
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT), space = H5Screate_simple(1, &count, NULL);
    hid_t set = H5Dcreate2(file, "y", H5T_NATIVE_DOUBLE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);

    if (H5Dwrite(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, y) < 0 || H5Dclose(set) < 0 ||
        H5Sclose(space) < 0 || H5Fclose(file) < 0)
        exit(1);
}

int main(int argc, char *argv[])
{
    char part[PATH_BYTES];
    hsize_t count;
    double *x, *y;

    if (argc != 3)
        return 2;
    snprintf(part, sizeof part, "%s.part", argv[2]);
    x = read_all(argv[1], &count);
    y = malloc((count + 1) * sizeof *y);
    if (!y)
        return 1;
#pragma omp parallel for schedule(guided)
    for (hsize_t k = 0; k < count; k++)
        y[k] = rounds(x[k]);
    write_all(part, y, count);
    return publish(part, argv[2]);
}
