#include "store/place.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FLUSH_BYTES (8u << 20) /* how much is written before the kernel is told to start on it */

struct place {
    int fd;
    bool overwrite, gone;              /* gone: OUTPUT.part has been renamed or removed */
    uint64_t dirty_first, dirty_bytes; /* written and not yet on its way to the disk: one range */
    char path[PATH_BYTES];             /* the output */
    char part[PATH_BYTES];             /* until it is complete */
    char name[PATH_BYTES];             /* the output as messages call it */
};

static int refuse_busy(const struct place *place, struct error *error)
{
    return error_set(error, REFUSED, "%s: another run is writing it (wait for it, or give another OUTPUT)",
                     place->name);
}

/* Open and lock OUTPUT.part; -1 with errno 0 where another run has finished or removed it meanwhile: try again. */
static int take(struct place *place, struct error *error)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    struct stat ours, named;

    place->fd = open(place->part, O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW, 0666);
    if (place->fd < 0)
        return error_set(error, REFUSED, "%s: can't be made: %s", place->part, strerror(errno));
    if (fcntl(place->fd, F_OFD_SETLK, &lock) && (errno == EAGAIN || errno == EACCES))
        return refuse_busy(place, error);
    if (fstat(place->fd, &ours) || !S_ISREG(ours.st_mode))
        return error_set(error, REFUSED, "%s: is no regular file (remove it)", place->part);
    if (stat(place->part, &named) || ours.st_ino != named.st_ino || ours.st_dev != named.st_dev) {
        close(place->fd);
        place->fd = -1;
    }
    return OK;
}

int place_begin(const char *path, const char *name, bool overwrite, struct place **place_out, struct error *error)
{
    struct place *place = calloc(1, sizeof *place);
    struct stat status;

    if (!place)
        return error_memory(error, path, sizeof *place);
    place->fd = -1;
    place->overwrite = overwrite;
    place->gone = true;
    snprintf(place->path, sizeof place->path, "%s", path);
    snprintf(place->name, sizeof place->name, "%s", name);
    if (snprintf(place->part, sizeof place->part, "%s.part", path) >= (int)sizeof place->part)
        error_set(error, REFUSED, "%s: the path is too long", name);
    while (!error->code && place->fd < 0)
        take(place, error);
    place->gone = error->code != OK;
    if (!error->code && !overwrite && stat(path, &status) == 0)
        error_set(error, REFUSED, "%s: exists (give --overwrite to replace it)", name);
    if (error->code) {
        place_close(place);
        return error->code;
    }
    *place_out = place;
    return OK;
}

const char *place_path(const struct place *place)
{
    return place->part;
}

int place_reserve(struct place *place, uint64_t file_bytes, struct error *error)
{
    if (file_bytes == 0 || fallocate(place->fd, 0, 0, (off_t)file_bytes) == 0)
        return OK;
    if (errno == EOPNOTSUPP || errno == ENOSYS || errno == EINVAL)
        return OK;
    return error_set(error, FAILED, "%s: can't take %.1f MiB on disk: %s", place->name, (double)file_bytes / 1048576,
                     strerror(errno));
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
            return error_set(error, FAILED, "%s: can't write: %s", place->name,
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
            return error_set(error, FAILED, "%s: can't read back: %s", place->name,
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

/* A folder that may be written but not read can't be synced; the name is in it all the same. */
static int sync_folder(const struct place *place, struct error *error)
{
    char folder[PATH_BYTES];
    int fd, code = OK;

    memcpy(folder, place->path, sizeof folder);
    fd = open(dirname(folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 && errno == EACCES)
        return OK;
    if (fd < 0 || (fsync(fd) && errno != EINVAL))
        code =
            error_set(error, FAILED, "%s: complete, but its folder can't be synced: %s", place->name, strerror(errno));
    if (fd >= 0)
        close(fd);
    return code;
}

static int rename_part(const struct place *place)
{
    if (!place->overwrite) {
        if (renameat2(AT_FDCWD, place->part, AT_FDCWD, place->path, RENAME_NOREPLACE) == 0)
            return OK;
        if (errno != EINVAL && errno != ENOSYS)
            return -1;
    }
    return rename(place->part, place->path);
}

int place_finish(struct place *place, struct error *error)
{
    if (place->gone)
        return error_set(error, FAILED, "%s: %s is gone", place->name, place->part);
    if (fsync(place->fd))
        return error_set(error, FAILED, "%s: can't sync: %s", place->name, strerror(errno));
    if (rename_part(place))
        return error_set(error, FAILED, "%s: can't rename %s to it: %s", place->name, place->part, strerror(errno));
    place->gone = true;
    return sync_folder(place, error);
}

void place_remove(struct place *place)
{
    if (!place->gone)
        unlink(place->part);
    place->gone = true;
}

void place_close(struct place *place)
{
    if (!place)
        return;
    place_remove(place);
    if (place->fd >= 0)
        close(place->fd);
    free(place);
}
