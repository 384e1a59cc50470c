/* Buffers for one call of a kernel under --debug-kernel: what the kernel gets of each input, parameter and result ends
 * where memory ends that nobody may touch; inputs can't be written to; what lies before a result is looked at after the
 * call. Shared tables stay where they are, which is not guarded. Local, one thread. */
#ifndef RUN_GUARD_H
#define RUN_GUARD_H

#include "job.h"

#include <h5map/kernel.h>

struct guard;

/* Of one access that the machine refused. */
enum access { ACCESS_UNKNOWN, ACCESS_READ, ACCESS_WRITE };

/* Buffers for calls of up to `items` items; `text` is the kernel's signature, which has the ports' names. FAILED: no
 * memory. */
int guard_open(const struct plan *plan, uint64_t items, const char *text, struct guard **guard, struct error *error);

/* NULL is allowed. */
void guard_close(struct guard *guard);

/* Before a call of the slice: in[] and out[] point into the buffers from here on, which hold the same bytes. What
 * a parameter or an item takes is as the plan has it. A shared table stays where it is. */
void guard_enter(struct guard *guard, const h5map_slice_t *slice, const void *in[], void *out[]);

/* After it: the results to where out[] pointed before guard_enter. false: there was a write before a result's
 * beginning; `what` says so. */
bool guard_leave(struct guard *guard, char *what, size_t bytes);

/* "reads element 3 of input 'x', which has 3": what lies at the address. false: nothing of ours. */
bool guard_tell(const struct guard *guard, const void *address, enum access access, char *what, size_t bytes);

#endif
