/* Sets of positions as sorted spans that do not overlap, each with the run that made it. Pure. */
#ifndef RUN_SPANS_H
#define RUN_SPANS_H

#include "job.h"

/* Starts as all zero. Spans that touch are one where their run is the same. */
struct spans {
    struct made *of; /* [count] */
    size_t count, room;
};

/* Where there is something to do. */
struct gap {
    uint64_t first, count;
};

/* Add positions that are not in the set yet. FAILED: no memory. */
int spans_add(struct spans *spans, const struct made *more, struct error *error);

/* Is any of first .. first + count - 1 in the set? */
bool spans_touch(const struct spans *spans, uint64_t first, uint64_t count);

/* The first gap at or behind `from` and below `limit`; false: none. */
bool spans_gap(const struct spans *spans, uint64_t from, uint64_t limit, struct gap *gap);

/* How many positions are in the set. */
uint64_t spans_total(const struct spans *spans);

void spans_free(struct spans *spans);

#endif
