/* Static dealing: equal contiguous runs of items, in rounds of scatter, map, gather. */
#include "parallel/patience.h"
#include "parallel/rounds.h"
#include "run/crew.h"
#include "run/image.h"
#include "run/turns.h"

#include <stdlib.h>

#define SLEEP_NS 1000000

struct deal {
    struct crew *crew;
    struct rounds *rounds;
    size_t *bytes; /* [ranks] of the tickets of a round */
};

/* Fill the seats of a turn (root) and say how large each rank's ticket is (all). */
static void fill_seats(struct deal *deal, struct turn turn, struct error *error)
{
    const struct crew *crew = deal->crew;
    const int ranks = team_size(crew->team);
    uint64_t first, count;

    for (int rank = 0; rank < ranks; rank++) {
        deal->bytes[rank] = 0;
        if (!turns_items(crew->plan, ranks, turn, rank, &first, &count))
            continue;
        deal->bytes[rank] = image_inputs_bytes(crew->plan, count);
        if (team_rank(crew->team) == 0 && !error->code)
            crew_read(deal->crew, first, count, rounds_seat_ticket(deal->rounds, rank - turn.first_rank), error);
    }
}

static void map_ticket(struct deal *deal)
{
    struct crew *crew = deal->crew;
    struct patience patience = {.most_ns = SLEEP_NS};
    struct slot slot = {rounds_ticket(deal->rounds), rounds_result(deal->rounds)};

    lane_start(crew->lane, &slot);
    while (!lane_done(crew->lane)) {
        if (crew->watch)
            watch_look(crew->watch);
        patience_wait(&patience);
    }
    slot.result->rank = team_rank(crew->team);
}

static void take_seats(struct deal *deal, struct turn turn, struct error *error)
{
    const struct crew *crew = deal->crew;
    const int ranks = team_size(crew->team);
    uint64_t first, count;

    for (int rank = 0; rank < ranks && !error->code; rank++)
        if (turns_items(crew->plan, ranks, turn, rank, &first, &count))
            results_take(crew->results, rounds_seat_result(deal->rounds, rank - turn.first_rank), error);
}

static int static_run(void *self, struct error *error)
{
    struct deal *deal = self;
    const struct crew *crew = deal->crew;
    const int ranks = team_size(crew->team), me = team_rank(crew->team);
    const uint64_t rounds = turns_count(crew->plan, ranks);

    for (uint64_t round = 0; round < rounds; round++) {
        const struct turn turn = turns_at(crew->plan, ranks, round);

        fill_seats(deal, turn, error);
        if (me == 0 && !error->code)
            crew_look(deal->crew, error);
        if (!rounds_go_on(deal->rounds, error->code == OK))
            break;
        rounds_scatter(deal->rounds, turn.first_rank, deal->bytes);
        if (deal->bytes[me])
            map_ticket(deal);
        rounds_gather(deal->rounds, turn.first_rank,
                      deal->bytes[me] ? image_result_bytes(crew->plan, rounds_result(deal->rounds)) : 0);
        if (me == 0)
            take_seats(deal, turn, error);
    }
    return error->code;
}

static void static_close(void *self)
{
    struct deal *deal = self;

    rounds_close(deal->rounds);
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
    if (!deal->bytes)
        return error_memory(error, "buffers", sizeof *deal->bytes);
    return rounds_open(crew->team, &spec, &deal->rounds, error);
}

const struct dealing *dealing_static(void)
{
    static const struct dealing dealing = {static_open, static_run, static_close};

    return &dealing;
}
