/* A bundle: chunks of a dataset as they are stored, and which of their elements are wanted. It travels in a ticket in
 * place of an input's items, and is unpacked where they are needed. Pure; local.
 *
 *   struct bundle, struct bundle_box [boxes], and for each chunk: struct bundle_chunk, its data, padded to 8 bytes */
#ifndef CODEC_BUNDLE_H
#define CODEC_BUNDLE_H

#include "job.h"

#define BUNDLE_RANK_MAX (LOOP_DIMS_MAX + PORT_DIMS_MAX)
#define BUNDLE_NAME_BYTES 168

/* How a dataset is cut into chunks, and what its filters are: deflate, or shuffle and deflate. */
struct chunking {
    uint32_t rank, element_bytes;
    uint32_t shuffled; /* 1: shuffle comes before deflate */
    uint32_t padding;
    unsigned char fill[16];          /* an element of a chunk that was never written */
    uint64_t shape[BUNDLE_RANK_MAX]; /* elements of the dataset */
    uint64_t chunk[BUNDLE_RANK_MAX]; /* elements of a chunk */
    uint64_t grid[BUNDLE_RANK_MAX];  /* chunks: shape / chunk, rounded up */
};

/* Elements that are wanted: a box of the dataset. */
struct bundle_box {
    uint64_t place; /* of its first element among the items; it lies there row-major */
    uint64_t first[BUNDLE_RANK_MAX], count[BUNDLE_RANK_MAX];
};

struct bundle {
    uint64_t bytes; /* all of it */
    uint64_t chunks;
    uint64_t boxes;
    struct chunking chunking;
    char name[BUNDLE_NAME_BYTES]; /* for messages: "x: /pos in FILE" */
};

/* A chunk, as it is stored. */
struct bundle_chunk {
    uint64_t number; /* row-major in the grid */
    uint32_t bytes;  /* 0: never written */
    uint32_t mask;   /* bit k: filter k was left out */
};

/* Room for a bundle in place of so many bytes of items: chunks that can't be made smaller fit too. */
size_t bundle_room(size_t items_bytes);

/* Bytes of a chunk, unpacked. */
uint64_t bundle_chunk_bytes(const struct chunking *chunking);

/* The first element of the chunk with this number. */
void bundle_chunk_first(const struct chunking *chunking, uint64_t number, uint64_t first[BUNDLE_RANK_MAX]);

/* Does the chunk that begins at `first` hold elements of the box? */
bool bundle_touches(const struct chunking *chunking, const uint64_t first[BUNDLE_RANK_MAX],
                    const struct bundle_box *box);

/* Begin a bundle of these boxes, without chunks, in `room` bytes at `bundle`. false: they don't fit. */
bool bundle_begin(struct bundle *bundle, size_t room, const struct chunking *chunking, const struct bundle_box *boxes,
                  uint64_t box_count);

/* Where the data of the next chunk of `bytes` bytes goes; NULL: it does not fit in `room` bytes any more. */
void *bundle_next(struct bundle *bundle, size_t room, uint32_t bytes);

/* It is there: add it. Every chunk that holds elements of the boxes is added once. */
void bundle_add(struct bundle *bundle, const struct bundle_chunk *chunk);

/* What unpacks, one bundle at a time. */
struct unpacker;

/* Make one for chunks of at most this many bytes, unpacked. It takes twice as much. FAILED: no memory. */
int unpacker_open(size_t chunk_bytes, struct unpacker **unpacker, struct error *error);

/* The elements of the boxes, each where its box says, into `to`. FAILED, naming the chunk, where one is damaged. */
int unpacker_unpack(struct unpacker *unpacker, const struct bundle *bundle, void *to, struct error *error);

/* NULL is fine. */
void unpacker_close(struct unpacker *unpacker);

#endif
