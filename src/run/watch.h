/* What root looks at while the items are mapped: signals that ask to stop, the time limit, and the time to show
 * progress. */
#ifndef RUN_WATCH_H
#define RUN_WATCH_H

#include "job.h"

#include <signal.h>

/* Callbacks of the program around the engine; root only. */
struct hooks {
    void *self;
    void (*progress)(void *self, const struct tally *tally); /* called often */
    void (*note)(void *self, const char *line);              /* a line for the user */
    /* how it ended, once: the error, or the outcome where its code is OK */
    void (*report)(void *self, const struct error *error, const struct outcome *outcome);
};

/* What is to be done about it. */
enum wish {
    WISH_GO_ON,
    WISH_DRAIN, /* begin nothing; what is on the way may still come back */
    WISH_LEAVE  /* give up what has not come back */
};

struct watch {
    const struct hooks *hooks;
    struct tally *tally;
    double start_s, look_s, show_s; /* of the monotonic clock, as all of these */
    double limit_s;                 /* when the time is over, 0: never */
    double leave_s;                 /* until when what is on the way is waited for */
    sigset_t signals;
    enum wish wish;
    int signal;    /* that asked to stop first, 0: the time limit */
    bool launched; /* by an MPI launcher, which asks when it is about to kill */
    bool doomed;   /* it has asked */
};

/* Root: block the signals that ask to stop (USR1, TERM, INT, HUP, but none that the program was started to ignore), so
 * that watch_look finds them; before any thread. The other ranks block USR1, which mpirun hands to all, and take the
 * others as a word that root will have them end: they end by themselves only where that takes long. (mpirun gives root
 * a second before it kills, but only as long as no other rank has died of its TERM.) */
void watch_block_signals(bool root);

/* Until watch_start they end the program as usual: nothing has been written. Root's main thread, once MPI has its
 * threads. */
void watch_allow_signals(void);

/* From here on they are found by watch_look. The run is to stop when clock_now_s() has come to limit_s (0: never). */
void watch_start(struct watch *watch, const struct hooks *hooks, struct tally *tally, double limit_s);

/* Look. What is on the way is waited for 5 s after USR1 and the time limit, 1 s after the others, not at all once the
 * launcher has asked, and no longer once TERM, INT or HUP comes in the meantime. (USR1 may come again and again: -j and
 * batch systems repeat it.) Cheap enough for every turn of a loop. */
enum wish watch_look(struct watch *watch);

/* Why the run stops, into error: STOPPED. */
int watch_stopped(const struct watch *watch, struct error *error);

#endif
