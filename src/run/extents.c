#include "run/extents.h"
#include "codec/crc.h"

#include <stdlib.h>
#include <string.h>

uint32_t extents_failed_crc(uint32_t crc, const unsigned char *bits, uint64_t first, uint64_t count)
{
    unsigned char flags[4096];

    for (uint64_t done = 0; done < count;) {
        const uint64_t part = count - done < sizeof flags ? count - done : sizeof flags;

        for (uint64_t k = 0; k < part; k++) {
            const uint64_t bit = first + done + k;

            flags[k] = bits[bit / 8] >> (bit & 7) & 1;
        }
        crc = crc_add(crc, flags, part);
        done += part;
    }
    return crc;
}

void extents_describe(const struct batch *image, const unsigned char *failed_bits, uint32_t run, struct extent *extent)
{
    *extent = (struct extent){.first = image->first, .count = image->count, .failed = image->failed, .run = run};
    memcpy(extent->crc, image->crc, sizeof extent->crc);
    extent->failed_crc = failed_bits ? extents_failed_crc(0, failed_bits, 0, image->count) : crc_zeros(image->count);
}

static uint64_t behind(const struct extent *extent)
{
    return extent->first + extent->count;
}

/* The first that ends behind the position. */
static size_t find(const struct extents *extents, uint64_t position)
{
    size_t low = 0, high = extents->count;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;

        if (behind(&extents->of[middle]) <= position)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int insert(struct extents *extents, size_t at, const struct extent *extent, struct error *error)
{
    if (extents->count == extents->room) {
        const size_t room = extents->room ? 2 * extents->room : 64;
        struct extent *more = realloc(extents->of, room * sizeof *more);

        if (!more)
            return error_memory(error, "the list of finished items", room * sizeof *more);
        extents->of = more;
        extents->room = room;
    }
    memmove(extents->of + at + 1, extents->of + at, (extents->count - at) * sizeof *extents->of);
    extents->of[at] = *extent;
    extents->count++;
    return OK;
}

static bool may_join(const struct extent *one, const struct extent *next)
{
    return behind(one) == next->first && one->run == next->run;
}

/* What follows is added to the one before it. */
static void join(const struct plan *plan, struct extent *one, const struct extent *next)
{
    for (int k = 0; k < plan->out_count; k++)
        one->crc[k] = crc_join(one->crc[k], next->crc[k], next->count * plan->out[k].bytes);
    one->failed_crc = crc_join(one->failed_crc, next->failed_crc, next->count);
    one->count += next->count;
    one->failed += next->failed;
}

int extents_add(struct extents *extents, const struct extent *extent, struct error *error)
{
    size_t at = find(extents, extent->first);

    if (at > 0 && may_join(&extents->of[at - 1], extent))
        join(extents->plan, &extents->of[--at], extent);
    else if (insert(extents, at, extent, error))
        return error->code;
    if (at + 1 < extents->count && may_join(&extents->of[at], &extents->of[at + 1])) {
        join(extents->plan, &extents->of[at], &extents->of[at + 1]);
        memmove(extents->of + at + 1, extents->of + at + 2, (extents->count - at - 2) * sizeof *extents->of);
        extents->count--;
    }
    extents->items += extent->count;
    return OK;
}

void extents_clear(struct extents *extents)
{
    extents->count = 0;
    extents->items = 0;
}

void extents_free(struct extents *extents)
{
    free(extents->of);
    extents->of = NULL;
    extents->room = 0;
    extents_clear(extents);
}
