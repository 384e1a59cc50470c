#include "run/ledger.h"

void ledger_open(struct ledger *ledger, uint64_t items, uint64_t block)
{
    *ledger = (struct ledger){.items = items, .block = block};
}

uint64_t ledger_left(const struct ledger *ledger)
{
    return ledger->items - ledger->next;
}

bool ledger_take(struct ledger *ledger, uint64_t want, uint64_t *first, uint64_t *count)
{
    const uint64_t left = ledger_left(ledger);
    const uint64_t blocks = want / ledger->block ? want / ledger->block : 1;

    if (left == 0)
        return false;
    *first = ledger->next;
    *count = blocks * ledger->block < left ? blocks * ledger->block : left;
    ledger->next += *count;
    return true;
}
