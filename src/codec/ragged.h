/* A part of a ticket whose items have lengths of their own: [count + 1] offsets, counted in rows from 0, then the rows
 * of all items back to back. Pure; local. */
#ifndef CODEC_RAGGED_H
#define CODEC_RAGGED_H

#include "job.h"

/* Where the rows begin, behind the part's first byte; a multiple of BATCH_ALIGN. */
size_t ragged_rows_at(uint64_t count);

/* The bytes of a part that is filled. */
size_t ragged_bytes(const struct feed *feed, const void *part, uint64_t count);

/* The most bytes that the part of so many items takes. */
size_t ragged_room(const struct feed *feed, uint64_t count);

/* Item k alone, as items of one size are described. */
struct feed ragged_item(const struct feed *feed, const uint64_t *offset, uint64_t k);

/* convert_items of `count` items that offset[0 .. count] cut; both sides begin at offset[0], which is 0. */
size_t ragged_convert(const struct feed *feed, const uint64_t *offset, const void *from, uint64_t count, void *to,
                      int32_t *status);

/* convert_reason of item k. */
void ragged_reason(const struct feed *feed, const uint64_t *offset, const void *from, uint64_t k, char *text,
                   size_t text_bytes);

#endif
