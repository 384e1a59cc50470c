/* Every stage in order: kernel -> team -> bind -> plan -> read -> scatter -> map -> gather -> write.
 *
 * A stage is local work on one rank or all; agree() follows it, so that all ranks go on together or leave together. */
#include "run/engine.h"
#include "data/bind.h"
#include "data/location.h"
#include "data/output.h"
#include "kernel/object.h"
#include "kernel/signature.h"
#include "parallel/team.h"
#include "process/launch.h"
#include "run/clock.h"
#include "run/command_line.h"
#include "run/crash.h"
#include "run/crew.h"
#include "run/plan.h"
#include "run/share.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

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
    void *state; /* of the kernel */
    bool state_made;
    struct mapper *mapper;
    struct lane *lane;
    struct source *source;
    struct layout layout;
    struct place *place;
    struct results results;
    struct watch watch;
    struct crew crew;
    const struct dealing *dealing;
    void *dealt; /* the dealing's own */
    struct share *shares;
    double start_unix_s, elapsed_s;
};

static double unix_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void note(const struct run *run, const char *line)
{
    if (run->hooks && run->hooks->note)
        run->hooks->note(run->hooks->self, line);
}

static int agree(struct run *run)
{
    return team_agree(run->team, run->error);
}

/* ---- root, before MPI: may it be written, and what is the kernel ---- */

static int check_output(struct run *run)
{
    struct location typed;
    struct stat status;

    if (location_parse(run->options->output, &typed, run->error) ||
        location_output(run->options->output, &run->output, run->error))
        return run->error->code;
    memcpy(run->output_name, typed.file, sizeof run->output_name);
    if (!run->options->overwrite && stat(run->output.file, &status) == 0)
        return error_set(run->error, REFUSED, "%s: exists (give --overwrite to replace it)", typed.file);
    return OK;
}

static int find_kernel(struct run *run)
{
    const struct options *options = run->options;
    char line[ERROR_TEXT_BYTES];

    if (object_prepare(options->kernel, options->cflags, options->libs, &run->object, run->error))
        return run->error->code;
    if (options->verbose && run->object.compiler[0]) {
        snprintf(line, sizeof line, "%s: %s by %.200s with %.500s", run->object.name,
                 run->object.cached ? "compiled before" : "compiled", run->object.compiler, run->object.flags);
        note(run, line);
    }
    return OK;
}

/* ---- every rank: the kernel ---- */

static int share_kernel(struct run *run)
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
    if (agree(run))
        return run->error->code;
    team_share(run->team, run->object.bytes, parcel.bytes);
    return OK;
}

static int load_kernel(struct run *run)
{
    if (object_load(run->object.name, run->object.bytes, run->object.bytes_count, &run->kernel, run->error) ||
        signature_parse(run->kernel->signature, run->object.name, &run->signature, run->error) ||
        signature_params(&run->signature, &run->options->params, run->param, run->error))
        return run->error->code;
    return OK;
}

/* ---- root: bind and plan ---- */

static void note_lines(const struct run *run, const char *lines)
{
    char line[sizeof run->binding.notes];

    for (const char *next = lines; *next;) {
        const size_t length = strcspn(next, "\n");

        snprintf(line, sizeof line, "%.*s", (int)length, next);
        note(run, line);
        next += length + (next[length] == '\n');
    }
}

static void note_plan(const struct run *run)
{
    char line[256];

    snprintf(line, sizeof line,
             "%" PRIu64 " items on %d rank%s; tickets of at most %" PRIu64 " items, %d a rank, %d on the way",
             run->plan.items, team_size(run->team), team_size(run->team) == 1 ? "" : "s", run->plan.slice,
             run->plan.slots, run->plan.pool);
    note(run, line);
}

static int make_plan(struct run *run)
{
    const uint64_t block = run->kernel->block ? run->kernel->block : run->kernel->default_block;
    const struct plan_input input = {.options = run->options,
                                     .signature = &run->signature,
                                     .param = run->param,
                                     .binding = &run->binding,
                                     .block = block,
                                     .ranks = team_size(run->team)};

    if (data_start(run->error) ||
        bind_inputs(run->options, &run->signature, run->param, run->output.file, &run->binding, run->error) ||
        plan_make(&input, &run->plan, run->error))
        return run->error->code;
    note_lines(run, run->binding.notes);
    if (run->options->verbose)
        note_plan(run);
    return OK;
}

/* ---- every rank: ready to map ---- */

static int open_crew(struct run *run)
{
    crash_watch(team_rank(run->team), NULL);
    if (mapper_init_kernel(&run->plan, run->kernel, &run->state, run->error))
        return run->error->code;
    run->state_made = true;
    if (mapper_open(&run->plan, run->kernel, run->state, &run->mapper, run->error) ||
        lane_open(run->mapper, run->plan.slots, &run->lane, run->error))
        return run->error->code;
    run->crew = (struct crew){.plan = &run->plan, .team = run->team, .lane = run->lane};
    if (run->plan.schedule == SCHEDULE_STATIC)
        run->dealing = dealing_static();
    else
        run->dealing = run->root ? dealing_dynamic_root() : dealing_dynamic_other();
    return run->dealing->open(&run->crew, &run->dealt, run->error);
}

