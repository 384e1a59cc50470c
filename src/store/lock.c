#include "store/lock.h"
#include "job.h"
#include "store/system_lock.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TRIES 100 /* to take a lock that others take and release at the same time */

struct lock {
    int fd;
    char path[PATH_BYTES]; /* OUTPUT.lock */
    char own[PATH_BYTES];  /* our file, until it has that name */
    char name[PATH_BYTES]; /* of the output, in messages */
};

/* Who has the lock, as its file tells. */
struct holder {
    struct claimant who; /* host "": the file can't be understood */
    double silent_s;     /* since it was touched */
    bool dead;           /* it does not live on a machine whose locks we see */
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

/* Trouble with the disk is no fault of the request; nor is a file system that has become read-only. */
static int refuse_file(const struct lock *lock, const char *path, struct error *error)
{
    const bool trouble =
        errno == ENOSPC || errno == EDQUOT || errno == EIO || errno == EFBIG || (errno == EROFS && path != lock->own);

    return error_set(error, trouble ? FAILED : REFUSED, "%s: can't be made, as %s can't: %s", lock->name, path,
                     strerror(errno));
}

/* Our own file, with who we are in it and the system's lock on it. */
static int make_own(struct lock *lock, const struct claimant *claimant, struct error *error)
{
    char line[256];
    const int length = snprintf(line, sizeof line, "%s %ld %ld %s\n", claimant->host, (long)claimant->pid,
                                claimant->restart, *claimant->job ? claimant->job : "-");

    unlink(lock->own);
    lock->fd = open(lock->own, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (lock->fd < 0)
        return refuse_file(lock, lock->own, error);
    errno = ENOSPC; /* where only a part is written */
    if (pwrite(lock->fd, line, (size_t)length, 0) != length)
        return refuse_file(lock, lock->own, error);
    if (!system_lock_is_local(lock->fd) &&
        fsync(lock->fd)) /* other machines must see who we are before they see the lock */
        return refuse_file(lock, lock->own, error);
    system_lock_take(lock->fd);
    return OK;
}

/* ---- the holder ---- */

static double seconds_of(struct timespec time)
{
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* By the clock of the file system, which all who may write the output share. */
static double silence(const struct lock *lock, int fd)
{
    struct stat ours, theirs;

    if (futimens(lock->fd, NULL) || fstat(lock->fd, &ours) || fstat(fd, &theirs))
        return 0;
    return seconds_of(ours.st_mtim) - seconds_of(theirs.st_mtim);
}

static void read_holder(int fd, struct claimant *who)
{
    char line[256] = "", job[64] = "";
    long pid = 0;

    *who = (struct claimant){0};
    if (pread(fd, line, sizeof line - 1, 0) <= 0 ||
        sscanf(line, "%63s %ld %ld %63s", who->host, &pid, &who->restart, job) != 4) {
        who->host[0] = '\0';
        return;
    }
    who->pid = (pid_t)pid;
    if (strcmp(job, "-") != 0)
        memcpy(who->job, job, sizeof who->job);
}

/* A holder that we may put out of the way, or that is out of it: one that died, on our host or silently elsewhere; the
 * same job before the scheduler started it anew; one that did not live to write who it is, as a living one has before
 * its file has the lock's name. */
static bool may_take_over(const struct holder *holder, const struct claimant *claimant)
{
    const struct claimant *who = &holder->who;

    if (*who->host && *who->job && !strcmp(who->job, claimant->job) && who->restart < claimant->restart)
        return true;
    if (holder->dead && (!*who->host || !strcmp(who->host, claimant->host)))
        return true;
    return holder->silent_s >= LOCK_SILENT_S && strcmp(who->host, claimant->host) != 0;
}

static int refuse_holder(const struct lock *lock, const struct holder *holder, struct error *error)
{
    const struct claimant *who = &holder->who;
    const double silent_s = holder->silent_s > 0 ? holder->silent_s : 0;
    char job[96] = "";

    if (*who->job)
        snprintf(job, sizeof job, ", job %s", who->job);
    if (!holder->dead)
        return error_set(error, REFUSED,
                         "%s: another run is writing it (host %s, pid %ld%s): wait for it, or give another OUTPUT",
                         lock->name, *who->host ? who->host : "unknown", (long)who->pid, job);
    return error_set(
        error, REFUSED,
        "%s: another run may be writing it (host %s, pid %ld%s, last heard of %.0f s ago): if it is dead, try "
        "again in %.0f s, or remove %s",
        lock->name, *who->host ? who->host : "unknown", (long)who->pid, job, silent_s,
        LOCK_SILENT_S - silent_s > 1 ? LOCK_SILENT_S - silent_s : 1, lock->path);
}

static bool same_file(int fd, const char *path)
{
    struct stat open_file, named;

    return fstat(fd, &open_file) == 0 && lstat(path, &named) == 0 && open_file.st_ino == named.st_ino &&
           open_file.st_dev == named.st_dev;
}

/* ---- taking it ---- */

/* Put our file in the place of the holder's, which is open. *again: it has changed hands meanwhile. */
static int replace_holder(struct lock *lock, int fd, const struct claimant *claimant, bool *again, struct error *error)
{
    const enum system_lock system_lock = system_lock_take(fd);
    struct holder holder = {0};

    if (!same_file(fd, lock->path)) {
        *again = true;
        return OK;
    }
    read_holder(fd, &holder.who);
    holder.dead = system_lock == LOCK_OURS ||
                  (system_lock == LOCK_UNKNOWN && holder.who.pid > 0 && kill(holder.who.pid, 0) && errno == ESRCH);
    holder.silent_s = silence(lock, fd);
    if (!may_take_over(&holder, claimant))
        return refuse_holder(lock, &holder, error);
    if (rename(lock->own, lock->path))
        return refuse_file(lock, lock->path, error);
    return OK;
}

/* Give our file the lock's name where there is none. Returns 0, or errno. */
static int give_name(const struct lock *lock)
{
    if (link(lock->own, lock->path) == 0) {
        unlink(lock->own);
        return 0;
    }
    if (errno == EEXIST)
        return EEXIST;
    return renameat2(AT_FDCWD, lock->own, AT_FDCWD, lock->path, RENAME_NOREPLACE) ? errno : 0;
}

/* One try. *again: the lock changed hands while we looked. */
static int try_once(struct lock *lock, const struct claimant *claimant, bool *taken_over, bool *again,
                    struct error *error)
{
    int fd;

    errno = give_name(lock);
    if (errno == 0)
        return OK;
    if (errno == ENOENT && !same_file(lock->fd, lock->own)) { /* swept away by a run that took it for a dead one's */
        *again = true;
        close(lock->fd);
        return make_own(lock, claimant, error);
    }
    if (errno != EEXIST)
        return refuse_file(lock, lock->path, error);
    fd = open(lock->path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0 && errno == ENOENT) {
        *again = true;
        return OK;
    }
    if (fd < 0)
        return refuse_file(lock, lock->path, error);
    *taken_over = true;
    replace_holder(lock, fd, claimant, again, error);
    close(fd); /* of a file that nobody has any more, or of one that we leave alone */
    return error->code;
}

static int name_files(struct lock *lock, const char *path, const struct claimant *claimant, struct error *error)
{
    const int length =
        snprintf(lock->own, sizeof lock->own, "%s.lock.%s.%ld", path, claimant->host, (long)claimant->pid);

    snprintf(lock->path, sizeof lock->path, "%s.lock", path);
    if (length >= (int)sizeof lock->own)
        return error_set(error, REFUSED, "%s: the path is too long", lock->name);
    return OK;
}

/* Remove what runs of this host left that were killed while they took the lock. */
static void sweep(const struct lock *lock, const struct claimant *claimant)
{
    char folder[PATH_BYTES], file[2 * PATH_BYTES], begin[PATH_BYTES];
    struct dirent *entry;
    size_t length;
    DIR *opened;

    snprintf(folder, sizeof folder, "%s", lock->path);
    snprintf(begin, sizeof begin, "%s.%s.", strrchr(lock->path, '/') ? strrchr(lock->path, '/') + 1 : lock->path,
             claimant->host);
    length = strlen(begin);
    opened = opendir(dirname(folder));
    while (opened && (entry = readdir(opened))) {
        int fd;

        if (strncmp(entry->d_name, begin, length) != 0 ||
            entry->d_name[length + strspn(entry->d_name + length, "0123456789")])
            continue;
        snprintf(file, sizeof file, "%s/%s", folder, entry->d_name);
        fd = open(file, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        if (fd >= 0 && system_lock_take(fd) == LOCK_OURS)
            unlink(file);
        if (fd >= 0)
            close(fd);
    }
    if (opened)
        closedir(opened);
}

int lock_take(const char *path, const char *name, const struct claimant *claimant, struct lock **lock_out,
              bool *taken_over, struct error *error)
{
    struct lock *lock = calloc(1, sizeof *lock);
    bool again = true;

    *taken_over = false;
    if (!lock)
        return error_memory(error, name, sizeof *lock);
    lock->fd = -1;
    snprintf(lock->name, sizeof lock->name, "%s", name);
    if (!name_files(lock, path, claimant, error))
        make_own(lock, claimant, error);
    for (int k = 0; k < TRIES && again && !error->code; k++) {
        again = false;
        try_once(lock, claimant, taken_over, &again, error);
    }
    if (again && !error->code)
        error_set(error, REFUSED, "%s: other runs take its lock all the time (try again)", name);
    if (error->code) {
        if (lock->fd >= 0)
            unlink(lock->own);
        if (lock->fd >= 0)
            close(lock->fd);
        free(lock);
        return error->code;
    }
    sweep(lock, claimant);
    *lock_out = lock;
    return OK;
}

int lock_look(const struct lock *lock, struct error *error)
{
    if (same_file(lock->fd, lock->path))
        return OK;
    return error_set(error, FAILED, "%s: another run has taken over, or %s was removed", lock->name, lock->path);
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
    if (same_file(lock->fd, lock->path))
        unlink(lock->path);
    close(lock->fd);
    free(lock);
}
