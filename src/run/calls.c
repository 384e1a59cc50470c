#include "run/calls.h"
#include "run/finding.h"
#include "run/plan.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REPLAY_S 2 /* to find the item that crashed */
#define END_S 30   /* to commit what is finished, and to end */

/* Behind h5map_resize. */
static void *resize(const h5map_calls_t *host, uint64_t index, size_t r, size_t count)
{
    struct calls *calls = (struct calls *)(uintptr_t)((const char *)host - offsetof(struct calls, reasons.calls));
    const struct plan *plan = calls->plan;
    uint64_t position;

    if (r >= (size_t)plan->out_count || !plan->out[r].ragged || !plan_position(plan, index, &position) ||
        position < calls->part->first || position - calls->part->first >= calls->part->count)
        return NULL;
    return heap_resize(&calls->heap->of[r], (struct ref *)calls->part->out[r] + (position - calls->part->first),
                       plan->out[r].row_bytes, count);
}

int calls_open(struct calls *calls, const struct plan *plan, const h5map_kernel_t *kernel, struct error *error)
{
    *calls = (struct calls){.plan = plan, .kernel = kernel};
    for (int k = 0; k < plan->dim_count; k++)
        calls->dim[k] = plan->dim[k];
    for (int k = 0; k < plan->in_count; k++) {
        calls->in_dim[k] = plan->in[k].ragged && plan->in[k].dim >= 0 ? (size_t)plan->in[k].dim : SIZE_MAX;
        calls->in_bytes[k] = plan->in[k].ragged ? plan->in[k].row_bytes : plan->in[k].param ? 0 : plan->in[k].bytes;
    }
    for (int k = 0; k < plan->out_count; k++)
        calls->out_bytes[k] = plan->out[k].ragged ? 0 : plan->out[k].bytes;
    calls->status = calloc(plan->piece, sizeof *calls->status);
    if (plan->step > 1)
        calls->index = calloc(plan->piece, sizeof *calls->index);
    if (!calls->status || (plan->step > 1 && !calls->index))
        return error_memory(error, "item status", plan->piece * sizeof *calls->index);
    calls->crash.inspect = plan->debug;
    if (plan->debug && guard_open(plan, plan->block, kernel->signature, &calls->guard, error))
        return error->code;
    if (reasons_open(&calls->reasons, plan->reasons_bytes, error))
        return error->code;
    calls->reasons.calls.resize = resize;
    return OK;
}

void calls_close(struct calls *calls)
{
    reasons_close(&calls->reasons);
    guard_close(calls->guard);
    free(calls->status);
    free(calls->index);
}

/* One pass over a part. */
struct pass {
    struct calls *calls;
    const struct part *part;
    uint64_t offset, count; /* of the call at hand, in the part */
    int any;
};

static void note_items(struct pass *pass, uint64_t offset, uint64_t count)
{
    struct crash *crash = &pass->calls->crash;
    const uint64_t first = pass->part->first + offset;

    pass->offset = offset;
    pass->count = count;
    crash->first = plan_index(pass->calls->plan, first);
    crash->last = count > 1 ? plan_index(pass->calls->plan, first + count - 1) : crash->first;
}

/* The call in buffers of its own. What is found wrong with it ends it as a crash does. */
static int call_guarded(struct calls *calls, const h5map_slice_t *slice, const void *in[], void *out[])
{
    char what[CRASH_FOUND_BYTES];
    int any;

    guard_enter(calls->guard, slice, in, out);
    any = calls->kernel->map(slice);
    if (!guard_leave(calls->guard, what, sizeof what))
        crash_found(calls->kernel->name, 0, what);
    return any;
}

/* One call of the kernel: items offset .. offset + count - 1 of the part. */
static void call_kernel(struct pass *pass, uint64_t offset, uint64_t count)
{
    struct calls *calls = pass->calls;
    const struct part *part = pass->part;
    const struct plan *plan = calls->plan;
    const void *in[PORTS_MAX];
    const uint64_t *in_offset[PORTS_MAX];
    void *out[PORTS_MAX];
    h5map_slice_t slice = {.in = in,
                           .out = out,
                           .dim = calls->dim,
                           .count = count,
                           .index = calls->index ? calls->index + offset : NULL,
                           .status = calls->status + offset,
                           .state = calls->state,
                           .calls = &calls->reasons.calls,
                           .in_count = (size_t)plan->in_count,
                           .out_count = (size_t)plan->out_count,
                           .in_bytes = calls->in_bytes,
                           .out_bytes = calls->out_bytes,
                           .seed = plan->seed,
                           .in_offset = in_offset,
                           .in_dim = calls->in_dim,
                           .dim_count = (size_t)plan->dim_count};

    note_items(pass, offset, count);
    slice.first = calls->crash.first;
    for (int k = 0; k < plan->in_count; k++) {
        in_offset[k] = part->offset[k] ? part->offset[k] + offset : NULL;
        in[k] = (const char *)part->in[k] + (part->offset[k] ? 0 : offset * calls->in_bytes[k]);
    }
    for (int k = 0; k < plan->out_count; k++)
        out[k] = plan->out[k].ragged ? NULL : (char *)part->out[k] + offset * calls->out_bytes[k];
    pass->any |= calls->guard ? call_guarded(calls, &slice, in, out) : calls->kernel->map(&slice);
}

