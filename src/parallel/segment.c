#include "parallel/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define MIB 1048576.0

static int fail(const struct segment *segment, const char *why, struct error *error)
{
    char host[64] = "";

    gethostname(host, sizeof host - 1);
    return error_set(error, FAILED, "shared tables: can't take %.1f MiB of shared memory on %s: %s",
                     (double)segment->bytes / MIB, host, why);
}

static int fail_in_folder(const struct segment *segment, int problem, struct error *error)
{
    char why[128];

    snprintf(why, sizeof why, "/dev/shm: %s", strerror(problem));
    return fail(segment, why, error);
}

static bool measure(uint64_t bytes, struct segment *segment)
{
    const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

    *segment = (struct segment){.fd = -1, .bytes = bytes};
    if (bytes > INT64_MAX - page)
        return false;
    segment->bytes = (bytes / page + 1) * page;
    return true;
}

static int map(struct segment *segment, int fd, int protection)
{
    const int flags = fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED;
    void *start = mmap(NULL, segment->bytes, protection, flags, fd, 0);

    if (start == MAP_FAILED)
        return -1;
    segment->start = start;
    return OK;
}

int segment_make(uint64_t bytes, bool named, struct segment *segment, struct error *error)
{
    uint64_t nonce;

    if (!measure(bytes, segment))
        return fail(segment, strerror(ENOMEM), error);
    if (!named)
        return map(segment, -1, PROT_READ | PROT_WRITE) ? fail(segment, strerror(errno), error) : OK;
    if (getrandom(&nonce, sizeof nonce, 0) != sizeof nonce)
        return fail(segment, strerror(errno), error);
    snprintf(segment->name, sizeof segment->name, "/h5map.%ld.%016" PRIx64, (long)getpid(), nonce);
    segment->fd = shm_open(segment->name, O_RDWR | O_CREAT | O_EXCL, 0600);
    if (segment->fd < 0) {
        *segment->name = '\0';
        return fail_in_folder(segment, errno, error);
    }
    if (ftruncate(segment->fd, (off_t)segment->bytes) || map(segment, segment->fd, PROT_READ | PROT_WRITE))
        return fail(segment, strerror(errno), error);
    return OK;
}

int segment_join(const char *name, uint64_t bytes, struct segment *segment, struct error *error)
{
    int code = OK, fd;

    if (!measure(bytes, segment))
        return fail(segment, strerror(ENOMEM), error);
    fd = shm_open(name, O_RDONLY, 0);
    if (fd < 0 && errno == ENOENT)
        return fail(segment, "its ranks do not see the same /dev/shm (let their containers share it)", error);
    if (fd < 0)
        return fail_in_folder(segment, errno, error);
    if (map(segment, fd, PROT_READ))
        code = fail(segment, strerror(errno), error);
    close(fd);
    return code;
}

void segment_forget(struct segment *segment)
{
    if (*segment->name)
        shm_unlink(segment->name);
    *segment->name = '\0';
}

static int refuse_room(const struct segment *segment, struct error *error)
{
    char why[256];
    struct statvfs system;

    if (fstatvfs(segment->fd, &system))
        return fail(segment, strerror(ENOSPC), error);
    snprintf(
        why, sizeof why,
        "%.1f MiB are free in /dev/shm (make it larger: mount -o remount,size=SIZE /dev/shm, or a container's with "
        "--shm-size)",
        (double)system.f_bavail * (double)system.f_frsize / MIB);
    return fail(segment, why, error);
}

int segment_reserve(struct segment *segment, struct error *error)
{
    int problem = 0, code = OK;

    if (segment->fd < 0)
        return OK;
    do
        problem = posix_fallocate(segment->fd, 0, (off_t)segment->bytes);
    while (problem == EINTR);
    if (problem)
        code = problem == ENOSPC ? refuse_room(segment, error) : fail(segment, strerror(problem), error);
    close(segment->fd);
    segment->fd = -1;
    return code;
}

int segment_protect(struct segment *segment, struct error *error)
{
    if (mprotect(segment->start, segment->bytes, PROT_READ))
        return fail(segment, strerror(errno), error);
    return OK;
}

void segment_free(struct segment *segment)
{
    segment_forget(segment);
    if (segment->start)
        munmap(segment->start, segment->bytes);
    if (segment->fd >= 0)
        close(segment->fd);
    *segment = (struct segment){.fd = -1};
}
