/* The ledger: which items have not been dealt yet. Pure; root only. */
#ifndef RUN_LEDGER_H
#define RUN_LEDGER_H

#include "job.h"

struct ledger {
    uint64_t next, items;
    uint64_t block; /* tickets start at multiples of it */
};

void ledger_open(struct ledger *ledger, uint64_t items, uint64_t block);

/* Items that are left to deal. */
uint64_t ledger_left(const struct ledger *ledger);

/* Take about `want` items (whole blocks, at least one) from the front; false when nothing is left. */
bool ledger_take(struct ledger *ledger, uint64_t want, uint64_t *first, uint64_t *count);

#endif
