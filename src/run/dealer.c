/* Dynamic dealing, root's side: who is free gets the next ticket. The other ranks' side is player.c. */
#include "parallel/mail.h"
#include "parallel/patience.h"
#include "run/crew.h"
#include "run/hand.h"
#include "run/image.h"
#include "run/ledger.h"

#include <stdlib.h>

#define SLEEP_NS 1000000
#define STOPS_AT_A_TIME 16

struct dealer {
    struct crew *crew;
    struct error *error;
    struct ledger ledger;
    struct mail *mail;  /* NULL: alone */
    struct hand *hands; /* [ranks] */
    int *ring;          /* [ranks + 1] ranks that may get a ticket, first come first served */
    int ring_first, ring_count;
    struct batch **pool; /* [pool_free] images for tickets on the way out */
    int pool_free;
    struct slot *slots;  /* root's own, [slots] */
    struct batch *stops; /* [ranks] */
    int stops_sent;
    uint32_t outstanding; /* tickets at other ranks */
};

/* ---- dealing ---- */

static bool failing(const struct dealer *dealer)
{
    return dealer->error->code != OK;
}

static bool has_room(const struct dealer *dealer, int rank)
{
    return hand_has_room(&dealer->hands[rank], dealer->crew->plan);
}

static void queue(struct dealer *dealer, int rank)
{
    const int size = team_size(dealer->crew->team) + 1;

    dealer->ring[(dealer->ring_first + dealer->ring_count++) % size] = rank;
}

static int unqueue(struct dealer *dealer)
{
    const int rank = dealer->ring[dealer->ring_first];

    dealer->ring_first = (dealer->ring_first + 1) % (team_size(dealer->crew->team) + 1);
    dealer->ring_count--;
    return rank;
}

/* The next ticket for a rank into an image; false: nothing is left, or it could not be read. */
static bool fill_ticket(struct dealer *dealer, int rank, struct batch *ticket)
{
    struct hand *hand = &dealer->hands[rank];
    const uint64_t left = ledger_left(&dealer->ledger);
    const uint64_t want = hand_wants(hand, dealer->crew->plan, left, team_size(dealer->crew->team));
    uint64_t first, count;

    if (!ledger_take(&dealer->ledger, want, &first, &count) ||
        crew_read(dealer->crew, first, count, ticket, dealer->error))
        return false;
    hand_book(hand, count);
    return true;
}

static bool deal_to_self(struct dealer *dealer)
{
    struct crew *crew = dealer->crew;

    if (failing(dealer) || ledger_left(&dealer->ledger) == 0 || !has_room(dealer, 0))
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

    if (failing(dealer) || dealer->ring_count == 0 || dealer->pool_free == 0 || !mail_room(dealer->mail) ||
        ledger_left(&dealer->ledger) == 0)
        return false;
    rank = unqueue(dealer);
    if (!has_room(dealer, rank)) /* its latest items took longer; its next result queues it again */
        return true;
    struct batch *ticket = dealer->pool[dealer->pool_free - 1];

    if (!fill_ticket(dealer, rank, ticket))
        return false;
    dealer->pool_free--;
    dealer->outstanding++;
    mail_send(dealer->mail, rank, ticket, image_inputs_bytes(dealer->crew->plan, ticket->count));
    if (has_room(dealer, rank))
        queue(dealer, rank);
    return true;
}

/* ---- results ---- */

static bool take_own(struct dealer *dealer)
{
    struct slot *slot = lane_done(dealer->crew->lane);

    if (!slot)
        return false;
    hand_unbook(&dealer->hands[0], slot->result);
    slot->ticket->slot = -1;
    if (!failing(dealer))
        results_take(dealer->crew->results, slot->result, dealer->error);
    return true;
}

static bool take_others(struct dealer *dealer)
{
    struct batch *result = mail_received(dealer->mail);
    const int rank = result ? result->rank : 0;

    if (!result)
        return false;
    const bool had_room = has_room(dealer, rank);

    dealer->outstanding--;
    hand_unbook(&dealer->hands[rank], result);
    if (!failing(dealer) && result->verb == VERB_MAP)
        results_take(dealer->crew->results, result, dealer->error);
    if (!had_room && has_room(dealer, rank))
        queue(dealer, rank);
    mail_again(dealer->mail, result);
    return true;
}

static bool take_sent(struct dealer *dealer)
{
    const struct batch *image = mail_sent(dealer->mail);

    if (!image)
        return false;
    if (image->verb != VERB_STOP)
        dealer->pool[dealer->pool_free++] = (struct batch *)(uintptr_t)image;
    return true;
}

/* Tell the ranks, one after the other, that no more tickets come, and how many came. */
static bool send_stop(struct dealer *dealer)
{
    const bool over = failing(dealer) || (ledger_left(&dealer->ledger) == 0 && dealer->outstanding == 0);
    const int rank = dealer->stops_sent + 1;

    if (!over || rank >= team_size(dealer->crew->team) || !mail_room(dealer->mail))
        return false;
    dealer->stops[rank] = (struct batch){.verb = VERB_STOP, .count = dealer->hands[rank].sent};
    mail_send(dealer->mail, rank, &dealer->stops[rank], sizeof dealer->stops[rank]);
    dealer->stops_sent++;
    return true;
}

