/* Which bytes of a result lie in which of its chunks (job.h, struct cutting). Pure. */
#ifndef RUN_CUTTING_H
#define RUN_CUTTING_H

#include "job.h"

/* Bytes of a result that lie in one chunk. */
struct segment {
    uint64_t first, bytes;
    uint64_t chunk;                    /* its number, row by row */
    uint64_t chunk_first, chunk_bytes; /* what of it is within the edge */
};

/* The longest from byte `first` on and below byte `end`. */
struct segment cutting_at(const struct cutting *cutting, uint64_t first, uint64_t end);

/* Is all of the chunk in it? */
bool cutting_is_whole(const struct segment *segment);

/* Chunks of a result of so many bytes, whole rows. */
uint64_t cutting_chunks(const struct cutting *cutting, uint64_t bytes);

/* The most whole chunks that any run of so many bytes holds; 0 where the result is not cut. */
uint64_t cutting_most(const struct cutting *cutting, uint64_t bytes);

#endif
