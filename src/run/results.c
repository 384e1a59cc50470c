#include "run/results.h"
#include "run/image.h"
#include "run/plan.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

int results_open(struct results *results, const struct plan *plan, int ranks, struct error *error)
{
    *results = (struct results){.plan = plan, .tally = {.items = plan->items, .ranks = ranks}};
    results->shares = calloc((size_t)ranks, sizeof *results->shares);
    results->index = malloc(sizeof *results->index);
    if (!results->shares || !results->index) {
        results_close(results);
        return error_memory(error, "results", (unsigned long long)ranks * sizeof *results->shares);
    }
    return OK;
}

void results_close(struct results *results)
{
    free(results->shares);
    free(results->failures);
    free(results->index);
    *results = (struct results){0};
}

/* Room for one more failure; grows to FAILURES_KEPT at most. */
static struct failure *next_failure(struct results *results)
{
    if (results->failure_count == results->failure_room) {
        const int room = results->failure_room ? 4 * results->failure_room : 256;
        struct failure *more = realloc(results->failures, (size_t)room * sizeof *more);

        if (!more)
            return NULL;
        results->failures = more;
        results->failure_room = room;
    }
    return &results->failures[results->failure_count++];
}

static int keep_failures(struct results *results, const struct batch *image, struct error *error)
{
    const unsigned char *bitmap = image_bitmap(results->plan, image);

    reasons_index(image_reasons(results->plan, image), image->reason_bytes, results->index);
    for (uint64_t k = 0; k < image->count && results->failure_count < FAILURES_KEPT; k++) {
        struct failure *failure;

        if (!(bitmap[k / 8] >> (k & 7) & 1))
            continue;
        failure = next_failure(results);
        if (!failure)
            return error_memory(error, "the list of failures", sizeof *failure);
        memset(failure, 0, sizeof *failure);
        failure->index = plan_index(results->plan, image->first + k);
        failure->rank = image->rank;
        reasons_find(results->index, failure->index, failure->reason);
    }
    return place_mark(results->place, results->layout->failed_offset, image->first, image->count, bitmap, error);
}

static int put_results(struct results *results, const struct batch *image, struct error *error)
{
    const struct plan *plan = results->plan;
    void *out[PORTS_MAX];

    image_results(plan, image->count, (void *)(uintptr_t)image, out);
    for (int k = 0; k < plan->out_count; k++) {
        if (results->layout->result_offset[k] == UINT64_MAX)
            continue;
        if (place_put(results->place, results->layout->result_offset[k] + image->first * plan->out[k].bytes, out[k],
                      image->count * plan->out[k].bytes, error))
            return error->code;
    }
    return OK;
}

static int say_stop(const struct results *results, const struct batch *image, struct error *error)
{
    char text[REASON_TEXT_MAX + 1];

    reasons_index(image_reasons(results->plan, image), image->reason_bytes, results->index);
    reasons_find(results->index, image->first, text);
    return error_set(error, FAILED, "stopped by the kernel: %s", text);
}

static int check_limit(const struct results *results, struct error *error)
{
    const struct failure *failure = results->failures;

    if (results->tally.failed <= results->plan->failures_max)
        return OK;
    return error_set(error, FAILED,
                     "%" PRIu64 " of %" PRIu64 " items failed, more than the %" PRIu64
                     " that --max-failures allows; item %" PRIu64 ": %s",
                     results->tally.failed, results->tally.items, results->plan->failures_max,
                     failure ? failure->index : 0, failure && failure->reason[0] ? failure->reason : "no reason given");
}

int results_take(struct results *results, const struct batch *image, struct error *error)
{
    struct share *share = &results->shares[image->rank];

    share->busy_s += image->busy_s;
    if (image->error)
        return say_stop(results, image, error);
    if (put_results(results, image, error))
        return error->code;
    results->tally.done += image->count;
    results->tally.failed += image->failed;
    share->items += image->count;
    if (image->failed && keep_failures(results, image, error))
        return error->code;
    return check_limit(results, error);
}

static int by_index(const void *a, const void *b)
{
    const struct failure *x = a, *y = b;

    return (x->index > y->index) - (x->index < y->index);
}

void results_sort(struct results *results)
{
    if (results->failure_count > 1)
        qsort(results->failures, (size_t)results->failure_count, sizeof *results->failures, by_index);
}
