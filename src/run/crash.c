#include "run/crash.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STACK_BYTES 65536

static struct {
    char part[PATH_BYTES];
    char line[160]; /* up to the signal's name */
} crash;

static const char *name_of(int number)
{
    switch (number) {
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

/* Only what is safe in a signal handler: unlink, write, _exit. */
static void on_crash(int number)
{
    const char *name = name_of(number), *end = "); nothing was kept\n";

    if (crash.part[0])
        unlink(crash.part);
    if (write(STDERR_FILENO, crash.line, strlen(crash.line)) < 0 || write(STDERR_FILENO, name, strlen(name)) < 0 ||
        write(STDERR_FILENO, end, strlen(end)) < 0)
        _exit(FAILED);
    _exit(FAILED);
}

void crash_watch(int rank, const char *part)
{
#ifndef __SANITIZE_ADDRESS__
    const int numbers[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
    struct sigaction action = {.sa_handler = on_crash, .sa_flags = SA_ONSTACK | (int)SA_RESETHAND};

    snprintf(crash.part, sizeof crash.part, "%s", part ? part : "");
    snprintf(crash.line, sizeof crash.line, "h5map: rank %d: the kernel crashed (", rank);
    sigemptyset(&action.sa_mask);
    for (size_t k = 0; k < sizeof numbers / sizeof numbers[0]; k++)
        sigaction(numbers[k], &action, NULL);
#else
    (void)rank;
    (void)part;
    (void)on_crash;
#endif
}

void crash_forget(void)
{
    crash.part[0] = 0;
}

void crash_stack(void)
{
#ifndef __SANITIZE_ADDRESS__ /* it has its own */
    stack_t stack = {.ss_size = STACK_BYTES, .ss_sp = malloc(STACK_BYTES)};

    if (stack.ss_sp)
        sigaltstack(&stack, NULL);
#endif
}
