/* A dataset whose elements lie in its file one after the other, just as memory wants them: read without HDF5, whose
 * way to them takes microseconds a read. Local; raw_open calls HDF5. */
#ifndef DATA_RAW_H
#define DATA_RAW_H

#include "data/slab.h"

struct raw {
    int fd;          /* HDF5's own; -1: it can't be read like this */
    uint64_t offset; /* of the first element, in the file */
    uint64_t element_bytes;
    struct grid grid; /* all axes */
};

/* Look at an open dataset that is to be read as elements of type `memory`; good for as long as it is open. */
void raw_open(hid_t dataset, hid_t memory, struct raw *raw);

/* Read a box, of axis 0 each step-th index. False: it does not lie in one run, or it could not be read; HDF5 is to. */
bool raw_read(const struct raw *raw, const struct slab *slab, uint64_t step, void *to);

#endif
