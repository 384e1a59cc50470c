#include "run/ledger.h"

void ledger_open(struct ledger *ledger, uint64_t items, uint64_t block, const struct spans *done)
{
    *ledger = (struct ledger){.done = done, .items = items, .left = items, .block = block, .unit = 1, .unit_row = 1};
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

/* The last end of a unit that is not behind this one. */
static uint64_t unit_end(const struct ledger *ledger, uint64_t end)
{
    return end - end % ledger->unit_row % ledger->unit;
}

bool ledger_take(struct ledger *ledger, uint64_t want, uint64_t *first, uint64_t *count)
{
    const uint64_t blocks = want / ledger->block ? want / ledger->block : 1;

    if (!find_gap(ledger))
        return false;
    *first = ledger->gap.first;
    *count = blocks * ledger->block < ledger->gap.count ? blocks * ledger->block : ledger->gap.count;
    if (*count < ledger->gap.count && unit_end(ledger, *first + *count) > *first)
        *count = unit_end(ledger, *first + *count) - *first;
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
