#include "run/budget.h"
#include "run/encoder.h"
#include "run/grain.h"
#include "run/image.h"

#include <inttypes.h>
#include <stdio.h>

#define SLICE_BYTES (1u << 20)    /* of a ticket's inputs and results, where items are small: they stay in cache */
#define DIRECT_BYTES (256u << 20) /* where ranks read and write themselves: no image has them all */
#define SLICE_ITEMS (1u << 22)    /* more make a ticket no better */
#define PIECE_BYTES (1u << 19)
#define DIRECT_PIECE_BYTES (3u << 19) /* larger: each is a read and a write */
#define GRAIN_BYTES (1u << 22)        /* of a ticket that ends where the chunks of several inputs do */
#define SLOTS_MOST 2
#define POOL_MOST 8
#define POOL_COARSE 2 /* where tickets are one row of chunks, and large */
#define REASONS_LEAST 1024
#define UNIT_POOL_LEAST 2

/* One cut of the memory: what a rank would hold. */
struct cut {
    uint64_t slice;
    int slots, pool;
};

static uint64_t item_bytes(const struct plan *plan)
{
    uint64_t bytes = 0;

    for (int k = 0; k < plan->in_count; k++)
        bytes += plan->in[k].param ? 0 : plan->in[k].wire_bytes + (plan->in[k].ragged ? sizeof(uint64_t) : 0);
    for (int k = 0; k < plan->out_count; k++)
        bytes += plan->out[k].bytes;
    return bytes;
}

/* Bytes that the mapper adds to an item at hand: converted inputs, its status and index, and what is in no image. */
static uint64_t piece_bytes(const struct plan *plan)
{
    uint64_t bytes = sizeof(int32_t) + sizeof(uint64_t);

    for (int k = 0; k < plan->in_count; k++) {
        bytes += plan->in[k].convert ? plan->in[k].bytes : 0;
        bytes += plan->in[k].ragged ? 2 * sizeof(uint64_t) : 0;
        bytes += plan->direct_in && !plan->direct_whole && !plan->in[k].param ? plan->in[k].wire_bytes : 0;
    }
    for (int k = 0; k < plan->out_count; k++)
        bytes += plan->direct_out ? plan->out[k].bytes : 0;
    return bytes;
}

static uint64_t whole_blocks(uint64_t items, uint64_t block)
{
    return items < block ? block : items - items % block;
}

static uint64_t piece_of(const struct plan *plan, uint64_t slice)
{
    const uint64_t image =
        plan->direct_in && plan->direct_out && !plan->direct_whole ? 0 : item_bytes(plan); /* piece_bytes has it, too */
    const uint64_t most = plan->direct_in && !plan->direct_whole ? DIRECT_PIECE_BYTES : PIECE_BYTES;
    const uint64_t pages = grain_of_pages(plan).every, piece = most / (image + piece_bytes(plan));
    const uint64_t whole =
        whole_blocks(piece, pages && piece >= pages && pages % plan->block == 0 ? pages : plan->block);

    return whole < slice ? whole : slice;
}

/* Bytes that the lane decodes into: the items of a ticket, and a chunk in two steps. */
static uint64_t decode_bytes(const struct plan *plan, uint64_t slice)
{
    uint64_t bytes = 2 * plan->chunk_bytes + (plan->direct_whole ? image_rooms_bytes(plan, slice) : 0);

    for (int k = 0; k < plan->in_count; k++)
        bytes += plan->in[k].bundled ? slice * plan->in[k].wire_bytes : 0;
    return bytes;
}

/* The bytes of a rank's buffers under this cut: of root or another, whoever holds more. */
static uint64_t cut_bytes(const struct plan *plan, const struct cut *cut)
{
    const uint64_t in = image_inputs_bytes(plan, cut->slice), out = image_results_bytes_max(plan, cut->slice);
    const uint64_t scratch = piece_of(plan, cut->slice) * piece_bytes(plan) + plan->reasons_bytes + encoder_bytes(plan);
    const uint64_t slots = (uint64_t)cut->slots, root = (slots + (uint64_t)cut->pool) * (in + out);
    /* A sync and the stop may come into any image; payloads leave from one of their own. */
    const uint64_t other =
        plan->schedule == SCHEDULE_DYNAMIC && cut->pool ? (slots + 2) * in + (slots + (plan->ragged ? 1 : 0)) * out : 0;

    return (root > other ? root : other) + scratch + decode_bytes(plan, cut->slice);
}

