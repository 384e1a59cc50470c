/* The datasets of the output that items fill: the results, and the bitmap of failed items. Local; calls HDF5. */
#ifndef DATA_RESULT_H
#define DATA_RESULT_H

#include "data/output.h"
#include "data/slab.h"

#include <hdf5.h>

#define RESULT_OFFSETS "_offsets" /* behind the name of a ragged result, for the dataset of its offsets */

struct result {
    const char *path; /* in the file */
    enum type type;
    struct element element;
    const struct field *field; /* the signature's */
    int rank;
    hsize_t shape[SLAB_RANK_MAX];
};

/* Result k: the leading dims of the selection, then the port's. A ragged one as it is staged, a struct ref an item. */
struct result result_of(const struct record *record, int k);

/* The bitmap /h5map/failed of so many items. */
struct result result_failed(uint64_t items);

/* Does it hold nothing, as an axis has length 0? */
bool result_is_empty(const struct result *result);

/* How a compressed result is cut. */
struct chunks {
    hsize_t shape[SLAB_RANK_MAX];
    uint64_t elements;     /* of one */
    uint64_t row_elements; /* that are cut, from their beginning on: those below an index of the axis above; or all */
    int level;             /* of deflate; the caller's */
};

/* Chunks of about 1 MiB and not more, each one run of the flat result. Where rows of axis 0 fit in, as many as a power
 * of two times `step`, so that the chunks of several results end at the same items; else evenly. false: it is not to be
 * chunked, as it is empty or has no axes. */
bool result_chunks(const struct result *result, uint64_t step, struct chunks *chunks);

/* The least rows of axis 0 that are whole blocks of items. */
uint64_t result_step(const struct binding *binding, uint64_t block);

/* Make the dataset, and the groups on the way. With chunks NULL it is contiguous, its place known at once, and HDF5
 * writes nothing into it; otherwise its chunks are shuffled and deflated. *dataset is the caller's to close. */
int result_make(hid_t file, const struct result *result, const struct chunks *chunks, hid_t *dataset,
                struct error *error);

/* Where a contiguous one lies in the file; UINT64_MAX where it is empty. */
int result_offset(hid_t dataset, const struct result *result, uint64_t *offset, struct error *error);

#endif
