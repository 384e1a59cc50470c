/* Every stage in order: kernel -> team -> bind -> plan -> read -> scatter -> map -> gather -> write.
 *
 * A stage is local work on one rank or all; agree() follows it, so that all ranks go on together or leave together; the
 * mapping itself tells the others where root could not open its files. */
#include "run/engine.h"
#include "data/bind.h"
#include "process/launch.h"
#include "run/clock.h"
#include "run/run.h"
#include "run/share.h"

#include <stdio.h>
#include <stdlib.h>

static int agree(struct run *run)
{
    return team_agree(run->team, run->error);
}

static int share_plan(struct run *run)
{
    team_share(run->team, &run->plan, sizeof run->plan);
    team_share(run->team, &run->verdict, sizeof run->verdict);
    return OK;
}

/* Every rank to its own files, where that is asked for and possible. */
static int go_direct(struct run *run)
{
    if (run->options->io != IO_DIRECT)
        return OK;
    stage_meet(run);
    if (run->root && !run->error->code && !run->goes_direct)
        stage_plan_again(run);
    return agree(run) ? run->error->code : share_plan(run);
}

static int set_up(struct run *run)
{
    if (agree(run) || stage_share_kernel(run))
        return run->error->code;
    stage_load_kernel(run);
    if (agree(run))
        return run->error->code;
    if (run->root && !stage_plan(run))
        stage_claim(run);
    if (agree(run) || share_plan(run) || run->verdict == VERDICT_NOTHING)
        return run->error->code;
    if (go_direct(run))
        return run->error->code;
    if (stage_share_tables(run))
        return run->error->code;
    stage_open_crew(run);
    if (agree(run))
        return run->error->code;
    if (run->root)
        stage_open_files(run);
    if (!run->goes_direct)
        return OK; /* the others, which look for tickets by now, are told to stop where root could not */
    if (agree(run))
        return run->error->code;
    stage_share_part(run);
    return agree(run);
}

static int map_items(struct run *run)
{
    const double start_s = clock_now_s();

    run->dealing->run(run->dealt, run->error);
    run->elapsed_s = clock_now_s() - start_s;
    if (agree(run) || share_collect(run->team, &run->results, run->elapsed_s, &run->shares, run->error))
        return run->error->code;
    if (run->root)
        stage_finish(run);
    return agree(run);
}

static void fill_outcome(const struct run *run, struct outcome *outcome)
{
    outcome->nothing = run->verdict == VERDICT_NOTHING;
    outcome->tally = run->results.tally;
    if (outcome->nothing)
        outcome->tally = (struct tally){.items = run->plan.items, .failed = run->files.claim.failed};
    outcome->tally.elapsed_s = run->elapsed_s;
    outcome->busy_share = share_busy(run->shares, team_size(run->team), run->elapsed_s);
    snprintf(outcome->output, sizeof outcome->output, "%s", run->output.file);
    outcome->finished = true;
}

/* Close what was opened, the other way round. true: a kernel is still running. */
static bool clean_up(struct run *run)
{
    bool busy;

    source_close(run->source);
    if (run->error->code)
        files_give_up(&run->files, run->error);
    files_close(&run->files);
    busy = !lane_close(run->lane, 0.05);
    if (!busy)
        direct_close(&run->direct);
    if (run->dealt)
        run->dealing->close(run->dealt, busy);
    if (!busy)
        mapper_close(run->mapper);
    if (!busy && run->state_made && run->kernel->finish)
        run->kernel->finish(run->state);
    tables_close(run->tables, busy);
    object_release(&run->object);
    return busy;
}

static int run_job(struct run *run, const struct promise *promise)
{
    uint64_t failed;

    if (!launch_can_meet())
        return error_set(run->error, REFUSED,
                         "the launcher started %d programs that can't find each other (use mpirun, or srun --mpi=pmix)",
                         promise->size);
    /* HDF5 before MPI: a parallel one would else end in MPI_Finalize, which crashes after a failed close. */
    if (run->root && !hdf5_start(run->error) && !stage_find_output(run))
        stage_find_kernel(run);
    if (run->error->code && !promise->launcher)
        return run->error->code;
    if (team_start(promise, &run->team, run->error))
        return run->error->code;
    run->root = team_rank(run->team) == 0;
    if (run->root)
        watch_allow_signals();
    if (set_up(run) || (run->verdict != VERDICT_NOTHING && map_items(run)))
        return run->error->code;
    failed = run->verdict == VERDICT_NOTHING ? run->files.claim.failed : run->results.tally.failed;
    team_share(run->team, &failed, sizeof failed);
    return failed ? ITEMS_FAILED : OK;
}

/* Root tells how it ended; nobody ends before that. A rank that could not join the team tells itself. */
static void report(struct run *run, const struct promise *promise)
{
    const bool alone = !run->team && launch_can_meet();
    struct error none = {0};
    struct outcome outcome = {0};

    if (run->root && !run->error->code)
        fill_outcome(run, &outcome);
    if ((promise->rank == 0 || alone) && !run->told && run->hooks && run->hooks->report)
        run->hooks->report(run->hooks->self, run->error, &outcome);
    if (run->team && team_size(run->team) > 1)
        team_agree(run->team, &none);
}

int engine_run(const struct options *options, const struct hooks *hooks, bool *busy, struct error *error)
{
    struct promise promise = {.launcher = launch_has_launcher(),
                              .one_host = launch_on_one_host(),
                              .crowd = launch_crowd(),
                              .host_crowd = launch_host_crowd()};
    struct run *run = calloc(1, sizeof *run);
    int code;

    *busy = false;
    launch_promise(&promise.rank, &promise.size);
    if (!run) {
        error_memory(error, "the job", sizeof *run);
        if (hooks && hooks->report)
            hooks->report(hooks->self, error, NULL);
        return error->code;
    }
    watch_block_signals(promise.rank == 0);
    run->root = promise.rank == 0;
    run->options = options;
    run->hooks = hooks;
    run->error = error;
    run->start_s = clock_now_s();
    run->start_unix_s = clock_unix_s();
    code = run_job(run, &promise);
    *busy = clean_up(run);
    report(run, &promise);
    results_close(&run->results);
    free(run->shares);
    free(run->command_line);
    free(run->identity);
    if (run->team && team_rank(run->team) != 0)
        code = OK;
    if (promise.rank == 0)
        launch_tell_status(code);
    crash_is_over(code);
    team_end(run->team, code);
    if (!*busy)
        free(run);
    return code;
}
