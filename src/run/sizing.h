/* How large the buffers of a rank are, and the largest that fit into its memory. Pure. */
#ifndef RUN_SIZING_H
#define RUN_SIZING_H

#include "job.h"

#define SIZING_SLOTS_MOST 2

struct sizing {
    uint64_t slice; /* the most items of a ticket */
    int slots;      /* tickets that a lane has */
    int pool;       /* root's images for the other ranks */
};

/* Bytes of an item's inputs and results as they travel. */
uint64_t sizing_item_bytes(const struct plan *plan);

/* At most so many items, as whole blocks; at least one. */
uint64_t sizing_whole_blocks(uint64_t items, uint64_t block);

/* How many items of a slice are mapped at a time. */
uint64_t sizing_piece(const struct plan *plan, uint64_t slice);

/* The bytes of a rank's buffers: of root or another, whoever holds more. */
uint64_t sizing_bytes(const struct plan *plan, const struct sizing *sizing);

/* The best that fits, from sizing->slice downwards: two slots before one, a large pool before a small one, a large
 * slice before all. false: not even a block does. */
bool sizing_fit(const struct plan *plan, uint64_t memory, int pool_most, struct sizing *sizing);

/* Tickets of whole chunks of results, plan->unit, where the memory is enough for that: fewer buffers rather than
 * smaller ones. false: it is not; plan->unit is 1 then, and the slice as before. */
bool sizing_fit_units(struct plan *plan, uint64_t memory, int pool_most, struct sizing *sizing);

#endif
