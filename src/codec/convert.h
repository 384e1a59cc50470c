/* Elements of one type into another, item by item. Pure; local; safe from several threads. */
#ifndef CODEC_CONVERT_H
#define CODEC_CONVERT_H

#include "job.h"

/* Convert count items of feed->elements elements from feed->wire to feed->type: `to` is [count][elements], and does not
 * overlap `from`. A packed feed is unpacked in double: raw * scale + offset, the fills become NaN.
 *
 * An element that the type can't hold (out of range, float's too, NaN or a fraction into an integer, anything but 0 and
 * 1 into bool) becomes 0 and its item's status[k] becomes 1; other statuses are left alone. A floating type takes every
 * number that is in its range: rounding is fine. Returns how many items failed. */
size_t convert_items(const struct feed *feed, const void *from, size_t count, void *to, int32_t *status);

/* Why item k of `from` failed: "300 is not a uint8" for its first such element, into text. */
void convert_reason(const struct feed *feed, const void *from, size_t k, char *text, size_t text_bytes);

/* Convert n elements of a scalar type into another, or the same; do all fit? One that does not becomes 0. */
bool convert_run(enum type wire, enum type type, const void *from, size_t n, void *to);

/* Can `from` become `to` at all (--cast)? Complex into real can't. */
bool convert_possible(enum type from, enum type to);

#endif
