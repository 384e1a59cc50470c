/* May this output be written, and what is there already? Root only; local. */
#ifndef RUN_CLAIM_H
#define RUN_CLAIM_H

#include "data/output.h"
#include "run/base.h"
#include "store/lock.h"

enum verdict {
    VERDICT_AFRESH,  /* make it */
    VERDICT_GO_ON,   /* from the base */
    VERDICT_NOTHING, /* it is there, and the same */
};

/* The job that asks. */
struct claim_request {
    const char *path, *name; /* of the output, and what messages call it */
    const struct options *options;
    const struct plan *plan;
    const struct record *record; /* with its identity */
    const struct claimant *claimant;
};

struct claim {
    enum verdict verdict;
    struct lock *lock; /* ours until claim_close */
    struct base base;
    unsigned mode;   /* HEAD_...: of the run to come */
    bool copy;       /* what goes on must not touch what the base holds */
    bool redo;       /* items that failed in the base are done anew */
    uint64_t failed; /* VERDICT_NOTHING: items that failed */
    int64_t shift;   /* position in the base - shift = position now */
    unsigned newest; /* attempt that has a journal, 0: none */
};

/* Take the lock and decide. REFUSED where another run is writing, where the output is not ours to replace, or where
 * what is there differs from what is asked for; nothing has been changed then. */
int claim_take(const struct claim_request *request, struct claim *claim, struct error *error);

/* Release everything, the lock last. Safe on a struct of zeros. */
void claim_close(struct claim *claim);

#endif
