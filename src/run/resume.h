/* Going on: what of the base holds is told to a new journal, in place or in a fresh copy. Root only. */
#ifndef RUN_RESUME_H
#define RUN_RESUME_H

#include "run/claim.h"
#include "run/failures.h"
#include "run/spans.h"

/* What is there already. */
struct kept {
    struct spans done; /* positions, by the run that made them; whole blocks */
    uint64_t items, failed;
    struct failures failures;
};

struct resume {
    const struct plan *plan;
    const struct claim *claim;
    struct place *place;         /* where the results are to be: the base's own, or a copy that has just been made */
    const struct layout *layout; /* of it */
    uint64_t *log_end;           /* of it: the rows of ragged results go there, which moves it on */
    struct journal *journal;     /* begun, not published */
    struct kept *kept;           /* starts as all zero */
    struct run_info *runs;       /* by extents' run: items and failed are added up */
    void *self;
    int (*look)(void *self, struct error *error); /* called often: STOPPED ends it; NULL is fine */
};

/* Check each item of the base by its CRC, and keep what is right where it is; bits of the bitmap that belong to nothing
 * that is kept are cleared. */
int resume_in_place(const struct resume *resume, struct error *error);

/* The same, but into another file: positions shifted, failed items left out where claim->redo says so. */
int resume_copy(const struct resume *resume, struct error *error);

void kept_free(struct kept *kept);

#endif
