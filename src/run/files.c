#include "run/files.h"

#include <stdio.h>
#include <string.h>

static struct place_spec spec_of(const struct files *files, const char *suffix)
{
    return (struct place_spec){files->request.path, files->request.name, suffix};
}

static void discard(const struct files *files, const char *suffix)
{
    const struct place_spec spec = spec_of(files, suffix);

    place_discard(&spec);
}

/* Leftovers of runs that were killed. The copy that the journal tells of is OUTPUT.part by now; all others are left
 * over, whatever their number. */
static int clear_away(struct files *files, struct error *error)
{
    const bool needed = files->claim.base.reader != NULL;

    place_discard_copies(files->request.path, files->request.name);
    discard(files, PLACE_PACK);
    if (needed)
        return OK;
    discard(files, PLACE_PART);
    return journal_remove_others(files->request.path, files->request.name, 0, error);
}

int files_claim(struct files *files, const struct files_request *request, struct error *error)
{
    struct claimant claimant;
    struct claim_request ask = {.path = request->path,
                                .name = request->name,
                                .options = request->options,
                                .plan = request->plan,
                                .record = request->record,
                                .claimant = &claimant};

    files->request = *request;
    lock_claimant(&claimant);
    if (claim_take(&ask, &files->claim, error))
        return error->code;
    return files->claim.verdict == VERDICT_NOTHING ? clear_away(files, error) : OK;
}

/* ---- the beginning ---- */

static void fill_head(struct files *files)
{
    const struct plan *plan = files->request.plan;
    struct head *head = &files->history.head;
    const uint32_t run_count = head->run_count;

    *head = (struct head){.out_count = plan->out_count,
                          .items = plan->items,
                          .start = plan->start,
                          .step = plan->step,
                          .inner = plan->inner,
                          .block = plan->block,
                          .layout = files->layout,
                          .mode = files->claim.mode,
                          .run_count = run_count};
    for (int k = 0; k < plan->out_count; k++)
        head_result(head, k, &plan->out[k]);
}

/* The runs that there were, and this one. */
static int fill_runs(struct files *files, struct error *error)
{
    struct base *base = &files->claim.base;
    const struct run_info *runs = base->past.runs;
    uint32_t count = base->past.head.run_count;

    if (base->finished) {
        runs = finished_account(base->finished)->runs;
        count = finished_account(base->finished)->run_count;
    }
    for (uint32_t k = 0; k < count; k++) {
        struct run_info run = runs[k];

        run.items = run.failed = 0; /* what of it is kept is counted anew */
        if (history_add_run(&files->history, &run, error))
            return error->code;
    }
    return history_add_run(&files->history, &files->request.run, error);
}

/* What the journal of this run begins with. */
static int begin_history(struct files *files, struct error *error)
{
    struct history *history = &files->history;

    history->path = files->request.path;
    history->name = files->request.name;
    history->attempt = files->claim.newest + 1; /* each run has a journal of its own */
    if (fill_runs(files, error))
        return error->code;
    history->identity = strdup(files->request.record->identity);
    if (!history->identity)
        return error_memory(error, "the journal", strlen(files->request.record->identity));
    fill_head(files);
    return OK;
}

/* What will be needed, where that is known; else a little, so that there is room for the journal when the disk is full.
 */
static int take_room(struct files *files, struct error *error)
{
    const struct layout *layout = &files->layout;

    if (!files->request.plan->staged)
        return place_reserve(files->place, layout->file_bytes, error);
    if (place_cut(files->place, layout->staged_bytes, error))
        return error->code;
    files->log_end = layout->staged_bytes + FILES_SPARE_BYTES;
    return place_spare(files->place, layout->staged_bytes, FILES_SPARE_BYTES, error);
}

/* A file of our own, ready for pwrite. */
static int make_part(struct files *files, const char *suffix, struct error *error)
{
    const struct place_spec spec = spec_of(files, suffix);
    struct target target = {.name = files->request.name};

    if (place_make(&spec, &files->place, error))
        return error->code;
    target.path = place_path(files->place);
    if (output_create(&target, files->request.record, files->request.plan, &files->layout, error))
        return error->code;
    staging_layout(files->request.plan, &files->layout);
    if (take_room(files, error))
        return error->code;
    return skeleton_read(files->place, files->request.plan, &files->layout, &files->history.skeleton, error);
}

