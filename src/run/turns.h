/* Who gets which items under static dealing. Pure; the same on every rank.
 *
 * A rank's items are one contiguous run of whole blocks, cut into tickets of at most plan->slice; a
 * round serves plan->pool ranks, one ticket each. */
#ifndef RUN_TURNS_H
#define RUN_TURNS_H

#include "job.h"

struct turn {
    int first_rank;
    uint64_t ticket; /* which ticket of each of those ranks */
};

/* How many rounds there are, and which ranks round k serves. */
uint64_t turns_count(const struct plan *plan, int ranks);
struct turn turns_at(const struct plan *plan, int ranks, uint64_t round);

/* The items of the rank in this turn; false: none. */
bool turns_items(const struct plan *plan, int ranks, struct turn turn, int rank, uint64_t *first, uint64_t *count);

#endif
