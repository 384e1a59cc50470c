/* HDF5 ids of any kind, closed together. Local; calls HDF5. */
#ifndef DATA_HANDLES_H
#define DATA_HANDLES_H

#include <hdf5.h>

/* Close each id in order; negative ones are none. 0, or -1 if any could not be closed, the error on HDF5's stack. */
int handles_close(const hid_t *ids, int count);

#endif
