/* Items in place that no checkpoint has recorded yet, and their CRCs. Pure; root only. */
#ifndef RUN_EXTENTS_H
#define RUN_EXTENTS_H

#include "job.h"

/* Sorted; extents that touch and are of the same run are one. */
struct extents {
    const struct plan *plan;
    struct extent *of; /* [count] */
    size_t count, room;
    uint64_t items; /* of all of them */
};

/* The extent of a result image in place; `failed_bits` is its bitmap, NULL: no item failed. */
void extents_describe(const struct batch *image, const unsigned char *failed_bits, uint32_t run, struct extent *extent);

/* The CRC of a byte an item, 1: failed, from bits first .. first + count - 1 of a bitmap; goes on from `crc`. */
uint32_t extents_failed_crc(uint32_t crc, const unsigned char *bits, uint64_t first, uint64_t count);

/* Add items that are in none of them. FAILED: no memory. */
int extents_add(struct extents *extents, const struct extent *extent, struct error *error);

/* Have none. */
void extents_clear(struct extents *extents);

void extents_free(struct extents *extents);

#endif
