/* What root looks at while the items are mapped: signals that ask to stop, and the time to show progress. */
#ifndef RUN_WATCH_H
#define RUN_WATCH_H

#include "job.h"
#include "store/place.h"

#include <signal.h>

/* Callbacks of the program around the engine; root only. */
struct hooks {
    void *self;
    void (*progress)(void *self, const struct tally *tally); /* called often */
    void (*note)(void *self, const char *line);              /* a line for the user */
    /* how it ended, once: the error, or the outcome where its code is OK */
    void (*report)(void *self, const struct error *error, const struct outcome *outcome);
};

struct watch {
    const struct hooks *hooks;
    struct tally *tally;
    struct place *place; /* the output or NULL, to remove at once: a launcher kills soon after it has asked */
    double start_s, look_s, show_s; /* of the monotonic clock */
    sigset_t signals;
    int signal; /* that asked to stop, 0: none */
};

/* Block the signals that ask to stop (USR1, TERM, INT, HUP, but none that the program was started to ignore), so that
 * watch_look finds them: on root, before any thread. On the other ranks (`root` false) only USR1, which mpirun hands to
 * all, is blocked: TERM ends them. */
void watch_block_signals(bool root);

/* Until watch_start they end the program as usual: nothing has been written. Root's main thread, once MPI has its
 * threads. */
void watch_allow_signals(void);

/* From here on they are found by watch_look; set watch->place once there is something to remove. */
void watch_start(struct watch *watch, const struct hooks *hooks, struct tally *tally);

/* Look: true when the run is to stop. Cheap enough for every turn of a loop. */
bool watch_look(struct watch *watch);

#endif
