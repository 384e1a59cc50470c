/* What is in flight: the items that each rank has at the moment. Root only; no messages. */
#ifndef RUN_INFLIGHT_H
#define RUN_INFLIGHT_H

#include "job.h"

struct flight {
    uint64_t first, count; /* positions; count 0: none */
};

struct inflight {
    int ranks, slots;
    struct flight *of; /* [ranks][slots] */
};

/* Room for `slots` tickets of each rank. FAILED: no memory. */
int inflight_open(struct inflight *inflight, int ranks, int slots, struct error *error);
void inflight_close(struct inflight *inflight);

/* The rank has these items now; the ticket that starts at `first` has come back. */
void inflight_add(struct inflight *inflight, int rank, uint64_t first, uint64_t count);
void inflight_remove(struct inflight *inflight, int rank, uint64_t first);

/* Has any rank something? */
bool inflight_any(const struct inflight *inflight);

/* "h5map: in flight: rank 1: items 100 to 119; rank 2: items 120, 140 to 159", by indices in the full input; 16 ranks
 * at most are named; then `end` and a newline. The caller frees it. NULL: nothing is in flight, or no memory. */
char *inflight_text(const struct inflight *inflight, const struct plan *plan, const char *end);

#endif
