/* One run, from the command to its end, as its stages see it. */
#ifndef RUN_RUN_H
#define RUN_RUN_H

#include "data/location.h"
#include "kernel/object.h"
#include "parallel/tables.h"
#include "run/crew.h"
#include "run/engine.h"
#include "run/files.h"

struct run {
    const struct options *options;
    const struct hooks *hooks;
    struct error *error;
    struct team *team;
    bool root;
    struct location output;
    char output_name[PATH_BYTES]; /* its file as typed */
    struct object object;
    const h5map_kernel_t *kernel;
    struct signature signature;
    struct scalar param[PORTS_MAX];
    struct binding binding;
    struct plan plan;
    struct tables *tables;        /* the shared ones; NULL: none */
    const void *table[PORTS_MAX]; /* where they are, by in[] */
    void *state; /* of the kernel */
    bool state_made;
    struct mapper *mapper;
    struct lane *lane;
    struct source *source;         /* root's, where it reads for all */
    char *command_line, *identity; /* for the record */
    struct record record;
    struct files files;
    struct direct direct;
    bool goes_direct; /* each rank reads and writes for itself */
    enum verdict verdict;
    struct results results;
    struct watch watch;
    struct crew crew;
    const struct dealing *dealing;
    void *dealt; /* the dealing's own */
    struct share *shares;
    double start_s; /* of the monotonic clock */
    double start_unix_s, elapsed_s;
    bool told; /* how it ended, already */
};

/* Each stage is local work; it returns run->error->code, and an agreement of all ranks follows it; stage_open_files is
 * followed by the mapping where the others need not know first. */

/* kernel_stage.c */

/* Root, before MPI starts: find the kernel, compile it. */
int stage_find_kernel(struct run *run);

/* Collective: the kernel's object to every rank. */
int stage_share_kernel(struct run *run);

/* Every rank: load it, read its signature. */
int stage_load_kernel(struct run *run);

/* Every rank: its init, the lane, the way of dealing. */
int stage_open_crew(struct run *run);

/* files_stage.c: root */

/* Before MPI starts: where the output goes. */
int stage_find_output(struct run *run);

/* Bind the inputs, make the plan. */
int stage_plan(struct run *run);

/* Lock the output, see what is there: run->verdict. */
int stage_claim(struct run *run);

/* The plan anew: root is to read and write after all. */
int stage_plan_again(struct run *run);

/* Open the inputs, make or open the output. */
int stage_open_files(struct run *run);

/* The output is complete. */
int stage_finish(struct run *run);

/* tables_stage.c */

/* Collective, and agreed: the shared tables, read by root, on every host. */
int stage_share_tables(struct run *run);

/* direct_stage.c: every rank, where each is to read and write for itself */

/* Collective: does every rank see the inputs, and the folder of the output, as root does? run->goes_direct says so; if
 * not, root says why not. */
int stage_meet(struct run *run);

/* Collective: OUTPUT.part to every rank. */
int stage_share_part(struct run *run);

/* A line for the user. */
void stage_note(const struct run *run, const char *line);

#endif
