/* What is added to /h5map when all items are done. Root only; calls HDF5. */
#ifndef DATA_ENDING_H
#define DATA_ENDING_H

#include "data/output.h"

#include <hdf5.h>

/* Add the tables runs, made, ranks and failures, and the attribute failed. FAILED where it can't be written. */
int ending_write(hid_t file, const struct ending *ending, struct error *error);

#endif
