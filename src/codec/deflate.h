/* Shuffle and deflate, as HDF5's standard filters do: what their inverses undo. Pure; local; an object is for one
 * thread at a time. */
#ifndef CODEC_DEFLATE_H
#define CODEC_DEFLATE_H

#include "error.h"

#include <stddef.h>

#define DEFLATE_LEVEL_MAX 9

/* HDF5's shuffle: the first bytes of all elements, then the second bytes, and so on; a tail that is no whole element is
 * copied. `to` holds `bytes` bytes as well and does not overlap `from`. */
void deflate_shuffle(const void *from, size_t bytes, size_t element_bytes, void *to);

/* A compressor and its buffers. */
struct deflate;

/* Make one for at most `bytes_max` bytes at a time, level 1 (fast) to 9 (small). FAILED: no memory. */
int deflate_open(int level, size_t bytes_max, struct deflate **deflate, struct error *error);

/* Shuffle and compress into the zlib format. Returns how many bytes, and *packed: where they are, until the next call.
 * What can't be made smaller gets a few bytes longer. */
size_t deflate_pack(struct deflate *deflate, const void *data, size_t bytes, size_t element_bytes, const void **packed);

/* NULL is fine. */
void deflate_close(struct deflate *deflate);

#endif
