/* Apply the kernel to a batch: decode and convert its inputs, call, settle what failed. One mapper a lane. */
#ifndef RUN_MAPPER_H
#define RUN_MAPPER_H

#include "run/direct.h"
#include "run/heap.h"

#include <h5map/kernel.h>

struct mapper;

/* Buffers for pieces of plan->piece items. `state` is what the kernel's init made. */
int mapper_open(const struct plan *plan, const h5map_kernel_t *kernel, void *state, struct mapper **mapper,
                struct error *error);
void mapper_close(struct mapper *mapper);

/* The rank's own files, the caller's, where plan->direct_in says that items come from them. Before the first map. */
void mapper_use(struct mapper *mapper, struct direct *direct);

/* Where the kernel finds its shared tables, by in[] index, NULL elsewhere. Before the first map; they stay the
 * caller's.
 */
void mapper_use_tables(struct mapper *mapper, const void *const table[PORTS_MAX]);

/* Where the rows of ragged results go from the next map on; the caller's. Not needed where the plan has none. */
void mapper_use_heap(struct mapper *mapper, struct heap *heap);

/* Map the ticket's items into the result image: header with a CRC of each result, results (a failed item holds the fill
 * value; under direct_out only what root is to write), bitmap and reasons. The batch starts at a multiple of
 * plan->block. Where the kernel says stop, or crashes, or a file can't be read, decoded or written, result->error is
 * FAILED, result->cause says which, and the first reason why. After a crash the kernel is not called any more: what
 * comes then is given up. Local; the kernel runs here. */
void mapper_map(struct mapper *mapper, const struct batch *ticket, struct batch *result);

/* Has the kernel crashed? Then nothing that it has used may be taken apart. */
bool mapper_crashed(const struct mapper *mapper);

#endif
