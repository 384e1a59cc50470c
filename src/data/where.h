/* Which file and dataset each input is, from the words the user typed. Local; no HDF5, no look into any file. */
#ifndef DATA_WHERE_H
#define DATA_WHERE_H

#include "job.h"

/* Fill in file and dataset of binding->in[] for every input of the signature. REFUSED: -i of a name that is no input,
 * or of one that is bound already; INPUT FILE:/DATASET for several inputs; what is not possible yet. A kernel without
 * inputs has INPUT count:N, and binding gets a loop over N items. */
int where_bind(const struct options *options, const struct signature *signature, struct binding *binding,
               struct error *error);

#endif