/* ---- root: the files ---- */

static int create_output(struct run *run)
{
    char *command = command_line_text(run->options);
    const struct record record = {.kernel = run->object.name,
                                  .signature = run->kernel->signature,
                                  .source = run->object.source,
                                  .object_hash = run->object.hash,
                                  .compiler = run->object.compiler,
                                  .flags = run->object.flags,
                                  .command_line = command,
                                  .version = H5MAP_VERSION,
                                  .ports = &run->signature,
                                  .param = run->param,
                                  .binding = &run->binding};

    const struct target target = {place_path(run->place), run->output_name};

    if (!command)
        return error_memory(run->error, "the command line", 0);
    output_create(&target, &record, &run->plan, &run->layout, run->error);
    free(command);
    return run->error->code;
}

static int open_files(struct run *run)
{
    if (results_open(&run->results, &run->plan, team_size(run->team), run->error) ||
        source_open(&run->signature, &run->binding, &run->plan, &run->source, run->error))
        return run->error->code;
    watch_start(&run->watch, run->hooks, &run->results.tally);
    if (place_begin(run->output.file, run->output_name, run->options->overwrite, &run->place, run->error) ||
        create_output(run) || place_reserve(run->place, run->layout.file_bytes, run->error))
        return run->error->code;
    run->results.layout = &run->layout;
    run->results.place = run->watch.place = run->place;
    crash_watch(team_rank(run->team), place_path(run->place));
    run->crew.source = run->source;
    run->crew.results = &run->results;
    run->crew.watch = &run->watch;
    return OK;
}

/* ---- root: the output is complete ---- */

static int finish_output(struct run *run)
{
    const struct tally *tally = &run->results.tally;
    const struct ending ending = {.host = run->shares[0].host,
                                  .start_s = run->start_unix_s,
                                  .end_s = unix_s(),
                                  .items = tally->done,
                                  .failed = tally->failed,
                                  .kernel_version = run->object.hash,
                                  .shares = run->shares,
                                  .ranks = team_size(run->team),
                                  .failures = run->results.failures,
                                  .failure_count = run->results.failure_count};

    const struct target target = {place_path(run->place), run->output_name};

    results_sort(&run->results);
    if (output_complete(&target, &ending, run->error))
        return run->error->code;
    return place_finish(run->place, run->error);
}

static void fill_outcome(const struct run *run, struct outcome *outcome)
{
    outcome->tally = run->results.tally;
    outcome->tally.elapsed_s = run->elapsed_s;
    outcome->busy_share = share_busy(run->shares, team_size(run->team), run->elapsed_s);
    snprintf(outcome->output, sizeof outcome->output, "%s", run->output.file);
    outcome->finished = true;
}

/* ---- the order of it all ---- */

static int set_up(struct run *run)
{
    if (agree(run) || share_kernel(run))
        return run->error->code;
    load_kernel(run);
    if (agree(run))
        return run->error->code;
    if (run->root)
        make_plan(run);
    if (agree(run))
        return run->error->code;
    team_share(run->team, &run->plan, sizeof run->plan);
    open_crew(run);
    if (agree(run))
        return run->error->code;
    if (run->root)
        open_files(run);
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
        finish_output(run);
    return agree(run);
}

/* Close what was opened, the other way round. true: a kernel is still running. */
static bool clean_up(struct run *run)
{
    bool busy;

    source_close(run->source);
    crash_forget();
    place_close(run->place);
    busy = !lane_close(run->lane, 0.05);
    if (run->dealt)
        run->dealing->close(run->dealt, busy);
    if (!busy)
        mapper_close(run->mapper);
    if (!busy && run->state_made && run->kernel->finish)
        run->kernel->finish(run->state);
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
    if (run->root && !check_output(run))
        find_kernel(run);
    if (run->error->code && !promise->launcher)
        return run->error->code;
    if (team_start(promise, &run->team, run->error))
        return run->error->code;
    run->root = team_rank(run->team) == 0;
    if (run->root)
        watch_allow_signals();
    if (set_up(run) || map_items(run))
        return run->error->code;
    failed = run->results.tally.failed;
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
    if ((promise->rank == 0 || alone) && run->hooks && run->hooks->report)
        run->hooks->report(run->hooks->self, run->error, &outcome);
    if (run->team && team_size(run->team) > 1)
        team_agree(run->team, &none);
}

int engine_run(const struct options *options, const struct hooks *hooks, bool *busy, struct error *error)
{
    struct promise promise = {.launcher = launch_has_launcher()};
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
    run->start_unix_s = unix_s();
    code = run_job(run, &promise);
    *busy = clean_up(run);
    report(run, &promise);
    results_close(&run->results);
    free(run->shares);
    if (run->team && team_rank(run->team) != 0)
        code = OK;
    team_end(run->team);
    if (!*busy)
        free(run);
    return code;
}
