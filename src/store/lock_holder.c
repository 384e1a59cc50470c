#include "store/lock_holder.h"
#include "job.h"

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

/* Two bytes of the lock file are locked for two purposes: if it were one, a run that takes over would look like a
 * holder that lives to the next, which may take over even from the living. */
enum { BYTE_LIVES, BYTE_GUARD };

static struct flock lock_of(off_t byte)
{
    return (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1};
}

static int take_byte(int fd, off_t byte)
{
    struct flock lock = lock_of(byte);

    if (fcntl(fd, F_OFD_SETLK, &lock) == 0)
        return 0;
    return errno == EACCES ? EAGAIN : errno;
}

void holder_live(int fd)
{
    /* Where there are no locks, touching the file is all that shows it. */
    if (take_byte(fd, BYTE_LIVES))
        return;
}

int holder_guard(int fd)
{
    return take_byte(fd, BYTE_GUARD);
}

static enum life look_at_life(int fd)
{
    struct flock lock = lock_of(BYTE_LIVES);

    if (fcntl(fd, F_OFD_GETLK, &lock))
        return LIFE_UNKNOWN;
    return lock.l_type == F_UNLCK ? LIFE_ENDED : LIFE_GOES_ON;
}

bool holder_open(struct holder *holder, const char *path)
{
    const int flags = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
    int problem = 0;

    *holder = (struct holder){.fd = open(path, O_RDWR | flags)};
    holder->fixed = holder->fd < 0 && errno == EACCES;
    if (holder->fixed)
        holder->fd = open(path, O_RDONLY | flags);
    if (holder->fd < 0)
        return false;
    if (!holder->fixed)
        problem = holder_guard(holder->fd);
    holder->busy = problem == EAGAIN;
    if (!problem)
        holder->life = look_at_life(holder->fd);
    return true;
}

static void read_who(int fd, struct claimant *who)
{
    char line[256] = "", job[sizeof who->job] = "";
    long pid = 0;

    *who = (struct claimant){0};
    if (pread(fd, line, sizeof line - 1, 0) <= 0 || !strchr(line, '\n') ||
        sscanf(line, "%63s %ld %ld %63s", who->host, &pid, &who->restart, job) != 4) {
        who->host[0] = '\0';
        return;
    }
    who->pid = (pid_t)pid;
    if (strcmp(job, "-") != 0)
        memcpy(who->job, job, sizeof who->job);
}

static double seconds_of(struct timespec time)
{
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

void holder_read(struct holder *holder, const struct claimant *claimant, int own_fd)
{
    struct stat ours, theirs;

    read_who(holder->fd, &holder->who);
    holder->here = !strcmp(holder->who.host, claimant->host);
    if (futimens(own_fd, NULL) || fstat(own_fd, &ours) || fstat(holder->fd, &theirs))
        return; /* as if it had been touched just now */
    holder->silent_s = seconds_of(ours.st_mtim) - seconds_of(theirs.st_mtim);
}

/* One that died, on our host or silently elsewhere; the same job before the scheduler started it anew; one that did not
 * live to write who it is, as a living one has before its file has the lock's name. Without locks of the system's, a
 * process of the holder's number on our host may be another one: then its silence tells. */
bool holder_may_be_replaced(const struct holder *holder, const struct claimant *claimant)
{
    const struct claimant *who = &holder->who;

    if (holder->fixed)
        return false;
    if (*who->host && *who->job && !strcmp(who->job, claimant->job) && who->restart < claimant->restart)
        return true;
    if (!*who->host && holder->life == LIFE_ENDED)
        return true;
    if (holder->here && holder->life != LIFE_UNKNOWN)
        return holder->life == LIFE_ENDED;
    if (holder->here && who->pid > 0 && kill(who->pid, 0) && errno == ESRCH)
        return true;
    return holder->silent_s >= LOCK_SILENT_S;
}

/* "host n1, pid 5, job 17, last heard of 4 s ago" */
static void describe(const struct holder *holder, double silent_s, char text[256])
{
    const struct claimant *who = &holder->who;
    int length = 0;

    if (*who->host)
        length = snprintf(text, 256, "host %s, pid %ld, %s%s%s", who->host, (long)who->pid, *who->job ? "job " : "",
                          who->job, *who->job ? ", " : "");
    snprintf(text + length, (size_t)(256 - length), "last heard of %.0f s ago", silent_s);
}

int holder_refuse(const struct holder *holder, const struct lock_names *names, struct error *error)
{
    const double silent_s = holder->silent_s > 0 ? holder->silent_s : 0;
    const double left_s = LOCK_SILENT_S - silent_s > 1 ? LOCK_SILENT_S - silent_s : 1;
    char who[256];

    describe(holder, silent_s, who);
    if (holder->life == LIFE_GOES_ON && (holder->here || silent_s < 2 * LOCK_REFRESH_S))
        return error_set(error, REFUSED, "%s: another run is writing it (%s): wait for it, or give another OUTPUT",
                         names->output, who);
    if (holder->fixed)
        return error_set(error, REFUSED,
                         "%s: another user's run may be writing it (%s): if it is dead, have %s removed, or give "
                         "another OUTPUT",
                         names->output, who, names->lock);
    return error_set(error, REFUSED,
                     "%s: another run may be writing it (%s): if it is dead, try again in %.0f s, or remove %s",
                     names->output, who, left_s, names->lock);
}

/* The process of a file that is named like our own, but for the number at its end; 0: it is none. */
static pid_t maker_of(const char *entry, const char *own)
{
    const char *slash = strrchr(own, '/'), *base = slash ? slash + 1 : own;
    const size_t length = (size_t)(strrchr(base, '.') + 1 - base);
    const char *digits = entry + length;

    if (strncmp(entry, base, length) != 0 || strlen(digits) > 9 || digits[strspn(digits, "0123456789")])
        return 0;
    return (pid_t)strtol(digits, NULL, 10);
}

void holder_sweep(const char *own)
{
    char copy[PATH_BYTES];
    struct dirent *entry;
    DIR *folder;

    snprintf(copy, sizeof copy, "%s", own);
    folder = opendir(dirname(copy));
    while (folder && (entry = readdir(folder))) {
        const pid_t maker = maker_of(entry->d_name, own);

        if (maker > 0 && kill(maker, 0) && errno == ESRCH)
            unlinkat(dirfd(folder), entry->d_name, 0);
    }
    if (folder)
        closedir(folder);
}
