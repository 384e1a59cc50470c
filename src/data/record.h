/* The group /h5map of an output: who made this. Root only; calls HDF5. */
#ifndef DATA_RECORD_H
#define DATA_RECORD_H

#include "data/output.h"

#include <hdf5.h>

/* Make /h5map in the file: attributes, identity, source, inputs, parameters. `items` of the selection. FAILED where it
 * can't be written. */
int record_write(hid_t file, const struct record *record, uint64_t items, struct error *error);

/* Give the group /h5map an attribute that is one number, uint64. */
int record_number(hid_t group, const char *name, uint64_t number, struct error *error);

#endif
