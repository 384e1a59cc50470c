/* Static dealing: equal contiguous runs of items, in rounds of scatter, map, gather. */
#include "parallel/patience.h"
#include "parallel/rounds.h"
#include "run/crew.h"
#include "run/image.h"
#include "run/ledger.h"
#include "run/turns.h"

#include <stdlib.h>

#define SLEEP_NS 1000000

struct deal {
    struct crew *crew;
    struct plan part; /* the plan, of the gap that is being dealt */
    struct gap gap;   /* a run of items that are to be done */
    struct rounds *rounds;
    size_t *bytes;            /* [ranks] of the tickets of a round */
    struct slot slot;         /* this rank's ticket and result */
    struct batch *gave_up;    /* the result of a ticket that was given up */
    struct inflight inflight; /* root: of the round */
};

static bool is_root(const struct deal *deal)
{
    return team_rank(deal->crew->team) == 0;
}

/* Fill the seats of a turn (root) and say how large each rank's ticket is (all). */
static void fill_seats(struct deal *deal, struct turn turn, struct error *error)
{
    struct crew *crew = deal->crew;
    const int ranks = team_size(crew->team);
    uint64_t first, count;

    for (int rank = 0; rank < ranks; rank++) {
        deal->bytes[rank] = 0;
        if (!turns_items(&deal->part, ranks, turn, rank, &first, &count))
            continue;
        deal->bytes[rank] = image_inputs_bytes(crew->plan, count);
        if (!is_root(deal) || error->code)
            continue;
        crew_read(crew, deal->gap.first + first, count, rounds_seat_ticket(deal->rounds, rank - turn.first_rank),
                  error);
        inflight_add(&deal->inflight, rank, deal->gap.first + first, count);
    }
}

/* Root, while a round is on its way: checkpoints, signals, the time limit, the progress. A round that takes too long is
 * cut; what has come back by then is taken, unless the launcher kills soon. */
static void look(struct deal *deal, struct error *error)
{
    const struct watch *watch = deal->crew->watch;

    if (!is_root(deal) || error->code)
        return;
    if (!crew_keep(deal->crew, error) && watch_look(deal->crew->watch) != WISH_LEAVE)
        return;
    rounds_cut(deal->rounds);
    if (!error->code && watch->doomed)
        crew_stop(deal->crew, &deal->inflight, error);
}

/* Have this rank's ticket mapped; the result, or word that it was given up because root cut the round short. */
static const struct batch *map_ticket(struct deal *deal, struct error *error)
{
    struct crew *crew = deal->crew;
    struct patience patience = {.crowd = team_crowd(deal->crew->team), .most_ns = SLEEP_NS};

    lane_start(crew->lane, &deal->slot);
    while (!lane_done(crew->lane)) {
        look(deal, error);
        if (rounds_is_cut(deal->rounds))
            return deal->gave_up;
        crew_wait(crew, &patience);
    }
    deal->slot.result->rank = team_rank(crew->team);
    return deal->slot.result;
}

static void take_seats(struct deal *deal, struct turn turn, struct error *error)
{
    const struct crew *crew = deal->crew;
    const int ranks = team_size(crew->team);
    uint64_t first, count;

    for (int rank = 0; rank < ranks && !error->code; rank++) {
        const struct batch *result = rounds_seat_result(deal->rounds, rank - turn.first_rank);

        if (!turns_items(&deal->part, ranks, turn, rank, &first, &count) || result->verb != VERB_MAP)
            continue;
        results_take(crew->results, result, error);
        inflight_remove(&deal->inflight, rank, deal->gap.first + first);
    }
    if (!error->code && inflight_any(&deal->inflight))
        crew_stop(deal->crew, &deal->inflight, error);
}

