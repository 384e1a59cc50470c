/* The texts among the inputs, looked at before anything is mapped. Root; calls HDF5. */
#ifndef DATA_TEXTS_H
#define DATA_TEXTS_H

#include "job.h"

/* Read all selected items of the inputs that are strings or have some, once. REFUSED: one that is not UTF-8, with its
 * item's index. */
int texts_check(const struct signature *signature, const struct binding *binding, struct error *error);

#endif
