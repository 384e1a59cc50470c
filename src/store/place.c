#include "store/place.h"
#include "store/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define FLUSH_BYTES (2u << 20) /* how much is written before the kernel is told to start on it */

struct place {
    int fd;
    bool done;                          /* renamed to the output */
    atomic_bool lost;                   /* a sync failed: what was put may not be on disk, and never will be */
    uint64_t dirty_bytes;               /* written and not yet on their way to the disk */
    uint64_t dirty_first, dirty_behind; /* between these */
    char path[PATH_BYTES];              /* the output */
    char part[PATH_BYTES];              /* the file until then */
    char name[PATH_BYTES];              /* the output as messages call it */
};

static int set_suffix(struct place *place, const char *suffix, struct error *error)
{
    const int length = snprintf(place->part, sizeof place->part, "%s%s", place->path, suffix);

    if (length >= (int)sizeof place->part)
        return error_set(error, REFUSED, "%s: the path is too long", place->name);
    return OK;
}

static int place_new(const struct place_spec *spec, struct place **place_out, struct error *error)
{
    struct place *place = calloc(1, sizeof *place);

    *place_out = NULL;
    if (!place)
        return error_memory(error, spec->name, sizeof *place);
    place->fd = -1;
    snprintf(place->path, sizeof place->path, "%s", spec->path);
    snprintf(place->name, sizeof place->name, "%s", spec->name);
    if (set_suffix(place, spec->suffix, error)) {
        free(place);
        return error->code;
    }
    *place_out = place;
    return OK;
}

/* Trouble with the disk is no fault of the request; nor is one that has become read-only since the lock was taken. */
static int code_of(int problem)
{
    const bool trouble =
        problem == ENOSPC || problem == EDQUOT || problem == EIO || problem == EFBIG || problem == EROFS;

    return trouble ? FAILED : REFUSED;
}

int place_make(const struct place_spec *spec, struct place **place_out, struct error *error)
{
    struct place *place;

    if (place_new(spec, place_out, error))
        return error->code;
    place = *place_out;
    if (unlink(place->part) && errno != ENOENT)
        error_set(error, code_of(errno), "%s: can't be replaced: %s (remove it)", place->part, strerror(errno));
    else if ((place->fd = open(place->part, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666)) < 0)
        error_set(error, code_of(errno), "%s: can't be made: %s", place->part, strerror(errno));
    if (error->code) {
        place_close(place);
        *place_out = NULL;
    }
    return error->code;
}

static int check_regular(const struct place *place, struct error *error)
{
    struct stat status;

    if (fstat(place->fd, &status))
        return error_set(error, FAILED, "%s: %s", place->part, strerror(errno));
    if (!S_ISREG(status.st_mode))
        return error_set(error, REFUSED, "%s: is no regular file (remove it)", place->part);
    return OK;
}

int place_open(const struct place_spec *spec, struct place **place_out, struct error *error)
{
    struct place *place;

    if (place_new(spec, place_out, error))
        return error->code;
    place = *place_out;
    place->fd = open(place->part, O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
    if (place->fd < 0 && errno != ENOENT)
        error_set(error, code_of(errno), "%s: can't be opened: %s (mend it, or remove it)", place->part,
                  strerror(errno));
    if (place->fd < 0 || check_regular(place, error)) {
        place_close(place);
        *place_out = NULL;
    }
    return error->code;
}

const char *place_path(const struct place *place)
{
    return place->part;
}

/* Where the file system can't reserve: is there room at the moment? */
static int check_room(const struct place *place, uint64_t file_bytes, struct error *error)
{
    struct statvfs system;
    struct stat status;

    if (fstatvfs(place->fd, &system) || fstat(place->fd, &status))
        return error_set(error, FAILED, "%s: %s", place->part, strerror(errno));
    if ((double)system.f_bavail * (double)system.f_frsize + 512.0 * (double)status.st_blocks >= (double)file_bytes)
        return OK;
    return error_set(error, FAILED, "%s: can't take %.1f MiB on disk: only %.1f MiB are free", place->name,
                     (double)file_bytes / 1048576, (double)system.f_bavail * (double)system.f_frsize / 1048576);
}

int place_reserve(struct place *place, uint64_t file_bytes, struct error *error)
{
    if (file_bytes == 0 || fallocate(place->fd, 0, 0, (off_t)file_bytes) == 0)
        return OK;
    if (errno == EOPNOTSUPP || errno == ENOSYS || errno == EINVAL)
        return check_room(place, file_bytes, error);
    return error_set(error, FAILED, "%s: can't take %.1f MiB on disk: %s", place->name, (double)file_bytes / 1048576,
                     strerror(errno));
}

int place_spare(struct place *place, uint64_t offset, uint64_t bytes, struct error *error)
{
    if (fallocate(place->fd, 0, (off_t)offset, (off_t)bytes) == 0 || errno == EOPNOTSUPP || errno == ENOSYS ||
        errno == EINVAL)
        return OK;
    return error_set(error, FAILED, "%s: can't take %.1f MiB on disk: %s", place->name, (double)bytes / 1048576,
                     strerror(errno));
}

void place_unspare(struct place *place, uint64_t offset, uint64_t bytes)
{
    if (fallocate(place->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)offset, (off_t)bytes))
        return; /* then it took none */
}

