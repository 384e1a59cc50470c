/* The engine: one job, from the options to the finished file. */
#ifndef RUN_ENGINE_H
#define RUN_ENGINE_H

#include "job.h"
#include "run/watch.h"

/* Collective over the ranks that the launcher started (it starts and ends MPI itself). Returns OK, ITEMS_FAILED, or the
 * error's code, on root; OK on the others, for a launcher ends everybody at the first status that is not, but for a
 * rank that could not join; a run that does not finish leaves nothing behind. The hooks are called on root, the report
 * before any rank ends, so that no launcher can cut it off. *busy: a kernel is still running in its thread; end the
 * process without waiting for it. */
int engine_run(const struct options *options, const struct hooks *hooks, bool *busy, struct error *error);

#endif
