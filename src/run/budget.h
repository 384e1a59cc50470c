/* Which buffers a plan has, within the memory of a rank (sizing.h). Pure; on root. */
#ifndef RUN_BUDGET_H
#define RUN_BUDGET_H

#include "run/plan.h"

/* Choose slice, piece, slots, pool, images, chunk cache and reasons of a plan whose items and ports are known. REFUSED
 * where not even one block of items, or a chunk, fits in options->memory_bytes. */
int budget_plan(const struct plan_input *input, struct plan *plan, struct error *error);

#endif