static void one_round(struct deal *deal, struct turn turn, struct error *error)
{
    const struct crew *crew = deal->crew;
    struct patience patience = {.crowd = team_crowd(deal->crew->team), .most_ns = SLEEP_NS};
    const struct batch *result = NULL;

    rounds_scatter(deal->rounds, turn.first_rank, deal->bytes);
    if (deal->bytes[team_rank(crew->team)])
        result = map_ticket(deal, error);
    rounds_gather(deal->rounds, turn.first_rank, result, result ? image_result_bytes(crew->plan, result) : 0);
    while (!rounds_gathered(deal->rounds)) {
        look(deal, error);
        patience_wait(&patience);
    }
    if (is_root(deal))
        take_seats(deal, turn, error);
}

/* Deal the gap. false: the run ends. */
static bool deal_gap(struct deal *deal, struct error *error)
{
    const int ranks = team_size(deal->crew->team);
    const uint64_t rounds = turns_count(&deal->part, ranks);

    for (uint64_t round = 0; round < rounds; round++) {
        const struct turn turn = turns_at(&deal->part, ranks, round);

        if (is_root(deal) && !error->code && watch_look(deal->crew->watch) != WISH_GO_ON)
            crew_stop(deal->crew, &deal->inflight, error);
        fill_seats(deal, turn, error);
        if (!rounds_go_on(deal->rounds, error->code == OK))
            return false;
        one_round(deal, turn, error);
    }
    return true;
}

/* Root's next gap, to all; of no items: there is none. */
static bool next_gap(struct deal *deal, struct ledger *ledger, struct error *error)
{
    struct gap gap = {0};

    if (is_root(deal) && (error->code || !ledger_take_gap(ledger, &gap)))
        gap.count = 0;
    team_share(deal->crew->team, &gap, sizeof gap);
    deal->gap = gap;
    deal->part.items = gap.count;
    return gap.count > 0;
}

static int static_run(void *self, struct error *error)
{
    struct deal *deal = self;
    const struct plan *plan = deal->crew->plan;
    struct ledger ledger;

    deal->part = *plan;
    ledger_open(&ledger, plan->items, plan->block, deal->crew->done);
    while (next_gap(deal, &ledger, error))
        if (!deal_gap(deal, error))
            return error->code;
    rounds_go_on(deal->rounds, false);
    return error->code;
}

static void static_close(void *self, bool busy)
{
    struct deal *deal = self;

    if (busy) { /* a kernel still uses the images, and the process ends soon */
        rounds_withdraw(deal->rounds);
        return;
    }
    rounds_close(deal->rounds);
    inflight_close(&deal->inflight);
    free(deal->gave_up);
    free(deal->bytes);
    free(deal);
}

static int static_open(struct crew *crew, void **self, struct error *error)
{
    const struct plan *plan = crew->plan;
    const struct rounds_spec spec = {.in_bytes = plan->image_in_bytes,
                                     .out_bytes = plan->image_out_bytes,
                                     .seats = plan->pool,
                                     .count_limit = plan->count_limit};
    struct deal *deal = calloc(1, sizeof *deal);

    if (!deal)
        return error_memory(error, "buffers", sizeof *deal);
    *self = deal;
    deal->crew = crew;
    deal->bytes = calloc((size_t)team_size(crew->team), sizeof *deal->bytes);
    deal->gave_up = crew_image(crew, plan->image_out_bytes);
    if (!deal->bytes || !deal->gave_up)
        return error_memory(error, "buffers", plan->image_out_bytes);
    *deal->gave_up = (struct batch){.verb = VERB_GAVE_UP, .rank = team_rank(crew->team)};
    if (is_root(deal) && inflight_open(&deal->inflight, team_size(crew->team), 1, error))
        return error->code;
    if (rounds_open(crew->team, &spec, &deal->rounds, error))
        return error->code;
    deal->slot = (struct slot){.ticket = rounds_ticket(deal->rounds), .result = rounds_result(deal->rounds)};
    return OK;
}

const struct dealing *dealing_static(void)
{
    static const struct dealing dealing = {static_open, static_run, static_close};

    return &dealing;
}
