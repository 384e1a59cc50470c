/* Static dealing: rounds of MPI_Iscatterv and MPI_Igatherv over images (job.h, struct batch). All calls that are
 * not called local are collective and wait politely; every rank makes the same ones. Root has a seat for each rank that
 * one round serves. */
#ifndef PARALLEL_ROUNDS_H
#define PARALLEL_ROUNDS_H

#include "parallel/team.h"

struct rounds;

struct rounds_spec {
    size_t in_bytes, out_bytes; /* the largest images */
    int seats;                  /* ranks that a round serves at most */
    int count_limit;            /* the largest count given to MPI, INT_MAX but in tests */
};

/* Allocate root's seats and every rank's two images. No messages; not collective. */
int rounds_open(struct team *team, const struct rounds_spec *spec, struct rounds **rounds, struct error *error);
void rounds_close(struct rounds *rounds);

/* The end in a hurry: withdraw what was posted, and leave the images to a kernel that still uses them. NULL is fine; no
 * other call follows. */
void rounds_withdraw(struct rounds *rounds);

/* Images: root's of a seat, to fill before the scatter; this rank's ticket and result. */
struct batch *rounds_seat_ticket(struct rounds *rounds, int seat);
const struct batch *rounds_seat_result(struct rounds *rounds, int seat);
struct batch *rounds_ticket(struct rounds *rounds);
struct batch *rounds_result(struct rounds *rounds);

/* Root's word on whether there is another round; after the word false no other call but rounds_close follows. */
bool rounds_go_on(struct rounds *rounds, bool go_on);

/* Ranks first_rank .. first_rank + seats - 1 get theirs; bytes[rank] is the size of the rank's ticket, 0 for the
 * others. */
void rounds_scatter(struct rounds *rounds, int first_rank, const size_t bytes[]);

/* The results of the same ranks come back to the seats: `bytes` of an image, 0 if this rank had no ticket. Does not
 * wait: ask rounds_gathered, which is local, until it says true. The image must stay until then. */
void rounds_gather(struct rounds *rounds, int first_rank, const struct batch *image, size_t bytes);
bool rounds_gathered(struct rounds *rounds);

/* Local. Root: tell all ranks to cut this round short, once. */
void rounds_cut(struct rounds *rounds);

/* Local. Has root said so? */
bool rounds_is_cut(struct rounds *rounds);

#endif
