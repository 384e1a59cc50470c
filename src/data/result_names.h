/* Which dataset of the output each result becomes. Local; no HDF5. */
#ifndef DATA_RESULT_NAMES_H
#define DATA_RESULT_NAMES_H

#include "job.h"

/* Fill in binding->result: /NAME, OUTPUT's FILE:/DATASET where there is one result, or -o NAME=/DATASET. REFUSED: a
 * name that is no result, a path that is none, /h5map and below, one path twice or below another. */
int result_names_bind(const struct options *options, const struct signature *signature, struct binding *binding,
                      struct error *error);

#endif
