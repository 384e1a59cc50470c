/* What root knows of a rank under dynamic dealing, and how much it deals to it. Pure. */
#ifndef RUN_HAND_H
#define RUN_HAND_H

#include "job.h"

struct hand {
    uint64_t last;     /* items of its latest ticket */
    double busy_s;     /* of its tickets, of which the latest count most, */
    double busy_items; /* for so many items */
    double item_s;     /* time an item took, 0: not known */
    uint32_t returned; /* tickets it mapped */
    double sure_s;     /* of work that was not cold */
    uint32_t load;     /* tickets it has */
    uint32_t sent;     /* tickets it was sent */
    double heard_s;    /* when it last gave a result back, or got a ticket while it had none */
    bool queued;       /* root's: it may get a ticket */
};

/* Are items that take so long short enough for a rank to get its next ticket while it is at one? */
bool hand_takes_ahead(const struct plan *plan, double item_s);

/* May it have one more ticket, at this time? A second only where its items are short, and not while it is late with the
 * first: it would wait behind a long item. */
bool hand_has_room(const struct hand *hand, const struct plan *plan, double now_s);

/* How many items its next ticket should have, of `left` that are not dealt yet: about plan->ticket_s of work, at most
 * 16 times the ticket before, and near the end of the run no more than a part of what is left, but not so few that talk
 * outweighs work. */
uint64_t hand_wants(const struct hand *hand, const struct plan *plan, uint64_t left, int ranks);

/* Tickets of `count` items have come back from some rank: this one's need not grow from less, once it has shown how
 * long its items take. */
void hand_trust(struct hand *hand, uint64_t count);

/* Has it mapped for long enough that the time of its items can be told? */
bool hand_is_known(const struct hand *hand);

/* A rank that has not is taken to be as quick as `other`, if that one is known: starting up takes it longer than the
 * first short items do. */
void hand_learn(struct hand *hand, const struct hand *other);

/* It was dealt `count` items; it gave a result back. */
void hand_book(struct hand *hand, uint64_t count, double now_s);
void hand_unbook(struct hand *hand, const struct batch *result, double now_s);

#endif
