/* What comes back, on root: put into place, counted, the failures kept. */
#ifndef RUN_RESULTS_H
#define RUN_RESULTS_H

#include "job.h"
#include "run/failures.h"
#include "run/files.h"
#include "run/heap.h"
#include "run/reasons.h"

struct results {
    const struct plan *plan;
    struct files *files; /* the caller's, open */
    struct tally tally;
    struct share *shares; /* [ranks]: items and busy_s */
    struct failures failures;
    uint64_t log_end;           /* where the next payload of ragged results goes */
    struct reason_index *index; /* of the batch at hand */
};

int results_open(struct results *results, const struct plan *plan, int ranks, struct error *error);
void results_close(struct results *results);

/* From here on results go into these files; what they keep from earlier runs is counted. FAILED where more items of
 * them failed than plan->failures_max. */
int results_begin(struct results *results, struct files *files, struct error *error);

/* Room for so many bytes of payload in OUTPUT.part; returns where. */
uint64_t results_reserve(struct results *results, uint64_t bytes);

/* A round of a payload (VERB_PAYLOAD) to where it belongs. FAILED: disk full, I/O error. */
int results_put_payload(struct results *results, uint64_t at, const struct batch *round, struct error *error);

/* All of a payload; *at tells where it is. FAILED the same way. */
int results_put_heap(struct results *results, const struct heap *heap, uint64_t *at, struct error *error);

/* The payload of the image is at `at`: from now on its references are places in OUTPUT.part. */
void results_place(const struct results *results, struct batch *image, uint64_t at);

/* A result image that a rank has mapped: its items go into place and are counted; or its word on a sync. FAILED where
 * the kernel said stop, more items failed than plan->failures_max, or the disk is full. */
int results_take(struct results *results, const struct batch *image, struct error *error);

#endif