static int start_keeper(struct files *files, struct error *error)
{
    const struct keeper_spec spec = {.plan = files->request.plan,
                                     .history = &files->history,
                                     .place = files->place,
                                     .lock = files->claim.lock,
                                     .checkpoint_s = files->request.options->checkpoint_s,
                                     .others_write = files->request.others_write};

    return keeper_open(&spec, &files->keeper, error);
}

/* OUTPUT.part of the earlier run becomes this one's. */
static int take_part(struct files *files, struct error *error)
{
    struct base *base = &files->claim.base;

    files->place = base->place;
    files->layout = base->past.head.layout;
    files->history.skeleton = base->past.skeleton;
    base->past.skeleton = (struct skeleton){0};
    if (skeleton_restore(&files->history.skeleton, files->place, files->layout.staged_bytes, error))
        return error->code;
    return take_room(files, error);
}

/* Publish the journal. A copy is on disk, under the name that goes with it, before, and is OUTPUT.part after it: killed
 * in between, the next run makes it that. */
static int publish(struct files *files, struct journal *journal, struct error *error)
{
    const bool copy = files->claim.copy;

    if ((copy && (place_sync_all(files->place, error) || place_sync_name(files->place, error))) ||
        lock_look(files->claim.lock, error) || journal_publish(journal, error))
        return error->code;
    return copy ? place_become(files->place, PLACE_PART, error) : OK;
}

/* A part that is too short holds nothing there, but what it holds before that counts. */
static int make_long(const struct files *files, struct error *error)
{
    const struct base *base = &files->claim.base;

    if (!base->place || place_bytes(base->place) >= base->past.head.layout.staged_bytes)
        return OK;
    return place_cut(base->place, base->past.head.layout.staged_bytes, error);
}

static int go_on(struct files *files, struct error *error)
{
    const bool copy = files->claim.copy;
    struct error ignored = {0};
    struct journal *journal = NULL;
    struct resume resume = {.plan = files->request.plan,
                            .claim = &files->claim,
                            .layout = &files->layout,
                            .log_end = &files->log_end,
                            .kept = &files->kept,
                            .self = files->request.self,
                            .look = files->request.look};

    if (make_long(files, error) || (copy ? make_part(files, files->copy_suffix, error) : take_part(files, error)))
        return error->code;
    resume.place = files->place;
    if (start_keeper(files, error) || begin_history(files, error) || history_begin(&files->history, &journal, error)) {
        journal_close(journal);
        return error->code;
    }
    resume.journal = journal;
    resume.runs = files->history.runs;
    if ((copy ? resume_copy(&resume, error) : resume_in_place(&resume, error)) || publish(files, journal, error)) {
        files->copy_counts = journal_is_published(journal);
        journal_close(journal);
        return error->code;
    }
    keeper_take_journal(files->keeper, journal);
    journal_remove_others(files->request.path, files->request.name, files->history.attempt, &ignored);
    return OK; /* the newest counts, whatever others there are */
}

static int begin_afresh(struct files *files, struct error *error)
{
    if (make_part(files, PLACE_PART, error) || begin_history(files, error))
        return error->code;
    return start_keeper(files, error);
}

void files_remove(struct files *files)
{
    struct error ignored = {0};

    if (files->place)
        place_remove(files->place);
    journal_remove_others(files->request.path, files->request.name, 0, &ignored);
    files->open = false;
}

/* Nothing of this attempt stays; what there was before does. */
static void undo(struct files *files, struct error *error)
{
    char cause[ERROR_TEXT_BYTES];

    if (files->claim.verdict == VERDICT_AFRESH)
        files_remove(files);
    else if (files->claim.copy && !files->copy_counts)
        discard(files, files->copy_suffix);
    if (error->code != STOPPED && (error->code != FAILED || files->claim.verdict != VERDICT_GO_ON))
        return;
    memcpy(cause, error->text, sizeof cause);
    error_set(error, error->code, "%.*s; what is there is kept (run the same command again to go on)",
              ERROR_TEXT_BYTES - 128, cause);
}

int files_open(struct files *files, struct error *error)
{
    if (clear_away(files, error))
        return error->code;
    place_copy_suffix(files->claim.newest + 1, files->copy_suffix);
    if (files->claim.verdict == VERDICT_GO_ON)
        go_on(files, error);
    else
        begin_afresh(files, error);
    if (error->code)
        undo(files, error);
    files->open = !error->code;
    return error->code;
}
