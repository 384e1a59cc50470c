/* The rows of ragged results that a base holds: checked, and copied. Root only. */
#ifndef RUN_ROWS_H
#define RUN_ROWS_H

#include "run/base.h"

/* From where to where. */
struct rows_copy {
    const struct base *base;
    int result;
    struct place *place; /* NULL: they are only checked */
    uint64_t *end;       /* where the next go in it; moved on */
};

/* Items, by what base_read gave of them, and the CRC of those before, to be added to (heap_crc). */
struct ref_run {
    struct ref *of; /* [count]; with a place, they lead there afterwards */
    uint64_t count;
    uint32_t *crc;
};

/* Read the rows of these items, and copy them. *sound false: a reference leads nowhere. FAILED: no memory, disk full,
 * I/O error. */
int rows_copy(const struct rows_copy *copy, struct ref_run *items, bool *sound, struct error *error);

#endif
