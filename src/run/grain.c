#include "run/grain.h"

struct grain grain_of_input(const struct binding *binding, int k)
{
    const struct bound *bound = &binding->in[k];
    struct grain grain = {0};
    uint64_t below = 1, extent;
    int axis = 0;

    if (bound->chunk_bytes == 0)
        return grain;
    grain.every = 1;
    if (binding->loop_rank == 0)
        return grain;
    for (int d = 1; d < binding->loop_rank; d++)
        if (binding->loop_shape[d] == 0 || __builtin_mul_overflow(below, binding->loop_shape[d], &below))
            return grain;
    grain.offset = binding->start * below;
    for (; axis + 1 < binding->loop_rank && bound->chunk[axis] == 1; below /= binding->loop_shape[++axis])
        grain.period = below;
    extent = bound->chunk[axis] < binding->loop_shape[axis] ? bound->chunk[axis] : binding->loop_shape[axis];
    grain.every = extent * below;
    return grain;
}

/* Do chunks of this result end where tickets may? */
static bool ends_at_blocks(const struct plan *plan, const struct yield *yield)
{
    const struct cutting *cutting = &yield->cutting;
    const uint64_t block_bytes = yield->bytes * plan->block;
    const bool rows = cutting->row_bytes < plan->items * yield->bytes; /* several */

    return cutting->chunk_bytes && cutting->chunk_bytes % block_bytes == 0 &&
           (rows ? cutting->row_bytes % block_bytes == 0 : true);
}

bool grain_of_results(const struct plan *plan, uint64_t below, struct grain *grain)
{
    *grain = (struct grain){.every = 1};
    for (int k = 0; k < plan->out_count; k++) {
        const struct yield *yield = &plan->out[k];
        const uint64_t items = ends_at_blocks(plan, yield) ? yield->cutting.chunk_bytes / yield->bytes : 0;
        const uint64_t row = items ? yield->cutting.row_bytes / yield->bytes : 0;

        if (items < below && items > grain->every)
            *grain = (struct grain){.every = items, .period = row < plan->items ? row : 0};
    }
    return grain->every > 1;
}

static uint64_t common_divisor(uint64_t a, uint64_t b)
{
    while (b) {
        const uint64_t rest = a % b;

        a = b;
        b = rest;
    }
    return a;
}

struct grain grain_of_pages(const struct plan *plan)
{
    struct grain grain = {0};

    for (int k = 0; k < plan->out_count && plan->direct_out; k++) {
        const struct yield *yield = &plan->out[k];
        const uint64_t every = yield->paged ? PAGE_BYTES / common_divisor(PAGE_BYTES, yield->bytes) : 0;

        if (every > grain.every) /* powers of 2 */
            grain.every = every;
    }
    return grain;
}

struct grain grain_of_both(struct grain one, struct grain other, uint64_t most)
{
    const struct grain coarser = other.every > one.every ? other : one;
    struct grain both = one;

    if (one.every == 0 || other.every == 0 || one.period != other.period)
        return coarser;
    if (__builtin_mul_overflow(one.every / common_divisor(one.every, other.every), other.every, &both.every) ||
        both.every > most || (both.period && both.every > both.period))
        return coarser;
    return both;
}

uint64_t grain_end(const struct grain *grain, uint64_t first, uint64_t count)
{
    const uint64_t end = first + count, index = end + grain->offset;
    const uint64_t inside = grain->period ? index % grain->period : index;
    uint64_t behind;

    if (grain->every == 0 || count < grain->every - grain->every / 2)
        return end;
    if (inside % grain->every < count)
        return end - inside % grain->every;
    behind = grain->every - inside % grain->every;
    if (grain->period && behind > grain->period - inside)
        behind = grain->period - inside;
    return end + behind;
}
