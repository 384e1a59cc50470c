/* The kernel's way: found and compiled on root, sent to every rank, loaded, made ready to map. */
#include "kernel/signature.h"
#include "process/launch.h"
#include "run/crash.h"
#include "run/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int stage_find_kernel(struct run *run)
{
    const struct options *options = run->options;
    const struct recipe recipe = {options->cflags, options->libs, options->debug_kernel};
    char line[ERROR_TEXT_BYTES];

    if (object_prepare(options->kernel, &recipe, &run->object, run->error))
        return run->error->code;
    if (options->verbose && run->object.compiler[0]) {
        snprintf(line, sizeof line, "%s: %s by %.200s with %.500s", run->object.name,
                 run->object.cached ? "compiled before" : "compiled", run->object.compiler, run->object.flags);
        stage_note(run, line);
    }
    return OK;
}

int stage_share_kernel(struct run *run)
{
    struct {
        char name[NAME_BYTES];
        uint64_t bytes;
    } parcel = {.bytes = run->object.bytes_count};

    memcpy(parcel.name, run->object.name, sizeof parcel.name);
    team_share(run->team, &parcel, sizeof parcel);
    memcpy(run->object.name, parcel.name, sizeof parcel.name);
    if (!run->root && parcel.bytes && !(run->object.bytes = malloc(parcel.bytes)))
        error_memory(run->error, "the kernel's object", parcel.bytes);
    run->object.bytes_count = parcel.bytes;
    if (team_agree(run->team, run->error))
        return run->error->code;
    team_share(run->team, run->object.bytes, parcel.bytes);
    return OK;
}

int stage_load_kernel(struct run *run)
{
    if (object_load(run->object.name, run->object.bytes, run->object.bytes_count, &run->kernel, run->error) ||
        signature_parse(run->kernel->signature, run->object.name, &run->signature, run->error) ||
        signature_params(&run->signature, &run->options->params, run->param, run->error))
        return run->error->code;
    if (run->options->debug_kernel)
        object_report(run->kernel, crash_found);
    return OK;
}

int stage_open_crew(struct run *run)
{
    if (crash_watch(team_rank(run->team), run->error) ||
        calls_init_kernel(&run->plan, run->kernel, run->table, &run->state, run->error))
        return run->error->code;
    run->state_made = true;
    if (mapper_open(&run->plan, run->kernel, run->state, &run->mapper, run->error) ||
        lane_open(run->mapper, run->plan.slots, &run->lane, run->error))
        return run->error->code;
    if (team_size(run->team) > 1 && patience_calm(team_crowd(run->team)) == 1)
        lane_begin_apart(run->lane, launch_local_rank(), launch_local_ranks());
    mapper_use_tables(run->mapper, run->table);
    run->crew = (struct crew){.plan = &run->plan, .team = run->team, .lane = run->lane};
    if (run->plan.schedule == SCHEDULE_STATIC)
        run->dealing = dealing_static();
    else
        run->dealing = run->root ? dealing_dynamic_root() : dealing_dynamic_other();
    return run->dealing->open(&run->crew, &run->dealt, run->error);
}
