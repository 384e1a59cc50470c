#include "run/claim.h"
#include "run/identity.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* ---- what is there ---- */

static int look_for_output(const struct claim_request *request, bool *there, struct error *error)
{
    struct stat status;

    *there = lstat(request->path, &status) == 0;
    if (*there || errno == ENOENT)
        return OK;
    return error_set(error, FAILED, "%s: can't be looked at: %s", request->name, strerror(errno));
}

/* The file that the newest journal tells of: a copy that was made for it and has not got its name yet, or OUTPUT.part.
 */
static int open_part(const struct claim_request *request, struct base *base, struct error *error)
{
    const struct place_spec part = {request->path, request->name, PLACE_PART};
    char suffix[PLACE_COPY_BYTES];

    place_copy_suffix(base->past.attempt, suffix);
    if (place_open(&(struct place_spec){request->path, request->name, suffix}, &base->place, error))
        return error->code;
    if (base->place)
        return place_become(base->place, PLACE_PART, error);
    return place_open(&part, &base->place, error);
}

/* An unfinished run: a journal, and the file that it tells of. */
static int find_unfinished(const struct claim_request *request, struct base *base, struct error *error)
{
    base->past.path = request->path;
    base->past.name = request->name;
    if (history_open(&base->past, &base->reader, error) || base->past.attempt == 0 || open_part(request, base, error))
        return error->code;
    if (base->place && !base->reader && !request->options->overwrite)
        return error_set(error, REFUSED,
                         "%s: its journal, %s.jnl.%u, is damaged or of another version of h5map (give --overwrite to "
                         "start afresh)",
                         request->name, request->name, base->past.attempt);
    if (!base->place) {
        journal_end(base->reader);
        base->reader = NULL;
    }
    return base->reader ? base_open_staged(base, error) : OK;
}

/* A finished output: what its positions mean is in its identity. */
static int describe_finished(const struct claim_request *request, struct base *base, struct error *error)
{
    const struct account *account = finished_account(base->finished);
    const char *identity = account->identity;
    struct head *head = &base->past.head;

    head->items = account->items;
    head->out_count = request->plan->out_count;
    for (int k = 0; k < head->out_count; k++)
        head_result(head, k, &request->plan->out[k]);
    if (identity_number(identity, IDENTITY_START, &head->start) &&
        identity_number(identity, IDENTITY_STEP, &head->step) &&
        identity_number(identity, IDENTITY_INNER, &head->inner))
        return OK;
    return error_set(error, REFUSED, "%s: its record of who made it is damaged (give --overwrite to replace it)",
                     request->name);
}

static int find_finished(const struct claim_request *request, struct base *base, struct error *error)
{
    const struct target target = {request->path, request->name};

    if (finished_open(&target, &base->finished, error))
        return error->code;
    if (!base->finished)
        return error_set(error, REFUSED,
                         "%s: exists, and is no finished output of h5map (give --overwrite to replace it)",
                         request->name);
    return describe_finished(request, base, error);
}

/* ---- does it fit ---- */

/* Where positions of the base are now. */
static int find_shift(const struct claim_request *request, struct claim *claim, struct error *error)
{
    const struct head *head = &claim->base.past.head;
    const struct plan *plan = request->plan;
    const int64_t rows = (int64_t)(plan->start - head->start);

    if (head->step != plan->step || head->inner != plan->inner || rows % (int64_t)plan->step ||
        (rows / (int64_t)plan->step * (int64_t)plan->inner) % (int64_t)plan->block)
        return error_set(error, REFUSED,
                         "%s: the items that are there can't be used for this selection (give --overwrite to start "
                         "afresh)",
                         request->name);
    claim->shift = rows / (int64_t)plan->step * (int64_t)plan->inner;
    return OK;
}

static bool same_items(const struct claim_request *request, const struct claim *claim)
{
    return claim->shift == 0 && claim->base.past.head.items == request->plan->items;
}

static int compare(const struct claim_request *request, struct claim *claim, const char *was, const char *what,
                   unsigned *changed, struct error *error)
{
    const struct identity_question question = {request->name, what, request->options->accept};

    if (identity_compare(was, request->record->identity, &question, changed, error))
        return error->code;
    return find_shift(request, claim, error);
}

/* The datasets that the results were written to. */
static int find_results(const struct claim_request *request, struct base *base, struct error *error)
{
    const char *identity = finished_account(base->finished)->identity;
    char what[NAME_BYTES + 32], path[PATH_BYTES];

    finished_use(base->finished, request->plan->field);
    for (int k = 0; k < request->plan->out_count; k++) {
        snprintf(what, sizeof what, IDENTITY_RESULT, request->record->ports->out[k].name);
        if (!identity_value(identity, what, path, sizeof path))
            return error_set(error, REFUSED, "%s: does not tell where result %s is (give --overwrite to replace it)",
                             request->name, request->record->ports->out[k].name);
        const struct yield *yield = &request->plan->out[k];

        if (yield->ragged ? finished_find_ragged(base->finished, k, path, yield, error)
                          : finished_find(base->finished, k, path, yield, error))
            return error->code;
    }
    return OK;
}

