#include "parallel/tables.h"
#include "parallel/segment.h"
#include "parallel/team_mpi.h"

#include <stdlib.h>
#include <string.h>

struct tables {
    struct team *team;
    struct team host;   /* the ranks of this host */
    struct team firsts; /* the first rank of each host, on those ranks; root is the first of them */
    struct segment segment;
    uint64_t place[PORTS_MAX]; /* of each table, in the segment */
    uint64_t bytes;            /* of all */
    int count_limit;
};

/* One behind the other, each aligned. The sizes have been checked: their sum can be counted. */
static void place_tables(struct tables *tables, const struct tables_spec *spec)
{
    for (int k = 0; k < spec->count; k++) {
        tables->place[k] = tables->bytes;
        tables->bytes += (spec->bytes[k] + BATCH_ALIGN - 1) / BATCH_ALIGN * BATCH_ALIGN;
    }
}

static void measure_team(struct team *team, int crowd)
{
    team->crowd = crowd;
    MPI_Comm_rank(team->comm, &team->rank);
    MPI_Comm_size(team->comm, &team->size);
}

static void find_hosts(struct tables *tables, int ranks_a_host)
{
    const struct team *team = tables->team;

    if (ranks_a_host)
        MPI_Comm_split(team->comm, team->rank / ranks_a_host, team->rank, &tables->host.comm);
    else
        MPI_Comm_split_type(team->comm, MPI_COMM_TYPE_SHARED, team->rank, MPI_INFO_NULL, &tables->host.comm);
    measure_team(&tables->host, team->crowd);
    MPI_Comm_split(team->comm, tables->host.rank == 0 ? 0 : MPI_UNDEFINED, team->rank, &tables->firsts.comm);
    if (tables->host.rank == 0)
        measure_team(&tables->firsts, team->crowd);
}

static void forget_hosts(struct tables *tables)
{
    if (tables->host.comm != MPI_COMM_NULL)
        MPI_Comm_free(&tables->host.comm);
    if (tables->firsts.comm != MPI_COMM_NULL)
        MPI_Comm_free(&tables->firsts.comm);
}

/* The first rank of a host makes the segment, the others join it. Its name goes before it takes any room: whenever the
 * run is killed, nothing stays. */
static int make_segment(struct tables *tables, struct error *error)
{
    struct segment *segment = &tables->segment;
    const bool first = tables->host.rank == 0;
    char name[SEGMENT_NAME_BYTES] = "";

    if (first && !segment_make(tables->bytes, tables->host.size > 1, segment, error))
        memcpy(name, segment->name, sizeof name);
    team_share(&tables->host, name, sizeof name);
    if (!first && *name)
        segment_join(name, tables->bytes, segment, error);
    team_agree(tables->team, error);
    if (first)
        segment_forget(segment);
    if (!error->code && first)
        segment_reserve(segment, error);
    return team_agree(tables->team, error);
}

int tables_open(struct team *team, const struct tables_spec *spec, struct tables **tables_out, struct error *error)
{
    struct tables *tables = calloc(1, sizeof *tables);

    *tables_out = NULL;
    if (!tables)
        error_memory(error, "shared tables", sizeof *tables);
    if (team_agree(team, error)) {
        free(tables);
        return error->code;
    }
    tables->team = team;
    tables->count_limit = spec->count_limit;
    tables->segment.fd = -1;
    tables->host.comm = tables->firsts.comm = MPI_COMM_NULL;
    place_tables(tables, spec);
    find_hosts(tables, spec->ranks_a_host);
    if (make_segment(tables, error))
        tables_close(tables, false);
    else
        *tables_out = tables;
    return error->code;
}

void *tables_room(struct tables *tables, int k)
{
    return (char *)tables->segment.start + tables->place[k];
}

int tables_share(struct tables *tables, struct error *error)
{
    const uint64_t most = (uint64_t)tables->count_limit;

    if (tables->host.rank == 0) {
        for (uint64_t done = 0, some; done < tables->bytes && tables->firsts.size > 1; done += some) {
            some = tables->bytes - done < most ? tables->bytes - done : most;
            team_share(&tables->firsts, (char *)tables->segment.start + done, some);
        }
        segment_protect(&tables->segment, error);
    }
    forget_hosts(tables);
    return team_agree(tables->team, error);
}

const void *tables_at(const struct tables *tables, int k)
{
    return (const char *)tables->segment.start + tables->place[k];
}

void tables_close(struct tables *tables, bool busy)
{
    if (!tables)
        return;
    forget_hosts(tables);
    if (!busy)
        segment_free(&tables->segment);
    free(tables);
}
