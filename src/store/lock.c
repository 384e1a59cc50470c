#include "store/lock.h"
#include "job.h"
#include "store/file_system.h"
#include "store/lock_holder.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define TRIES 100 /* to take a lock that others take and release at the same time */

struct lock {
    int fd;
    struct claimant claimant;
    bool taken_over;
    uint64_t nonce;
    char path[PATH_BYTES]; /* OUTPUT.lock */
    char own[PATH_BYTES];  /* our file, until it has that name */
    char name[PATH_BYTES]; /* of the output, in messages */
};

static void copy_word(char *to, size_t bytes, const char *from)
{
    size_t k = 0;

    for (; from && from[k] && k < bytes - 1; k++)
        to[k] = (unsigned char)from[k] <= ' ' || from[k] == 0x7f || from[k] == '/' ? '_' : from[k];
    to[k] = '\0';
}

void lock_claimant(struct claimant *claimant)
{
    const char *restart = getenv("SLURM_RESTART_COUNT");
    char host[sizeof claimant->host] = "";

    *claimant = (struct claimant){.pid = getpid()};
    if (gethostname(host, sizeof host - 1) || !*host)
        strcpy(host, "localhost");
    copy_word(claimant->host, sizeof claimant->host, host);
    copy_word(claimant->job, sizeof claimant->job, getenv("SLURM_JOB_ID"));
    if (restart)
        claimant->restart = strtol(restart, NULL, 10);
}

static bool same_file(int fd, const char *path)
{
    struct stat open_file, named;

    return fstat(fd, &open_file) == 0 && lstat(path, &named) == 0 && open_file.st_ino == named.st_ino &&
           open_file.st_dev == named.st_dev;
}

/* Trouble with the disk is no fault of the request; nor is a file system that has become read-only. */
static int refuse_file(const struct lock *lock, const char *path, struct error *error)
{
    const bool trouble =
        errno == ENOSPC || errno == EDQUOT || errno == EIO || errno == EFBIG || (errno == EROFS && path != lock->own);

    return error_set(error, trouble ? FAILED : REFUSED, "%s: can't be made, as %s can't: %s", lock->name, path,
                     strerror(errno));
}

/* ---- our own file ---- */

static int name_files(struct lock *lock, const char *path, struct error *error)
{
    const struct claimant *claimant = &lock->claimant;
    const int length =
        snprintf(lock->own, sizeof lock->own, "%s.lock.%s.%ld", path, claimant->host, (long)claimant->pid);

    snprintf(lock->path, sizeof lock->path, "%s.lock", path);
    if (length >= (int)sizeof lock->own)
        return error_set(error, REFUSED, "%s: the path is too long", lock->name);
    return OK;
}

