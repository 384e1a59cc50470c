/* The files' way: inputs bound, the plan made, the output claimed, made and completed. Root. */
#include "codec/sha256.h"
#include "data/bind.h"
#include "run/clock.h"
#include "run/command_line.h"
#include "run/crash.h"
#include "run/identity.h"
#include "run/plan.h"
#include "run/run.h"
#include "run/scheduler.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void stage_note(const struct run *run, const char *line)
{
    if (run->hooks && run->hooks->note)
        run->hooks->note(run->hooks->self, line);
}

int stage_find_output(struct run *run)
{
    struct location typed;

    if (location_parse(run->options->output, &typed, run->error) ||
        location_output(run->options->output, &run->output, run->error))
        return run->error->code;
    memcpy(run->output_name, typed.file, sizeof run->output_name);
    return OK;
}

static void note_lines(const struct run *run, const char *lines)
{
    char line[sizeof run->binding.notes];

    for (const char *next = lines; *next;) {
        const size_t length = strcspn(next, "\n");

        snprintf(line, sizeof line, "%.*s", (int)length, next);
        stage_note(run, line);
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
    stage_note(run, line);
    for (int k = 0; k < run->plan.in_count; k++) {
        if (!run->plan.in[k].bundled)
            continue;
        snprintf(line, sizeof line, "%s: chunks travel as they are stored, and are decoded where they are mapped",
                 run->signature.in[k].name);
        stage_note(run, line);
    }
}

static int make_plan(struct run *run, bool direct)
{
    const uint64_t block = run->kernel->block ? run->kernel->block : run->kernel->default_block;
    const struct plan_input input = {.options = run->options,
                                     .signature = &run->signature,
                                     .param = run->param,
                                     .binding = &run->binding,
                                     .block = block,
                                     .ranks = team_size(run->team),
                                     .crowd = team_crowd(run->team),
                                     .direct = direct};

    return plan_make(&input, &run->plan, run->error);
}

int stage_plan(struct run *run)
{
    if (bind_inputs(run->options, &run->signature, run->param, run->output.file, &run->binding, run->error) ||
        make_plan(run, run->options->io == IO_DIRECT))
        return run->error->code;
    note_lines(run, run->binding.notes);
    if (run->options->verbose)
        note_plan(run);
    return OK;
}

int stage_plan_again(struct run *run)
{
    return make_plan(run, false);
}

/* Who makes this, for the output. */
static int make_record(struct run *run)
{
    char source_hash[HASH_BYTES] = "";
    const struct identity_parts parts = {.options = run->options,
                                         .kernel = run->object.name,
                                         .source_hash = source_hash,
                                         .object_hash = run->object.hash,
                                         .flags = run->object.flags,
                                         .signature = &run->signature,
                                         .param = run->param,
                                         .binding = &run->binding,
                                         .plan = &run->plan};

    if (run->object.source)
        sha256_hex(&(struct piece){run->object.source, strlen(run->object.source)}, 1, false, source_hash);
    run->command_line = command_line_text(run->options);
    run->identity = identity_text(&parts);
    if (!run->command_line || !run->identity)
        return error_memory(run->error, "the record of the run", 0);
    run->record = (struct record){.kernel = run->object.name,
                                  .signature = run->kernel->signature,
                                  .source = run->object.source,
                                  .object_hash = run->object.hash,
                                  .compiler = run->object.compiler,
                                  .flags = run->object.flags,
                                  .command_line = run->command_line,
                                  .version = H5MAP_VERSION,
                                  .identity = run->identity,
                                  .ports = &run->signature,
                                  .param = run->param,
                                  .binding = &run->binding};
    return OK;
}

/* The run as it begins. */
static struct run_info describe_run(const struct run *run)
{
    struct run_info info = {.start_s = run->start_unix_s, .end_s = run->start_unix_s};
    struct claimant claimant;

    lock_claimant(&claimant);
    info.ranks = team_size(run->team);
    memcpy(info.host, claimant.host, sizeof info.host);
    memcpy(info.kernel_version, run->object.hash, sizeof info.kernel_version);
    scheduler_look(&info);
    return info;
}

static int look(void *self, struct error *error)
{
    struct run *run = self;

    return crew_look(&run->crew, error);
}

int stage_claim(struct run *run)
{
    struct files_request request = {.path = run->output.file,
                                    .name = run->output_name,
                                    .options = run->options,
                                    .plan = &run->plan,
                                    .record = &run->record,
                                    .self = run,
                                    .look = look};

    if (make_record(run))
        return run->error->code;
    request.run = describe_run(run);
    if (files_claim(&run->files, &request, run->error))
        return run->error->code;
    run->verdict = run->files.claim.verdict;
    return OK;
}

static void note_job(const struct run *run)
{
    char line[512];

    scheduler_text(&run->files.request.run, line, sizeof line);
    if (*line)
        stage_note(run, line);
}

static void note_kept(const struct run *run)
{
    char line[PATH_BYTES + 128];

    if (run->verdict != VERDICT_GO_ON)
        return;
    snprintf(line, sizeof line, "%s: going on, %" PRIu64 " of %" PRIu64 " items are there", run->output_name,
             run->files.kept.items, run->plan.items);
    stage_note(run, line);
}

/* The launcher kills soon: keep what is finished, and tell, before any other rank is waited for. */
static void leave_at_once(void *self, struct error *error)
{
    struct run *run = self;

    files_give_up(&run->files, error);
    if (run->hooks && run->hooks->report)
        run->hooks->report(run->hooks->self, error, NULL);
    run->told = true;
}

int stage_open_files(struct run *run)
{
    const double limit_s = run->options->time_limit_s;

    if (results_open(&run->results, &run->plan, team_size(run->team), run->error))
        return run->error->code;
    if (!run->plan.direct_in && source_open(&run->signature, &run->binding, &run->plan, &run->source, run->error))
        return run->error->code;
    watch_start(&run->watch, run->hooks, &run->results.tally, limit_s > 0 ? run->start_s + limit_s : 0);
    run->crew.source = run->source;
    run->crew.results = &run->results;
    run->crew.watch = &run->watch;
    run->crew.self = run;
    run->crew.leave_at_once = leave_at_once;
    run->files.request.others_write = run->plan.direct_out && team_size(run->team) > 1;
    if (files_open(&run->files, run->error))
        return run->error->code;
    note_job(run);
    note_kept(run);
    run->crew.done = &run->files.kept.done;
    return results_begin(&run->results, &run->files, run->error);
}

int stage_finish(struct run *run)
{
    struct ending ending = {.shares = run->shares,
                            .ranks = team_size(run->team),
                            .failures = run->results.failures.of,
                            .failure_count = run->results.failures.count,
                            .failed = run->results.tally.failed};

    failures_sort(&run->results.failures);
    return files_finish(&run->files, &ending, run->error);
}
