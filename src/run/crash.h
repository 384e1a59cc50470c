/* A kernel that crashes, or calls exit().
 *
 * In the lane a crash is caught: crash_call comes back, and the mapper makes a result of it, so that nothing that was
 * finished is lost. Elsewhere (a thread that the kernel made, its init, this program itself) one line is written and
 * the process ends with FAILED.
 *
 * A signal handler and an exit handler can be told nothing: what they need is in this module's globals, the only ones
 * of the program, set before they can be called. */
#ifndef RUN_CRASH_H
#define RUN_CRASH_H

#include "job.h"
#include "run/guard.h"

#include <setjmp.h>

#define CRASH_FOUND_BYTES 192
#define CRASH_STACK_WORDS 256 /* far fewer than there are above the kernel's */

/* A call of the kernel, as it is to be told if it does not come back. */
struct crash {
    uint64_t first, last; /* indices of the items that the kernel has at the moment; kept by the caller */
    int signal;           /* that ended the call; SIGALRM: it took too long */
    sigjmp_buf jump;
    bool inspect;     /* note what follows too; set by the caller */
    void *address;    /* that a bad access was about */
    const void *code; /* the instruction; NULL: not known */
    enum access access;
    const char *stack[CRASH_STACK_WORDS]; /* the words at the stack's end */
    char found[CRASH_FOUND_BYTES];        /* what crash_found was told; "": nothing */
};

/* Catch SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT and exit() from here on. After MPI_Init, whose own handlers print
 * pages. Under AddressSanitizer signals are left to it: it tells more. FAILED: no memory. */
int crash_watch(int rank, struct error *error);

/* Give the calling thread a stack of its own for the handler, so that a stack overflow is told too. It is never freed.
 */
void crash_stack(void);

/* A clean-up handler for the thread that calls the kernel, which ends its thread nowhere but here. */
void crash_thread_ended(void *unused);

/* From here on (until called with false) the calling thread runs the kernel's init, which the line will name. */
void crash_in_init(bool running);

/* call(self). false: it crashed, crash->signal says how; whatever it used may be damaged, and a lock that it held stays
 * held. Cheap. */
bool crash_call(struct crash *crash, void (*call)(void *self), void *self);

/* The same, and a call that takes longer than most_s is left as if it had crashed. Costs some system calls. */
bool crash_call_within(struct crash *crash, void (*call)(void *self), void *self, double most_s);

/* The kernel itself has found what is wrong with it (kernel/sanitize.h): its call does not come back, as if it had
 * crashed. `line` 0: `file` is the kernel's name. Elsewhere a line is written and the process ends. */
_Noreturn void crash_found(const char *file, unsigned line, const char *what);

/* The run is over on all ranks, and its end was told: should the process crash from here on (in the MPI library's end,
 * or in what the kernel left behind), nothing is lost. It then ends with this status, and a line. */
void crash_is_over(int status);

/* "SIGSEGV, a bad address" */
const char *crash_name(int signal);

/* "at item 12", "in items 12 to 17" */
void crash_where(const struct crash *crash, char *text, size_t bytes);

/* The kernel has crashed, as `what` says, and the process is to end in good order. In case it can't, for the kernel
 * held a lock that somebody else needs: after most_s a line says so and the process ends. */
void crash_end_within(const char *what, unsigned most_s);

#endif
