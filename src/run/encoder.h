/* The chunks of a result image that are whole, encoded: shuffled and deflated as HDF5 stores them. On every rank; an
 * object is for one thread at a time. */
#ifndef RUN_ENCODER_H
#define RUN_ENCODER_H

#include "job.h"

struct encoder;

/* The memory that one takes, in bytes; 0 where nothing is to be encoded. */
uint64_t encoder_bytes(const struct plan *plan);

/* Make one for tickets of plan->slice items at most. *encoder NULL: nothing is to be encoded. FAILED: no memory. */
int encoder_open(const struct plan *plan, struct encoder **encoder, struct error *error);

/* Pack the image, where it has whole chunks that get smaller (image.h); its bitmap and reasons move along. Adds to
 * busy_s and pack_s. encoder NULL is fine. */
void encoder_pack(struct encoder *encoder, struct batch *image);

/* NULL is fine. */
void encoder_close(struct encoder *encoder);

#endif
