/* Shared tables: bytes that are the same for all ranks, held once a host, not once a rank.
 *
 * The ranks of a host map one POSIX shared memory object; MPI says who they are, and carries the bytes from root's host
 * to the others. It is no window of MPI_Win_allocate_shared: where Open MPI finds no room for one, the other ranks wait
 * for ever, and MPI_Finalize takes it away from a kernel that is still running. */
#ifndef PARALLEL_TABLES_H
#define PARALLEL_TABLES_H

#include "parallel/team.h"

struct tables;

struct tables_spec {
    int count;
    uint64_t bytes[PORTS_MAX];
    int count_limit;  /* the largest count given to MPI, INT_MAX but in tests */
    int ranks_a_host; /* 0: those that are on one; in tests, so many at most */
};

/* Collective, and agreed: room for all tables on every host, of the spec that is the same on all ranks. FAILED on every
 * rank where a host has not enough. The room of a host with several ranks is in /dev/shm; it is taken here and can't be
 * missing later, and it goes when the last rank ends, however that is. */
int tables_open(struct team *team, const struct tables_spec *spec, struct tables **tables, struct error *error);

/* Root: where table k is to be written, from a multiple of BATCH_ALIGN on. Only before tables_share. */
void *tables_room(struct tables *tables, int k);

/* Collective, and agreed: what root has written goes to all hosts. From here on no rank can write it. */
int tables_share(struct tables *tables, struct error *error);

/* Local: table k, after tables_share, until tables_close. */
const void *tables_at(const struct tables *tables, int k);

/* Local after tables_share, collective before it. `busy`: a kernel is still running, the bytes stay until the program
 * ends. NULL is fine. */
void tables_close(struct tables *tables, bool busy);

#endif
