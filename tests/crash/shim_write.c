/* The calls of the C library that write and copy, as the program meets them under the shim (see shim.c). */
#include "shim.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define COPY_BYTES (1u << 20) /* the most that a copy takes at a time */

/* Where the next write goes. */
static off_t position(int fd, off_t at)
{
    const int flags = fcntl(fd, F_GETFL);
    struct stat status;

    if (flags & O_APPEND && fstat(fd, &status) == 0)
        return status.st_size;
    return at < 0 ? lseek(fd, 0, SEEK_CUR) : at;
}

/* at < 0: where the file's position is */
static ssize_t put_bytes(int fd, const char *data, size_t bytes, off_t at)
{
    struct op op = {.data = data};
    long result = -1;

    shim_lock();
    op.record =
        (struct record){.kind = KIND_WRITE, .id = shim_id(fd), .offset = position(fd, at), .length = (long)bytes};
    if (!shim_begin(&op)) {
        const size_t share = shim_share(&op, bytes);

        result = at < 0 ? syscall(SYS_write, fd, data, share) : syscall(SYS_pwrite64, fd, data, share, at);
        shim_end(&op, result);
    }
    shim_unlock();
    return result;
}

static ssize_t put_parts(int fd, const struct iovec *parts, int count, off_t at)
{
    size_t bytes = 0, done = 0;
    ssize_t result;
    char *data;

    for (int k = 0; k < count; k++)
        bytes += parts[k].iov_len;
    data = malloc(bytes + 1);
    if (!data)
        return -1;
    for (int k = 0; k < count; done += parts[k++].iov_len)
        memcpy(data + done, parts[k].iov_base, parts[k].iov_len);
    result = put_bytes(fd, data, bytes, at);
    free(data);
    return result;
}

ssize_t write(int fd, const void *data, size_t bytes)
{
    return shim_id(fd) ? put_bytes(fd, data, bytes, -1) : syscall(SYS_write, fd, data, bytes);
}

ssize_t pwrite(int fd, const void *data, size_t bytes, off_t at)
{
    return shim_id(fd) ? put_bytes(fd, data, bytes, at) : syscall(SYS_pwrite64, fd, data, bytes, at);
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    return shim_id(fd) ? put_parts(fd, parts, count, -1) : syscall(SYS_writev, fd, parts, count);
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at)
{
    return shim_id(fd) ? put_parts(fd, parts, count, at) : syscall(SYS_pwritev, fd, parts, count, at, 0);
}

/* -1: at the file's position. Flags ask for more than is modelled, or for nothing that matters here. */
ssize_t pwritev2(int fd, const struct iovec *parts, int count, off_t at, int flags)
{
    return shim_id(fd) ? put_parts(fd, parts, count, at) : syscall(SYS_pwritev2, fd, parts, count, at, 0, flags);
}

int vdprintf(int fd, const char *format, va_list arguments)
{
    char *text;
    const int bytes = vasprintf(&text, format, arguments);
    int done = 0;

    if (bytes < 0)
        return -1;
    while (done < bytes) {
        const ssize_t put = write(fd, text + done, (size_t)(bytes - done));

        if (put <= 0)
            break;
        done += (int)put;
    }
    free(text);
    return done < bytes ? -1 : bytes;
}

int dprintf(int fd, const char *format, ...)
{
    va_list arguments;
    int bytes;

    va_start(arguments, format);
    bytes = vdprintf(fd, format, arguments);
    va_end(arguments);
    return bytes;
}

/* as _FORTIFY_SOURCE calls it */
int __dprintf_chk(int fd, int flag, const char *format, ...);
int __dprintf_chk(int fd, int flag, const char *format, ...)
{
    va_list arguments;
    int bytes;

    (void)flag;
    va_start(arguments, format);
    bytes = vdprintf(fd, format, arguments);
    va_end(arguments);
    return bytes;
}

/* By reading and writing. */
static ssize_t copy(int from, off_t *from_at, int to, off_t *to_at, size_t bytes)
{
    const size_t most = bytes < COPY_BYTES ? bytes : COPY_BYTES;
    char *data = malloc(most + 1);
    ssize_t got, put = -1;

    if (!data)
        return -1;
    got = from_at ? pread(from, data, most, *from_at) : pread(from, data, most, lseek(from, 0, SEEK_CUR));
    if (got >= 0)
        put = got ? put_bytes(to, data, (size_t)got, to_at ? *to_at : -1) : 0;
    free(data);
    if (put > 0 && to_at)
        *to_at += put;
    if (put > 0 && from_at)
        *from_at += put;
    else if (put > 0)
        lseek(from, put, SEEK_CUR);
    return put;
}

ssize_t copy_file_range(int from, off_t *from_at, int to, off_t *to_at, size_t bytes, unsigned flags)
{
    return shim_id(to) ? copy(from, from_at, to, to_at, bytes)
                       : syscall(SYS_copy_file_range, from, from_at, to, to_at, bytes, flags);
}

ssize_t sendfile(int to, int from, off_t *from_at, size_t bytes)
{
    return shim_id(to) ? copy(from, from_at, to, NULL, bytes) : syscall(SYS_sendfile, to, from, from_at, bytes);
}

/* Files that share their bytes are not modelled: as on a file system without them. */
int ioctl(int fd, unsigned long request, ...)
{
    va_list arguments;
    void *argument;

    va_start(arguments, request);
    argument = va_arg(arguments, void *);
    va_end(arguments);
    if ((request == FICLONE || request == FICLONERANGE || request == FIDEDUPERANGE) && shim_id(fd)) {
        errno = EOPNOTSUPP;
        return -1;
    }
    return (int)syscall(SYS_ioctl, fd, request, argument);
}

/* ---- the same under their other names ---- */

ssize_t pwrite64(int fd, const void *data, size_t bytes, off_t at) __attribute__((alias("pwrite")));
ssize_t pwritev64(int fd, const struct iovec *parts, int count, off_t at) __attribute__((alias("pwritev")));
ssize_t sendfile64(int to, int from, off_t *from_at, size_t bytes) __attribute__((alias("sendfile")));
ssize_t pwritev64v2(int fd, const struct iovec *parts, int count, off_t at, int flags)
    __attribute__((alias("pwritev2")));
