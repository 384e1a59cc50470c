#include "store/place.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define FLUSH_BYTES (8u << 20) /* how much is written before the kernel is told to start on it */

struct place {
    int fd;
    uint64_t dirty_first, dirty_bytes; /* written and not yet on its way to the disk: one range */
    char path[PATH_BYTES];
};

static int reserve(struct place *place, uint64_t file_bytes, struct error *error)
{
    if (file_bytes == 0 || fallocate(place->fd, 0, 0, (off_t)file_bytes) == 0)
        return OK;
    if (errno == EOPNOTSUPP || errno == ENOSYS || errno == EINVAL)
        return OK;
    return error_set(error, FAILED, "%s: can't take %.1f MiB on disk: %s", place->path, (double)file_bytes / 1048576,
                     strerror(errno));
}

int place_open(const char *path, uint64_t file_bytes, struct place **place_out, struct error *error)
{
    struct place *place = calloc(1, sizeof *place);

    if (!place)
        return error_memory(error, path, sizeof *place);
    strncpy(place->path, path, sizeof place->path - 1);
    place->fd = open(path, O_RDWR | O_CLOEXEC);
    if (place->fd < 0) {
        error_set(error, FAILED, "%s: %s", path, strerror(errno));
        goto fail;
    }
    if (flock(place->fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK) {
        error_set(error, REFUSED, "%s: another run is writing it (wait for it, or give another OUTPUT)", path);
        goto fail;
    }
    if (reserve(place, file_bytes, error))
        goto fail;
    *place_out = place;
    return OK;
fail:
    if (place->fd >= 0)
        close(place->fd);
    free(place);
    return error->code;
}

/* Note the range as written; start it on its way to the disk when there is enough. */
static void soil(struct place *place, uint64_t offset, size_t bytes)
{
    if (place->dirty_first + place->dirty_bytes == offset) {
        place->dirty_bytes += bytes;
    } else if (place->dirty_bytes < bytes) {
        place->dirty_first = offset;
        place->dirty_bytes = bytes;
    }
    if (place->dirty_bytes < FLUSH_BYTES)
        return;
    sync_file_range(place->fd, (off_t)place->dirty_first, (off_t)place->dirty_bytes, SYNC_FILE_RANGE_WRITE);
    place->dirty_first += place->dirty_bytes;
    place->dirty_bytes = 0;
}

int place_put(struct place *place, uint64_t offset, const void *data, size_t bytes, struct error *error)
{
    const char *from = data;

    for (size_t done = 0; done < bytes;) {
        const ssize_t wrote = pwrite(place->fd, from + done, bytes - done, (off_t)(offset + done));

        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote <= 0)
            return error_set(error, FAILED, "%s: can't write: %s", place->path,
                             wrote ? strerror(errno) : "nothing was taken");
        done += (size_t)wrote;
    }
    soil(place, offset, bytes);
    return OK;
}

static int get(struct place *place, uint64_t offset, void *data, size_t bytes, struct error *error)
{
    char *to = data;

    for (size_t done = 0; done < bytes;) {
        const ssize_t got = pread(place->fd, to + done, bytes - done, (off_t)(offset + done));

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return error_set(error, FAILED, "%s: can't read back: %s", place->path,
                             got ? strerror(errno) : "the file is too short");
        done += (size_t)got;
    }
    return OK;
}

int place_mark(struct place *place, uint64_t offset, uint64_t first, uint64_t count, const unsigned char *bits,
               struct error *error)
{
    unsigned char window[4096];
    const uint64_t most = sizeof window * 8 - 8;

    for (uint64_t done = 0; done < count;) {
        const uint64_t bit = first + done, part = count - done < most ? count - done : most;
        const size_t bytes = (size_t)((bit % 8 + part + 7) / 8);

        if (get(place, offset + bit / 8, window, bytes, error))
            return error->code;
        for (uint64_t k = 0; k < part; k++)
            if (bits[(done + k) / 8] >> ((done + k) & 7) & 1)
                window[(bit % 8 + k) / 8] |= (unsigned char)(1u << ((bit + k) & 7));
        if (place_put(place, offset + bit / 8, window, bytes, error))
            return error->code;
        done += part;
    }
    return OK;
}

int place_close(struct place *place, struct error *error)
{
    int code = OK;

    if (!place)
        return OK;
    if (close(place->fd))
        code = error_set(error, FAILED, "%s: can't close: %s", place->path, strerror(errno));
    free(place);
    return code;
}

static int sync_path(const char *path, int flags, struct error *error)
{
    const int fd = open(path, flags | O_CLOEXEC);
    int code = OK;

    if (fd < 0)
        return error_set(error, FAILED, "%s: %s", path, strerror(errno));
    if (fsync(fd) && errno != EINVAL)
        code = error_set(error, FAILED, "%s: can't sync: %s", path, strerror(errno));
    if (close(fd) && !code)
        code = error_set(error, FAILED, "%s: can't close: %s", path, strerror(errno));
    return code;
}

int place_finish(const char *part, const char *path, struct error *error)
{
    char folder[PATH_BYTES];

    if (sync_path(part, O_RDWR, error))
        return error->code;
    if (rename(part, path))
        return error_set(error, FAILED, "%s: can't rename to %s: %s", part, path, strerror(errno));
    strncpy(folder, path, sizeof folder - 1);
    folder[sizeof folder - 1] = 0;
    return sync_path(dirname(folder), O_RDONLY | O_DIRECTORY, error);
}

bool place_busy(const char *path)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool busy;

    if (fd < 0)
        return false;
    busy = flock(fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK;
    close(fd);
    return busy;
}
