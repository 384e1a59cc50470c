/* How root's files end: under the output's name, or kept for the next run. */
#include "data/pack.h"
#include "run/clock.h"
#include "run/files.h"

#include <inttypes.h>
#include <stdio.h>

static int read_staged(void *self, uint64_t offset, void *to, size_t bytes, struct error *error)
{
    const struct files *files = self;

    return place_get(files->place, offset, to, bytes, error);
}

static int look_while_packing(void *self, struct error *error)
{
    const struct files *files = self;

    return files->request.look ? files->request.look(files->request.self, error) : OK;
}

static int read_chunk(void *self, int result, uint64_t first, void *to, size_t *bytes, struct error *error)
{
    const struct files *files = self;

    return staging_chunk(files->staged, result, first, to, bytes, error);
}

/* The compressed file is made beside OUTPUT.part, which goes once it has its name. */
static int finish_packed(struct files *files, const struct ending *ending, struct error *error)
{
    const struct place_spec spec = {files->request.path, files->request.name, PLACE_PACK};
    struct pack pack = {.record = files->request.record,
                        .ending = ending,
                        .items = files->request.plan->items,
                        .block = files->request.plan->block,
                        .staged = {&files->layout, files, read_staged, read_chunk, look_while_packing},
                        .level = files->request.options->compress};
    struct place *packed;
    int code;

    if (staging_open(files->place, &files->layout, &files->staged, error) || place_make(&spec, &packed, error))
        return error->code;
    pack.target = (struct target){place_path(packed), files->request.name};
    code = pack_write(&pack, error);
    if (!code)
        code = place_sync_all(packed, error);
    if (!code)
        code = lock_look(files->claim.lock, error);
    if (!code) {
        code = place_finish(packed, files->claim.mode & HEAD_REPLACES, error);
        files->open = !place_is_finished(packed);
    }
    if (code)
        place_remove(packed);
    place_close(packed);
    if (!code)
        place_remove(files->place);
    return code;
}

/* The look comes last: a run that was cut off may have been in the sync for long. */
static int finish_part(struct files *files, const struct ending *ending, struct error *error)
{
    const struct target target = {place_path(files->place), files->request.name};

    if (skeleton_restore(&files->history.skeleton, files->place, files->layout.file_bytes, error) ||
        output_complete(&target, ending, error) || place_sync_all(files->place, error) ||
        lock_look(files->claim.lock, error))
        return error->code;
    place_finish(files->place, files->claim.mode & HEAD_REPLACES, error);
    files->open = !place_is_finished(files->place);
    return error->code;
}

/* Who made what: the spans that were there, and this run the gaps between them. As many rows as are listed. */
static int list_made(const struct files *files, struct spans *made, struct error *error)
{
    const struct spans *done = &files->kept.done;
    const uint32_t run = files->history.head.run_count - 1;
    const uint64_t items = files->request.plan->items;
    struct gap gap = {0};
    size_t at = 0;

    while (made->count < MADE_KEPT && !error->code) {
        const bool more = spans_gap(done, gap.first + gap.count, items, &gap);

        while (at < done->count && made->count < MADE_KEPT && (!more || done->of[at].first < gap.first))
            if (spans_add(made, &done->of[at++], error))
                return error->code;
        if (!more)
            break;
        spans_add(made, &(struct made){gap.first, gap.count, run}, error);
    }
    return error->code;
}

static void fill_ending(struct files *files, const struct spans *made, struct ending *ending)
{
    struct run_info *run = &files->history.runs[files->history.head.run_count - 1];

    run->end_s = clock_unix_s();
    run->items = files->request.plan->items - files->kept.items;
    run->failed = ending->failed - files->kept.failed;
    ending->runs = files->history.runs;
    ending->run_count = files->history.head.run_count;
    ending->made = made->of;
    ending->made_count = made->count < MADE_KEPT ? made->count : MADE_KEPT;
}

/* What a journal tells must be all before the file is touched for the last time: then the end can be repeated. */
int files_finish(struct files *files, struct ending *ending, struct error *error)
{
    struct spans made = {0};

    if (keeper_settle(files->keeper, error) ||
        (keeper_has_journal(files->keeper) && keeper_commit(files->keeper, error)) ||
        lock_look(files->claim.lock, error))
        return error->code;
    if (!list_made(files, &made, error)) {
        fill_ending(files, &made, ending);
        if (files->request.plan->staged)
            finish_packed(files, ending, error);
        else
            finish_part(files, ending, error);
    }
    spans_free(&made);
    if (error->code)
        return error->code;
    files->open = false;
    keeper_forget(files->keeper);
    return OK;
}

/* "CAUSE; 1200 of 5000 items are kept (run the same command again to go on)". `trouble` is what came in the way of
 * keeping more. */
static void say_kept(const struct files *files, uint64_t kept, const struct error *trouble, struct error *error)
{
    char cause[ERROR_TEXT_BYTES / 2];

    snprintf(cause, sizeof cause, "%s", error->text);
    if (kept)
        error_set(error, error->code,
                  "%s; %" PRIu64 " of %" PRIu64 " items are kept (run the same command again to go on)", cause, kept,
                  files->request.plan->items);
    else if (keeper_has_journal(files->keeper))
        error_set(error, error->code, "%s; what is there is kept (run the same command again to go on)", cause);
    else if (trouble->code)
        error_set(error, FAILED, "%s; nothing could be kept: %.400s", cause, trouble->text);
    else
        error_set(error, error->code, "%s; no item was finished (run the same command again)", cause);
}

void files_give_up(struct files *files, struct error *error)
{
    struct error trouble = {0};

    if (!files->open || lock_look(files->claim.lock, &trouble))
        return;
    files->open = false;
    if (files->request.plan->staged) /* room for the journal (take_room) */
        place_unspare(files->place, files->layout.staged_bytes, FILES_SPARE_BYTES);
    keeper_commit(files->keeper, &trouble);
    say_kept(files, files->kept.items + keeper_recorded(files->keeper), &trouble, error);
    if (!keeper_has_journal(files->keeper))
        files_remove(files);
}

void files_close(struct files *files)
{
    keeper_close(files->keeper);
    if (files->claim.base.place == files->place)
        files->claim.base.place = NULL;
    staging_close(files->staged);
    place_close(files->place);
    history_free(&files->history);
    kept_free(&files->kept);
    claim_close(&files->claim);
}
