/* Who has the lock of an output, and whether it may be taken over. Local. */
#ifndef STORE_LOCK_HOLDER_H
#define STORE_LOCK_HOLDER_H

#include "store/lock.h"

/* What the system's locks tell of whoever made the lock file; some file systems have none. */
enum life { LIFE_UNKNOWN, LIFE_ENDED, LIFE_GOES_ON };

struct holder {
    int fd;              /* the lock file */
    struct claimant who; /* host "": the file can't be understood */
    bool here;           /* on our host */
    bool fixed;          /* another user's: we may read it, not take it over */
    bool busy;           /* another run looks at it at this moment, to take it over */
    double silent_s;     /* since it was touched */
    enum life life;
};

/* What messages name: the output, and its lock file. */
struct lock_names {
    const char *output, *lock;
};

/* Show by the system's locks that we live, until the lock file is closed. */
void holder_live(int fd);

/* Keep others from taking the lock over until the file is closed. Returns 0, or errno: EAGAIN where one is at it,
 * others where the file system has no locks. */
int holder_guard(int fd);

/* Open the lock file, guard it unless it is fixed or busy, and look whether the holder lives. false, errno set, where
 * it can't be opened. */
bool holder_open(struct holder *holder, const char *path);

/* Read who it is, and how long it has been silent: by the clock of the file system, from a file of ours on it. */
void holder_read(struct holder *holder, const struct claimant *claimant, int own_fd);

bool holder_may_be_replaced(const struct holder *holder, const struct claimant *claimant);

/* REFUSED, naming the holder, and what to do about it. Returns the code. */
int holder_refuse(const struct holder *holder, const struct lock_names *names, struct error *error);

/* Remove what processes of our host left that were killed while they took the lock: files of a name like `own`,
 * OUTPUT.lock.HOST.PID, of which the process is no more. */
void holder_sweep(const char *own);

#endif
