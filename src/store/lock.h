/* OUTPUT.lock: who is writing this output. POSIX only; root only.
 *
 * It names its holder (host, pid, scheduler's job and restart count) and is touched every LOCK_REFRESH_S, so that a run
 * on another host, where no lock of the system's may reach, sees that the holder lives. While the holder lives, the
 * system's own lock (OFD) on it tells runs on the same host the same at once.
 *
 * A holder may be taken over while it still lives (a node that was cut off from the others): the lock's name then
 * belongs to another file, which lock_look notices. Look before each step that others would notice. */
#ifndef STORE_LOCK_H
#define STORE_LOCK_H

#include "error.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define LOCK_REFRESH_S 10.0
#define LOCK_SILENT_S 60.0 /* a holder on another host that has not touched its lock for so long is dead */

struct lock;

/* Who asks. */
struct claimant {
    char host[64];
    pid_t pid;
    char job[64]; /* the scheduler's job id, "" none */
    long restart; /* how often the scheduler has started it anew */
};

/* Fill in this process, from uname, getpid, SLURM_JOB_ID and SLURM_RESTART_COUNT. */
void lock_claimant(struct claimant *claimant);

/* Take the lock of the output file `path`, which messages call `name`. A holder is taken over where it is dead (nobody
 * has the system's lock, and its host is ours), silent for LOCK_SILENT_S on another host, or the same job with a lower
 * restart count; the last two even where the system's lock is held. A lock that does not tell its holder is a dead
 * one's, too, unless the system's lock is held. Where the file system has no locks, a holder on our host is dead
 * without a process of its number, or when it is silent; and two runs that take over at the same moment may both be
 * told OK: lock_look tells one of them. A lock of another user's that can't be written is never taken over.
 *
 * Otherwise REFUSED: "NAME: another run is writing it (host n1, pid 123, job 17, last heard of 4 s ago): wait for it,
 * ...", or, where it may be dead, "... may be writing it (...): if it is dead, try again in 56 s, or remove ...".
 * REFUSED also where the lock can't be made (no such folder, no permission); FAILED for an I/O error or a full disk.
 * *taken_over: there was a holder, and it was put out of the way. *lock is NULL unless OK. */
int lock_take(const char *path, const char *name, const struct claimant *claimant, struct lock **lock, bool *taken_over,
              struct error *error);

/* Is it still ours? FAILED: "NAME: another run has taken over ...", or it can't be told. Thread-safe against
 * lock_refresh. */
int lock_look(const struct lock *lock, struct error *error);

/* A random number that is in the lock file, so that others see whether they see the same file. */
uint64_t lock_nonce(const struct lock *lock);

/* Has the lock of the output file `path` this number? On any rank. FAILED: what is seen instead. */
int lock_is_seen(const char *path, uint64_t nonce, struct error *error);

/* Tell that we live. Thread-safe against lock_look. What goes wrong here is found by lock_look, or by others. */
void lock_refresh(const struct lock *lock);

/* Remove it, if it is still ours, and let go. NULL is fine. */
void lock_release(struct lock *lock);

#endif
