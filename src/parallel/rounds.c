#include "parallel/rounds.h"
#include "buffers.h"
#include "parallel/team_mpi.h"

#include <stdlib.h>

#define TAG_CUT 2

/* A gather on its way: first the sizes, then the images. */
struct gather {
    int first_rank, blocks;    /* of this rank's image */
    const struct batch *image; /* this rank's */
    bool images;               /* they are on their way */
    MPI_Request request;
};

struct rounds {
    struct team *team;
    size_t block_bytes;
    MPI_Datatype block;
    int seats, in_blocks, out_blocks; /* of an image at its largest */
    struct batch *in, *out;           /* this rank's */
    char *seat_in, *seat_out;         /* root's, [seats] images */
    int *counts, *places;             /* [size] in blocks */
    bool cut;                         /* root told so, or was told */
    int word;                         /* of the message that tells */
    struct gather gather;
    MPI_Request told;  /* the others: to receive it */
    MPI_Request *tell; /* root: [size] to send it */
};

static size_t blocks_of(size_t bytes, size_t block)
{
    return (bytes + block - 1) / block;
}

static int rounds_allocate(struct rounds *rounds)
{
    const size_t in = (size_t)rounds->in_blocks * rounds->block_bytes;
    const size_t out = (size_t)rounds->out_blocks * rounds->block_bytes;
    const size_t seats = rounds->team->rank == 0 ? (size_t)rounds->seats : 0;

    rounds->in = buffers_alloc(1, in, true);
    rounds->out = buffers_alloc(1, out, true);
    rounds->counts = calloc((size_t)rounds->team->size, sizeof *rounds->counts);
    rounds->places = calloc((size_t)rounds->team->size, sizeof *rounds->places);
    if (seats) {
        rounds->seat_in = buffers_alloc(seats, in, true);
        rounds->seat_out = buffers_alloc(seats, out, true);
    }
    rounds->tell = calloc((size_t)rounds->team->size, sizeof *rounds->tell);
    for (int rank = 0; rounds->tell && rank < rounds->team->size; rank++)
        rounds->tell[rank] = MPI_REQUEST_NULL;
    return !rounds->in || !rounds->out || !rounds->counts || !rounds->places || !rounds->tell ||
           (seats && (!rounds->seat_in || !rounds->seat_out));
}

int rounds_open(struct team *team, const struct rounds_spec *spec, struct rounds **rounds_out, struct error *error)
{
    const size_t most = spec->in_bytes > spec->out_bytes ? spec->in_bytes : spec->out_bytes;
    /* Places are counts too: all seats together, each padded by less than a block, must stay below the limit. */
    const size_t units = (size_t)spec->seats * (blocks_of(most, BATCH_ALIGN) + 1);
    struct rounds *rounds = calloc(1, sizeof *rounds);

    if (!rounds)
        return error_memory(error, "message buffers", sizeof *rounds);
    rounds->team = team;
    rounds->told = MPI_REQUEST_NULL;
    rounds->seats = spec->seats;
    rounds->block_bytes = BATCH_ALIGN * blocks_of(2 * units, (size_t)spec->count_limit);
    rounds->block = team_type(rounds->block_bytes);
    rounds->in_blocks = (int)blocks_of(spec->in_bytes, rounds->block_bytes);
    rounds->out_blocks = (int)blocks_of(spec->out_bytes, rounds->block_bytes);
    if (rounds_allocate(rounds)) {
        rounds_close(rounds);
        return error_memory(error, "message buffers", (unsigned long long)most * (unsigned)spec->seats);
    }
    if (team->rank != 0)
        MPI_Irecv(&rounds->word, 1, MPI_INT, 0, TAG_CUT, team->comm, &rounds->told);
    *rounds_out = rounds;
    return OK;
}

void rounds_withdraw(struct rounds *rounds)
{
    if (!rounds)
        return;
    team_withdraw(rounds->team, &rounds->told);
    for (int rank = 0; rounds->tell && rank < rounds->team->size; rank++)
        team_finish(rounds->team, &rounds->tell[rank]);
    MPI_Type_free(&rounds->block);
}