/* Call the kernel in calls of at most a block (or all at once), leaving out items whose status is set. */
static void call_part(void *self)
{
    struct pass *pass = self;
    const struct calls *calls = pass->calls;
    const struct part *part = pass->part;
    const uint64_t block = calls->plan->block > 1 || calls->guard ? calls->plan->block : part->count;

    for (uint64_t begin = 0; begin < part->count; begin += block) {
        const uint64_t end = begin + block < part->count ? begin + block : part->count;

        for (uint64_t k = begin; k < end;) {
            uint64_t run = part->gaps ? 0 : end - k;

            while (part->gaps && k + run < end && !calls->status[k + run])
                run++;
            if (run)
                call_kernel(pass, k, run);
            k += run ? run : 1;
            if (calls->reasons.stop[0])
                return;
        }
    }
}

/* The items of the call that crashed, one by one, with results that are zero, as it found them. */
static void call_again(void *self)
{
    struct pass *pass = self;
    const struct calls *calls = pass->calls;
    const uint64_t end = pass->offset + pass->count;

    for (uint64_t k = pass->offset; k < end; k++) {
        for (int r = 0; r < calls->plan->out_count; r++)
            memset((char *)pass->part->out[r] + k * calls->plan->out[r].bytes, 0, calls->plan->out[r].bytes);
        call_kernel(pass, k, 1);
    }
}

/* Narrow calls->crash down to the item that crashes again. A kernel that is to get whole blocks gets no single items.
 */
static void find_item(struct pass *pass)
{
    struct crash *crash = &pass->calls->crash;
    const uint64_t first = crash->first, last = crash->last;
    const int signal = crash->signal;

    if (pass->count == 1 || pass->calls->plan->block > 1)
        return;
    if (crash_call_within(crash, call_again, pass, REPLAY_S))
        crash->first = first; /* not again: it may be any of them */
    else if (crash->signal != SIGALRM)
        return;
    crash->last = last; /* it took too long: the item at hand, or one behind it */
    crash->signal = signal;
}

static void say_crash(struct calls *calls)
{
    char where[64];

    crash_where(&calls->crash, where, sizeof where);
    if (calls->guard)
        finding_text(&calls->crash, calls->guard, calls->kernel, calls->reasons.stop, sizeof calls->reasons.stop);
    else
        snprintf(calls->reasons.stop, sizeof calls->reasons.stop, "the kernel crashed (%s) %s",
                 crash_name(calls->crash.signal), where);
    crash_end_within(calls->reasons.stop, END_S);
}

bool calls_make(struct calls *calls, const struct part *part, bool *any)
{
    struct pass pass = {.calls = calls, .part = part, .any = part->gaps};
    bool back;

    calls->part = part;
    back = crash_call(&calls->crash, call_part, &pass);
    if (!back) {
        find_item(&pass);
        say_crash(calls);
    }
    *any = pass.any != 0;
    return back;
}

int calls_init_kernel(const struct plan *plan, const h5map_kernel_t *kernel, const void *const table[PORTS_MAX],
                      void **state, struct error *error)
{
    const void *in[PORTS_MAX] = {NULL};
    size_t dim[DIM_NAMES_MAX];
    struct reasons reasons;
    h5map_job_t job = {.in = in, .dim = dim, .items = plan->items};
    int code = OK;
    bool refused;

    *state = NULL;
    if (!kernel->init)
        return OK;
    if (reasons_open(&reasons, sizeof(struct reason), error))
        return error->code;
    for (int k = 0; k < plan->in_count; k++)
        in[k] = plan->in[k].param ? &plan->in[k].value : table[k];
    for (int k = 0; k < plan->dim_count; k++)
        dim[k] = plan->dim[k];
    job.calls = &reasons.calls;
    crash_in_init(true);
    refused = kernel->init(&job, state) != 0;
    crash_in_init(false);
    if (refused)
        code = error_set(error, REFUSED, "%s: %s", kernel->name, reasons.stop[0] ? reasons.stop : "init failed");
    reasons_close(&reasons);
    return code;
}
