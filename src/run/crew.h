/* What one rank works with while the items are mapped, and the two ways of dealing them. */
#ifndef RUN_CREW_H
#define RUN_CREW_H

#include "data/source.h"
#include "parallel/patience.h"
#include "parallel/team.h"
#include "run/inflight.h"
#include "run/lane.h"
#include "run/results.h"
#include "run/spans.h"
#include "run/syncer.h"
#include "run/watch.h"

struct crew {
    const struct plan *plan;
    struct team *team;
    struct lane *lane;
    struct source *source;    /* root: where items are read from, unless plan->direct_in */
    struct syncer *syncer;    /* other ranks, under plan->direct_out */
    struct results *results;  /* root: where they go */
    struct watch *watch;      /* root */
    const struct spans *done; /* root: items of earlier runs, which are not dealt */
    void *self;
    /* root, may be NULL: the launcher kills soon: keep what is finished and tell, before any rank is waited for */
    void (*leave_at_once)(void *self, struct error *error);
};

/* A way of dealing. Every rank opens (local), all agree, every rank runs, every rank closes (local; what a kernel that
 * is still running uses is left alone).
 *
 * run maps all items. Root may come with an error: then results, watch, source and done need not be there, nothing is
 * dealt, and the others are told to stop. Root's error says what went wrong, STOPPED where a signal or the time limit
 * asked to stop; the others learn of it in the agreement that follows. A stop begins nothing new, and waits a little
 * for what is on the way (watch.h); where that was all there was left, the run is complete. Every ticket gets one
 * result, every rank is told to stop, nothing hangs. On return a kernel may still be running in the lane of a rank that
 * gave up. */
struct dealing {
    int (*open)(struct crew *crew, void **self, struct error *error);
    int (*run)(void *self, struct error *error);
    void (*close)(void *self, bool busy);
};

/* A rank that is free gets the next ticket, its size by how long its items took: any cost of items balances. */
const struct dealing *dealing_dynamic_root(void);
const struct dealing *dealing_dynamic_other(void);

/* Equal contiguous runs of items, in bounded rounds of scatter and gather: the simplest reading of the design, and the
 * oracle of the tests. */
const struct dealing *dealing_static(void);

/* Root: read the items into a ticket and write its header. */
int crew_read(struct crew *crew, uint64_t first, uint64_t count, struct batch *ticket, struct error *error);

/* Nothing happened on this rank: let others run, until its lane is done with a ticket at the latest. */
void crew_wait(const struct crew *crew, struct patience *patience);

/* Root, before and after the mapping: look at signals, the time limit and progress; STOPPED in error where the run is
 * to stop. */
int crew_look(struct crew *crew, struct error *error);

/* Root, while items are mapped: a checkpoint, if one is due. FAILED where the last one failed. */
int crew_keep(struct crew *crew, struct error *error);

/* Root: the mapping stops, as the watch says: STOPPED in error, and in its detail what is given up. */
int crew_stop(struct crew *crew, const struct inflight *inflight, struct error *error);

/* What went wrong on this rank goes to root in an answer that has no results. */
void crew_say(const struct crew *crew, const struct error *error, struct batch *answer);

/* [count] headers, each to be sent on its own in messages whose images have up to image_bytes; NULL: no memory. */
struct batch *crew_headers(const struct crew *crew, size_t count, uint64_t image_bytes);

/* The room of an image of at most `bytes`: whole blocks of messages. */
size_t crew_image_bytes(const struct crew *crew, uint64_t bytes);

/* One such image, whose memory is taken as it is used; NULL: there is none. */
struct batch *crew_image(const struct crew *crew, uint64_t bytes);

#endif
