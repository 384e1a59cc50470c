#include "run/ledger.h"
#include "run/grain.h"

void ledger_open(struct ledger *ledger, uint64_t items, uint64_t block, const struct spans *done)
{
    *ledger = (struct ledger){.done = done, .items = items, .left = items, .block = block};
    if (done)
        ledger->left -= spans_total(done);
    else
        ledger->gap.count = items;
}

uint64_t ledger_left(const struct ledger *ledger)
{
    return ledger->left;
}

/* Have the gap hold something. */
static bool find_gap(struct ledger *ledger)
{
    if (ledger->gap.count)
        return true;
    return ledger->done && spans_gap(ledger->done, ledger->gap.first, ledger->items, &ledger->gap);
}

bool ledger_take(struct ledger *ledger, uint64_t want, uint64_t *first, uint64_t *count)
{
    uint64_t blocks, items;

    if (!find_gap(ledger))
        return false;
    *first = ledger->gap.first;
    items = grain_end(&ledger->grain, *first, want) - *first;
    if (ledger->most && items > ledger->most)
        items = ledger->most;
    blocks = items / ledger->block;
    if (blocks == 0)
        blocks = 1;
    *count = blocks * ledger->block < ledger->gap.count ? blocks * ledger->block : ledger->gap.count;
    ledger->gap.first += *count;
    ledger->gap.count -= *count;
    ledger->left -= *count;
    return true;
}

bool ledger_take_gap(struct ledger *ledger, struct gap *gap)
{
    if (!find_gap(ledger))
        return false;
    *gap = ledger->gap;
    ledger->gap = (struct gap){gap->first + gap->count, 0};
    ledger->left -= gap->count;
    return true;
}
