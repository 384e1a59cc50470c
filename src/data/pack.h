/* The compressed output, made from the results that were staged in another file. Root only; calls HDF5. */
#ifndef DATA_PACK_H
#define DATA_PACK_H

#include "data/output.h"

/* Where the results lie, contiguous, as output_create laid them out. */
struct staged {
    const struct layout *layout;
    void *self;
    /* `bytes` bytes from the offset on. Nonzero, and the error as a whole line, ends it. */
    int (*read)(void *self, uint64_t offset, void *to, size_t bytes, struct error *error);
    /* The chunk that begins at byte `first` of result k, where it is encoded as deflate_chunk does: into `to`, which
     * has room for the chunk as it was. *bytes 0: it is not. */
    int (*chunk)(void *self, int k, uint64_t first, void *to, size_t *bytes, struct error *error);
    /* Asked before each chunk: is it to go on? Nonzero, and the error as a whole line, ends it. */
    int (*look)(void *self, struct error *error);
};

struct pack {
    struct target target; /* the file to make */
    const struct record *record;
    const struct ending *ending;
    uint64_t items, block; /* as in the plan */
    struct staged staged;
    int level; /* of deflate, 1 to 9 */
};

/* Make the file (truncating it): the results and /h5map as output_create and output_complete make them, but chunked
 * (output_cutting), shuffled and deflated, for HDF5's standard filters; a result without axes or items is contiguous.
 * Takes three chunks of memory, of 1 MiB at most. Closed and checked before it returns; it is not synced, and stays
 * where it fails. FAILED: disk full, I/O error; or what read and look say. */
int pack_write(const struct pack *pack, struct error *error);

#endif
