/* The syncer: a thread of a rank that has on disk what the rank has written, while the main thread goes on serving.
 * Called from the main thread only. */
#ifndef RUN_SYNCER_H
#define RUN_SYNCER_H

#include "store/place.h"

struct syncer;

/* Start the thread; the place stays the caller's. */
int syncer_open(struct place *place, struct syncer **syncer, struct error *error);

/* Begin a sync of what has been put by now. None is under way. */
void syncer_start(struct syncer *syncer);

/* Has the sync that was started come to its end? Then how, in error; tells it once. Never waits. */
bool syncer_done(struct syncer *syncer, struct error *error);

/* End the thread, after the sync that is under way. NULL is fine. */
void syncer_close(struct syncer *syncer);

#endif
