/* A shared table: a whole dataset, read once. Root; calls HDF5. */
#ifndef DATA_SHARED_H
#define DATA_SHARED_H

#include "job.h"

struct shared_table {
    const struct port *port;
    const struct bound *bound;
    const struct feed *feed;
    const struct field *field; /* the plan's */
    uint64_t cache_bytes;
    void *self;
    void (*look)(void *self); /* called before each piece; NULL: not */
};

/* Read the dataset of the shared input `port`, which is bound to `bound`, into `to`: its elements, row-major, of the
 * kernel's type, all of them. It is read in pieces, and converted and unpacked as inputs are; where it has
 * to be, this takes a few MiB beside it, and chunks at hand at most cache_bytes (one at least). REFUSED where an
 * element can't be converted, naming it; FAILED where the dataset can't be read. */
int shared_read(const struct shared_table *table, void *to, struct error *error);

#endif
