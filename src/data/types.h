/* HDF5's types and ours. Local; calls HDF5. The ids returned are the caller's to close with H5Tclose. */
#ifndef DATA_TYPES_H
#define DATA_TYPES_H

#include "job.h"

#include <hdf5.h>

/* A stored type, as messages name it and as it lies in memory after reading. */
struct stored_type {
    enum type wire;        /* TYPE_NONE: kernels can't take it */
    char name[NAME_BYTES]; /* "big-endian int16"; of what kernels can't take, in the plural: "strings" */
};

/* Look at a stored type: integers and floats of any width and order, enums, bitfields, h5py's bool, complex compounds
 * {r, i} and {real, imag}. Everything else is TYPE_NONE. */
void types_look(hid_t stored, struct stored_type *look);

/* The type to read `stored` with, so that `wire` lies in memory. An unsigned wire of a signed stored type (CF's
 * _Unsigned) is read signed: the bytes are the same. Negative on failure. */
hid_t types_memory(enum type wire, hid_t stored);

/* The type that results are stored with: this machine's own; bool and complex as h5py has them, compounds with the
 * offsets of the C struct. Negative on failure. */
hid_t types_output(const struct field *field, enum type type, struct element element);

/* What an array type is of, with its dims; another type is itself, of rank 0. Negative on failure. */
hid_t types_base(hid_t type, int *rank, hsize_t dim[H5S_MAX_RANK]);

/* Fixed-length UTF-8 text of `bytes` bytes (at least 1), padded with NULs. Negative on failure. */
hid_t types_text(size_t bytes);

#endif
