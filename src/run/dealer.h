/* What root deals with under dynamic dealing: shared by dealer.c and dealer_open.c. */
#ifndef RUN_DEALER_H
#define RUN_DEALER_H

#include "parallel/mail.h"
#include "run/crew.h"
#include "run/hand.h"
#include "run/ledger.h"

/* A ticket's payload on its way from another rank. Its rounds and its result may be seen in any order. */
struct stream {
    bool used;
    uint64_t first;       /* of the ticket */
    uint64_t at, bytes;   /* its place in the log; of it that are there */
    struct batch *result; /* waits for the rest; NULL: has not come */
};

struct dealer {
    struct crew *crew;
    struct error *error;
    struct ledger ledger;
    struct mail *mail;  /* NULL: alone */
    struct hand *hands; /* [ranks] */
    int *ring;          /* [ranks + 1] ranks that may get a ticket, first come first served */
    int ring_first, ring_count;
    char *images;        /* those of the slots and the pool */
    struct batch **pool; /* [pool_free] images for tickets on the way out */
    int pool_free;
    struct slot *slots;  /* root's own, [slots] */
    struct batch *stops; /* [ranks] */
    int stops_sent;
    struct batch *syncs;  /* [ranks] */
    int sync_next;        /* the rank that is to be asked next to sync */
    int syncing;          /* ranks that were asked and have not answered */
    uint32_t outstanding; /* tickets at other ranks, syncs among them */
    bool known;           /* how long an item takes root's lane; the others have heard */
    uint64_t returned;    /* items of the largest ticket that has come back */
    struct inflight inflight;
    double dealt_s;         /* what the last ticket is to take; 0 where its lane had none before it */
    struct stream *streams; /* [ranks][slots]; NULL: no result is ragged */
    bool draining;          /* the run is to stop: no more tickets */
};

/* Buffers for everything, and every other rank queued for a ticket. */
int dealer_open(struct crew *crew, void **self, struct error *error);
void dealer_close(void *self, bool busy);

/* Something went wrong: no more tickets, and what comes back is passed over. */
bool dealer_is_failing(const struct dealer *dealer);

/* May the rank have one more ticket, now? */
bool dealer_has_room(const struct dealer *dealer, int rank);

/* Take one result of root's lane, or one image of another rank: a result, a round of a payload, the answer to a sync.
 * False: there is none. */
bool dealer_take_own(struct dealer *dealer);
bool dealer_take_others(struct dealer *dealer);

/* The rank may get a ticket: it is queued for one, if it is not yet. */
void dealer_queue(struct dealer *dealer, int rank);

#endif
