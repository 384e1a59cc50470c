/* The plan: how the job is done, from what was asked and what was found. Pure; made on root, the same bytes on every
 * rank. */
#ifndef RUN_PLAN_H
#define RUN_PLAN_H

#include "job.h"

#include <stddef.h>

struct plan_input {
    const struct options *options;
    const struct signature *signature;
    const struct scalar *param; /* [PORTS_MAX] */
    const struct binding *binding;
    uint64_t block;   /* of the kernel, at least 1 */
    int ranks, crowd; /* those of a CPU */
    bool direct;      /* every rank reads and writes for itself */
};

/* Choose sizes so that the buffers of every rank, root's pool and chunk caches included, stay within
 * options->memory_bytes whatever the number of items and ranks. REFUSED, naming the input and its size, where not even
 * one item (or block, or chunk) fits. */
int plan_make(const struct plan_input *input, struct plan *plan, struct error *error);

/* Flat position in the full input of the item at this position of the selection. */
uint64_t plan_index(const struct plan *plan, uint64_t position);

/* The other way round; false: the item is not in the selection. */
bool plan_position(const struct plan *plan, uint64_t index, uint64_t *position);

#endif
