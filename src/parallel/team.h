/* The ranks as a team: start, agreement, set-up talk, end. MPI is called from the main thread only
 * (MPI_THREAD_FUNNELED).
 *
 * Set-up and end keep to one pattern: local work, then agree, then the collective (where root alone works just before
 * the mapping, dealing takes the agreement's place). An MPI call that fails ends the
 * program in the team's error handler, which prints the line and calls MPI_Abort: there is no return code to check. */
#ifndef PARALLEL_TEAM_H
#define PARALLEL_TEAM_H

#include "job.h"

struct team;

/* What the launcher promised (src/process/launch.h), to notice a launcher that does not fit the MPI library. */
struct promise {
    int rank, size; /* size 0: not known */
    bool launcher;  /* there is one */
    bool one_host;  /* all ranks are on this host */
    int crowd;      /* ranks per CPU of this host, at least 1 */
    int host_crowd; /* the same of all its CPUs: with one_host, all ranks have the same number here */
};

/* Collective. Choose quick start-up settings where all ranks are on one host and the user has not set them (Open MPI's
 * pml, btl and coll), then MPI_Init_thread. REFUSED on every rank where the launcher promised another number of ranks.
 */
int team_start(const struct promise *promise, struct team **team, struct error *error);

/* Collective: MPI_Finalize. NULL is fine. MPICH hangs in it at times (4.0 with UCX over TCP): everything being done and
 * told by then, after 5 s the process ends with `status` there. */
void team_end(struct team *team, int status);

int team_rank(const struct team *team); /* local; 0 is root */
int team_size(const struct team *team); /* local */

/* Local. As promised: how many ranks share a CPU here, and how long each should sleep (patience.h). */
int team_crowd(const struct team *team);

/* Collective. Every rank brings its error (code 0: none); all leave with that of the lowest rank that has one, and its
 * code. */
int team_agree(struct team *team, struct error *error);

/* Collective. root's bytes to every rank; `bytes` is the same on all. Any size. */
void team_share(struct team *team, void *data, size_t bytes);

/* Collective. `bytes` (small) of every rank into all[size * bytes] on root (NULL elsewhere). */
void team_collect(struct team *team, const void *mine, size_t bytes, void *all);

#endif
