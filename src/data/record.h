/* The group /h5map of an output: who made this. Root only; calls HDF5. */
#ifndef DATA_RECORD_H
#define DATA_RECORD_H

#include "data/output.h"

#include <hdf5.h>

/* Make /h5map in the file: attributes, source, inputs, parameters. FAILED where it can't be written. */
int record_write(hid_t file, const struct record *record, struct error *error);

/* Add /h5map/runs, /h5map/ranks and /h5map/failures. */
int record_end(hid_t file, const struct ending *ending, struct error *error);

#endif
