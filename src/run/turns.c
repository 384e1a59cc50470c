#include "run/turns.h"

/* Items of a rank under static dealing: its blocks, the first ranks one more. */
static void rank_items(const struct plan *plan, int ranks, int rank, uint64_t *first, uint64_t *count)
{
    const uint64_t blocks = (plan->items + plan->block - 1) / plan->block;
    const uint64_t each = blocks / (uint64_t)ranks, more = blocks % (uint64_t)ranks, r = (uint64_t)rank;
    const uint64_t begin = (r * each + (r < more ? r : more)) * plan->block;
    const uint64_t end = begin + (each + (r < more)) * plan->block;

    *first = begin < plan->items ? begin : plan->items;
    *count = (end < plan->items ? end : plan->items) - *first;
}

/* Tickets of rank 0, which has the most. */
static uint64_t tickets_most(const struct plan *plan, int ranks)
{
    uint64_t first, count;

    rank_items(plan, ranks, 0, &first, &count);
    return (count + plan->slice - 1) / plan->slice;
}

static uint64_t windows(const struct plan *plan, int ranks)
{
    return ((uint64_t)ranks + (uint64_t)plan->pool - 1) / (uint64_t)plan->pool;
}

uint64_t turns_count(const struct plan *plan, int ranks)
{
    return tickets_most(plan, ranks) * windows(plan, ranks);
}

struct turn turns_at(const struct plan *plan, int ranks, uint64_t round)
{
    const uint64_t each = windows(plan, ranks);

    return (struct turn){.first_rank = (int)(round % each) * plan->pool, .ticket = round / each};
}

bool turns_items(const struct plan *plan, int ranks, struct turn turn, int rank, uint64_t *first, uint64_t *count)
{
    uint64_t all;

    if (rank < turn.first_rank || rank >= turn.first_rank + plan->pool || rank >= ranks)
        return false;
    rank_items(plan, ranks, rank, first, &all);
    if (turn.ticket * plan->slice >= all)
        return false;
    *first += turn.ticket * plan->slice;
    all -= turn.ticket * plan->slice;
    *count = all < plan->slice ? all : plan->slice;
    return true;
}
