#include "run/hand.h"

#define AHEAD_S 0.02          /* longer items do not wait behind another */
#define TICKET_LEAST_S 0.0005 /* near the end tickets get smaller, but not below this */
#define KNOWN_S 0.0002        /* of work tells how long an item takes, */
#define COLD_S 0.001          /* of the first ticket may be the start's */
#define LATE 3                /* times a ticket's work */
#define GROWTH 16
#define FIRST_LEAST 32 /* blocks a rank: where fewer are left, a first ticket has one */
#define KEEPS 0.5      /* of the tickets before, in the time of an item, at each ticket */
#define UNIT_S 0.25    /* what a ticket of a whole unit may take: what is lost where the run is cut off */

bool hand_takes_ahead(const struct plan *plan, double item_s)
{
    return plan->slots > 1 && item_s > 0 && item_s * (double)plan->block < AHEAD_S;
}

bool hand_has_room(const struct hand *hand, const struct plan *plan, double now_s)
{
    if (hand->load == 0)
        return true;
    return (int)hand->load < plan->slots && hand_takes_ahead(plan, hand->item_s) &&
           now_s - hand->heard_s < LATE * plan->ticket_s;
}

/* Is it time for a whole unit, which can be encoded at once? Where it takes longer than other tickets, enough must be
 * left to even that out: `share` is half of a rank's. */
static bool takes_unit(const struct hand *hand, const struct plan *plan, double share, int ranks)
{
    const double unit = (double)plan->unit, unit_s = unit * hand->item_s;

    if (plan->unit <= 1 || plan->unit > plan->slice || plan->unit > hand->last * GROWTH)
        return false;
    return unit_s <= plan->ticket_s || (unit_s <= UNIT_S && (share >= unit || ranks == 1));
}

uint64_t hand_wants(const struct hand *hand, const struct plan *plan, uint64_t left, int ranks)
{
    const double share = (double)(left / (2 * (uint64_t)ranks));
    double want, least;

    if (plan->slice_fixed)
        return plan->slice;
    if (hand->item_s <= 0)
        return left / FIRST_LEAST / (uint64_t)ranks < plan->block ? plan->block : plan->first_items;
    want = plan->ticket_s / hand->item_s;
    least = TICKET_LEAST_S / hand->item_s;
    if (want > (double)hand->last * GROWTH)
        want = (double)hand->last * GROWTH;
    if (least < share)
        least = share;
    if (want > least)
        want = least;
    if (want < (double)plan->unit && takes_unit(hand, plan, share, ranks))
        return plan->unit;
    if (want > (double)plan->slice)
        return plan->slice;
    return want < 1 ? 1 : (uint64_t)(want + 0.5);
}

void hand_book(struct hand *hand, uint64_t count, double now_s)
{
    if (hand->load == 0)
        hand->heard_s = now_s;
    hand->last = count;
    hand->load++;
    hand->sent++;
}

void hand_unbook(struct hand *hand, const struct batch *result, double now_s)
{
    const double mapped_s = result->busy_s - result->pack_s;

    hand->load--;
    hand->heard_s = now_s;
    if (result->verb != VERB_MAP || result->count == 0)
        return;
    if (hand->returned++ == 1) /* what came before was cold */
        hand->busy_s = hand->busy_items = 0;
    if (hand->returned > 1 || mapped_s >= COLD_S)
        hand->sure_s += mapped_s;
    hand->busy_s = KEEPS * hand->busy_s + mapped_s;
    hand->busy_items = KEEPS * hand->busy_items + (double)result->count;
    hand->item_s = hand->busy_s > 0 ? hand->busy_s / hand->busy_items : 1e-9;
}

bool hand_is_known(const struct hand *hand)
{
    return hand->sure_s >= KNOWN_S;
}

void hand_learn(struct hand *hand, const struct hand *other)
{
    if (!hand_is_known(hand) && hand_is_known(other))
        hand->item_s = other->item_s;
}

void hand_trust(struct hand *hand, uint64_t count)
{
    if (hand->item_s > 0 && hand->last < count)
        hand->last = count;
}
