/* Datasets whose elements are of variable length by their type: strings, sequences of numbers (H5T_VLEN), and compounds
 * that hold strings (members_texts.h). Calls HDF5. */
#ifndef DATA_VLEN_H
#define DATA_VLEN_H

#include "data/slab.h"
#include "data/vlen_pool.h"
#include "job.h"

#include <hdf5.h>

/* Is the type one of these? A sequence's numbers must be such that a kernel can take them; *base is what they are. */
struct stored_type;
bool vlen_look(hid_t stored, struct stored_type *base);

struct vlen {
    hid_t dataset, type, space, transfer; /* the dataset is the caller's */
    hid_t memory;                         /* the space of the box at hand */
    int rank;
    bool text;
    size_t bytes;   /* of an element as HDF5 gives it */
    uint64_t most;  /* elements that there is room for */
    uint64_t piece; /* elements that may be read at a time: fewer where they are long */
    void *elements; /* as HDF5 gives them */
    struct vlen_pool pool;
};

void vlen_clear(struct vlen *vlen); /* vlen_close may follow */

/* For the dataset of bound, of bound->wire. vlen itself must stay where it is. */
int vlen_open(struct vlen *vlen, hid_t dataset, const char *name, const struct bound *bound, struct error *error);

/* The same for elements of this type in memory, of so many bytes. The type becomes vlen's, whatever comes of it;
 * negative: it could not be made. */
int vlen_open_as(struct vlen *vlen, hid_t dataset, const char *name, const struct bound *bound, hid_t type,
                 size_t bytes, struct error *error);
void vlen_close(struct vlen *vlen);

/* Read a box of at most vlen->piece elements, of axis 0 each step-th index. VLEN_AGAIN: they take too much together,
 * the piece is smaller now. -1: it failed, vlen_error is to be called. Elements are valid until the next call. */
#define VLEN_AGAIN 1
int vlen_read(struct vlen *vlen, const struct slab *box, uint64_t step);

/* Why items[0] .. items[1] (their indices) could not be read. Returns the code. */
int vlen_error(const struct vlen *vlen, const char *name, const struct bound *bound, const uint64_t items[2], int code,
               struct error *error);

/* Element k of the box: a text with its NUL, or the numbers. Returns its length, in bytes or numbers. */
uint64_t vlen_element(const struct vlen *vlen, uint64_t k, const void **data);

/* Read all of the dataset; `see` is called with the elements in vlen->elements, so many of them at a time. REFUSED
 * where they can't be read. */
typedef void vlen_see(const struct vlen *vlen, uint64_t count, void *of);
int vlen_walk(struct vlen *vlen, const char *name, const struct bound *bound, vlen_see *see, void *of,
              struct error *error);

/* The longest element of the dataset: bound->longest, and bound->items of a sequence's, which must have one dim.
 * REFUSED where it can't be read. */
int vlen_scan(hid_t dataset, const struct port *port, struct bound *bound, struct error *error);

#endif
