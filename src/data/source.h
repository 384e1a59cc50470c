/* The source: where items are read from. Root only; HDF5 from one thread only. */
#ifndef DATA_SOURCE_H
#define DATA_SOURCE_H

#include "job.h"

struct source;

/* Open the datasets of the binding, each with a chunk cache of plan->cache_bytes. */
int source_open(const struct signature *signature, const struct binding *binding, const struct plan *plan,
                struct source **source, struct error *error);

/* Read the items at positions first .. first + count - 1 (positions in the selection, row-major over the leading dims):
 * to[k] gets [count][elements] of the wire type for input k; parameters' to[k] are left alone. */
int source_read(struct source *source, uint64_t first, uint64_t count, void *const to[PORTS_MAX], struct error *error);

/* Close everything; NULL is fine. */
void source_close(struct source *source);

#endif
