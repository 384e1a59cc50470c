/* The source: where items are read from. On root, or on every rank (--io direct); HDF5 from one thread at a time. */
#ifndef DATA_SOURCE_H
#define DATA_SOURCE_H

#include "job.h"

struct source;

/* Are the files of the inputs, on this rank, those that the binding was made from? FAILED: one is missing, or another.
 */
int source_is_seen(const struct signature *signature, const struct binding *binding, struct error *error);

/* Open the datasets of the binding, each with a chunk cache of plan->cache_bytes. */
int source_open(const struct signature *signature, const struct binding *binding, const struct plan *plan,
                struct source **source, struct error *error);

/* To be called first in a thread other than the one that opened it: HDF5 prints errors by itself, thread by thread. */
int source_enter(struct error *error);

/* Read the items at positions first .. first + count - 1 (positions in the selection, row-major over the leading dims):
 * to[k] gets [count][elements] of the wire type for input k, unless it is NULL; parameters' to[k] are left alone. */
int source_read(struct source *source, uint64_t first, uint64_t count, void *const to[PORTS_MAX], struct error *error);

/* Before it, for the same items: to[k] of each input that the plan has bundled, with bundle_room of the items' bytes,
 * gets the chunks that they are in (codec/bundle.h), where that is less to do than to read them. Returns bit k of each
 * input that it did so for, whose to[k] becomes NULL. */
uint32_t source_fetch(struct source *source, uint64_t first, uint64_t count, void *to[PORTS_MAX]);

/* Close everything; NULL is fine. */
void source_close(struct source *source);

#endif
