#include "run/staging.h"
#include "element.h"
#include "run/cutting.h"
#include "run/image.h"

#include <string.h>

#define ALIGN_BYTES 4096
#define WINDOW 512 /* entries that are looked at at a time */

static uint64_t aligned(uint64_t offset)
{
    return (offset + ALIGN_BYTES - 1) / ALIGN_BYTES * ALIGN_BYTES;
}

void staging_layout(const struct plan *plan, struct layout *layout)
{
    uint64_t end = layout->file_bytes;

    for (int k = 0; k < plan->out_count; k++) {
        const struct yield *yield = &plan->out[k];
        const uint64_t bytes = plan->items * yield->bytes;
        struct slots *slots = &layout->slots[k];

        *slots = (struct slots){.cutting = yield->cutting,
                                .element_bytes =
                                    yield->ragged ? sizeof(uint64_t) : element_bytes(yield->type, yield->element)};
        if (!yield->cutting.chunk_bytes)
            continue;
        slots->offset = aligned(end);
        slots->entries = aligned(slots->offset + bytes);
        end = slots->entries + cutting_chunks(&yield->cutting, bytes) * sizeof(struct entry);
    }
    layout->staged_bytes = end;
}

/* ---- putting ---- */

/* A result on its way to its place, from a packed image. */
struct putting {
    const struct staging *staging;
    int result;
    const char *data;            /* what comes next */
    const struct entry *entries; /* of the whole chunks that come next */
};

static int put_encoded(struct putting *putting, const struct segment *segment, struct error *error)
{
    const struct slots *slots = &putting->staging->layout->slots[putting->result];
    const struct entry *entry = putting->entries++;
    const char *data = putting->data;

    putting->data += entry->bytes;
    if (place_put(putting->staging->place, slots->offset + segment->chunk_first, data, entry->bytes, error))
        return error->code;
    return place_put(putting->staging->place, slots->entries + segment->chunk * sizeof *entry, entry, sizeof *entry,
                     error);
}

/* Bytes first .. end - 1 of the result as they are. */
static int put_plain(struct putting *putting, uint64_t first, uint64_t end, struct error *error)
{
    const char *data = putting->data;

    putting->data += end - first;
    return first == end
               ? OK
               : place_put(putting->staging->place, putting->staging->layout->result_offset[putting->result] + first,
                           data, end - first, error);
}

/* What is not encoded is put in runs as long as can be. */
static int put_packed(struct putting *putting, uint64_t first, uint64_t end, struct error *error)
{
    const struct cutting *cutting = &putting->staging->plan->out[putting->result].cutting;
    uint64_t plain = first;
    struct segment segment;

    for (uint64_t at = first; at < end && cutting->chunk_bytes; at += segment.bytes) {
        segment = cutting_at(cutting, at, end);
        if (!cutting_is_whole(&segment))
            continue;
        if (putting->entries->bytes == 0) {
            putting->entries++;
            continue;
        }
        if (put_plain(putting, plain, at, error) || put_encoded(putting, &segment, error))
            return error->code;
        plain = at + segment.bytes;
    }
    return put_plain(putting, plain, end, error);
}

int staging_put(const struct staging *staging, const struct batch *image, struct error *error)
{
    const struct plan *plan = staging->plan;
    const bool packed = image->packed_bytes != 0;
    struct putting putting = {.staging = staging, .data = (const char *)(image + 1)};
    void *out[PORTS_MAX];

    image_results(plan, image->count, (void *)(uintptr_t)image, out);
    if (packed)
        putting.entries = image_entries(plan, image);
    for (int k = 0; k < plan->out_count; k++) {
        const uint64_t first = image->first * plan->out[k].bytes, end = first + image->count * plan->out[k].bytes;

        if (staging->layout->result_offset[k] == UINT64_MAX)
            continue;
        putting.result = k;
        if (!packed)
            putting.data = out[k];
        if (packed ? put_packed(&putting, first, end, error) : put_plain(&putting, first, end, error))
            return error->code;
    }
    return OK;
}

/* Entries first .. end - 1 of the table become zero; what is zero is not written. */
static int clear_entries(struct place *place, uint64_t offset, uint64_t count, struct error *error)
{
    static const struct entry none[WINDOW];
    struct entry window[WINDOW];

    for (uint64_t done = 0; done < count; done += WINDOW) {
        const size_t bytes = (size_t)(count - done < WINDOW ? count - done : WINDOW) * sizeof *window;

        if (place_get(place, offset + done * sizeof *window, window, bytes, error) ||
            (memcmp(window, none, bytes) != 0 && place_put(place, offset + done * sizeof *window, none, bytes, error)))
            return error->code;
    }
    return OK;
}

int staging_clear(const struct staging *staging, uint64_t first, uint64_t count, struct error *error)
{
    for (int k = 0; k < staging->plan->out_count && count; k++) {
        const struct slots *slots = &staging->layout->slots[k];
        const uint64_t item_bytes = staging->plan->out[k].bytes, end = (first + count) * item_bytes;
        struct segment from, to;

        if (!slots->cutting.chunk_bytes)
            continue;
        from = cutting_at(&slots->cutting, first * item_bytes, end);
        to = cutting_at(&slots->cutting, end - 1, end);
        if (clear_entries(staging->place, slots->entries + from.chunk * sizeof(struct entry), to.chunk - from.chunk + 1,
                          error))
            return error->code;
    }
    return OK;
}