uint64_t place_bytes(const struct place *place)
{
    struct stat status;

    return fstat(place->fd, &status) ? 0 : (uint64_t)status.st_size;
}

/* Note the range as written; start what has not been started on its way to the disk when there is enough of it. Several
 * results, and those of several ranks, come in turns: what lies between them is clean or on its way, and costs little.
 */
static void soil(struct place *place, uint64_t offset, size_t bytes)
{
    if (place->dirty_bytes == 0 || offset < place->dirty_first)
        place->dirty_first = offset;
    if (place->dirty_bytes == 0 || offset + bytes > place->dirty_behind)
        place->dirty_behind = offset + bytes;
    place->dirty_bytes += bytes;
    if (place->dirty_bytes < FLUSH_BYTES)
        return;
    sync_file_range(place->fd, (off_t)place->dirty_first, (off_t)(place->dirty_behind - place->dirty_first),
                    SYNC_FILE_RANGE_WRITE);
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

int place_get(const struct place *place, uint64_t offset, void *data, size_t bytes, struct error *error)
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

int place_cut(struct place *place, uint64_t bytes, struct error *error)
{
    if (ftruncate(place->fd, (off_t)bytes))
        return error_set(error, FAILED, "%s: can't be cut: %s", place->part, strerror(errno));
    return OK;
}

/* The system tells of a failed write once; the next sync, of the same pages, succeeds. */
static int sync_by(struct place *place, int (*call)(int), struct error *error)
{
    const bool lost = atomic_load(&place->lost);

    if (!lost && call(place->fd) == 0)
        return OK;
    error_set(error, FAILED, "%s: can't sync: %s", place->name, strerror(lost ? EIO : errno));
    atomic_store(&place->lost, true);
    return error->code;
}

int place_sync(struct place *place, struct error *error)
{
    return sync_by(place, fdatasync, error);
}

int place_sync_all(struct place *place, struct error *error)
{
    return sync_by(place, fsync, error);
}

int place_sync_name(const struct place *place, struct error *error)
{
    return folder_sync(place->part, place->name, error);
}

int place_become(struct place *place, const char *suffix, struct error *error)
{
    char before[PATH_BYTES];

    memcpy(before, place->part, sizeof before);
    if (set_suffix(place, suffix, error))
        return error->code;
    if (rename(before, place->part)) {
        error_set(error, FAILED, "%s: can't rename %s to it: %s", place->part, before, strerror(errno));
        memcpy(place->part, before, sizeof before);
        return error->code;
    }
    return folder_sync(place->path, place->name, error);
}

static int rename_part(const struct place *place, bool replace)
{
    if (!replace) {
        if (renameat2(AT_FDCWD, place->part, AT_FDCWD, place->path, RENAME_NOREPLACE) == 0)
            return OK;
        if (errno != EINVAL && errno != ENOSYS)
            return -1;
        return link(place->part, place->path) || unlink(place->part) ? -1 : 0;
    }
    return rename(place->part, place->path);
}

/* Does the name still lead to our file? A run that took over may have put its own there. errno: 0, or why it can't be
 * seen. */
static bool is_ours(const struct place *place)
{
    struct stat ours, named;

    errno = 0;
    return fstat(place->fd, &ours) == 0 && stat(place->part, &named) == 0 && ours.st_ino == named.st_ino &&
           ours.st_dev == named.st_dev;
}

int place_finish(struct place *place, bool replace, struct error *error)
{
    int problem;

    if (!is_ours(place)) {
        if (errno && errno != ENOENT && errno != ESTALE)
            return error_set(error, FAILED, "%s: can't look at %s: %s", place->name, place->part, strerror(errno));
        return error_set(error, FAILED, "%s: %s is no longer this run's file", place->name, place->part);
    }
    if (rename_part(place, replace))
        return error_set(error, FAILED, "%s: can't rename %s to it: %s", place->name, place->part, strerror(errno));
    place->done = true;
    problem = folder_try_sync(place->path);
    if (problem)
        return error_set(error, FAILED,
                         "%s: complete, but its folder can't be synced: %s (a power failure now could lose it: run "
                         "sync)",
                         place->name, strerror(problem));
    return OK;
}

bool place_is_finished(const struct place *place)
{
    return place->done;
}

void place_remove(struct place *place)
{
    if (!place->done && is_ours(place))
        unlink(place->part);
}

void place_close(struct place *place)
{
    if (!place)
        return;
    if (place->fd >= 0)
        close(place->fd);
    free(place);
}
