/* What comes back, on root: put into place, counted, the failures kept. */
#ifndef RUN_RESULTS_H
#define RUN_RESULTS_H

#include "job.h"
#include "run/reasons.h"
#include "store/place.h"

struct results {
    const struct plan *plan;
    const struct layout *layout;
    struct place *place;
    struct tally tally;
    struct share *shares;     /* [ranks]: items and busy_s */
    struct failure *failures; /* [failure_count], by arrival */
    int failure_count, failure_room;
    struct reason_index *index; /* of the batch at hand */
};

/* `place` is the caller's. */
int results_open(struct results *results, const struct plan *plan, int ranks, struct error *error);
void results_close(struct results *results);

/* A result image that a rank has mapped: its items go into place and are counted. FAILED where the kernel said stop,
 * more items failed than plan->failures_max, or the disk is full. */
int results_take(struct results *results, const struct batch *image, struct error *error);

/* Put the failures in the order of their index. */
void results_sort(struct results *results);

#endif
