/* The failures that the output lists: those of the lowest indices, FAILURES_KEPT at most. Pure; root only. */
#ifndef RUN_FAILURES_H
#define RUN_FAILURES_H

#include "job.h"

/* Starts as all zero. */
struct failures {
    struct failure *of; /* [count], a heap: the highest index is of[0] */
    int count, room;
};

/* Would one of this index be kept? */
bool failures_want(const struct failures *failures, uint64_t index);

/* Keep it, instead of the one of the highest index where there are as many as there may be. FAILED: no memory. */
int failures_add(struct failures *failures, const struct failure *failure, struct error *error);

/* The one of the lowest index, NULL: none. */
const struct failure *failures_first(const struct failures *failures);

/* Put them in the order of their index; nothing may be added afterwards. */
void failures_sort(struct failures *failures);

void failures_free(struct failures *failures);

#endif
