/* One open input: how its dataset is read, in boxes or, where items are ragged, in rows. HDF5 from one thread at a
 * time. */
#ifndef DATA_INPUT_H
#define DATA_INPUT_H

#include "data/fetch.h"
#include "data/members_texts.h"
#include "data/ragged.h"
#include "data/raw.h"
#include "data/slab.h"
#include "data/vlen.h"
#include "job.h"

#include <hdf5.h>

struct input {
    const char *name;
    const struct bound *bound;
    hid_t file, dataset, type, space, memory; /* memory: the space that a read fills, of the selection's own shape */
    struct raw raw;                           /* how it is read without HDF5 */
    hid_t transfer;                           /* how H5Dread converts; the source's */
    hsize_t memory_shape[SLAB_RANK_MAX];
    enum type wire;
    uint64_t item_bytes;
    bool gaps;          /* HDF5 leaves elements that were never written as they are in memory */
    bool bundled;       /* its chunks may be fetched: */
    struct fetch fetch; /* how */
    bool pointed;       /* its compounds' texts are read by their addresses: */
    struct members_texts texts;
    const struct field *field; /* the binding's */
    uint64_t piece;            /* items that may be in a box */
    struct vlen vlen;          /* how it is read where bound->vlen: item_bytes are an element's */
    bool ragged;               /* item_bytes are a row's */
    struct offsets offsets;
    uint64_t *begin, *behind; /* [slice] rows of the items at hand */
    uint64_t rows_most;       /* of an item */
};

/* The ports and datasets of all inputs. */
struct inputs_spec {
    const struct signature *signature;
    const struct binding *binding;
    const struct plan *plan;
    hid_t transfer;
};

/* No handle is valid: input_close may follow. */
void input_clear(struct input *input);

/* Open input k, with a chunk cache of plan->cache_bytes. What the spec points at must outlive it. */
int input_open(struct input *input, const struct inputs_spec *spec, int k, struct error *error);
void input_close(struct input *input);

/* Read a box of the dataset, of axis 0 each step-th index, as the wire type. -1: HDF5 failed. */
int input_read_box(struct input *input, const struct slab *slab, uint64_t step, void *to);

/* An enum's base may hold whatever it was made to hold: make each of `elements` true or false where they are bools. */
void input_settle(const struct input *input, void *data, uint64_t elements);

/* "NAME: /DATASET in FILE: can't read items A to B". FAILED. */
int input_unread(const struct input *input, unsigned long long first, unsigned long long last, struct error *error);

/* Which items: count of them from index first (in the full input), each step-th. */
struct input_items {
    uint64_t first, step, count;
};

/* Open what a ragged input has besides; read its items as codec/ragged.h has them: those whose rows follow each other
 * at once. */
int input_rows_open(struct input *input, const struct plan *plan, struct error *error);
int input_rows_read(struct input *input, const struct input_items *items, void *to, struct error *error);

#endif
