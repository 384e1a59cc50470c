#include "run/crash.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#define STACK_BYTES 65536
#define LINE_BYTES 384
#define WHAT_BYTES 160
#define KEPT "; what the last checkpoint holds is kept"

#ifndef sigev_notify_thread_id /* glibc has the field, but not yet its name */
#define sigev_notify_thread_id _sigev_un._tid
#endif

static char who[32] = "h5map: "; /* "h5map: rank 2: " */
static char late[WHAT_BYTES];    /* what to say where the process does not come to its end; "": nothing has crashed */
static volatile sig_atomic_t over, over_status;

static _Thread_local struct crash *volatile calling; /* the kernel's call that this thread is in */
static _Thread_local volatile bool in_init;

const char *crash_name(int signal)
{
    switch (signal) {
    case SIGSEGV:
        return "SIGSEGV, a bad address";
    case SIGBUS:
        return "SIGBUS, a bad address";
    case SIGFPE:
        return "SIGFPE, an integer division by zero";
    case SIGILL:
        return "SIGILL, an instruction that this CPU lacks";
    default:
        return "SIGABRT";
    }
}

/* One line in one write, of parts that fit, and the end. Safe in a signal handler. */
_Noreturn static void end_with(int status, const char *what, const char *name, const char *end)
{
    char line[LINE_BYTES], *to = line;

    to = stpcpy(to, who);
    to = stpcpy(to, what);
    to = stpcpy(to, name);
    to = stpcpy(to, end);
    *to++ = '\n';
    if (write(STDERR_FILENO, line, (size_t)(to - line)) < 0)
        _exit(status); /* nobody is there to be told */
    _exit(status);
}

_Noreturn static void end_process(const char *what, const char *name, const char *end)
{
    end_with(FAILED, what, name, end);
}

_Noreturn static void leave_call(int number)
{
    struct crash *const crash = calling;

    calling = NULL;
    crash->signal = number;
    siglongjmp(crash->jump, 1);
}

#ifndef __SANITIZE_ADDRESS__
/* What can be known of a bad access. */
static void note_access(struct crash *crash, const siginfo_t *info, const void *context)
{
    const mcontext_t *machine = &((const ucontext_t *)context)->uc_mcontext;

    crash->address = info->si_addr;
#if defined(__x86_64__)
    crash->code = (const void *)machine->gregs[REG_RIP];
    crash->access = machine->gregs[REG_ERR] & 2 ? ACCESS_WRITE : ACCESS_READ;
    memcpy(crash->stack, (const void *)machine->gregs[REG_RSP], sizeof crash->stack);
#elif defined(__aarch64__)
    crash->code = (const void *)machine->pc;
    memcpy(crash->stack, (const void *)machine->sp, sizeof crash->stack);
#else
    (void)machine;
#endif
}

static void on_crash(int number, siginfo_t *info, void *context)
{
    if (over && !calling)
        end_with(over_status, "crashed while it ended (", crash_name(number), "); the run was over");
    if (calling && calling->inspect)
        note_access(calling, info, context);
    if (calling)
        leave_call(number);
    if (in_init)
        end_process("the kernel crashed (", crash_name(number), ") in init");
    end_process("crashed (", crash_name(number), ")" KEPT);
}
#endif

static void on_alarm(int number)
{
    if (calling)
        leave_call(number);
    if (late[0])
        end_process(late, "", KEPT);
}

/* "rank 0: the kernel ended the program with exit() at item 12", and the end. */
static void end_by_kernel(const char *how)
{
    char where[WHAT_BYTES / 2] = "";

    if (calling)
        crash_where(calling, where, sizeof where);
    end_process(how, where, KEPT);
}

/* exit() comes from main() or from a kernel; main() calls it on the main thread. */
static void on_exit_called(void)
{
    if (in_init)
        end_process("the kernel ended the program with exit() in init", "", "");
    if (calling)
        end_by_kernel("the kernel ended the program with exit() ");
    if (gettid() != getpid())
        end_process("a thread of the kernel ended the program with exit()", "", KEPT);
}

void crash_thread_ended(void *unused)
{
    (void)unused;
    end_by_kernel("the kernel ended its thread ");
}

