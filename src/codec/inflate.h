/* Inflate and unshuffle: chunks as HDF5's standard filters stored them, back into elements. Pure; local; an object is
 * for one thread at a time. */
#ifndef CODEC_INFLATE_H
#define CODEC_INFLATE_H

#include "error.h"

#include <stdbool.h>
#include <stddef.h>

/* A decompressor and its buffer. */
struct inflate;

/* Make one for at most `bytes_max` bytes of elements at a time. FAILED: no memory. */
int inflate_open(size_t bytes_max, struct inflate **inflate, struct error *error);

/* What filters made of `bytes` bytes of elements. */
struct filtered {
    const void *data;
    size_t data_bytes;
    bool deflated;   /* zlib format */
    size_t shuffled; /* the size of an element in bytes, where they were shuffled before; 0, 1: they were not */
};

/* Undo the filters: `bytes` bytes into `to`, which does not overlap the data. false: it is damaged (no zlib format, a
 * wrong checksum, other than `bytes` bytes long), and what `to` holds is undefined. */
bool inflate_undo(struct inflate *inflate, const struct filtered *filtered, void *to, size_t bytes);

/* NULL is fine. */
void inflate_close(struct inflate *inflate);

#endif
