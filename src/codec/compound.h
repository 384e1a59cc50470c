/* Compounds as they travel into the structs that kernels take, field by field. Pure; local; safe from several threads.
 */
#ifndef CODEC_COMPOUND_H
#define CODEC_COMPOUND_H

#include "job.h"

/* Is anything to be done, or do they travel as kernels take them? */
bool compound_converts(const struct field *field, struct element element);

/* Where they go to. */
struct compounds {
    void *to;        /* [count][elements] */
    int32_t *status; /* [count] */
};

/* Convert `count` items of feed->elements compounds, whose fields are in the pool. Text is not copied: the structs
 * point at it where it is in `from`. Each number goes by convert_items' rules: one that does not fit becomes 0 and its
 * item's status 1. Returns how many items failed. */
size_t compound_convert(const struct field *field, const struct feed *feed, const void *from, size_t count,
                        const struct compounds *compounds);

/* Why the item at `from` failed: "field 'inner.at': 300 is not a uint8", into text; "": it did not. */
void compound_reason(const struct field *field, const struct feed *feed, const void *from, char *text,
                     size_t text_bytes);

#endif
