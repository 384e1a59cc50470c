/* The calls of the C library that open and close, as the program meets them under the shim (see shim.c). */
#include "shim.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int open_in_folder(int at, const char *path, const char *name, int flags, mode_t mode)
{
    const bool excl = (flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL);
    struct op op = {.record = {.kind = KIND_OPEN, .id = shim_new_id()}, .name = name};
    struct stat status;
    const bool there = fstatat(at, path, &status, AT_SYMLINK_NOFOLLOW) == 0;
    int fd;

    if (!there && flags & O_CREAT)
        op.record.flags = OPEN_MADE;
    else if (there && flags & O_TRUNC && !excl)
        op.record.flags = OPEN_CUT;
    if (op.record.flags && shim_begin(&op))
        return -1;
    fd = (int)syscall(SYS_openat, at, path, flags, mode);
    shim_follow(fd, op.record.id);
    return (int)shim_end(&op, fd);
}

/* The folder itself may be opened, to be synced. */
static int open_elsewhere(int at, const char *path, int flags, mode_t mode)
{
    const int fd = (int)syscall(SYS_openat, at, path, flags, mode);
    struct op op = {.record = {.kind = KIND_OPEN, .flags = OPEN_FOLDER}};

    shim_follow(fd, 0);
    if (fd < 0 || flags & O_ACCMODE || !shim_is_folder(fd))
        return fd;
    shim_lock();
    op.record.id = shim_new_id();
    shim_follow(fd, op.record.id);
    shim_end(&op, fd);
    shim_unlock();
    return fd;
}

static int open_any(int at, const char *path, int flags, mode_t mode)
{
    const char *name = shim_name(at, path);
    int fd;

    if (!name)
        return open_elsewhere(at, path, flags, mode);
    shim_lock();
    fd = open_in_folder(at, path, name, flags, mode);
    shim_unlock();
    return fd;
}

static mode_t mode_of(int flags, va_list arguments)
{
    return flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(arguments, mode_t) : 0;
}

int open(const char *path, int flags, ...)
{
    va_list arguments;
    mode_t mode;

    va_start(arguments, flags);
    mode = mode_of(flags, arguments);
    va_end(arguments);
    return open_any(AT_FDCWD, path, flags, mode);
}

int openat(int at, const char *path, int flags, ...)
{
    va_list arguments;
    mode_t mode;

    va_start(arguments, flags);
    mode = mode_of(flags, arguments);
    va_end(arguments);
    return open_any(at, path, flags, mode);
}

int creat(const char *path, mode_t mode)
{
    return open_any(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, mode);
}

/* open without a mode, as _FORTIFY_SOURCE calls it */
int __open_2(const char *path, int flags);
int __open_2(const char *path, int flags)
{
    return open_any(AT_FDCWD, path, flags, 0);
}

int __openat_2(int at, const char *path, int flags);
int __openat_2(int at, const char *path, int flags)
{
    return open_any(at, path, flags, 0);
}

int close(int fd)
{
    shim_follow(fd, 0);
    return (int)syscall(SYS_close, fd);
}

static int same_file(int fd, int copy)
{
    if (copy >= 0)
        shim_follow(copy, shim_id(fd));
    return copy;
}

int dup(int fd)
{
    return same_file(fd, (int)syscall(SYS_dup, fd));
}

int dup3(int fd, int to, int flags)
{
    return same_file(fd, (int)syscall(SYS_dup3, fd, to, flags));
}

int dup2(int fd, int to)
{
    if (fd == to)
        return fcntl(fd, F_GETFD) < 0 ? -1 : fd;
    return dup3(fd, to, 0);
}

int fcntl(int fd, int request, ...)
{
    va_list arguments;
    long argument;

    va_start(arguments, request);
    argument = va_arg(arguments, long);
    va_end(arguments);
    if (request == F_DUPFD || request == F_DUPFD_CLOEXEC)
        return same_file(fd, (int)syscall(SYS_fcntl, fd, request, argument));
    return (int)syscall(SYS_fcntl, fd, request, argument);
}

/* ---- the same under their other names ---- */

int open64(const char *path, int flags, ...) __attribute__((alias("open")));
int openat64(int at, const char *path, int flags, ...) __attribute__((alias("openat")));
int creat64(const char *path, mode_t mode) __attribute__((alias("creat")));
int __open64_2(const char *path, int flags) __attribute__((alias("__open_2")));
int __openat64_2(int at, const char *path, int flags) __attribute__((alias("__openat_2")));
int fcntl64(int fd, int request, ...) __attribute__((alias("fcntl")));
