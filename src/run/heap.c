#include "run/heap.h"
#include "codec/crc.h"

#include <stdlib.h>
#include <string.h>

#define ROWS_ALIGN 16u
#define ROOM_LEAST 4096u
#define ROOM_KEPT (8u << 20)

static bool grow(struct rows *rows, size_t need)
{
    const size_t twice = 2 * rows->room > ROOM_LEAST ? 2 * rows->room : ROOM_LEAST;
    size_t room = need > twice ? need : twice;
    char *more;

    if (need <= rows->room)
        return true;
    more = realloc(rows->bytes, room);
    if (!more && room > need)
        more = realloc(rows->bytes, room = need);
    if (!more)
        return false;
    rows->bytes = more;
    rows->room = room;
    return true;
}

void *heap_resize(struct rows *rows, struct ref *ref, uint64_t row_bytes, size_t count)
{
    uint64_t bytes, need;

    if (ref->rows && ref->at + ref->rows * row_bytes == rows->used)
        rows->used = ref->at; /* it was the last to ask */
    *ref = (struct ref){(rows->used + ROWS_ALIGN - 1) / ROWS_ALIGN * ROWS_ALIGN, 0};
    if (__builtin_mul_overflow(count, row_bytes, &bytes) || __builtin_add_overflow(ref->at, bytes, &need) ||
        need > PTRDIFF_MAX / 2 || !grow(rows, need + ROWS_ALIGN))
        return NULL;
    ref->rows = count;
    memset(rows->bytes + rows->used, 0, need - rows->used);
    rows->used = need;
    return rows->bytes + ref->at;
}

void heap_clear(struct heap *heap)
{
    for (int k = 0; k < PORTS_MAX; k++) {
        heap->of[k].used = 0;
        if (heap->of[k].room <= ROOM_KEPT)
            continue;
        free(heap->of[k].bytes);
        heap->of[k] = (struct rows){0};
    }
}

uint64_t heap_bytes(const struct heap *heap)
{
    uint64_t bytes = 0;

    for (int k = 0; k < PORTS_MAX; k++)
        bytes += heap->of[k].used;
    return bytes;
}

void heap_copy(const struct heap *heap, uint64_t first, size_t bytes, char *to)
{
    for (int k = 0; k < PORTS_MAX && bytes; k++) {
        const struct rows *rows = &heap->of[k];
        size_t part;

        if (first >= rows->used) {
            first -= rows->used;
            continue;
        }
        part = rows->used - first < bytes ? rows->used - first : bytes;
        memcpy(to, rows->bytes + first, part);
        to += part;
        bytes -= part;
        first = 0;
    }
}

void heap_free(struct heap *heap)
{
    for (int k = 0; k < PORTS_MAX; k++)
        free(heap->of[k].bytes);
    *heap = (struct heap){0};
}

uint32_t heap_crc(uint32_t crc, uint64_t rows, uint32_t rows_crc)
{
    const struct ref record = {rows_crc, rows};

    return crc_add(crc, &record, sizeof record);
}

uint32_t heap_add_crc(const struct rows *rows, const struct refs *refs, uint32_t crc)
{
    for (uint64_t k = 0; k < refs->count; k++) {
        const struct ref *ref = &refs->of[k];
        const uint32_t own = ref->rows ? crc_add(0, rows->bytes + ref->at, ref->rows * refs->row_bytes) : 0;

        crc = heap_crc(crc, ref->rows, own);
    }
    return crc;
}

void refs_move(struct ref *refs, uint64_t count, uint64_t by)
{
    for (uint64_t k = 0; k < count; k++)
        refs[k].at = refs[k].rows ? refs[k].at + by : 0;
}
