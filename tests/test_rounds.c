/* Rounds of scatter and gather, with fewer seats than ranks and with the limit on MPI's counts shrunk. */
#include "suite_mpi.h"

#include "parallel/rounds.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define IMAGE_BYTES 3000

/* Ticket and result of a rank in a round: sizes and bytes that tell them apart. */
static size_t size_of(int rank, int round)
{
    return sizeof(struct batch) + (size_t)((rank * 611 + round * 97) % (IMAGE_BYTES - (int)sizeof(struct batch)));
}

static void fill(struct batch *image, int rank, int round, int key)
{
    memset(image, 0, sizeof *image);
    image->first = (uint64_t)(rank * 1000 + round);
    memset(image + 1, rank * 16 + round + key, size_of(rank, round) - sizeof *image);
}

static void check(const struct batch *image, int rank, int round, int key)
{
    const unsigned char *body = (const unsigned char *)(image + 1);
    size_t wrong = 0;

    CU_ASSERT_EQUAL(image->first, (uint64_t)(rank * 1000 + round));
    for (size_t k = 0; k < size_of(rank, round) - sizeof *image; k++)
        wrong += body[k] != (unsigned char)(rank * 16 + round + key);
    CU_ASSERT_EQUAL(wrong, 0);
}

static bool served(int rank, int first_rank, int seats)
{
    return rank >= first_rank && rank < first_rank + seats;
}

static void one_round(struct rounds *rounds, int round, int seats)
{
    const int ranks = team_size(suite_team()), me = team_rank(suite_team());
    const int first_rank = round * seats % ranks;
    size_t bytes[64] = {0};

    for (int rank = 0; rank < ranks; rank++) {
        if (!served(rank, first_rank, seats))
            continue;
        bytes[rank] = size_of(rank, round);
        if (me == 0)
            fill(rounds_seat_ticket(rounds, rank - first_rank), rank, round, 1);
    }
    rounds_scatter(rounds, first_rank, bytes);
    if (bytes[me]) {
        check(rounds_ticket(rounds), me, round, 1);
        fill(rounds_result(rounds), me, round, 5);
    }
    rounds_gather(rounds, first_rank, rounds_result(rounds), bytes[me]);
    while (!rounds_gathered(rounds))
        ;
    for (int rank = 0; me == 0 && rank < ranks; rank++)
        if (bytes[rank])
            check(rounds_seat_result(rounds, rank - first_rank), rank, round, 5);
}

static void goes_round(int seats, int limit)
{
    const struct rounds_spec spec = {IMAGE_BYTES, IMAGE_BYTES, seats, limit};
    struct error error = {0};
    struct rounds *rounds = NULL;

    rounds_open(suite_team(), &spec, &rounds, &error);
    CU_ASSERT_EQUAL(team_agree(suite_team(), &error), OK);
    for (int round = 0; !error.code && round < 12; round++) {
        CU_ASSERT(rounds_go_on(rounds, true));
        one_round(rounds, round, seats);
    }
    CU_ASSERT_FALSE(rounds_go_on(rounds, team_rank(suite_team()) != 0));
    rounds_close(rounds);
}

static void a_seat_for_each(void)
{
    goes_round(team_size(suite_team()), INT_MAX);
}

static void one_seat(void)
{
    goes_round(1, INT_MAX);
}

static void small_counts(void)
{
    goes_round(team_size(suite_team()), 40);
    goes_round(1, 10);
}

/* Root cuts a round short: the others see it while they map, or at the end. */
static void is_cut_short(void)
{
    const struct rounds_spec spec = {IMAGE_BYTES, IMAGE_BYTES, team_size(suite_team()), INT_MAX};
    struct error error = {0};
    struct rounds *rounds = NULL;

    for (int looks = 0; looks < 2; looks++) {
        CU_ASSERT_EQUAL(rounds_open(suite_team(), &spec, &rounds, &error), OK);
        CU_ASSERT(rounds_go_on(rounds, true));
        if (team_rank(suite_team()) == 0)
            rounds_cut(rounds);
        while (looks && !rounds_is_cut(rounds))
            ;
        CU_ASSERT_FALSE(rounds_go_on(rounds, false));
        rounds_close(rounds);
    }
}

int main(void)
{
    CU_TestInfo tests[] = {{"a seat for each rank", a_seat_for_each},
                           {"one seat", one_seat},
                           {"small counts", small_counts},
                           {"is cut short", is_cut_short},
                           CU_TEST_INFO_NULL};

    return suite_run_mpi("rounds", tests);
}
