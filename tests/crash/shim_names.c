/* The calls of the C library that change sizes and names, and those that sync, as the program meets them under the shim
 * (see shim.c). */
#include "shim.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ---- size and room ---- */

int ftruncate(int fd, off_t bytes)
{
    struct op op = {.record = {.kind = KIND_CUT, .id = shim_id(fd), .length = bytes}};
    long result = -1;

    if (!op.record.id)
        return (int)syscall(SYS_ftruncate, fd, bytes);
    shim_lock();
    if (!shim_begin(&op))
        result = shim_end(&op, syscall(SYS_ftruncate, fd, bytes));
    shim_unlock();
    return (int)result;
}

int truncate(const char *path, off_t bytes)
{
    const int fd = shim_name(AT_FDCWD, path) ? open(path, O_WRONLY | O_CLOEXEC) : -1;
    int result;

    if (fd < 0)
        return (int)syscall(SYS_truncate, path, bytes);
    result = ftruncate(fd, bytes);
    close(fd);
    return result;
}

int fallocate(int fd, int mode, off_t at, off_t bytes)
{
    struct op op = {
        .record = {.kind = KIND_ALLOCATE, .flags = (uint32_t)mode, .id = shim_id(fd), .offset = at, .length = bytes}};
    long result = -1;

    if (!op.record.id)
        return (int)syscall(SYS_fallocate, fd, mode, at, bytes);
    shim_lock();
    if (!shim_begin(&op))
        result = shim_end(&op, syscall(SYS_fallocate, fd, mode, at, bytes));
    shim_unlock();
    return (int)result;
}

int posix_fallocate(int fd, off_t at, off_t bytes)
{
    return fallocate(fd, 0, at, bytes) ? errno : 0;
}

/* ---- sync: it begins, takes its time, and has ended; others write meanwhile ---- */

static int sync_file(int fd, long call)
{
    struct op op = {.record = {.kind = KIND_SYNC, .id = shim_id(fd)}};
    const bool folder = shim_is_folder(fd);
    bool fails;

    if (!op.record.id && !folder)
        return (int)syscall(call, fd);
    op.record.flags = folder ? OPEN_FOLDER : 0;
    shim_lock();
    fails = shim_begin(&op);
    if (!fails)
        shim_end(&op, 0);
    shim_unlock();
    if (fails)
        return -1;
    shim_wait();
    shim_lock();
    op.record.kind = KIND_SYNCED;
    shim_end(&op, 0);
    shim_unlock();
    return 0;
}

int fsync(int fd)
{
    return sync_file(fd, SYS_fsync);
}

int fdatasync(int fd)
{
    return sync_file(fd, SYS_fdatasync);
}

int sync_file_range(int fd, off_t at, off_t bytes, unsigned flags)
{
    struct op op = {.record = {.kind = KIND_RANGE, .flags = flags, .id = shim_id(fd), .offset = at, .length = bytes}};
    long result = -1;

    if (!op.record.id)
        return (int)syscall(SYS_sync_file_range, fd, at, bytes, flags);
    shim_lock();
    if (!shim_begin(&op))
        result = shim_end(&op, 0);
    shim_unlock();
    return (int)result;
}

/* ---- names ---- */

int renameat2(int from, const char *old, int to, const char *new, unsigned flags)
{
    struct op op = {
        .record = {.kind = KIND_RENAME, .flags = flags}, .name = shim_name(from, old), .other = shim_name(to, new)};
    long result = -1;

    if (!op.name && !op.other)
        return (int)syscall(SYS_renameat2, from, old, to, new, flags);
    shim_lock();
    if (!shim_begin(&op))
        result = shim_end(&op, syscall(SYS_renameat2, from, old, to, new, flags));
    shim_unlock();
    return (int)result;
}

int renameat(int from, const char *old, int to, const char *new)
{
    return renameat2(from, old, to, new, 0);
}

int rename(const char *old, const char *new)
{
    return renameat2(AT_FDCWD, old, AT_FDCWD, new, 0);
}

int linkat(int from, const char *old, int to, const char *new, int flags)
{
    struct op op = {.record = {.kind = KIND_LINK}, .name = shim_name(from, old), .other = shim_name(to, new)};
    long result = -1;

    if (!op.other)
        return (int)syscall(SYS_linkat, from, old, to, new, flags);
    shim_lock();
    if (!shim_begin(&op))
        result = shim_end(&op, syscall(SYS_linkat, from, old, to, new, flags));
    shim_unlock();
    return (int)result;
}

int link(const char *old, const char *new)
{
    return linkat(AT_FDCWD, old, AT_FDCWD, new, 0);
}

int unlinkat(int at, const char *path, int flags)
{
    struct op op = {.record = {.kind = KIND_UNLINK}, .name = shim_name(at, path)};
    long result = -1;

    if (!op.name)
        return (int)syscall(SYS_unlinkat, at, path, flags);
    shim_lock();
    if (!shim_begin(&op))
        result = shim_end(&op, syscall(SYS_unlinkat, at, path, flags));
    shim_unlock();
    return (int)result;
}

int unlink(const char *path)
{
    return unlinkat(AT_FDCWD, path, 0);
}

int remove(const char *path)
{
    struct stat status;

    return unlinkat(AT_FDCWD, path, lstat(path, &status) == 0 && S_ISDIR(status.st_mode) ? AT_REMOVEDIR : 0);
}

static int set_times(struct op *op, int at, const char *path, const struct timespec times[2], int flags)
{
    long result = -1;

    op->record.kind = KIND_TIMES;
    if (!op->record.id && !op->name)
        return (int)syscall(SYS_utimensat, at, path, times, flags);
    shim_lock();
    if (!shim_begin(op))
        result = shim_end(op, syscall(SYS_utimensat, at, path, times, flags));
    shim_unlock();
    return (int)result;
}

int utimensat(int at, const char *path, const struct timespec times[2], int flags)
{
    struct op op = {.name = shim_name(at, path)};

    return set_times(&op, at, path, times, flags);
}

int futimens(int fd, const struct timespec times[2])
{
    struct op op = {.record = {.id = shim_id(fd)}};

    return set_times(&op, fd, NULL, times, 0);
}

/* ---- the same under their other names ---- */

int ftruncate64(int fd, off_t bytes) __attribute__((alias("ftruncate")));
int truncate64(const char *path, off_t bytes) __attribute__((alias("truncate")));
int fallocate64(int fd, int mode, off_t at, off_t bytes) __attribute__((alias("fallocate")));
int posix_fallocate64(int fd, off_t at, off_t bytes) __attribute__((alias("posix_fallocate")));
