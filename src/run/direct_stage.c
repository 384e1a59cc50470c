/* Every rank to its own files: what must hold for that, and how they are opened. */
#include "data/bind.h"
#include "run/run.h"
#include "store/lock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What root tells the others. */
struct meeting {
    char output[PATH_BYTES];
    uint64_t nonce; /* of its lock */
    struct binding binding;
};

/* The others may be in another folder. */
static int fill_meeting(const struct run *run, struct meeting *meeting, struct error *error)
{
    if (run->plan.ragged)
        return error_set(error, FAILED, "the kernel has ragged results");
    memcpy(meeting->output, run->output.file, sizeof meeting->output);
    meeting->nonce = lock_nonce(run->files.claim.lock);
    memcpy(&meeting->binding, &run->binding, binding_bytes(run->signature.in_count));
    for (int k = 0; k < run->signature.in_count; k++) {
        char *file = meeting->binding.in[k].file;
        char resolved[PATH_BYTES];

        if (run->signature.in[k].role != ROLE_INPUT)
            continue;
        if (run->signature.in[k].ragged || run->binding.in[k].vlen)
            return error_set(error, FAILED, "items of %s have lengths of their own", run->signature.in[k].name);
        if (!realpath(file, resolved))
            return error_set(error, FAILED, "%s can't be found again", file);
        memcpy(file, resolved, sizeof resolved);
    }
    return OK;
}

/* What this rank sees. */
static int look_around(struct run *run, const struct meeting *meeting, struct error *error)
{
    if (lock_is_seen(meeting->output, meeting->nonce, error) ||
        source_is_seen(&run->signature, &meeting->binding, error))
        return error->code;
    if (!run->root && hdf5_start(error))
        return error->code;
    return source_open(&run->signature, &meeting->binding, &run->plan, &run->direct.source, error);
}

static void say_who(const struct run *run, struct error *error)
{
    struct claimant self;
    struct error plain = *error;

    if (!error->code)
        return;
    lock_claimant(&self);
    error_set(error, plain.code, "rank %d on %s: %.800s", team_rank(run->team), self.host, plain.text);
}

/* All ranks see what root sees, or none goes to the files but root. */
static void compare(struct run *run, struct meeting *meeting)
{
    struct error trouble = {0};
    char line[ERROR_TEXT_BYTES + 64];

    if (run->root)
        fill_meeting(run, meeting, &trouble);
    if (!team_agree(run->team, &trouble)) {
        team_share(run->team, meeting, offsetof(struct meeting, binding) + binding_bytes(run->signature.in_count));
        look_around(run, meeting, &trouble);
        say_who(run, &trouble);
        team_agree(run->team, &trouble);
    }
    run->goes_direct = !trouble.code;
    if (run->goes_direct)
        return;
    direct_close(&run->direct);
    snprintf(line, sizeof line, "--io direct is not possible, rank 0 reads and writes for all: %s", trouble.text);
    if (run->root)
        stage_note(run, line);
}

int stage_meet(struct run *run)
{
    struct meeting *meeting = calloc(1, sizeof *meeting);

    if (!meeting)
        error_memory(run->error, "the inputs", sizeof *meeting);
    if (!team_agree(run->team, run->error))
        compare(run, meeting);
    free(meeting);
    return run->error->code;
}

/* Where results are to be put. */
struct part_news {
    char path[PATH_BYTES], name[PATH_BYTES];
    struct layout layout;
};

int stage_share_part(struct run *run)
{
    struct direct *direct = &run->direct;
    struct place_spec spec = {.suffix = ""};
    struct part_news news = {0};

    direct->plan = &run->plan;
    mapper_use(run->mapper, direct);
    if (!run->plan.direct_out)
        return OK;
    if (run->root) {
        memcpy(news.path, place_path(run->files.place), strlen(place_path(run->files.place)) + 1);
        memcpy(news.name, run->output_name, sizeof news.name);
        news.layout = run->files.layout;
    }
    team_share(run->team, &news, sizeof news);
    direct->layout = news.layout;
    spec.path = news.path;
    spec.name = news.name;
    if (place_open(&spec, &direct->place, run->error))
        return run->error->code;
    if (!direct->place)
        return error_set(run->error, FAILED, "rank %d: %s: is not there", team_rank(run->team), news.path);
    if (!run->root)
        syncer_open(direct->place, &direct->syncer, run->error);
    run->crew.syncer = direct->syncer;
    return run->error->code;
}
