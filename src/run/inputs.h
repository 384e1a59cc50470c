/* Inputs on their way from a ticket to the kernel: converted to its types, ragged ones cut into pieces. Of one lane. */
#ifndef RUN_INPUTS_H
#define RUN_INPUTS_H

#include "run/calls.h"

/* All zero: not open. */
struct inputs {
    const struct plan *plan;
    void *converted[PORTS_MAX];  /* [piece][elements] of inputs that need it */
    uint64_t *offset[PORTS_MAX]; /* [piece + 1] of ragged inputs */
};

/* Where a piece begins in a ticket. */
struct piece_at {
    uint64_t count; /* items of the ticket */
    uint64_t done;  /* of them, before the piece */
};

/* Buffers for what the plan has. FAILED: no memory; inputs_close is due all the same. */
int inputs_open(struct inputs *inputs, const struct plan *plan, struct error *error);
void inputs_close(struct inputs *inputs);

/* Ragged input k lies at `from` in the ticket (codec/ragged.h): part->in[k] and part->offset[k], from 0 on, become the
 * rows of the piece. */
void inputs_place_ragged(const struct inputs *inputs, int k, const void *from, const struct piece_at *at,
                         struct part *part);

/* Convert what needs it: part->in[] leads to the converted items. An item that can't be converted is a gap of the part:
 * its status is set, and a reason kept. */
void inputs_convert(const struct inputs *inputs, struct part *part, struct calls *calls);

#endif
