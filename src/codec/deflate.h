/* Shuffle and deflate, as HDF5's standard filters do: what their inverses undo. Pure; local; an object is for one
 * thread at a time. */
#ifndef CODEC_DEFLATE_H
#define CODEC_DEFLATE_H

#include "error.h"

#include <stddef.h>

#define DEFLATE_LEVEL_MAX 9

/* A compressor and its buffers. */
struct deflate;

/* Make one for at most `bytes_max` bytes at a time (below 1 GiB), level 1 (fast) to 9 (small): ISA-L up to 3,
 * libdeflate from 4 on. It takes about three times as much memory. FAILED: no memory. */
int deflate_open(int level, size_t bytes_max, struct deflate **deflate, struct error *error);

/* The memory that deflate_open takes, in bytes. */
size_t deflate_memory(size_t bytes_max);

/* Shuffle and compress into the zlib format. Returns how many bytes, and *packed: where they are, until the next call.
 * What can't be made smaller gets a few bytes longer. The same data gives the same bytes. */
size_t deflate_pack(struct deflate *deflate, const void *data, size_t bytes, size_t element_bytes, const void **packed);

/* A chunk as HDF5 stores it: whole, also where it sticks out over the edge. */
struct chunk_shape {
    size_t bytes; /* bytes_max at most */
    size_t element_bytes;
    const void *fill; /* an element, for what is behind the edge */
};

/* The same of a chunk of which `bytes` bytes, its first ones, are within the edge. */
size_t deflate_chunk(struct deflate *deflate, const struct chunk_shape *shape, const void *data, size_t bytes,
                     const void **packed);

/* NULL is fine. */
void deflate_close(struct deflate *deflate);

#endif
