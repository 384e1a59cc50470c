/* The kernel's calls for one piece of a batch: in blocks, around items that it is not to see, and what is known of a
 * call that crashed. */
#ifndef RUN_CALLS_H
#define RUN_CALLS_H

#include "run/crash.h"
#include "run/heap.h"
#include "run/reasons.h"

#include <h5map/kernel.h>

struct part;

/* What all calls of a kernel share. */
struct calls {
    const struct plan *plan;
    const h5map_kernel_t *kernel;
    void *state;
    size_t dim[DIM_NAMES_MAX];
    size_t in_bytes[PORTS_MAX], out_bytes[PORTS_MAX];
    size_t in_dim[PORTS_MAX]; /* the ragged dim of each input, or SIZE_MAX */
    int32_t *status;          /* [piece], all 0 before a piece */
    uint64_t *index;          /* [piece] where indices are not consecutive, else NULL */
    struct reasons reasons;
    struct crash crash;
    struct guard *guard;     /* of --debug-kernel, else NULL */
    struct heap *heap;       /* for ragged results; the caller's, before calls_make */
    const struct part *part; /* the one at hand */
};

/* Some items of a batch, on the way from its inputs to its results. */
struct part {
    uint64_t first, count; /* positions */
    bool gaps;             /* items whose status is set already are left out */
    const void *in[PORTS_MAX];
    const uint64_t *offset[PORTS_MAX]; /* of ragged inputs, [count + 1], from 0; else NULL */
    void *out[PORTS_MAX];
};

/* Fill in what plan and kernel say. FAILED: no memory. */
int calls_open(struct calls *calls, const struct plan *plan, const h5map_kernel_t *kernel, struct error *error);
void calls_close(struct calls *calls);

/* Call the kernel for the part. *any false: every status is known to be 0. false: it crashed; calls->reasons.stop says
 * how and at which item, found by mapping the items of that call again, one by one. Then the kernel must not be called
 * any more, and the process must end soon: it ends by itself where it can't. */
bool calls_make(struct calls *calls, const struct part *part, bool *any);

/* The kernel's init, with the calls that h5map_refuse needs, and its shared tables by in[] index, NULL elsewhere.
 * `items` of the whole run. REFUSED where it refuses. */
int calls_init_kernel(const struct plan *plan, const h5map_kernel_t *kernel, const void *const table[PORTS_MAX],
                      void **state, struct error *error);

#endif
