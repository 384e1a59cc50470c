/* Can what a dataset says it holds be read at all? HDF5 gives no error for some of what can't. Local; calls HDF5. */
#ifndef DATA_STORAGE_H
#define DATA_STORAGE_H

#include "job.h"

#include <hdf5.h>

/* Check that the filters are there, external raw files exist and are long enough, and the sources of a virtual dataset
 * open. `name` is the input's, for messages. REFUSED where not. */
int storage_check(hid_t dataset, const char *name, struct bound *bound, struct error *error);

#endif
