/* What is looped over: leading dims, named dims, the selection of --items. Pure; local. */
#ifndef DATA_LOOP_H
#define DATA_LOOP_H

#include "job.h"

/* From the shapes in binding->in[]: loop_rank, loop_shape, dim, start, step and rows. REFUSED: too few or too many
 * dims, sizes that differ from the signature's or from each other, --items that select beyond the end. */
int loop_bind(const struct options *options, const struct signature *signature, const struct scalar param[PORTS_MAX],
              struct binding *binding, struct error *error);

#endif
