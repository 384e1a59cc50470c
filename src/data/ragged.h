/* Inputs whose items have lengths of their own: /VALUES@/OFFSETS. Root; calls HDF5. */
#ifndef DATA_RAGGED_H
#define DATA_RAGGED_H

#include "job.h"

#include <hdf5.h>

/* Split bound->dataset, VALUES@OFFSETS, where it is that. REFUSED: the port is not ragged. */
int ragged_split(const struct port *port, struct bound *bound, struct error *error);

/* Look at the offsets of an input that is described: sets bound->items and bound->longest. REFUSED: no such dataset, no
 * integers, more than one dim, out of order, beyond the values. Reads them piece by piece. */
int ragged_scan(hid_t file, const struct port *port, struct bound *bound, struct error *error);

/* Inputs that share a ragged dim have items of the same lengths. REFUSED: at which item they have not. */
int ragged_agree(const struct signature *signature, const struct binding *binding, struct error *error);

/* The offsets, open. */
struct offsets {
    const char *name; /* the input's, for messages */
    const struct bound *bound;
    hid_t dataset, type, space;
};

int offsets_open(hid_t file, const char *name, const struct bound *bound, struct offsets *offsets, struct error *error);
void offsets_close(struct offsets *offsets);

/* Where items first, first + step, ... begin, `count` of them, in rows. What
 * lies behind the last offset is the end of the values. */
int offsets_read(const struct offsets *offsets, uint64_t first, uint64_t step, uint64_t count, uint64_t *at,
                 struct error *error);

#endif