/* ---- the decision ---- */

/* An interrupted run with --overwrite goes on when it is asked for again; any other is given up for it. */
static bool is_dropped(const struct claim_request *request, const struct claim *claim)
{
    const struct history *past = &claim->base.past;
    const struct identity_question question = {request->name, "", 0};
    struct error ignored = {0};
    unsigned changed;

    if (!request->options->overwrite)
        return false;
    return !(past->head.mode & HEAD_OVERWRITES) ||
           identity_compare(past->identity, request->record->identity, &question, &changed, &ignored);
}

static int decide_unfinished(const struct claim_request *request, struct claim *claim, struct error *error)
{
    const struct options *options = request->options;
    const unsigned mode = claim->base.past.head.mode;
    unsigned changed = 0;

    if (compare(request, claim, claim->base.past.identity, "unfinished", &changed, error))
        return error->code;
    claim->verdict = VERDICT_GO_ON;
    claim->mode = mode;
    claim->redo = options->retry_failed && (!(mode & HEAD_RETRIES) || changed);
    claim->copy = changed || claim->redo || !same_items(request, claim) ||
                  request->plan->ragged; /* where rows go differs from run to run: what another writes could do harm */
    if (claim->redo)
        claim->mode |= HEAD_RETRIES;
    return OK;
}

static int decide_finished(const struct claim_request *request, struct claim *claim, struct error *error)
{
    unsigned changed = 0;

    if (find_finished(request, &claim->base, error) ||
        compare(request, claim, finished_account(claim->base.finished)->identity, "finished", &changed, error))
        return error->code;
    claim->failed = finished_account(claim->base.finished)->failed;
    claim->redo = request->options->retry_failed && claim->failed;
    if (same_items(request, claim) && !claim->redo && !(changed & ACCEPT_OPTIONS)) {
        claim->verdict = VERDICT_NOTHING;
        return OK;
    }
    if (find_results(request, &claim->base, error))
        return error->code;
    claim->verdict = VERDICT_GO_ON;
    claim->copy = true;
    claim->mode = HEAD_REPLACES | (claim->redo ? HEAD_RETRIES : 0);
    return OK;
}

/* A run whose output is there, although it was to replace none, got its end under the output's name and was killed
 * before it had cleared away the rest. REFUSED where the output is something else. */
static int check_over(const struct claim_request *request, const struct claim *claim, bool *over, struct error *error)
{
    const struct identity_question question = {request->name, "", 0};
    const struct target target = {request->path, request->name};
    struct finished *finished = NULL;
    struct error ignored = {0};
    unsigned changed;
    bool there;

    *over = false;
    if (claim->base.past.head.mode & HEAD_REPLACES || look_for_output(request, &there, error) || !there)
        return error->code;
    *over = !finished_open(&target, &finished, &ignored) && finished &&
            !identity_compare(finished_account(finished)->identity, claim->base.past.identity, &question, &changed,
                              &ignored);
    finished_close(finished);
    if (*over)
        return OK;
    return error_set(
        error, REFUSED,
        "%s: exists, and beside it %s.part of an unfinished run (move one of them away, or give --overwrite "
        "to start afresh)",
        request->name, request->name);
}

static int decide(const struct claim_request *request, struct claim *claim, struct error *error)
{
    bool over = true, there = false;

    if (find_unfinished(request, &claim->base, error))
        return error->code;
    claim->newest = claim->base.past.attempt;
    if (claim->base.reader && !is_dropped(request, claim) && check_over(request, claim, &over, error))
        return error->code;
    if (!over)
        return decide_unfinished(request, claim, error);
    base_close(&claim->base);
    claim->verdict = VERDICT_AFRESH;
    if (request->options->overwrite)
        claim->mode = HEAD_REPLACES | HEAD_OVERWRITES;
    else if (!look_for_output(request, &there, error) && there)
        return decide_finished(request, claim, error);
    return error->code;
}

int claim_take(const struct claim_request *request, struct claim *claim, struct error *error)
{
    bool taken_over;

    *claim = (struct claim){0};
    if (lock_take(request->path, request->name, request->claimant, &claim->lock, &taken_over, error))
        return error->code;
    return decide(request, claim, error);
}

void claim_close(struct claim *claim)
{
    base_close(&claim->base);
    lock_release(claim->lock);
    claim->lock = NULL;
}
