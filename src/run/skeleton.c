#include "run/skeleton.h"

#include <stdlib.h>
#include <string.h>

struct region {
    uint64_t offset, bytes;
};

static int by_offset(const void *a, const void *b)
{
    const struct region *x = a, *y = b;

    return (x->offset > y->offset) - (x->offset < y->offset);
}

/* Where the results and the bitmap are, in order. Returns how many. */
static size_t find_results(const struct plan *plan, const struct layout *layout, struct region regions[PORTS_MAX + 1])
{
    size_t count = 0;

    for (int k = 0; k < plan->out_count; k++)
        if (layout->result_offset[k] != UINT64_MAX)
            regions[count++] = (struct region){layout->result_offset[k], plan->items * plan->out[k].bytes};
    if (layout->failed_offset != UINT64_MAX)
        regions[count++] = (struct region){layout->failed_offset, plan->items / 8 + (plan->items % 8 != 0)};
    qsort(regions, count, sizeof *regions, by_offset);
    return count;
}

/* Room for a part; NULL: no memory, or too many. */
static struct skeleton_part *new_part(struct skeleton *skeleton, uint64_t offset, uint64_t bytes)
{
    struct skeleton_part *part = &skeleton->of[skeleton->count];

    if (skeleton->count == SKELETON_PARTS_MAX || !(part->data = malloc(bytes)))
        return NULL;
    part->offset = offset;
    part->bytes = bytes;
    skeleton->count++;
    return part;
}

static int read_part(const struct place *place, uint64_t offset, uint64_t bytes, struct skeleton *skeleton,
                     struct error *error)
{
    const struct skeleton_part *part;

    if (bytes == 0)
        return OK;
    part = new_part(skeleton, offset, bytes);
    if (!part)
        return error_memory(error, place_path(place), bytes);
    return place_get(place, offset, part->data, bytes, error);
}

int skeleton_read(const struct place *place, const struct plan *plan, const struct layout *layout,
                  struct skeleton *skeleton, struct error *error)
{
    struct region regions[PORTS_MAX + 1];
    const size_t count = find_results(plan, layout, regions);
    uint64_t offset = 0;

    *skeleton = (struct skeleton){0};
    for (size_t k = 0; k < count; k++) {
        if (read_part(place, offset, regions[k].offset - offset, skeleton, error))
            return error->code;
        offset = regions[k].offset + regions[k].bytes;
    }
    return read_part(place, offset, layout->file_bytes > offset ? layout->file_bytes - offset : 0, skeleton, error);
}

int skeleton_add(struct skeleton *skeleton, uint64_t offset, const void *data, size_t bytes, struct error *error)
{
    const struct skeleton_part *part = new_part(skeleton, offset, bytes);

    if (!part)
        return error_memory(error, "the journal", bytes);
    memcpy(part->data, data, bytes);
    return OK;
}

int skeleton_restore(const struct skeleton *skeleton, struct place *place, uint64_t file_bytes, struct error *error)
{
    for (int k = 0; k < skeleton->count; k++)
        if (place_put(place, skeleton->of[k].offset, skeleton->of[k].data, skeleton->of[k].bytes, error))
            return error->code;
    return place_cut(place, file_bytes, error);
}

void skeleton_free(struct skeleton *skeleton)
{
    for (int k = 0; k < skeleton->count; k++)
        free(skeleton->of[k].data);
    *skeleton = (struct skeleton){0};
}
