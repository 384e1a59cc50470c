/* pieces KERNEL PROCESSES IN OUT: the least that a kernel of work.h can cost: HDF5 only says where the bytes are; the
 * processes take pieces that stay in cache in turn: pread, map, pwrite; the results are sent to the disk on the way.
 * OUT gets /y and its attribute loop_s, the time from when all processes were there until the last had no more to do.
 */
#include "files.h"
#include "work.h"

#include <sched.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>

#define BYTES (768 << 10) /* of a piece's items: the largest is norm's */
#define PROCESSES_MAX 64

struct kernel {
    const char *name;
    size_t length; /* of an item */
    hsize_t piece; /* items */
    hsize_t turn;  /* items taken at a time, whose results are then sent to the disk */
    void (*map)(const double *x, double *y, size_t count);
};

/* What all processes see. */
struct shared {
    atomic_ullong next; /* the first item that nobody has taken */
    atomic_int there;
};

struct job {
    const struct kernel *kernel;
    const char *source, *part;
    int processes;
    off_t from, to;
    hsize_t count;
    struct shared *shared;
};

static void norms(const double *x, double *y, size_t count)
{
    for (size_t k = 0; k < count; k++)
        y[k] = length(x + k * 3, 3);
}

static void works(const double *x, double *y, size_t count)
{
    for (size_t k = 0; k < count; k++)
        y[k] = rounds(x[k]);
}

static const struct kernel kernels[] = {{"norm", 3, 32768, 8 * 32768, norms}, {"work", 1, 4096, 8 * 4096, works}};

static const struct kernel *find_kernel(const char *name)
{
    for (size_t k = 0; k < sizeof kernels / sizeof kernels[0]; k++)
        if (strcmp(kernels[k].name, name) == 0)
            return &kernels[k];
    return NULL;
}

/* /y of the new file, with its room on the disk: its offset. */
static off_t make(const char *path, hsize_t count)
{
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT), space = H5Screate_simple(1, &count, NULL);
    hid_t how = H5Pcreate(H5P_DATASET_CREATE), scalar = H5Screate(H5S_SCALAR), set, said;
    const double none = 0;
    off_t offset;
    int fd;

    H5Pset_alloc_time(how, H5D_ALLOC_TIME_EARLY);
    H5Pset_fill_time(how, H5D_FILL_TIME_NEVER);
    set = H5Dcreate2(file, "y", H5T_NATIVE_DOUBLE, space, H5P_DEFAULT, how, H5P_DEFAULT);
    said = H5Acreate2(file, "loop_s", H5T_NATIVE_DOUBLE, scalar, H5P_DEFAULT, H5P_DEFAULT);
    offset = (off_t)H5Dget_offset(set);
    if (H5Awrite(said, H5T_NATIVE_DOUBLE, &none) < 0 || H5Aclose(said) < 0 || H5Sclose(scalar) < 0 ||
        H5Dclose(set) < 0 || H5Pclose(how) < 0 || H5Sclose(space) < 0 || H5Fclose(file) < 0)
        exit(1);
    fd = open(path, O_WRONLY);
    if (fd < 0 || (count && fallocate(fd, 0, offset, (off_t)(count * sizeof(double)))) || close(fd))
        exit(1);
    return offset;
}

/* 0: the file tells the time of the loop. */
static int tell(const char *path, double loop_s)
{
    hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT), said = H5Aopen(file, "loop_s", H5P_DEFAULT);

    return H5Awrite(said, H5T_NATIVE_DOUBLE, &loop_s) < 0 || H5Aclose(said) < 0 || H5Fclose(file) < 0;
}

static int map_piece(const struct job *job, const int fds[2], hsize_t first, size_t count)
{
    static double x[BYTES / sizeof(double)], y[BYTES / sizeof(double)];
    const size_t item = job->kernel->length * sizeof x[0];
    const ssize_t in_bytes = (ssize_t)(count * item), out_bytes = (ssize_t)(count * sizeof y[0]);

    if (pread(fds[0], x, (size_t)in_bytes, job->from + (off_t)(first * item)) != in_bytes)
        return 1;
    job->kernel->map(x, y, count);
    return pwrite(fds[1], y, (size_t)out_bytes, job->to + (off_t)(first * sizeof y[0])) != out_bytes;
}

static int map_turn(const struct job *job, const int fds[2], hsize_t first)
{
    const hsize_t piece = job->kernel->piece, left = job->count - first;
    const hsize_t end = first + (left < job->kernel->turn ? left : job->kernel->turn);

    for (hsize_t at = first; at < end; at += piece)
        if (map_piece(job, fds, at, (size_t)(end - at < piece ? end - at : piece)))
            return 1;
    return sync_file_range(fds[1], job->to + (off_t)(first * sizeof(double)), (off_t)((end - first) * sizeof(double)),
                           SYNC_FILE_RANGE_WRITE);
}

/* One process's share, once all are there. 0: all is well. */
static int map(const struct job *job)
{
    const int fds[2] = {open(job->source, O_RDONLY), open(job->part, O_WRONLY)};
    hsize_t first;

    if (fds[0] < 0 || fds[1] < 0)
        return 1;
    atomic_fetch_add(&job->shared->there, 1);
    while (atomic_load(&job->shared->there) < job->processes)
        sched_yield();
    while ((first = atomic_fetch_add(&job->shared->next, job->kernel->turn)) < job->count)
        if (map_turn(job, fds, first))
            return 1;
    return close(fds[0]) || close(fds[1]);
}

/* All processes' shares. The parent is one of them, and begins with the last that is there. */
static int map_all(const struct job *job, double *loop_s)
{
    int failed = 0, status;
    double start_s;

    for (int k = 1; k < job->processes; k++)
        if (fork() == 0)
            _exit(map(job));
    while (atomic_load(&job->shared->there) < job->processes - 1 && waitpid(-1, &status, WNOHANG) == 0)
        sched_yield();
    start_s = now_s();
    failed = map(job);
    while (wait(&status) > 0)
        failed |= status;
    *loop_s = now_s() - start_s;
    return failed;
}

int main(int argc, char *argv[])
{
    char part[PATH_BYTES];
    struct job job = {.part = part};
    double loop_s;

    if (argc != 5 || !(job.kernel = find_kernel(argv[1])))
        return 2;
    job.processes = atoi(argv[2]);
    job.source = argv[3];
    if (job.processes < 1 || job.processes > PROCESSES_MAX)
        return 2;
    snprintf(part, sizeof part, "%s.part", argv[4]);
    job.from = find(job.source, &job.count);
    job.to = make(part, job.count);
    job.shared = mmap(NULL, sizeof *job.shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (job.shared == MAP_FAILED || map_all(&job, &loop_s))
        return 1;
    return tell(part, loop_s) || publish(part, argv[4]);
}
