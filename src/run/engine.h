/* The engine: one job, from the options to the finished file. */
#ifndef RUN_ENGINE_H
#define RUN_ENGINE_H

#include "job.h"
#include "run/watch.h"

/* What the program needs to know besides the error. */
struct engine_report {
    struct outcome outcome; /* root's; valid where the code is OK or ITEMS_FAILED */
    bool speaks;            /* this process prints: it is root */
    bool busy;              /* a kernel is still running in its thread: end without waiting for it */
};

/* Collective over the ranks that the launcher started (it starts and ends MPI itself). Returns OK, ITEMS_FAILED, or the
 * error's code, the same on every rank; a run that does not finish leaves nothing behind. The hooks are called on root.
 */
int engine_run(const struct options *options, const struct hooks *hooks, struct engine_report *report,
               struct error *error);

#endif
