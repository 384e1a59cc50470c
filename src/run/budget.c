#include "run/budget.h"
#include "run/encoder.h"
#include "run/grain.h"
#include "run/image.h"
#include "run/sizing.h"

#include <inttypes.h>
#include <stdio.h>

#define SLICE_BYTES (1u << 20)    /* of a ticket's inputs and results, where items are small: they stay in cache */
#define DIRECT_BYTES (256u << 20) /* where ranks read and write themselves: no image has them all */
#define SLICE_ITEMS (1u << 22)    /* more make a ticket no better */
#define GRAIN_BYTES (1u << 22)    /* of a ticket that ends where the chunks of several inputs do */
#define POOL_MOST 8
#define REASONS_LEAST 1024

/* The input or result that takes most of an item. */
static const char *largest_port(const struct plan_input *input, const struct plan *plan, uint64_t *bytes)
{
    const char *name = "";

    *bytes = 0;
    for (int k = 0; k < plan->in_count; k++)
        if (!plan->in[k].param && plan->in[k].wire_bytes + (plan->in[k].convert ? plan->in[k].bytes : 0) >= *bytes) {
            *bytes = plan->in[k].wire_bytes + (plan->in[k].convert ? plan->in[k].bytes : 0);
            name = input->signature->in[k].name;
        }
    for (int k = 0; k < plan->out_count; k++)
        if (plan->out[k].bytes > *bytes) {
            *bytes = plan->out[k].bytes;
            name = input->signature->out[k].name;
        }
    return name;
}

static int refuse_memory(const struct plan_input *input, const struct plan *plan, uint64_t cache, struct error *error)
{
    const struct sizing least = {.slice = plan->block, .slots = 1, .pool = input->ranks > 1 ? 1 : 0};
    uint64_t bytes, all;
    const char *name = largest_port(input, plan, &bytes);
    const bool countable = !__builtin_mul_overflow(sizing_item_bytes(plan), 8 * plan->block, &all);
    const uint64_t need = countable ? sizing_bytes(plan, &least) + cache : 0;
    char unit[64] = "an item";

    if (plan->block > 1)
        snprintf(unit, sizeof unit, "a block of %" PRIu64 " items", plan->block);
    if (!countable)
        return error_set(error, REFUSED, "%s: %s of %" PRIu64 " bytes fits in no memory", name, unit, bytes);
    return error_set(error, REFUSED,
                     "%s: %s of %" PRIu64 " bytes does not fit in --memory %" PRIu64 "M (give --memory %" PRIu64 "M)",
                     name, unit, bytes * plan->block, input->options->memory_bytes >> 20, (need >> 20) + 1);
}

/* A row of chunks in the cache, so that neighbouring tickets do not decode a chunk twice; at most half of the memory
 * for all inputs together. What must be decoded at once must fit. */
static int plan_cache(const struct plan_input *input, struct plan *plan, uint64_t *total, struct error *error)
{
    const uint64_t half = input->options->memory_bytes / 2;
    uint64_t most = 0, chunked = 0;

    for (int k = 0; k < plan->in_count; k++) {
        const struct bound *bound = &input->binding->in[k];

        if (plan->in[k].param || plan->in[k].shared || bound->chunk_bytes == 0)
            continue;
        chunked++;
        if (bound->chunk_bytes > half)
            return error_set(error, REFUSED,
                             "%s: a chunk of %s is %" PRIu64 " bytes and does not fit in --memory %" PRIu64
                             "M (give --memory %" PRIu64 "M)",
                             input->signature->in[k].name, bound->dataset, bound->chunk_bytes,
                             input->options->memory_bytes >> 20, (2 * bound->chunk_bytes >> 20) + 1);
        if (bound->chunk_bytes * bound->row_chunks > most)
            most = bound->chunk_bytes * bound->row_chunks;
    }
    plan->cache_bytes = most;
    if (chunked && most > half / chunked)
        plan->cache_bytes = half / chunked;
    *total = chunked * plan->cache_bytes;
    return OK;
}

/* What --slice asks for, where there are so many items; 0 without it. */
static uint64_t wanted_slice(const struct plan_input *input, const struct plan *plan)
{
    const uint64_t slice = input->options->slice < plan->items ? input->options->slice : plan->items;

    return slice ? sizing_whole_blocks(slice, plan->block) : 0;
}

/* Whole rows of chunks, at least one, as whole blocks. */
static uint64_t whole_rows(const struct plan *plan, uint64_t slice)
{
    const uint64_t every = plan->grain.every;
    const uint64_t rows = slice < every ? every : slice - slice % every;

    return (rows + plan->block - 1) / plan->block * plan->block;
}

/* The slice to begin with: never so many items that their bytes can't be counted. */
static uint64_t first_slice(const struct plan_input *input, const struct plan *plan)
{
    const uint64_t item = sizing_item_bytes(plan) ? sizing_item_bytes(plan) : 1;
    const uint64_t bytes = plan->direct_in && plan->direct_out && !plan->direct_whole ? DIRECT_BYTES : SLICE_BYTES;
    const uint64_t most = (bytes > input->options->memory_bytes ? bytes : input->options->memory_bytes) / item;
    uint64_t slice = bytes / item < SLICE_ITEMS ? bytes / item : SLICE_ITEMS;

    if (slice > plan->items) /* a block more than there are, at the most */
        slice = plan->items + plan->block - 1;
    if (wanted_slice(input, plan))
        slice = wanted_slice(input, plan);
    else if (plan->grain.every)
        slice = whole_rows(plan, slice);
    return sizing_whole_blocks(slice < most ? slice : most, plan->block);
}

