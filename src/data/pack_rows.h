/* The rows of a ragged result in item order, and their offsets, read from where they were staged. Root only. */
#ifndef DATA_PACK_ROWS_H
#define DATA_PACK_ROWS_H

#include "data/pack.h"

#define PACK_REFS 512

struct pack_rows {
    const struct staged *staged;
    uint64_t refs_offset, items; /* where the references are staged */
    uint64_t row_bytes, element_bytes;
    uint64_t total;        /* rows of all items */
    bool offsets;          /* these are read */
    uint64_t item, done;   /* the next one, and of its rows, bytes that were read */
    uint64_t sum;          /* rows of those before */
    uint64_t first, count; /* references at hand */
    struct ref ref[PACK_REFS];
};

/* At the first element of result k of the pack; counts its rows. FAILED: I/O error. */
int pack_rows_open(const struct pack *pack, int k, struct pack_rows *rows, struct error *error);

/* From here on, read the offsets: items + 1 of uint64. */
void pack_rows_offsets(struct pack_rows *rows);

/* The next `count` elements, which must be there. FAILED: I/O error. */
int pack_rows_read(struct pack_rows *rows, uint64_t count, void *to, struct error *error);

#endif
