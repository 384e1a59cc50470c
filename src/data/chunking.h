/* How datasets are stored: whose chunks can be decoded without HDF5. Local; calls HDF5. */
#ifndef DATA_CHUNKING_H
#define DATA_CHUNKING_H

#include "codec/bundle.h"

#include <hdf5.h>

/* Those whose filters are deflate, or shuffle and deflate, and whose elements are stored as they are to lie in memory.
 * Fills in the chunking of such a one. */
bool chunking_find(hid_t dataset, const struct bound *bound, struct chunking *chunking);

/* May H5Dread leave elements as they are in memory, because they were never written and there is no value for them?
 * They are zeros in what comes out of chunks. */
bool chunking_leaves_gaps(hid_t dataset);

#endif
