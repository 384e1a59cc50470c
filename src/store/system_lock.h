/* The system's own lock on an open file, which ends with the process that has it. Local. */
#ifndef STORE_SYSTEM_LOCK_H
#define STORE_SYSTEM_LOCK_H

#include <stdbool.h>

enum system_lock {
    LOCK_OURS,
    LOCK_HELD,   /* by another open file, maybe of this process */
    LOCK_UNKNOWN /* the file system has no locks */
};

/* Take it (OFD, exclusive), without waiting. */
enum system_lock system_lock_take(int fd);

/* Is the file on a file system that only this machine writes to? */
bool system_lock_is_local(int fd);

#endif