void rounds_close(struct rounds *rounds)
{
    rounds_withdraw(rounds);
    if (!rounds)
        return;
    free(rounds->tell);
    free(rounds->in);
    free(rounds->out);
    free(rounds->seat_in);
    free(rounds->seat_out);
    free(rounds->counts);
    free(rounds->places);
    free(rounds);
}

struct batch *rounds_seat_ticket(struct rounds *rounds, int seat)
{
    return (struct batch *)(void *)(rounds->seat_in + (size_t)seat * (size_t)rounds->in_blocks * rounds->block_bytes);
}

const struct batch *rounds_seat_result(struct rounds *rounds, int seat)
{
    return (const struct batch *)(void *)(rounds->seat_out +
                                          (size_t)seat * (size_t)rounds->out_blocks * rounds->block_bytes);
}

struct batch *rounds_ticket(struct rounds *rounds)
{
    return rounds->in;
}

struct batch *rounds_result(struct rounds *rounds)
{
    return rounds->out;
}

bool rounds_go_on(struct rounds *rounds, bool go_on)
{
    MPI_Request request;
    int word = go_on;

    MPI_Ibcast(&word, 1, MPI_INT, 0, rounds->team->comm, &request);
    team_finish(rounds->team, &request);
    if (word)
        return true;
    /* The message that cuts comes once in any case: a receive that is cancelled could take somebody's next message. */
    if (rounds->team->rank == 0)
        rounds_cut(rounds);
    team_finish(rounds->team, &rounds->told);
    return false;
}

void rounds_cut(struct rounds *rounds)
{
    for (int rank = 1; !rounds->cut && rank < rounds->team->size; rank++)
        MPI_Isend(&rounds->word, 1, MPI_INT, rank, TAG_CUT, rounds->team->comm, &rounds->tell[rank]);
    rounds->cut = true;
}

bool rounds_is_cut(struct rounds *rounds)
{
    int done = 0;

    if (rounds->told != MPI_REQUEST_NULL)
        MPI_Test(&rounds->told, &done, MPI_STATUS_IGNORE);
    rounds->cut |= done != 0;
    return rounds->cut;
}

/* Places of the seats, image_blocks apart; ranks without a seat have count 0 and any place. */
static void set_places(struct rounds *rounds, int first_rank, int image_blocks)
{
    for (int rank = 0; rank < rounds->team->size; rank++) {
        const int seat = rank - first_rank;

        rounds->places[rank] = seat >= 0 && seat < rounds->seats ? seat * image_blocks : 0;
    }
}

void rounds_scatter(struct rounds *rounds, int first_rank, const size_t bytes[])
{
    MPI_Request request;

    for (int rank = 0; rank < rounds->team->size; rank++)
        rounds->counts[rank] = (int)blocks_of(bytes[rank], rounds->block_bytes);
    set_places(rounds, first_rank, rounds->in_blocks);
    MPI_Iscatterv(rounds->seat_in, rounds->counts, rounds->places, rounds->block, rounds->in,
                  rounds->counts[rounds->team->rank], rounds->block, 0, rounds->team->comm, &request);
    team_finish(rounds->team, &request);
}

void rounds_gather(struct rounds *rounds, int first_rank, const struct batch *image, size_t bytes)
{
    struct gather *gather = &rounds->gather;

    *gather = (struct gather){first_rank, (int)blocks_of(bytes, rounds->block_bytes), image, false, MPI_REQUEST_NULL};
    MPI_Igather(&gather->blocks, 1, MPI_INT, rounds->counts, 1, MPI_INT, 0, rounds->team->comm, &gather->request);
}

bool rounds_gathered(struct rounds *rounds)
{
    struct gather *gather = &rounds->gather;
    int done = 0;

    MPI_Test(&gather->request, &done, MPI_STATUS_IGNORE);
    if (!done || gather->images)
        return done;
    gather->images = true;
    set_places(rounds, gather->first_rank, rounds->out_blocks);
    MPI_Igatherv(gather->image, gather->blocks, rounds->block, rounds->seat_out, rounds->counts, rounds->places,
                 rounds->block, 0, rounds->team->comm, &gather->request);
    return false;
}