/* Does a block fit at all, by its inputs and results alone? */
static bool block_fits(const struct plan_input *input, const struct plan *plan)
{
    uint64_t bytes;

    return !__builtin_mul_overflow(sizing_item_bytes(plan), plan->block, &bytes) &&
           bytes <= input->options->memory_bytes;
}

/* Where the memory is not enough for it, nothing is encoded before the end. */
static bool fit_into_memory(struct plan *plan, uint64_t memory, int pool_most, struct sizing *sizing)
{
    const struct sizing first = *sizing;

    if (plan->compress && !plan->slice_fixed && sizing_fit_units(plan, memory, pool_most, sizing))
        return true;
    if (plan->compress && sizing_fit(plan, memory, pool_most, sizing) && sizing->slice == first.slice)
        return true;
    plan->compress = 0;
    *sizing = first;
    return sizing_fit(plan, memory, pool_most, sizing);
}

/* Choose the inputs that may travel as bundles: those of which a ticket of so many items can hold a row of chunks.
 * Returns how many. */
static int choose_bundles(const struct plan_input *input, struct plan *plan, uint64_t slice)
{
    int count = 0;

    plan->chunk_bytes = 0;
    plan->grain = (struct grain){0};
    for (int k = 0; k < plan->in_count; k++) {
        const struct bound *bound = &input->binding->in[k];
        const struct grain grain = grain_of_input(input->binding, k);
        struct feed *feed = &plan->in[k];

        feed->bundled =
            !feed->param && !feed->shared && !feed->ragged && bound->bundles && plan->step == 1 && grain.every <= slice;
        if (!feed->bundled)
            continue;
        count++;
        plan->grain = grain_of_both(plan->grain, grain, GRAIN_BYTES / (sizing_item_bytes(plan) + 1));
        if (bound->chunk_bytes > plan->chunk_bytes)
            plan->chunk_bytes = bound->chunk_bytes;
    }
    plan->direct_whole = plan->direct_in && count > 0;
    return count;
}

/* The best sizes that fit, with as many inputs bundled as it has room for. */
static bool fit_with_bundles(const struct plan_input *input, struct plan *plan, uint64_t memory, struct sizing *sizing)
{
    const int pool_most = sizing->pool, compress = plan->compress;
    uint64_t slice = plan->slice_fixed ? wanted_slice(input, plan) : UINT64_MAX;

    for (int count = -1, fewer = choose_bundles(input, plan, slice); fewer != count;) {
        count = fewer;
        sizing->slice = first_slice(input, plan);
        plan->compress = compress;
        if (!fit_into_memory(plan, memory, pool_most, sizing))
            sizing->slice = 0;
        slice = sizing->slice < slice ? sizing->slice : slice; /* never more again: it comes to an end */
        fewer = choose_bundles(input, plan, slice);
    }
    if (sizing->slice < plan->grain.every)
        plan->grain = (struct grain){0};
    if (plan->grain.every == 0)
        plan->grain = grain_of_pages(plan);
    if (plan->unit > 1)
        grain_of_results(plan, plan->unit + 1, &plan->grain);
    if (plan->slice_fixed || sizing->slice < plan->grain.every) /* a ticket may be as large as that */
        plan->grain = (struct grain){0};
    return sizing->slice > 0;
}

int budget_plan(const struct plan_input *input, struct plan *plan, struct error *error)
{
    const bool fixed = plan->schedule == SCHEDULE_STATIC;
    const int others = SIZING_SLOTS_MOST * (input->ranks - 1); /* tickets that they can have */
    const int pool = fixed ? input->ranks : others < POOL_MOST ? others : POOL_MOST;
    struct sizing sizing = {.pool = pool};
    uint64_t cache = 0, memory;

    plan->reasons_bytes = REASONS_BYTES;
    if (plan_cache(input, plan, &cache, error))
        return error->code;
    if (!block_fits(input, plan))
        return refuse_memory(input, plan, cache, error);
    memory = input->options->memory_bytes - cache;
    while (fixed && plan->reasons_bytes > REASONS_LEAST && plan->reasons_bytes * (uint64_t)pool > memory / 8)
        plan->reasons_bytes /= 2;
    if (!fit_with_bundles(input, plan, memory, &sizing))
        return refuse_memory(input, plan, cache, error);
    if (sizing.slice < wanted_slice(input, plan))
        return error_set(error, REFUSED,
                         "--slice %" PRIu64 ": so many items do not fit in --memory %" PRIu64 "M (%" PRIu64 " do)",
                         input->options->slice, input->options->memory_bytes >> 20, sizing.slice);
    plan->slice = sizing.slice;
    plan->slots = sizing.slots;
    plan->pool = sizing.pool;
    plan->piece = sizing_piece(plan, sizing.slice);
    plan->image_in_bytes = image_inputs_bytes(plan, sizing.slice);
    plan->image_out_bytes = image_results_bytes_max(plan, sizing.slice);
    return OK;
}
