/* What a finished output says of itself, read back from its group /h5map. */
#ifndef DATA_ACCOUNT_H
#define DATA_ACCOUNT_H

#include "job.h"

/* Everything is malloc'ed. */
struct account {
    char *identity;
    uint64_t items, failed;
    struct run_info *runs; /* [run_count] */
    uint32_t run_count;
    struct made *made; /* [made_count], MADE_KEPT at most */
    uint64_t made_count;
    struct failure *failures; /* [failure_count], FAILURES_KEPT at most */
    int failure_count;
};

/* Free what it has, and have nothing. */
void account_free(struct account *account);

#endif
