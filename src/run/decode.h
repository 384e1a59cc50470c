/* Inputs that travelled as bundles of chunks, decoded on the rank that maps them. One a lane. */
#ifndef RUN_DECODE_H
#define RUN_DECODE_H

#include "job.h"

struct decode;

/* Room for the items of a ticket, of each input that the plan has bundled, and for a chunk. */
int decode_open(const struct plan *plan, struct decode **decode, struct error *error);

/* in[k] of each input that is a bundle in the ticket becomes its items, [count][elements] of the wire type; they stay
 * until the next call. FAILED, saying which, where a chunk is damaged. */
int decode_inputs(struct decode *decode, const struct batch *ticket, const void *in[PORTS_MAX], struct error *error);

/* NULL is fine. */
void decode_close(struct decode *decode);

#endif
