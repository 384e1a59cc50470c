/* A dataset of an output as one run of elements, whatever its shape and storage. Local; calls HDF5. */
#ifndef DATA_FLAT_H
#define DATA_FLAT_H

#include "data/slab.h"

#include <hdf5.h>

/* What its elements are. */
struct flat_type {
    enum type type;
    struct element element;
    const struct field *field; /* of compounds */
};

struct flat {
    char path[PATH_BYTES];
    struct flat_type type;
    hid_t dataset, space, memory_type;
    struct grid grid;
};

/* Not open. */
void flat_none(struct flat *flat);

/* Open the dataset `path`. FAILED where it is not there, or its elements are not of the type. */
int flat_open(hid_t file, const char *path, const struct flat_type *type, struct flat *flat, struct error *error);

/* How many elements it holds. */
uint64_t flat_elements(const struct flat *flat);

/* Read elements first .. first + count - 1, which must be there, into to: [count] of its type. */
int flat_read(const struct flat *flat, uint64_t first, uint64_t count, void *to, struct error *error);

/* Close it, if it is open. */
void flat_close(struct flat *flat);

#endif
