/* The lane: the thread of a rank that runs the kernel, so that the main thread never stops serving. Slots go in with
 * lane_start and come back, in order, with lane_done. Called from the main thread only. */
#ifndef RUN_LANE_H
#define RUN_LANE_H

#include "run/mapper.h"

struct lane;

/* A ticket on its way through the lane. The images are the caller's and belong to the lane from start to done. */
struct slot {
    struct batch *ticket, *result;
    struct heap heap; /* the result's payload; empty before the first ticket */
};

/* Start the thread; it maps with `mapper`, which stays the caller's. At most `slots` slots are in the lane at a time.
 */
int lane_open(struct mapper *mapper, int slots, struct lane **lane, struct error *error);

/* Before the first slot: the thread is to begin on a CPU of its own (cpu.h), as the number-th of so many lanes of this
 * host; -1: it is not known which. Without it, it begins where it is. */
void lane_begin_apart(struct lane *lane, int number, int lanes);

/* Hand a slot over. */
void lane_start(struct lane *lane, struct slot *slot);

/* A slot that is done, or NULL. Never waits. */
struct slot *lane_done(struct lane *lane);

/* Sleep for so many ns, or until a slot is done. */
void lane_rest(struct lane *lane, long ns);

/* How many slots are in the lane. */
int lane_load(const struct lane *lane);

/* End the thread, waiting at most `patience_s` for the kernel. false: a kernel is still running, or has crashed; then
 * the mapper and the images of its slot must stay, and the process must end without returning from main's stack of
 * them. NULL is fine. */
bool lane_close(struct lane *lane, double patience_s);

#endif
