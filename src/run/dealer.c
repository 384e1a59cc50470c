/* Dynamic dealing, root's side: who is free gets the next ticket. The other ranks' side is player.c. */
#include "run/dealer.h"
#include "parallel/patience.h"
#include "run/clock.h"
#include "run/image.h"

/* In a row: to look for messages where there are none may cost a thread its turn. */
#define ACTS 16
#define ROW_S 0.002

/* Is there something to deal, and may it be dealt? */
static bool may_deal(const struct dealer *dealer)
{
    return !dealer_is_failing(dealer) && !dealer->draining && ledger_left(&dealer->ledger) > 0;
}

static int unqueue(struct dealer *dealer)
{
    const int rank = dealer->ring[dealer->ring_first];

    dealer->ring_first = (dealer->ring_first + 1) % (team_size(dealer->crew->team) + 1);
    dealer->ring_count--;
    dealer->hands[rank].queued = false;
    return rank;
}

/* The next ticket for a rank into an image; false: nothing is left, or it could not be read. */
static bool fill_ticket(struct dealer *dealer, int rank, struct batch *ticket)
{
    struct hand *hand = &dealer->hands[rank];
    const uint64_t left = ledger_left(&dealer->ledger);
    uint64_t want, first, count;

    hand_learn(hand, &dealer->hands[0]);
    hand_trust(hand, dealer->returned);
    want = hand_wants(hand, dealer->crew->plan, left, team_size(dealer->crew->team));
    if (!ledger_take(&dealer->ledger, want, &first, &count) ||
        crew_read(dealer->crew, first, count, ticket, dealer->error))
        return false;
    hand_book(hand, count, clock_now_s());
    dealer->dealt_s = hand->load > 1 && hand_is_known(hand) ? hand->item_s * (double)count : 0;
    inflight_add(&dealer->inflight, rank, first, count);
    return true;
}

static bool deal_to_self(struct dealer *dealer)
{
    struct crew *crew = dealer->crew;

    if (!may_deal(dealer) || !dealer_has_room(dealer, 0))
        return false;
    for (int k = 0; k < crew->plan->slots; k++) {
        struct slot *slot = &dealer->slots[k];

        if (slot->ticket->slot >= 0)
            continue;
        if (!fill_ticket(dealer, 0, slot->ticket))
            return false;
        slot->ticket->slot = k;
        lane_start(crew->lane, slot);
        return true;
    }
    return false;
}

static bool deal_to_others(struct dealer *dealer)
{
    int rank;

    if (!may_deal(dealer) || dealer->ring_count == 0 || dealer->pool_free == 0 || !mail_room(dealer->mail))
        return false;
    rank = unqueue(dealer);
    if (!dealer_has_room(dealer, rank)) /* its latest items take longer; its next result queues it again */
        return true;
    struct batch *ticket = dealer->pool[dealer->pool_free - 1];

    if (!fill_ticket(dealer, rank, ticket))
        return false;
    dealer->pool_free--;
    dealer->outstanding++;
    mail_send(dealer->mail, rank, ticket, image_ticket_bytes(dealer->crew->plan, ticket));
    if (dealer_has_room(dealer, rank))
        dealer_queue(dealer, rank);
    return true;
}

static bool take_sent(struct dealer *dealer)
{
    const struct batch *image = mail_sent(dealer->mail);

    if (!image)
        return false;
    if (image->verb == VERB_MAP)
        dealer->pool[dealer->pool_free++] = (struct batch *)(uintptr_t)image;
    return true;
}

/* A checkpoint waits for the other ranks: ask them, one after the other, to sync; it goes on when all have. */
static bool send_sync(struct dealer *dealer)
{
    const int rank = dealer->sync_next;
    struct keeper *keeper;

    if (dealer_is_failing(dealer) || dealer->stops_sent || !mail_room(dealer->mail))
        return false; /* the last tickets' results are synced at the end */
    keeper = dealer->crew->results->files->keeper;
    if (!keeper_waits(keeper))
        return false;
    if (rank == team_size(dealer->crew->team)) {
        if (dealer->syncing)
            return false;
        dealer->sync_next = 1;
        keeper_go(keeper);
        return true;
    }
    dealer->syncs[rank] = (struct batch){.verb = VERB_SYNC};
    mail_send(dealer->mail, rank, &dealer->syncs[rank], sizeof dealer->syncs[rank]);
    dealer->hands[rank].sent++;
    dealer->outstanding++;
    dealer->syncing++;
    dealer->sync_next++;
    return true;
}