_Noreturn void crash_found(const char *file, unsigned line, const char *what)
{
    const char *slash = strrchr(file, '/');
    char text[CRASH_FOUND_BYTES];

    if (line)
        snprintf(text, sizeof text, "%.64s:%u: %s", slash ? slash + 1 : file, line, what);
    else
        snprintf(text, sizeof text, "%.64s: %s", file, what);
    if (calling) {
        memcpy(calling->found, text, sizeof text);
        leave_call(0);
    }
    end_process(text, "", in_init ? ", in init" : ", in a thread of the kernel" KEPT);
}

/* Not blocked in the handler, which does not return where it jumps. */
#define HANDLER_FLAGS (SA_ONSTACK | SA_NODEFER)

static void handle(int number, void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = HANDLER_FLAGS};

    sigemptyset(&action.sa_mask);
    sigaction(number, &action, NULL);
}

#ifndef __SANITIZE_ADDRESS__
static void handle_crash(int number)
{
    struct sigaction action = {.sa_sigaction = on_crash, .sa_flags = HANDLER_FLAGS | SA_SIGINFO};

    sigemptyset(&action.sa_mask);
    sigaction(number, &action, NULL);
}
#endif

static void handle_crashes(void)
{
#ifndef __SANITIZE_ADDRESS__
    handle_crash(SIGSEGV);
    handle_crash(SIGBUS);
    handle_crash(SIGFPE);
    handle_crash(SIGILL);
    handle_crash(SIGABRT);
#endif
}

void crash_is_over(int status)
{
    over_status = status;
    over = true;
    handle_crashes();
}

int crash_watch(int rank, struct error *error)
{
    snprintf(who, sizeof who, "h5map: rank %d: ", rank);
    handle_crashes();
    return atexit(on_exit_called) ? error_memory(error, "an exit handler", 0) : OK;
}

void crash_stack(void)
{
#ifndef __SANITIZE_ADDRESS__ /* it has its own */
    stack_t stack = {.ss_size = STACK_BYTES, .ss_sp = malloc(STACK_BYTES)};

    if (stack.ss_sp)
        sigaltstack(&stack, NULL);
#endif
}

void crash_in_init(bool running)
{
    in_init = running;
}

bool crash_call(struct crash *crash, void (*call)(void *self), void *self)
{
    if (sigsetjmp(crash->jump, 0))
        return false;
    calling = crash;
    call(self);
    calling = NULL;
    return true;
}

/* SIGALRM for this thread. */
static bool start_timer(double s, timer_t *timer)
{
    const struct itimerspec after = {.it_value = {(time_t)s, (long)(1e9 * (s - (double)(time_t)s))}};
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGALRM};
    sigset_t alarm_only;

    event.sigev_notify_thread_id = gettid();
    handle(SIGALRM, on_alarm);
    sigemptyset(&alarm_only);
    sigaddset(&alarm_only, SIGALRM);
    if (pthread_sigmask(SIG_UNBLOCK, &alarm_only, NULL) || timer_create(CLOCK_MONOTONIC, &event, timer))
        return false;
    if (timer_settime(*timer, 0, &after, NULL) == 0)
        return true;
    timer_delete(*timer);
    return false;
}

bool crash_call_within(struct crash *crash, void (*call)(void *self), void *self, double most_s)
{
    timer_t timer;
    bool back;

    crash->signal = SIGALRM;
    if (!start_timer(most_s, &timer))
        return false;
    back = crash_call(crash, call, self);
    timer_delete(timer);
    return back;
}

void crash_where(const struct crash *crash, char *text, size_t bytes)
{
    if (crash->first == crash->last)
        snprintf(text, bytes, "at item %" PRIu64, crash->first);
    else
        snprintf(text, bytes, "in items %" PRIu64 " to %" PRIu64, crash->first, crash->last);
}

void crash_end_within(const char *what, unsigned most_s)
{
    __fsetlocking(stdout, FSETLOCKING_BYCALLER); /* the kernel may have crashed in printf: nobody gives the lock back */
    __fsetlocking(stderr, FSETLOCKING_BYCALLER);
    snprintf(late, sizeof late, "%s", what);
    handle(SIGALRM, on_alarm);
    alarm(most_s);
}
