#include "run/sizing.h"
#include "run/encoder.h"
#include "run/grain.h"
#include "run/image.h"

#define PIECE_BYTES (1u << 19)
#define DIRECT_PIECE_BYTES (3u << 19) /* larger: each is a read and a write */
#define POOL_COARSE 2                 /* where tickets are one row of chunks, and large */
#define UNIT_POOL_LEAST 2

uint64_t sizing_item_bytes(const struct plan *plan)
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

uint64_t sizing_whole_blocks(uint64_t items, uint64_t block)
{
    return items < block ? block : items - items % block;
}

uint64_t sizing_piece(const struct plan *plan, uint64_t slice)
{
    const uint64_t image = plan->direct_in && plan->direct_out && !plan->direct_whole
                               ? 0
                               : sizing_item_bytes(plan); /* piece_bytes has it, too */
    const uint64_t most = plan->direct_in && !plan->direct_whole ? DIRECT_PIECE_BYTES : PIECE_BYTES;
    const uint64_t pages = grain_of_pages(plan).every, piece = most / (image + piece_bytes(plan));
    const uint64_t whole =
        sizing_whole_blocks(piece, pages && piece >= pages && pages % plan->block == 0 ? pages : plan->block);

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

uint64_t sizing_bytes(const struct plan *plan, const struct sizing *sizing)
{
    const uint64_t in = image_inputs_bytes(plan, sizing->slice), out = image_results_bytes_max(plan, sizing->slice);
    const uint64_t scratch =
        sizing_piece(plan, sizing->slice) * piece_bytes(plan) + plan->reasons_bytes + encoder_bytes(plan);
    const uint64_t slots = (uint64_t)sizing->slots, root = (slots + (uint64_t)sizing->pool) * (in + out);
    /* A sync and the stop may come into any image; payloads leave from one of their own. */
    const uint64_t other = plan->schedule == SCHEDULE_DYNAMIC && sizing->pool
                               ? (slots + 2) * in + (slots + (plan->ragged ? 1 : 0)) * out
                               : 0;

    return (root > other ? root : other) + scratch + decode_bytes(plan, sizing->slice);
}

/* The next slice to try: whole rows of chunks while it holds one. */
static uint64_t smaller_slice(const struct plan *plan, uint64_t slice)
{
    const uint64_t half = slice / 2, every = plan->grain.every;

    return sizing_whole_blocks(every && half >= every ? half - half % every : half, plan->block);
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

/* The next pool to try; -1: there is none. */
static int smaller_pool(int pool, int least)
{
    if (pool == least)
        return -1;
    return pool / 2 < least ? least : pool / 2;
}

bool sizing_fit(const struct plan *plan, uint64_t memory, int pool_most, struct sizing *sizing)
{
    for (uint64_t slice = sizing->slice;; slice = smaller_slice(plan, slice)) {
        const int least = pool_least(plan, slice, pool_most);

        sizing->slice = slice;
        for (sizing->slots = SIZING_SLOTS_MOST; sizing->slots >= 1; sizing->slots--)
            for (sizing->pool = pool_most; sizing->pool >= least; sizing->pool = smaller_pool(sizing->pool, least))
                if (sizing_bytes(plan, sizing) <= memory)
                    return true;
        if (slice == plan->block)
            return false;
    }
}

bool sizing_fit_units(struct plan *plan, uint64_t memory, int pool_most, struct sizing *sizing)
{
    const uint64_t slice = sizing->slice, item = sizing_item_bytes(plan);
    struct grain grain;
    const int least = pool_most < UNIT_POOL_LEAST ? pool_most : UNIT_POOL_LEAST;

    for (plan->unit = UINT64_MAX; grain_of_results(plan, plan->unit, &grain);) {
        plan->unit = grain.every;
        if (plan->unit > memory / item)
            continue;
        sizing->slice = sizing_whole_blocks(slice, plan->unit);
        sizing->slots = SIZING_SLOTS_MOST;
        for (sizing->pool = pool_most; sizing->pool >= least; sizing->pool--)
            if (sizing_bytes(plan, sizing) <= memory)
                return true;
    }
    plan->unit = 1;
    sizing->slice = slice;
    return false;
}
