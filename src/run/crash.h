/* A kernel that crashes: one line, the part file removed, exit status 3, instead of a silent end.
 *
 * A signal handler can be told nothing: what it needs is in the one global of the program, set before the signals can
 * come. */
#ifndef RUN_CRASH_H
#define RUN_CRASH_H

#include "job.h"

/* Catch SIGSEGV, SIGBUS, SIGFPE, SIGILL and SIGABRT from here on. `part` is the file to remove, or NULL; it is copied.
 * After MPI_Init, whose own handlers print pages. Not under AddressSanitizer, which tells more. */
void crash_watch(int rank, const char *part);

/* The file is complete, or removed: nothing is left to remove. */
void crash_forget(void);

/* Give the calling thread a stack of its own for the handler, so that a stack overflow is told too. It is never freed.
 */
void crash_stack(void);

#endif