/* The next slice to try: whole rows of chunks while it holds one. */
static uint64_t smaller_slice(const struct plan *plan, uint64_t slice)
{
    const uint64_t half = slice / 2, every = plan->grain.every;

    return whole_blocks(every && half >= every ? half - half % every : half, plan->block);
}

/* The smallest pool that a slice is not made smaller for. */
static int pool_least(const struct plan *plan, uint64_t slice, int pool_most)
{
    if (slice <= plan->block)
        return pool_most ? 1 : 0;
    if (plan->schedule == SCHEDULE_DYNAMIC && slice / 2 < plan->grain.every && pool_most > POOL_COARSE)
        return POOL_COARSE;
    return pool_most;
}

/* The best cut that fits: two slots before one, a large pool before a small one, a large slice before all. */
static bool find_cut(const struct plan *plan, uint64_t memory, int pool_most, struct cut *cut)
{
    for (uint64_t slice = cut->slice;; slice = smaller_slice(plan, slice)) {
        const int least = pool_least(plan, slice, pool_most);

        cut->slice = slice;
        for (cut->slots = SLOTS_MOST; cut->slots >= 1; cut->slots--)
            for (cut->pool = pool_most; cut->pool >= least; cut->pool = cut->pool > least ? cut->pool / 2 : -1) {
                if (cut->pool < least)
                    cut->pool = least;
                if (cut_bytes(plan, cut) <= memory)
                    return true;
                if (cut->pool == 0)
                    break;
            }
        if (slice == plan->block)
            return false;
    }
}

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
    const struct cut least = {.slice = plan->block, .slots = 1, .pool = input->ranks > 1 ? 1 : 0};
    uint64_t bytes, all;
    const char *name = largest_port(input, plan, &bytes);
    const bool countable = !__builtin_mul_overflow(item_bytes(plan), 8 * plan->block, &all);
    const uint64_t need = countable ? cut_bytes(plan, &least) + cache : 0;
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

    return slice ? whole_blocks(slice, plan->block) : 0;
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
    const uint64_t item = item_bytes(plan) ? item_bytes(plan) : 1;
    const uint64_t bytes = plan->direct_in && plan->direct_out && !plan->direct_whole ? DIRECT_BYTES : SLICE_BYTES;
    const uint64_t most = (bytes > input->options->memory_bytes ? bytes : input->options->memory_bytes) / item;
    uint64_t slice = bytes / item < SLICE_ITEMS ? bytes / item : SLICE_ITEMS;

    if (slice > plan->items) /* a block more than there are, at the most */
        slice = plan->items + plan->block - 1;
    if (wanted_slice(input, plan))
        slice = wanted_slice(input, plan);
    else if (plan->grain.every)
        slice = whole_rows(plan, slice);
    return whole_blocks(slice < most ? slice : most, plan->block);
}

/* Does a block fit at all, by its inputs and results alone? */
static bool block_fits(const struct plan_input *input, const struct plan *plan)
{
    uint64_t bytes;

    return !__builtin_mul_overflow(item_bytes(plan), plan->block, &bytes) && bytes <= input->options->memory_bytes;
}

/* Tickets of whole chunks where the memory is enough for that: fewer buffers rather than smaller ones. */
static bool find_units(struct plan *plan, uint64_t memory, int pool_most, struct cut *cut)
{
    const uint64_t slice = cut->slice, item = item_bytes(plan);
    struct grain grain;
    const int pool_least = pool_most < UNIT_POOL_LEAST ? pool_most : UNIT_POOL_LEAST;

    for (plan->unit = UINT64_MAX; grain_of_results(plan, plan->unit, &grain);) {
        plan->unit = grain.every;
        if (plan->unit > memory / item)
            continue;
        cut->slice = whole_blocks(slice, plan->unit);
        cut->slots = SLOTS_MOST;
        for (cut->pool = pool_most; cut->pool >= pool_least; cut->pool--)
            if (cut_bytes(plan, cut) <= memory)
                return true;
    }
    plan->unit = 1;
    cut->slice = slice;
    return false;
}