static bool serve_others(struct dealer *dealer)
{
    bool any = false;

    if (!dealer->mail)
        return false;
    any |= take_others(dealer);
    any |= take_sent(dealer);
    any |= deal_to_others(dealer);
    any |= send_stop(dealer);
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
    return failing(dealer) || (ledger_left(&dealer->ledger) == 0 && lane_load(dealer->crew->lane) == 0);
}

static void serve(struct dealer *dealer)
{
    struct patience patience = {.most_ns = SLEEP_NS};

    while (!is_over(dealer)) {
        bool any = deal_to_self(dealer);

        any |= serve_others(dealer);
        any |= take_own(dealer);
        if (!failing(dealer))
            crew_look(dealer->crew, dealer->error);
        if (any)
            patience_reset(&patience);
        else
            patience_wait(&patience);
    }
}

/* ---- root's set-up ---- */

static int open_slots(struct dealer *dealer)
{
    const struct plan *plan = dealer->crew->plan;

    dealer->slots = calloc((size_t)plan->slots, sizeof *dealer->slots);
    for (int k = 0; dealer->slots && k < plan->slots; k++) {
        dealer->slots[k].ticket = crew_image(dealer->crew, plan->image_in_bytes);
        dealer->slots[k].result = crew_image(dealer->crew, plan->image_out_bytes);
        if (!dealer->slots[k].ticket || !dealer->slots[k].result)
            return FAILED;
        dealer->slots[k].ticket->slot = -1;
    }
    return dealer->slots ? OK : FAILED;
}

static int open_pool(struct dealer *dealer)
{
    const struct plan *plan = dealer->crew->plan;

    dealer->pool = calloc((size_t)plan->pool + 1, sizeof *dealer->pool);
    for (int k = 0; dealer->pool && k < plan->pool; k++) {
        struct batch *image = crew_image(dealer->crew, plan->image_in_bytes);

        if (!image)
            return FAILED;
        dealer->pool[dealer->pool_free++] = image;
    }
    return dealer->pool ? OK : FAILED;
}

static int open_mail(struct dealer *dealer, struct error *error)
{
    const struct plan *plan = dealer->crew->plan;
    const struct mail_spec spec = {.send_bytes = plan->image_in_bytes,
                                   .receive_bytes = plan->image_out_bytes,
                                   .sends = plan->pool + STOPS_AT_A_TIME,
                                   .receives = plan->pool,
                                   .count_limit = plan->count_limit};

    return mail_open(dealer->crew->team, &spec, &dealer->mail, error);
}

static void dealer_close(void *self, bool busy)
{
    struct dealer *dealer = self;

    mail_close(dealer->mail);
    for (int k = 0; !busy && dealer->slots && k < dealer->crew->plan->slots; k++) {
        free(dealer->slots[k].ticket);
        free(dealer->slots[k].result);
    }
    for (int k = 0; k < dealer->pool_free; k++)
        free(dealer->pool[k]);
    free(dealer->pool);
    if (!busy) /* else the kernel still uses them, and the process ends soon */
        free(dealer->slots);
    free(dealer->stops);
    free(dealer->ring);
    free(dealer->hands);
    free(dealer);
}

static int dealer_open(struct crew *crew, void **self, struct error *error)
{
    const struct plan *plan = crew->plan;
    const int ranks = team_size(crew->team);
    struct dealer *dealer = calloc(1, sizeof *dealer);

    if (!dealer)
        return error_memory(error, "buffers", sizeof *dealer);
    *self = dealer;
    dealer->crew = crew;
    dealer->hands = calloc((size_t)ranks, sizeof *dealer->hands);
    dealer->ring = calloc((size_t)ranks + 1, sizeof *dealer->ring);
    dealer->stops = crew_headers(crew, (size_t)ranks, plan->image_in_bytes);
    if (!dealer->hands || !dealer->ring || !dealer->stops || open_slots(dealer) || (ranks > 1 && open_pool(dealer)))
        return error_memory(error, "buffers", plan->image_in_bytes + plan->image_out_bytes);
    for (int rank = 1; rank < ranks; rank++)
        queue(dealer, rank);
    return ranks > 1 ? open_mail(dealer, error) : OK;
}

static int dealer_run(void *self, struct error *error)
{
    struct dealer *dealer = self;

    dealer->error = error;
    ledger_open(&dealer->ledger, dealer->crew->plan->items, dealer->crew->plan->block, dealer->crew->done);
    serve(dealer);
    return error->code;
}

const struct dealing *dealing_dynamic_root(void)
{
    static const struct dealing dealing = {dealer_open, dealer_run, dealer_close};

    return &dealing;
}
