#include "run/finding.h"

#include "kernel/lines.h"

#include <dlfcn.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

/* The kernel's own instruction that was at work: the one that was refused or, where that is in a library, the nearest
 * call on the stack. NULL: none is known. */
static const void *code_of(const struct crash *crash, const void *base)
{
    Dl_info info;

    if (crash->code && dladdr(crash->code, &info) && info.dli_fbase == base)
        return crash->code;
    for (int k = 0; k < CRASH_STACK_WORDS; k++) {
        const char *word = crash->stack[k];

        if (word && dladdr(word, &info) && info.dli_fbase == base)
            return word - 1; /* in the call, not behind it */
    }
    return NULL;
}

/* "norm.c:14: ", or nothing. */
static void tell_line(const struct crash *crash, const h5map_kernel_t *kernel, char *text, size_t bytes)
{
    struct source_line line;
    const void *code;
    Dl_info info;

    *text = '\0';
    if (!dladdr(kernel, &info))
        return;
    code = code_of(crash, info.dli_fbase);
    if (code && lines_of_file(info.dli_fname, (uint64_t)((const char *)code - (const char *)info.dli_fbase), &line))
        snprintf(text, bytes, "%.64s:%" PRIu64 ": ", line.file, line.line);
}

static void tell_signal(const struct crash *crash, char *text, size_t bytes)
{
    if (crash->signal == SIGSEGV && (uintptr_t)crash->address < 4096)
        snprintf(text, bytes, "a null pointer");
    else
        snprintf(text, bytes, "a crash (%s)", crash_name(crash->signal));
}

void finding_text(const struct crash *crash, const struct guard *guard, const h5map_kernel_t *kernel, char *text,
                  size_t bytes)
{
    char where[64], line[96], what[CRASH_FOUND_BYTES];

    crash_where(crash, where, sizeof where);
    if (crash->found[0]) {
        snprintf(text, bytes, "%s, %s", crash->found, where);
        return;
    }
    tell_line(crash, kernel, line, sizeof line);
    if (crash->signal != SIGSEGV || !guard_tell(guard, crash->address, crash->access, what, sizeof what))
        tell_signal(crash, what, sizeof what);
    snprintf(text, bytes, "%s%s, %s", line, what, where);
}