/* With who we are in it, and locked to show that we live. */
static int make_own(struct lock *lock, struct error *error)
{
    const struct claimant *claimant = &lock->claimant;
    char line[256];
    const int length =
        snprintf(line, sizeof line, "%s %ld %ld %s %016" PRIx64 "\n", claimant->host, (long)claimant->pid,
                 claimant->restart, *claimant->job ? claimant->job : "-", lock->nonce);

    unlink(lock->own);
    lock->fd = open(lock->own, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (lock->fd < 0)
        return refuse_file(lock, lock->own, error);
    holder_live(lock->fd);
    errno = ENOSPC; /* what a write that takes only a part means */
    if (pwrite(lock->fd, line, (size_t)length, 0) != length)
        return refuse_file(lock, lock->own, error);
    /* Other machines must see who we are before they see the lock. */
    if (!file_system_is_local(lock->fd) && fsync(lock->fd))
        return refuse_file(lock, lock->own, error);
    return OK;
}

/* ---- taking the lock ---- */

/* For file systems with neither hard links nor a rename that spares what is there: make an empty lock, and take that
 * over, unless another run does so first. Returns 0, or errno. */
static int take_name_in_two_steps(const struct lock *lock)
{
    const int fd = open(lock->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
    int problem = 0;

    if (fd < 0)
        return errno;
    if (holder_guard(fd) == EAGAIN || !same_file(fd, lock->path)) {
        problem = EEXIST;
    } else if (rename(lock->own, lock->path)) {
        problem = errno;
        unlink(lock->path);
    }
    close(fd);
    return problem;
}

/* Give our file the lock's name where there is none. Returns 0, or errno. A link that NFS asked for twice exists the
 * second time. */
static int take_name(const struct lock *lock)
{
    if (link(lock->own, lock->path) == 0)
        return 0;
    if (errno == EEXIST)
        return same_file(lock->fd, lock->path) ? 0 : EEXIST;
    if (renameat2(AT_FDCWD, lock->own, AT_FDCWD, lock->path, RENAME_NOREPLACE) == 0)
        return 0;
    return errno == EINVAL || errno == ENOSYS ? take_name_in_two_steps(lock) : errno;
}

static int refuse_lock(const struct lock *lock, struct error *error)
{
    return error_set(error, errno == EIO ? FAILED : REFUSED, "%s: can't read its lock %s: %s (remove it)", lock->name,
                     lock->path, errno == ELOOP ? "it is a symbolic link" : strerror(errno));
}

/* Put our file in the place of the holder's, which we guard meanwhile. *again: another run is about to, or did. */
static int replace_holder(struct lock *lock, struct holder *holder, bool *again, struct error *error)
{
    const struct lock_names names = {lock->name, lock->path};

    *again = holder->busy || !same_file(holder->fd, lock->path);
    if (*again)
        return OK;
    holder_read(holder, &lock->claimant, lock->fd);
    if (!holder_may_be_replaced(holder, &lock->claimant))
        return holder_refuse(holder, &names, error);
    if (rename(lock->own, lock->path))
        return refuse_file(lock, lock->path, error);
    lock->taken_over = true;
    return OK;
}

/* One try. *again: the lock changes hands while we look. */
static int try_once(struct lock *lock, bool *again, struct error *error)
{
    struct holder holder;

    *again = false;
    errno = take_name(lock);
    if (errno == 0)
        return OK;
    if (errno == ENOENT && !same_file(lock->fd, lock->own)) { /* swept away by a run that took it for a dead one's */
        *again = true;
        close(lock->fd);
        return make_own(lock, error);
    }
    if (errno != EEXIST)
        return refuse_file(lock, lock->path, error);
    if (!holder_open(&holder, lock->path)) {
        *again = errno == ENOENT || errno == ESTALE;
        return *again ? OK : refuse_lock(lock, error);
    }
    replace_holder(lock, &holder, again, error);
    close(holder.fd);
    return error->code;
}

static int take(struct lock *lock, struct error *error)
{
    const struct timespec pause = {.tv_nsec = 10000000};
    bool again = true;

    for (int k = 0; k < TRIES && again && !error->code; k++) {
        if (k)
            nanosleep(&pause, NULL);
        try_once(lock, &again, error);
    }
    if (again && !error->code)
        error_set(error, REFUSED, "%s: other runs take its lock all the time (try again)", lock->name);
    return error->code;
}

int lock_take(const char *path, const char *name, const struct claimant *claimant, struct lock **lock_out,
              bool *taken_over, struct error *error)
{
    struct lock *lock = calloc(1, sizeof *lock);

    *lock_out = NULL;
    *taken_over = false;
    if (!lock)
        return error_memory(error, name, sizeof *lock);
    lock->fd = -1;
    lock->claimant = *claimant;
    if (getrandom(&lock->nonce, sizeof lock->nonce, 0) != sizeof lock->nonce)
        lock->nonce = (uint64_t)claimant->pid << 32 ^ (uint64_t)time(NULL);
    snprintf(lock->name, sizeof lock->name, "%s", name);
    if (!name_files(lock, path, error) && !make_own(lock, error))
        take(lock, error);
    if (lock->fd >= 0)
        unlink(lock->own); /* a second name by now, none, or in vain */
    if (error->code) {
        if (lock->fd >= 0)
            close(lock->fd);
        free(lock);
        return error->code;
    }
    holder_sweep(lock->own);
    *taken_over = lock->taken_over;
    *lock_out = lock;
    return OK;
}

/* ---- having it ---- */

int lock_look(const struct lock *lock, struct error *error)
{
    errno = 0;
    if (same_file(lock->fd, lock->path))
        return OK;
    if (errno && errno != ENOENT && errno != ESTALE)
        return error_set(error, FAILED, "%s: can't look at its lock %s: %s", lock->name, lock->path, strerror(errno));
    return error_set(error, FAILED, "%s: another run has taken over, or %s was removed", lock->name, lock->path);
}

uint64_t lock_nonce(const struct lock *lock)
{
    return lock->nonce;
}

int lock_is_seen(const char *path, uint64_t nonce, struct error *error)
{
    char file[PATH_BYTES], line[256] = "", text[20];
    int fd;

    if (snprintf(file, sizeof file, "%s.lock", path) >= (int)sizeof file)
        return error_set(error, FAILED, "%.200s...: the path is too long", path);
    fd = open(file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return error_set(error, FAILED, "%s can't be opened: %s", file, strerror(errno));
    if (pread(fd, line, sizeof line - 1, 0) < 0)
        error_set(error, FAILED, "%s can't be read: %s", file, strerror(errno));
    close(fd);
    snprintf(text, sizeof text, " %016" PRIx64 "\n", nonce);
    if (!error->code && !strstr(line, text))
        error_set(error, FAILED, "%s is another file", file);
    return error->code;
}

void lock_refresh(const struct lock *lock)
{
    /* A lock that can't be touched is found silent by others, and lost by lock_look. */
    if (futimens(lock->fd, NULL))
        return;
}

void lock_release(struct lock *lock)
{
    if (!lock)
        return;
    holder_guard(lock->fd); /* so that it is not taken over between the look and the removal */
    if (same_file(lock->fd, lock->path))
        unlink(lock->path);
    close(lock->fd);
    free(lock);
}
