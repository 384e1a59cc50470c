/* A child process, done once and right: no shell, signals as the program found them, its output kept, always reaped.
 * Call before MPI_Init only. */
#ifndef PROCESS_CHILD_H
#define PROCESS_CHILD_H

#include "job.h"

struct child_result {
    int status; /* exit status, or 128 + signal */
    char *out;  /* what it wrote to stdout, NUL-terminated, malloc'ed */
    size_t out_bytes;
    char *err; /* what it wrote to stderr, likewise */
    size_t err_bytes;
};

/* Run argv[0] (found through PATH) with its stdin from /dev/null, wait for it, keep both outputs (whole, however large
 * and however interleaved). After deadline_s seconds (0: none) it is killed with its process group and the call is
 * REFUSED. REFUSED too when it can't be started ("cc: No such file or directory (install a C compiler, or set CC)":
 * `advice` is the part in brackets). A non-zero status is not an error here. */
int child_run(const char *const argv[], double deadline_s, const char *advice, struct child_result *result,
              struct error *error);

void child_release(struct child_result *result);

#endif
