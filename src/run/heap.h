/* The rows of a ticket's ragged results, until they are on root's disk. Pure, but for memory. */
#ifndef RUN_HEAP_H
#define RUN_HEAP_H

#include "job.h"

/* One run of bytes that grows; all zero: empty. */
struct rows {
    char *bytes;
    size_t used, room;
};

/* Of each ragged result; by result, so that growing one moves no other. The payload of a ticket is one behind the
 * other. */
struct heap {
    struct rows of[PORTS_MAX];
};

/* `count` rows of row_bytes, all zero, for the item that *ref is of; what it had is given up. ref->at is their place in
 * the rows. NULL: no memory, and the item has none. */
void *heap_resize(struct rows *rows, struct ref *ref, uint64_t row_bytes, size_t count);

/* Forget everything; much memory is given back. */
void heap_clear(struct heap *heap);

/* All bytes of it. */
uint64_t heap_bytes(const struct heap *heap);

/* Bytes first .. first + bytes - 1 of it. */
void heap_copy(const struct heap *heap, uint64_t first, size_t bytes, char *to);

void heap_free(struct heap *heap);

/* Of some items. */
struct refs {
    const struct ref *of; /* [count] */
    uint64_t count, row_bytes;
};

/* The CRC (heap_crc) of what `crc` is of, followed by these items, whose rows are in `rows`. */
uint32_t heap_add_crc(const struct rows *rows, const struct refs *refs, uint32_t crc);

/* What they are of begins `by` bytes later; those without rows are at 0. */
void refs_move(struct ref *refs, uint64_t count, uint64_t by);

/* The CRC of ragged items is that of a record an item, which takes sizeof(struct ref): rows and the CRC of their bytes.
 */
uint32_t heap_crc(uint32_t crc, uint64_t rows, uint32_t rows_crc);

#endif
