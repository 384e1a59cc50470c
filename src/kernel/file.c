#include "kernel/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Fill the content from fd, at most `room` bytes; 0, or errno. */
static int read_all(int fd, size_t room, struct content *content)
{
    while (content->count < room) {
        ssize_t got = read(fd, content->bytes + content->count, room - content->count);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return errno;
        if (got == 0)
            break;
        content->count += (size_t)got;
    }
    content->bytes[content->count] = '\0';
    return 0;
}

int file_read(const char *path, struct content *content, struct error *error)
{
    struct content read = {NULL, 0};
    int code = FAILED, fd, problem;
    struct stat status;

    fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO must not make us wait */
    if (fd < 0 || fstat(fd, &status)) {
        code = error_set(error, REFUSED, "%s: %s (give a file that can be read)", path, strerror(errno));
        goto out;
    }
    if (!S_ISREG(status.st_mode)) {
        code = error_set(error, REFUSED, "%s: not a regular file (give a file)", path);
        goto out;
    }
    read.bytes = malloc((size_t)status.st_size + 1);
    if (!read.bytes) {
        code = error_memory(error, path, (unsigned long long)status.st_size + 1);
        goto out;
    }
    problem = read_all(fd, (size_t)status.st_size, &read);
    if (problem) {
        code = error_set(error, FAILED, "%s: %s", path, strerror(problem));
        goto out;
    }
    *content = read;
    read.bytes = NULL;
    code = OK;
out:
    free(read.bytes);
    if (fd >= 0)
        close(fd); /* only read from: nothing can be lost */
    return code;
}

int file_write_all(int fd, const void *bytes, size_t count)
{
    const unsigned char *at = bytes;

    while (count) {
        ssize_t written = write(fd, at, count);

        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return errno;
        at += written;
        count -= (size_t)written;
    }
    return 0;
}
