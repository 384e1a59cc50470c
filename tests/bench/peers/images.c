/* images PROCESSES IN OUT: mean, standard deviation and range of 512 x 512 images by hand: the processes take images in
 * turn and pread them, the results go into memory that they share, and the first writes them. */
#include "files.h"
#include "work.h"

#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>

#define PIXELS (512 * 512)
#define PROCESSES_MAX 64

struct results {
    atomic_ullong next; /* the first image that nobody has taken */
    double *mean, *std;
    float *min, *max;
};

static void describe(const float *x, struct results *results, hsize_t at)
{
    const struct summary summary = summary_of(x, PIXELS);

    results->mean[at] = summary.mean;
    results->std[at] = summary.std;
    results->min[at] = summary.min;
    results->max[at] = summary.max;
}

/* One process's share. 0: all is well. */
static int map(const char *path, off_t offset, hsize_t count, struct results *results)
{
    static float x[PIXELS];
    const int fd = open(path, O_RDONLY);
    hsize_t at;

    if (fd < 0)
        return 1;
    while ((at = atomic_fetch_add(&results->next, 1)) < count) {
        if (pread(fd, x, sizeof x, offset + (off_t)(at * sizeof x)) != sizeof x)
            return 1;
        describe(x, results, at);
    }
    return close(fd);
}

/* Zeroed memory that all processes see. */
static void *share(size_t bytes)
{
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (memory == MAP_FAILED)
        exit(1);
    return memory;
}

static void write_result(hid_t file, const char *name, hid_t type, hsize_t count, const void *values)
{
    hid_t space = H5Screate_simple(1, &count, NULL);
    hid_t set = H5Dcreate2(file, name, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);

    if (H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) < 0 || H5Dclose(set) < 0 || H5Sclose(space) < 0)
        exit(1);
}

static void write_all(const char *path, hsize_t count, const struct results *results)
{
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);

    write_result(file, "mean", H5T_NATIVE_DOUBLE, count, results->mean);
    write_result(file, "std", H5T_NATIVE_DOUBLE, count, results->std);
    write_result(file, "min", H5T_NATIVE_FLOAT, count, results->min);
    write_result(file, "max", H5T_NATIVE_FLOAT, count, results->max);
    if (H5Fclose(file) < 0)
        exit(1);
}

int main(int argc, char *argv[])
{
    const int processes = argc == 4 ? atoi(argv[1]) : 0;
    struct results *results = share(sizeof *results);
    char part[PATH_BYTES];
    int failed = 0, status;
    hsize_t count;
    off_t offset;

    if (processes < 1 || processes > PROCESSES_MAX)
        return 2;
    snprintf(part, sizeof part, "%s.part", argv[3]);
    offset = find(argv[2], &count);
    results->mean = share((count + 1) * sizeof(double));
    results->std = share((count + 1) * sizeof(double));
    results->min = share((count + 1) * sizeof(float));
    results->max = share((count + 1) * sizeof(float));
    for (int k = 1; k < processes; k++)
        if (fork() == 0)
            _exit(map(argv[2], offset, count, results));
    failed = map(argv[2], offset, count, results);
    while (wait(&status) > 0)
        failed |= status;
    if (failed)
        return 1;
    write_all(part, count, results);
    return publish(part, argv[3]);
}
