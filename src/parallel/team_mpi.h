/* The team as the files of this room see it. */
#ifndef PARALLEL_TEAM_MPI_H
#define PARALLEL_TEAM_MPI_H

#include "parallel/patience.h"
#include "parallel/team.h"

#include <mpi.h>

struct team {
    MPI_Comm comm; /* our own, with the error handler */
    int rank, size;
    int crowd; /* ranks per CPU of this host */
    bool flat; /* agree by way of root; the same on all ranks */
};

/* Wait, politely, until the request is complete. Local. */
void team_finish(const struct team *team, MPI_Request *request);

/* Take back a receive that nothing matches any more. Local. */
void team_withdraw(const struct team *team, MPI_Request *request);

/* A committed type of `bytes` bytes (any number > 0); the caller frees it. */
MPI_Datatype team_type(size_t bytes);

#endif
