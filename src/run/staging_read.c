/* What was staged, read back. */
#include "codec/crc.h"
#include "codec/inflate.h"
#include "run/cutting.h"
#include "run/staging.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct staging_reader {
    const struct place *place;
    const struct layout *layout;
    struct inflate *inflate; /* NULL: no result has slots */
    unsigned char *encoded, *decoded;
    int result; /* whose chunk is in `decoded`, -1: none */
    uint64_t chunk;
};

static size_t largest_chunk(const struct layout *layout)
{
    uint64_t most = 0;

    for (int k = 0; k < PORTS_MAX; k++)
        if (layout->slots[k].cutting.chunk_bytes > most)
            most = layout->slots[k].cutting.chunk_bytes;
    return most;
}

int staging_open(const struct place *place, const struct layout *layout, struct staging_reader **reader,
                 struct error *error)
{
    const size_t bytes = largest_chunk(layout);
    struct staging_reader *r = calloc(1, sizeof *r);

    *reader = NULL;
    if (!r || (bytes && (!(r->encoded = malloc(bytes)) || !(r->decoded = malloc(bytes))))) {
        staging_close(r);
        return error_memory(error, "reading back", 2 * (unsigned long long)bytes);
    }
    *r = (struct staging_reader){place, layout, NULL, r->encoded, r->decoded, -1, 0};
    if (bytes && inflate_open(bytes, &r->inflate, error)) {
        staging_close(r);
        return error->code;
    }
    *reader = r;
    return OK;
}

void staging_close(struct staging_reader *reader)
{
    if (!reader)
        return;
    inflate_close(reader->inflate);
    free(reader->encoded);
    free(reader->decoded);
    free(reader);
}

/* The entry of a segment's chunk, and what is in its slot into `to`. *sound false: that is not what the entry tells of.
 */
static int read_slot(const struct staging_reader *r, int result, const struct segment *segment, void *to,
                     struct entry *entry, bool *sound, struct error *error)
{
    const struct slots *slots = &r->layout->slots[result];

    *sound = true;
    if (place_get(r->place, slots->entries + segment->chunk * sizeof *entry, entry, sizeof *entry, error) ||
        entry->bytes == 0)
        return error->code;
    *sound = false;
    if (entry->bytes >= segment->chunk_bytes)
        return OK;
    if (place_get(r->place, slots->offset + segment->chunk_first, to, entry->bytes, error))
        return error->code;
    *sound = crc_add(0, to, entry->bytes) == entry->crc;
    return OK;
}

/* Have the chunk of a segment decoded, if it is encoded. */
static int decode(struct staging_reader *r, int result, const struct segment *segment, bool *encoded, bool *sound,
                  struct error *error)
{
    const struct slots *slots = &r->layout->slots[result];
    struct filtered filtered = {.data = r->encoded, .deflated = true, .shuffled = slots->element_bytes};
    struct entry entry;

    *encoded = *sound = true;
    if (r->result == result && r->chunk == segment->chunk)
        return OK;
    if (read_slot(r, result, segment, r->encoded, &entry, sound, error))
        return error->code;
    *encoded = entry.bytes > 0;
    if (!*encoded || !*sound)
        return OK;
    filtered.data_bytes = entry.bytes;
    r->result = -1;
    *sound = inflate_undo(r->inflate, &filtered, r->decoded, slots->cutting.chunk_bytes);
    if (*sound) {
        r->result = result;
        r->chunk = segment->chunk;
    }
    return OK;
}

static int read_segment(struct staging_reader *r, int result, const struct segment *segment, void *to, bool *sound,
                        struct error *error)
{
    bool encoded;

    if (decode(r, result, segment, &encoded, sound, error))
        return error->code;
    if (!encoded)
        return place_get(r->place, r->layout->result_offset[result] + segment->first, to, segment->bytes, error);
    if (*sound)
        memcpy(to, r->decoded + (segment->first - segment->chunk_first), segment->bytes);
    return OK;
}

int staging_read(struct staging_reader *reader, const struct stretch *stretch, void *to, bool *sound,
                 struct error *error)
{
    const struct layout *layout = reader->layout;
    const struct cutting *cutting = &layout->slots[stretch->result].cutting;
    const uint64_t end = stretch->first + stretch->bytes;
    struct segment segment;
    char *next = to;

    *sound = true;
    if (!cutting->chunk_bytes)
        return place_get(reader->place, layout->result_offset[stretch->result] + stretch->first, to, stretch->bytes,
                         error);
    for (uint64_t at = stretch->first; at < end && *sound; at += segment.bytes, next += segment.bytes) {
        segment = cutting_at(cutting, at, end);
        if (read_segment(reader, stretch->result, &segment, next, sound, error))
            return error->code;
    }
    return OK;
}

int staging_chunk(struct staging_reader *reader, int result, uint64_t first, void *to, size_t *bytes,
                  struct error *error)
{
    const struct cutting *cutting = &reader->layout->slots[result].cutting;
    struct segment segment;
    struct entry entry;
    bool sound;

    *bytes = 0;
    if (!cutting->chunk_bytes)
        return OK;
    segment = cutting_at(cutting, first, first + 1);
    if (read_slot(reader, result, &segment, to, &entry, &sound, error))
        return error->code;
    if (!sound)
        return error_set(error, FAILED,
                         "%s: can't read back: chunk %" PRIu64 " of a result is damaged (run the same command again)",
                         place_path(reader->place), segment.chunk);
    *bytes = entry.bytes;
    return OK;
}
