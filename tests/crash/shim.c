/* Follows what a program does to the files of one folder, and ends or fails it there (LD_PRELOAD).
 *
 * What changes a file or the folder is an operation; they are numbered from 1, in the one order in which they happen.
 *
 * CRASH_FOLDER=PATH   the folder; what is elsewhere is left alone
 * CRASH_TRACE=FILE    every operation is appended, with its data (struct record)
 * CRASH_AT=N          the process kills itself just before operation N
 * CRASH_TORN=K        where that is a write, its first K bytes (modulo its length) are written
 * FAIL_AT=N           operation N fails with FAIL_ERRNO (a number), where it can with that
 * FAIL_FOREVER=1      so do those after it; a sync then fails with EIO
 * FAIL_SHORT=1        it does not fail: where it is a write, half of it is done
 * CRASH_SYNC_US=T     a sync takes so long
 *
 * Syncs never reach the system: that it keeps its promises is not in question here, and takes long. Not followed:
 * stdio, mmap, io_uring, mkstemp, what a call of the C library does inside it. Who replays the trace notices these. */
#include "shim.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define FDS_MAX 4096

static struct {
    bool on;
    dev_t device; /* of the folder */
    ino_t inode;
    int trace;
    long crash_at, torn, fail_at, fail_errno, sync_us;
    bool forever, shorter;

    pthread_mutex_t lock; /* for what follows */
    int64_t number, ids;
    struct {
        int64_t id; /* 0: not followed */
        ino_t inode;
    } open[FDS_MAX];
} shim = {.trace = -1, .lock = PTHREAD_MUTEX_INITIALIZER};

void shim_lock(void)
{
    pthread_mutex_lock(&shim.lock);
}

void shim_unlock(void)
{
    pthread_mutex_unlock(&shim.lock);
}

static long setting(const char *name)
{
    const char *text = getenv(name);

    return text ? strtol(text, NULL, 10) : 0;
}

__attribute__((constructor)) static void start(void)
{
    const char *folder = getenv("CRASH_FOLDER"), *trace = getenv("CRASH_TRACE");
    struct stat status;

    if (!folder || stat(folder, &status))
        return;
    shim.device = status.st_dev;
    shim.inode = status.st_ino;
    shim.crash_at = setting("CRASH_AT");
    shim.torn = setting("CRASH_TORN");
    shim.fail_at = setting("FAIL_AT");
    shim.fail_errno = setting("FAIL_ERRNO");
    shim.forever = setting("FAIL_FOREVER") != 0;
    shim.shorter = setting("FAIL_SHORT") != 0;
    shim.sync_us = setting("CRASH_SYNC_US");
    if (trace)
        shim.trace = (int)syscall(SYS_openat, AT_FDCWD, trace, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    pthread_atfork(shim_lock, shim_unlock, shim_unlock);
    shim.on = true;
}

/* ---- which are followed ---- */

static bool is_folder(const struct stat *status)
{
    return status->st_dev == shim.device && status->st_ino == shim.inode;
}

const char *shim_name(int at, const char *path)
{
    const char *slash = shim.on && path ? strrchr(path, '/') : NULL, *name = slash ? slash + 1 : path;
    const size_t bytes = slash ? (size_t)(name - path) : 1;
    char folder[4096] = ".";
    struct stat status;

    if (!shim.on || !path || !*name || !strcmp(name, ".") || !strcmp(name, "..") || bytes >= sizeof folder)
        return NULL;
    if (slash) {
        memcpy(folder, path, bytes);
        folder[bytes] = '\0';
    }
    return fstatat(at, folder, &status, 0) == 0 && is_folder(&status) ? name : NULL;
}

/* What was closed behind our back (by fclose, say) is not followed any more, whatever has its number now. */
int64_t shim_id(int fd)
{
    struct stat status;

    if (!shim.on || fd < 0 || fd >= FDS_MAX || !shim.open[fd].id)
        return 0;
    return fstat(fd, &status) == 0 && status.st_dev == shim.device && status.st_ino == shim.open[fd].inode
               ? shim.open[fd].id
               : 0;
}

void shim_follow(int fd, int64_t id)
{
    struct stat status;

    if (!shim.on || fd < 0 || fd >= FDS_MAX)
        return;
    shim.open[fd].id = id && fstat(fd, &status) == 0 ? id : 0;
    shim.open[fd].inode = shim.open[fd].id ? status.st_ino : 0;
}

int64_t shim_new_id(void)
{
    return ((int64_t)getpid() << 32) + ++shim.ids;
}

bool shim_is_folder(int fd)
{
    struct stat status;

    return shim.on && fstat(fd, &status) == 0 && is_folder(&status);
}

/* ---- an operation ---- */

/* A trace that can't be written lacks something, which its replay shows. */
static void put_record(struct op *op, int64_t result)
{
    const char *texts[] = {op->name, op->other, op->data};
    struct record *record = &op->record;
    struct iovec parts[4] = {{record, sizeof *record}};

    record->result = result;
    record->name_bytes = op->name ? (uint32_t)strlen(op->name) : 0;
    record->other_bytes = op->other ? (uint32_t)strlen(op->other) : 0;
    record->data_bytes = op->data && result > 0 ? (uint32_t)result : 0;
    for (int k = 0; k < 3; k++)
        parts[k + 1].iov_base = (void *)(uintptr_t)texts[k];
    parts[1].iov_len = record->name_bytes;
    parts[2].iov_len = record->other_bytes;
    parts[3].iov_len = record->data_bytes;
    if (shim.trace >= 0 && syscall(SYS_writev, shim.trace, parts, 4) < 0)
        shim.trace = -1;
}

static void die(void)
{
    syscall(SYS_kill, getpid(), SIGKILL);
    for (;;)
        pause();
}

/* Removing and touching need no room. */
static bool can_fail(const struct op *op)
{
    const uint32_t kind = op->record.kind;

    return (kind != KIND_UNLINK && kind != KIND_TIMES && kind != KIND_RANGE) ||
           (shim.fail_errno != ENOSPC && shim.fail_errno != EDQUOT);
}

static bool is_failing(const struct op *op)
{
    const int64_t number = op->record.number;

    return shim.fail_at && !shim.shorter && can_fail(op) &&
           (number == shim.fail_at || (shim.forever && number > shim.fail_at));
}

static bool is_torn(const struct op *op)
{
    return op->record.number == shim.crash_at && op->record.kind == KIND_WRITE && shim.torn > 0;
}

bool shim_begin(struct op *op)
{
    op->record.number = ++shim.number;
    if (op->record.number == shim.crash_at && !is_torn(op))
        die();
    if (!is_failing(op))
        return false;
    op->record.made_to_fail = 1;
    errno = op->record.kind == KIND_SYNC && op->record.number > shim.fail_at ? EIO : (int)shim.fail_errno;
    shim_end(op, -1);
    return true;
}

size_t shim_share(const struct op *op, size_t bytes)
{
    if (is_torn(op))
        return bytes ? (size_t)shim.torn % bytes : 0;
    if (shim.shorter && op->record.number == shim.fail_at && bytes > 1)
        return bytes / 2;
    return bytes;
}

long shim_end(struct op *op, long result)
{
    const int problem = errno;

    put_record(op, result < 0 ? -problem : result);
    if (is_torn(op))
        die();
    errno = problem;
    return result;
}

void shim_wait(void)
{
    const struct timespec time = {shim.sync_us / 1000000, shim.sync_us % 1000000 * 1000};

    if (shim.sync_us)
        nanosleep(&time, NULL);
}
