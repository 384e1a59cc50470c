/* The ledger: which items have not been dealt yet. Pure; root only. */
#ifndef RUN_LEDGER_H
#define RUN_LEDGER_H

#include "job.h"
#include "run/spans.h"

struct ledger {
    const struct spans *done; /* of earlier runs: not dealt */
    struct gap gap;           /* what is dealt from at the moment */
    uint64_t left, items;
    uint64_t block;     /* tickets start at multiples of it */
    struct grain grain; /* and end where chunks end, as far as blocks allow; set after ledger_open */
    uint64_t most;      /* the most items of a ticket, at least a block; 0: any number; set after ledger_open */
};

/* `done`, whole blocks, stays the caller's; NULL: nothing. */
void ledger_open(struct ledger *ledger, uint64_t items, uint64_t block, const struct spans *done);

/* Items that are left to deal. */
uint64_t ledger_left(const struct ledger *ledger);

/* Take about `want` items (whole blocks, at least one) from the front, in one run; false when nothing is left. They are
 * no more than `want`, or a block, or what the grain has, and never more than `most`. */
bool ledger_take(struct ledger *ledger, uint64_t want, uint64_t *first, uint64_t *count);

/* Take the next run of items, whole. false: none. */
bool ledger_take_gap(struct ledger *ledger, struct gap *gap);

#endif