/* Tell the ranks, one after the other, that no more tickets come, and how many came. */
static bool send_stop(struct dealer *dealer)
{
    const bool over = dealer_is_failing(dealer) || (ledger_left(&dealer->ledger) == 0 && dealer->outstanding == 0);
    const int rank = dealer->stops_sent + 1;

    if (!over || rank >= team_size(dealer->crew->team) || !mail_room(dealer->mail))
        return false;
    dealer->stops[rank] = (struct batch){.verb = VERB_STOP, .count = dealer->hands[rank].sent};
    mail_send(dealer->mail, rank, &dealer->stops[rank], sizeof dealer->stops[rank]);
    dealer->stops_sent++;
    return true;
}

/* Signals, the time limit, the progress. A run that is to stop stops once nothing is in flight, or once that has been
 * waited for long enough. */
static void look(struct dealer *dealer)
{
    const enum wish wish = watch_look(dealer->crew->watch);

    dealer->draining = wish != WISH_GO_ON;
    if (wish == WISH_LEAVE)
        while (dealer_take_own(dealer) || (dealer->mail && dealer_take_others(dealer))) /* what has come by now */
            ;
    if (dealer_is_failing(dealer) || crew_keep(dealer->crew, dealer->error) || !dealer->draining)
        return;
    if (dealer->outstanding || lane_load(dealer->crew->lane) ? wish == WISH_LEAVE : ledger_left(&dealer->ledger) > 0)
        crew_stop(dealer->crew, &dealer->inflight, dealer->error);
}

/* While there is something to do, but not for long: root's own lane and signals wait meanwhile. */
static bool in_a_row(struct dealer *dealer, bool (*act)(struct dealer *dealer))
{
    const double end_s = clock_now_s() + ROW_S;
    int acts = 0;

    while (acts < ACTS && act(dealer)) {
        acts++;
        if (clock_now_s() >= end_s)
            break;
    }
    return acts > 0;
}

static bool serve_others(struct dealer *dealer)
{
    bool any = false;

    if (!dealer->mail)
        return false;
    any |= in_a_row(dealer, dealer_take_others);
    any |= in_a_row(dealer, take_sent);
    any |= in_a_row(dealer, send_sync);
    any |= in_a_row(dealer, deal_to_others);
    any |= in_a_row(dealer, send_stop);
    return any;
}

static bool others_are_over(const struct dealer *dealer)
{
    return !dealer->mail || (dealer->outstanding == 0 && mail_idle(dealer->mail) &&
                             dealer->stops_sent == team_size(dealer->crew->team) - 1);
}

static bool is_over(const struct dealer *dealer)
{
    if (!others_are_over(dealer))
        return false;
    return dealer_is_failing(dealer) || (ledger_left(&dealer->ledger) == 0 && lane_load(dealer->crew->lane) == 0);
}

static void serve(struct dealer *dealer)
{
    struct patience patience = {0}; /* there is but one root, whatever the crowd */

    while (!is_over(dealer)) {
        bool any = deal_to_self(dealer);

        any |= serve_others(dealer);
        any |= dealer_take_own(dealer);
        if (!dealer_is_failing(dealer))
            look(dealer);
        if (any)
            patience_reset(&patience);
        else
            crew_wait(dealer->crew, &patience);
        patience_beside(&patience, ledger_left(&dealer->ledger) ? dealer->dealt_s : 0);
    }
}

static int dealer_run(void *self, struct error *error)
{
    struct dealer *dealer = self;

    dealer->error = error;
    ledger_open(&dealer->ledger, dealer->crew->plan->items, dealer->crew->plan->block, dealer->crew->done);
    dealer->ledger.grain = dealer->crew->plan->grain;
    dealer->ledger.most = dealer->crew->plan->slice; /* images have room for no more */
    serve(dealer);
    return error->code;
}

const struct dealing *dealing_dynamic_root(void)
{
    static const struct dealing dealing = {dealer_open, dealer_run, dealer_close};

    return &dealing;
}
