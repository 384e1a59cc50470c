/* pieces PROCESSES IN OUT: the least that the norm of 3-vectors can cost: HDF5 only says where the bytes are; the
 * processes take pieces that stay in cache in turn: pread, map, pwrite; the results are sent to the disk on the way. */
#include "files.h"
#include "work.h"

#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>

#define PIECE 32768 /* vectors: 768 KiB in, 256 KiB out */
#define TURN 8      /* pieces taken at a time: 2 MiB out, then sent to the disk */
#define N 3
#define PROCESSES_MAX 64

struct job {
    const char *source, *part;
    off_t from, to;
    hsize_t count;
    atomic_ullong *next; /* the first item that nobody has taken; all processes see it */
};

/* /y of the new file, with its room on the disk: its offset. */
static off_t make(const char *path, hsize_t count)
{
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT), space = H5Screate_simple(1, &count, NULL);
    hid_t how = H5Pcreate(H5P_DATASET_CREATE), set;
    off_t offset;
    int fd;

    H5Pset_alloc_time(how, H5D_ALLOC_TIME_EARLY);
    H5Pset_fill_time(how, H5D_FILL_TIME_NEVER);
    set = H5Dcreate2(file, "y", H5T_NATIVE_DOUBLE, space, H5P_DEFAULT, how, H5P_DEFAULT);
    offset = (off_t)H5Dget_offset(set);
    if (H5Dclose(set) < 0 || H5Pclose(how) < 0 || H5Sclose(space) < 0 || H5Fclose(file) < 0)
        exit(1);
    fd = open(path, O_WRONLY);
    if (fd < 0 || (count && fallocate(fd, 0, offset, (off_t)(count * sizeof(double)))) || close(fd))
        exit(1);
    return offset;
}

static int map_piece(const struct job *job, const int fds[2], hsize_t first, size_t count)
{
    static double x[PIECE * N], y[PIECE];
    const ssize_t in_bytes = (ssize_t)(count * sizeof x[0] * N), out_bytes = (ssize_t)(count * sizeof y[0]);

    if (pread(fds[0], x, (size_t)in_bytes, job->from + (off_t)(first * sizeof x[0] * N)) != in_bytes)
        return 1;
    for (size_t k = 0; k < count; k++)
        y[k] = length(x + k * N, N);
    return pwrite(fds[1], y, (size_t)out_bytes, job->to + (off_t)(first * sizeof y[0])) != out_bytes;
}

static int map_turn(const struct job *job, const int fds[2], hsize_t first)
{
    const hsize_t end = first + TURN * PIECE < job->count ? first + TURN * PIECE : job->count;

    for (hsize_t at = first; at < end; at += PIECE)
        if (map_piece(job, fds, at, end - at < PIECE ? (size_t)(end - at) : PIECE))
            return 1;
    return sync_file_range(fds[1], job->to + (off_t)(first * sizeof(double)), (off_t)((end - first) * sizeof(double)),
                           SYNC_FILE_RANGE_WRITE);
}

/* One process's share. 0: all is well. */
static int map(const struct job *job)
{
    const int fds[2] = {open(job->source, O_RDONLY), open(job->part, O_WRONLY)};
    hsize_t first;

    if (fds[0] < 0 || fds[1] < 0)
        return 1;
    while ((first = atomic_fetch_add(job->next, TURN * PIECE)) < job->count)
        if (map_turn(job, fds, first))
            return 1;
    return close(fds[0]) || close(fds[1]);
}

int main(int argc, char *argv[])
{
    const int processes = argc == 4 ? atoi(argv[1]) : 0;
    char part[PATH_BYTES];
    struct job job = {.source = argc == 4 ? argv[2] : "", .part = part};
    int failed = 0, status;

    if (processes < 1 || processes > PROCESSES_MAX)
        return 2;
    snprintf(part, sizeof part, "%s.part", argv[3]);
    job.from = find(job.source, &job.count);
    job.to = make(part, job.count);
    job.next = mmap(NULL, sizeof *job.next, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (job.next == MAP_FAILED)
        return 1;
    for (int k = 1; k < processes; k++)
        if (fork() == 0)
            _exit(map(&job));
    failed = map(&job);
    while (wait(&status) > 0)
        failed |= status;
    return failed || publish(part, argv[3]);
}
