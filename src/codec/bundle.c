#include "codec/bundle.h"

#include <string.h>

#define ROOM_BYTES 4096 /* the header and some boxes */
#define ROOM_SHARE 64   /* and this part of the items for the chunks' headers */

size_t bundle_room(size_t items_bytes)
{
    return items_bytes + items_bytes / ROOM_SHARE + ROOM_BYTES;
}

uint64_t bundle_chunk_bytes(const struct chunking *chunking)
{
    uint64_t bytes = chunking->element_bytes;

    for (uint32_t d = 0; d < chunking->rank; d++)
        bytes *= chunking->chunk[d];
    return bytes;
}

void bundle_chunk_first(const struct chunking *chunking, uint64_t number, uint64_t first[BUNDLE_RANK_MAX])
{
    for (uint32_t d = chunking->rank; d-- > 0;) {
        first[d] = number % chunking->grid[d] * chunking->chunk[d];
        number /= chunking->grid[d];
    }
}

bool bundle_touches(const struct chunking *chunking, const uint64_t first[BUNDLE_RANK_MAX],
                    const struct bundle_box *box)
{
    for (uint32_t d = 0; d < chunking->rank; d++)
        if (first[d] >= box->first[d] + box->count[d] || box->first[d] >= first[d] + chunking->chunk[d])
            return false;
    return true;
}

bool bundle_begin(struct bundle *bundle, size_t room, const struct chunking *chunking, const struct bundle_box *boxes,
                  uint64_t box_count)
{
    const size_t bytes = sizeof *bundle + box_count * sizeof *boxes;

    if (bytes > room)
        return false;
    *bundle = (struct bundle){.bytes = bytes, .boxes = box_count, .chunking = *chunking};
    memcpy(bundle + 1, boxes, box_count * sizeof *boxes);
    return true;
}

static size_t padded(size_t bytes)
{
    return (bytes + 7) / 8 * 8;
}

void *bundle_next(struct bundle *bundle, size_t room, uint32_t bytes)
{
    const size_t all = bundle->bytes + sizeof(struct bundle_chunk) + padded(bytes);

    return all <= room ? (char *)bundle + bundle->bytes + sizeof(struct bundle_chunk) : NULL;
}

void bundle_add(struct bundle *bundle, const struct bundle_chunk *chunk)
{
    memcpy((char *)bundle + bundle->bytes, chunk, sizeof *chunk);
    bundle->bytes += sizeof *chunk + padded(chunk->bytes);
    bundle->chunks++;
}
