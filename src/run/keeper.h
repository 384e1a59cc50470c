/* The keeper: what is in place becomes what stays. A thread of root that, every so often, syncs OUTPUT.part, records in
 * the journal which items are in it, and touches the lock; the loop that maps never waits for the disk. Called from the
 * main thread only. */
#ifndef RUN_KEEPER_H
#define RUN_KEEPER_H

#include "run/history.h"
#include "store/lock.h"
#include "store/place.h"

struct keeper;

struct keeper_spec {
    const struct plan *plan;
    struct history *history; /* its last run is this one: its end and items are kept up to date */
    struct place *place;
    const struct lock *lock;
    double checkpoint_s;
    bool others_write; /* other ranks, too: keeper_waits */
};

/* Start the thread. What the spec points at stays the caller's and must stay until keeper_close. */
int keeper_open(const struct keeper_spec *spec, struct keeper **keeper, struct error *error);

/* Go on with a journal that is published already, the keeper's from then on; without one, it is made at the first
 * checkpoint. Before anything is added. */
void keeper_take_journal(struct keeper *keeper, struct journal *journal);

/* These items are in place. */
int keeper_add(struct keeper *keeper, const struct extent *extent, struct error *error);

/* This item failed; what there is no room for is not recorded. */
void keeper_add_failure(struct keeper *keeper, const struct failure *failure);

/* Start a checkpoint if one is due. FAILED where the last one failed, or another run has taken over. Never waits. */
int keeper_look(struct keeper *keeper, struct error *error);

/* Is a checkpoint due that waits until all other ranks have synced what they have written? Then keeper_go, once they
 * have. keeper_commit and keeper_settle do not wait for that. */
bool keeper_waits(const struct keeper *keeper);
void keeper_go(struct keeper *keeper);

/* Record all that is in place, now: waits for the disk. FAILED where that can't be done. */
int keeper_commit(struct keeper *keeper, struct error *error);

/* Wait for a checkpoint that is being made. FAILED where it, or an earlier one, failed. */
int keeper_settle(struct keeper *keeper, struct error *error);

/* Is there a journal? While no checkpoint is being made. */
bool keeper_has_journal(const struct keeper *keeper);

/* Items of this run that are recorded. */
uint64_t keeper_recorded(const struct keeper *keeper);

/* Remove the journal: it is not needed any more. After keeper_commit or while nothing is being recorded. */
void keeper_forget(struct keeper *keeper);

/* End the thread. NULL is fine. */
void keeper_close(struct keeper *keeper);

#endif
