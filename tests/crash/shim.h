/* What the parts of the shim share (shim.c says what it is for): shim.c keeps the numbers, decides an operation's
 * fate and records it; the others stand in for the calls of the C library. */
#ifndef CRASH_SHIM_H
#define CRASH_SHIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum kind {
    KIND_OPEN = 1, /* id, name, flags (OPEN_...); numbered if it made or cut the file */
    KIND_WRITE,    /* id, offset, the data */
    KIND_CUT,      /* id, length: ftruncate */
    KIND_ALLOCATE, /* id, offset, length, flags: fallocate */
    KIND_SYNC,     /* id: a sync begins */
    KIND_SYNCED,   /* id: it has ended; its number */
    KIND_RANGE,    /* id: sync_file_range */
    KIND_RENAME,   /* name, other, flags: renameat2 */
    KIND_LINK,     /* name, other */
    KIND_UNLINK,   /* name */
    KIND_TIMES     /* id or name */
};

enum { OPEN_MADE = 1, OPEN_CUT = 2, OPEN_FOLDER = 4 };

/* What the trace consists of; the names and the data follow. */
struct record {
    uint32_t kind, flags;
    int64_t number; /* 0: it changes nothing, and has none */
    int64_t id;     /* of the opened file: one per open */
    int64_t offset, length;
    int64_t result; /* what the call returned; -errno where it failed */
    uint32_t made_to_fail, name_bytes, other_bytes, data_bytes;
};

/* An operation on its way. */
struct op {
    struct record record;
    const char *name, *other, *data; /* NULL: none */
};

/* ---- which are followed ---- */

/* The file's name if it is directly in the folder, else NULL. */
const char *shim_name(int at, const char *path);

/* The id of what is open there, 0: not followed. */
int64_t shim_id(int fd);

/* From now on it is the open file `id` (0: not followed). */
void shim_follow(int fd, int64_t id);

int64_t shim_new_id(void);

/* Is it the folder itself? */
bool shim_is_folder(int fd);

/* ---- an operation, under the lock ---- */

void shim_lock(void);
void shim_unlock(void);

/* It is the next one, and nothing has been done yet. true: it fails, and errno says how. May end the process. */
bool shim_begin(struct op *op);

/* How many of a write's bytes to write, after shim_begin. */
size_t shim_share(const struct op *op, size_t bytes);

/* It has been done: record it. Returns `result` and leaves errno. May end the process. */
long shim_end(struct op *op, long result);

/* How long a sync takes. */
void shim_wait(void);

#endif
