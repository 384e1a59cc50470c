/* Reading what a finished output says of itself. Root only; calls HDF5. */
#ifndef DATA_ACCOUNT_READ_H
#define DATA_ACCOUNT_READ_H

#include "data/account.h"

#include <hdf5.h>

/* Read all of it from the group. FAILED where something is missing, can't be read, or can't be: more failed items than
 * there are, items that are none, of runs that are none. */
int account_read(hid_t group, struct account *account, struct error *error);

#endif