/* Where the memory is not enough for it, nothing is encoded before the end. */
static bool cut_memory(struct plan *plan, uint64_t memory, int pool_most, struct cut *cut)
{
    const struct cut first = *cut;

    if (plan->compress && !plan->slice_fixed && find_units(plan, memory, pool_most, cut))
        return true;
    if (plan->compress && find_cut(plan, memory, pool_most, cut) && cut->slice == first.slice)
        return true;
    plan->compress = 0;
    *cut = first;
    return find_cut(plan, memory, pool_most, cut);
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
        plan->grain = grain_of_both(plan->grain, grain, GRAIN_BYTES / (item_bytes(plan) + 1));
        if (bound->chunk_bytes > plan->chunk_bytes)
            plan->chunk_bytes = bound->chunk_bytes;
    }
    plan->direct_whole = plan->direct_in && count > 0;
    return count;
}

/* The best cut that fits, with as many inputs bundled as it has room for. */
static bool find_cut_and_bundles(const struct plan_input *input, struct plan *plan, uint64_t memory, struct cut *cut)
{
    const int pool_most = cut->pool, compress = plan->compress;
    uint64_t slice = plan->slice_fixed ? wanted_slice(input, plan) : UINT64_MAX;

    for (int count = -1, fewer = choose_bundles(input, plan, slice); fewer != count;) {
        count = fewer;
        cut->slice = first_slice(input, plan);
        plan->compress = compress;
        if (!cut_memory(plan, memory, pool_most, cut))
            cut->slice = 0;
        slice = cut->slice < slice ? cut->slice : slice; /* never more again: it comes to an end */
        fewer = choose_bundles(input, plan, slice);
    }
    if (cut->slice < plan->grain.every)
        plan->grain = (struct grain){0};
    if (plan->grain.every == 0)
        plan->grain = grain_of_pages(plan);
    if (plan->unit > 1)
        grain_of_results(plan, plan->unit + 1, &plan->grain);
    if (plan->slice_fixed || cut->slice < plan->grain.every) /* a ticket may be as large as that */
        plan->grain = (struct grain){0};
    return cut->slice > 0;
}

int budget_plan(const struct plan_input *input, struct plan *plan, struct error *error)
{
    const bool fixed = plan->schedule == SCHEDULE_STATIC;
    const int others = SLOTS_MOST * (input->ranks - 1); /* tickets that they can have */
    const int pool = fixed ? input->ranks : others < POOL_MOST ? others : POOL_MOST;
    struct cut cut = {.pool = pool};
    uint64_t cache = 0, memory;

    plan->reasons_bytes = REASONS_BYTES;
    if (plan_cache(input, plan, &cache, error))
        return error->code;
    if (!block_fits(input, plan))
        return refuse_memory(input, plan, cache, error);
    memory = input->options->memory_bytes - cache;
    while (fixed && plan->reasons_bytes > REASONS_LEAST && plan->reasons_bytes * (uint64_t)pool > memory / 8)
        plan->reasons_bytes /= 2;
    if (!find_cut_and_bundles(input, plan, memory, &cut))
        return refuse_memory(input, plan, cache, error);
    if (cut.slice < wanted_slice(input, plan))
        return error_set(error, REFUSED,
                         "--slice %" PRIu64 ": so many items do not fit in --memory %" PRIu64 "M (%" PRIu64 " do)",
                         input->options->slice, input->options->memory_bytes >> 20, cut.slice);
    plan->slice = cut.slice;
    plan->slots = cut.slots;
    plan->pool = cut.pool;
    plan->piece = piece_of(plan, cut.slice);
    plan->image_in_bytes = image_inputs_bytes(plan, cut.slice);
    plan->image_out_bytes = image_results_bytes_max(plan, cut.slice);
    return OK;
}
