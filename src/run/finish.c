/* How root's files end: under the output's name, or kept for the next run. */
#include "data/pack.h"
#include "run/clock.h"
#include "run/files.h"

#include <inttypes.h>
#include <string.h>

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

/* The compressed file is made beside OUTPUT.part, which goes once it has its name. */
static int finish_packed(struct files *files, const struct ending *ending, struct error *error)
{
    const struct place_spec spec = {files->request.path, files->request.name, PLACE_PACK};
    struct pack pack = {.record = files->request.record,
                        .ending = ending,
                        .items = files->request.plan->items,
                        .staged = {&files->layout, files, read_staged, look_while_packing},
                        .level = files->request.options->compress};
    struct place *packed;
    int code;

    if (place_make(&spec, &packed, error))
        return error->code;
    pack.target = (struct target){place_path(packed), files->request.name};
    code = pack_write(&pack, error);
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

static int finish_part(struct files *files, const struct ending *ending, struct error *error)
{
    const struct target target = {place_path(files->place), files->request.name};

    if (output_complete(&target, ending, error) || lock_look(files->claim.lock, error))
        return error->code;
    place_finish(files->place, files->claim.mode & HEAD_REPLACES, error);
    files->open = !place_is_finished(files->place);
    return error->code;
}

static void fill_ending(struct files *files, struct ending *ending)
{
    struct run_info *run = &files->history.runs[files->history.head.run_count - 1];

    run->end_s = clock_unix_s();
    run->items = spans_total(&files->made) - files->kept.items;
    run->failed = ending->failed - files->kept.failed;
    ending->runs = files->history.runs;
    ending->run_count = files->history.head.run_count;
    ending->made = files->made.of;
    ending->made_count = files->made.count < MADE_KEPT ? files->made.count : MADE_KEPT;
}

/* What a journal tells must be all before the file is touched for the last time: then the end can be repeated. */
int files_finish(struct files *files, struct ending *ending, struct error *error)
{
    if (keeper_has_journal(files->keeper) && keeper_commit(files->keeper, error))
        return error->code;
    if (lock_look(files->claim.lock, error))
        return error->code;
    fill_ending(files, ending);
    if (files->request.options->compress ? finish_packed(files, ending, error) : finish_part(files, ending, error))
        return error->code;
    files->open = false;
    keeper_forget(files->keeper);
    return OK;
}

/* "CAUSE; 1200 of 5000 items are kept (run the same command again)" */
static void say_kept(const struct files *files, uint64_t kept, struct error *error)
{
    char cause[ERROR_TEXT_BYTES];

    memcpy(cause, error->text, sizeof cause);
    if (kept)
        error_set(error, error->code,
                  "%.*s; %" PRIu64 " of %" PRIu64 " items are kept (run the same command again to go on)",
                  ERROR_TEXT_BYTES - 128, cause, kept, files->request.plan->items);
    else
        error_set(error, error->code, "%.*s; no item was finished (run the same command again)", ERROR_TEXT_BYTES - 128,
                  cause);
}

void files_give_up(struct files *files, struct error *error)
{
    struct error second = {0};
    uint64_t kept;

    if (!files->open || lock_look(files->claim.lock, &second))
        return;
    keeper_commit(files->keeper, &second);
    kept = files->kept.items + keeper_recorded(files->keeper);
    say_kept(files, kept, error);
    if (!keeper_has_journal(files->keeper))
        files_remove(files);
}

void files_close(struct files *files)
{
    keeper_close(files->keeper);
    if (files->claim.base.place == files->place)
        files->claim.base.place = NULL;
    place_close(files->place);
    history_free(&files->history);
    kept_free(&files->kept);
    spans_free(&files->made);
    claim_close(&files->claim);
}
