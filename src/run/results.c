#include "run/results.h"
#include "run/extents.h"
#include "run/image.h"
#include "run/plan.h"
#include "run/staging.h"

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
    failures_free(&results->failures);
    free(results->index);
    *results = (struct results){0};
}

static int keep_failure(struct results *results, const struct batch *image, uint64_t index, struct error *error)
{
    struct failure failure;

    if (!failures_want(&results->failures, index))
        return OK;
    memset(&failure, 0, sizeof failure);
    failure.index = index;
    failure.rank = image->rank;
    reasons_find(results->index, index, failure.reason);
    keeper_add_failure(results->files->keeper, &failure);
    return failures_add(&results->failures, &failure, error);
}

static int keep_failures(struct results *results, const struct batch *image, struct error *error)
{
    const struct files *files = results->files;
    const unsigned char *bitmap = image_bitmap(results->plan, image);

    reasons_index(image_reasons(results->plan, image), image->reason_bytes, results->index);
    for (uint64_t k = 0; k < image->count; k++)
        if (bitmap[k / 8] >> (k & 7) & 1 &&
            keep_failure(results, image, plan_index(results->plan, image->first + k), error))
            return error->code;
    return place_mark(files->place, files->layout.failed_offset, image->first, image->count, bitmap, error);
}

static int put_edges(struct results *results, const struct batch *image, struct error *error)
{
    struct place *place = results->files->place;

    for (int k = 0; k < results->plan->out_count; k++) {
        const uint64_t offset = results->files->layout.result_offset[k];
        struct edge edge;

        image_edge(results->plan, image, k, &edge);
        const struct edges *at = &edge.edges;

        if ((at->pages > at->begin && place_put(place, offset + at->begin, edge.head, at->pages - at->begin, error)) ||
            (at->behind > at->pages_behind &&
             place_put(place, offset + at->pages_behind, edge.tail, at->behind - at->pages_behind, error)))
            return error->code;
    }
    return OK;
}

static int put_results(struct results *results, const struct batch *image, struct error *error)
{
    const struct files *files = results->files;
    const struct staging staging = {files->place, &files->layout, results->plan};

    return results->plan->direct_out ? put_edges(results, image, error) : staging_put(&staging, image, error);
}

static int say_stop(const struct results *results, const struct batch *image, struct error *error)
{
    char text[REASON_TEXT_MAX + 1];

    reasons_index(image_reasons(results->plan, image), image->reason_bytes, results->index);
    reasons_find(results->index, image->first, text);
    if (image->cause == CAUSE_INPUT || (image->cause == CAUSE_RANK && image->rank == 0))
        return error_set(error, FAILED, "%s", text);
    if (image->cause != CAUSE_STOP)
        return error_set(error, FAILED, "rank %d: %s", image->rank, text);
    return error_set(error, FAILED, "stopped by the kernel: %s", text);
}

static int check_limit(const struct results *results, struct error *error)
{
    const struct failure *failure;

    if (results->tally.failed <= results->plan->failures_max)
        return OK;
    failure = failures_first(&results->failures);
    return error_set(error, FAILED,
                     "%" PRIu64 " of %" PRIu64 " items failed, more than the %" PRIu64
                     " that --max-failures allows; item %" PRIu64 ": %s",
                     results->tally.failed, results->tally.items, results->plan->failures_max,
                     failure ? failure->index : 0, failure && failure->reason[0] ? failure->reason : "no reason given");
}

int results_begin(struct results *results, struct files *files, struct error *error)
{
    const struct kept *kept = &files->kept;

    results->files = files;
    results->log_end = files->log_end;
    results->tally.done = results->tally.kept = kept->items;
    results->tally.failed = kept->failed;
    for (int k = 0; k < kept->failures.count; k++)
        if (failures_add(&results->failures, &kept->failures.of[k], error))
            return error->code;
    return check_limit(results, error);
}

uint64_t results_reserve(struct results *results, uint64_t bytes)
{
    const uint64_t at = results->log_end;

    results->log_end += (bytes + BATCH_ALIGN - 1) / BATCH_ALIGN * BATCH_ALIGN;
    return at;
}

int results_put_payload(struct results *results, uint64_t at, const struct batch *round, struct error *error)
{
    return place_put(results->files->place, at, round + 1, round->count, error);
}

int results_put_heap(struct results *results, const struct heap *heap, uint64_t *at, struct error *error)
{
    uint64_t next = *at = results_reserve(results, heap_bytes(heap));

    for (int k = 0; k < results->plan->out_count; k++) {
        const struct rows *rows = &heap->of[k];

        if (rows->used && place_put(results->files->place, next, rows->bytes, rows->used, error))
            return error->code;
        next += rows->used;
    }
    return OK;
}

void results_place(const struct results *results, struct batch *image, uint64_t at)
{
    void *out[PORTS_MAX];

    image_results(results->plan, image->count, image, out);
    for (int k = 0; k < results->plan->out_count; k++)
        if (results->plan->out[k].ragged)
            refs_move(out[k], image->count, at);
}

/* The items are in place: tell those who keep track. */
static int count_items(struct results *results, const struct batch *image, struct error *error)
{
    const uint32_t run = results->files->history.head.run_count - 1;
    const unsigned char *bitmap = image->failed ? image_bitmap(results->plan, image) : NULL;
    struct extent extent;

    results->tally.done += image->count;
    results->tally.failed += image->failed;
    results->shares[image->rank].items += image->count;
    extents_describe(image, bitmap, run, &extent);
    return keeper_add(results->files->keeper, &extent, error);
}

int results_take(struct results *results, const struct batch *image, struct error *error)
{
    results->shares[image->rank].busy_s += image->busy_s;
    if (image->error)
        return say_stop(results, image, error);
    if (image->verb == VERB_SYNC)
        return OK;
    if (put_results(results, image, error) || (image->failed && keep_failures(results, image, error)) ||
        count_items(results, image, error))
        return error->code;
    return check_limit(results, error);
}
