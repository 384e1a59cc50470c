/* Chunks of an input as they are stored, fetched without decoding them: that is left to those who map (codec/bundle.h).
 * Root, or whoever reads; HDF5 from one thread only. */
#ifndef DATA_FETCH_H
#define DATA_FETCH_H

#include "codec/bundle.h"

#include <hdf5.h>

/* A dataset that is open. */
struct fetch {
    hid_t dataset; /* the caller's */
    hid_t type;    /* of an element in memory; the caller's */
    struct chunking chunking;
    char name[BUNDLE_NAME_BYTES]; /* for messages */
};

/* Compare what comes out of a bundle with what H5Dread reads, for the first of the chunks that were written. false:
 * they differ, or one of them fails: its chunks are not to be fetched. */
bool fetch_is_right(const struct fetch *fetch);

/* Bundle the chunks that hold elements of the boxes, which are disjoint and not empty, into `room` bytes at `to`.
 * Returns the bytes of the bundle, or 0 where the elements are better read by H5Dread: they are less than half of the
 * chunks, the bundle does not fit, or HDF5 fails. */
size_t fetch_bundle(const struct fetch *fetch, const struct bundle_box *boxes, uint64_t box_count, void *to,
                    size_t room);

#endif
