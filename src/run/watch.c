#include "run/watch.h"
#include "run/clock.h"

#include <time.h>

#define LOOK_EVERY_S 0.01

static void stop_signals(sigset_t *set, bool root)
{
    sigemptyset(set);
    sigaddset(set, SIGUSR1);
    if (!root)
        return;
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGHUP);
}

void watch_block_signals(bool root)
{
    sigset_t set;

    stop_signals(&set, root);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGXFSZ, SIG_IGN); /* a file too large is an error of write */
    signal(SIGPIPE, SIG_IGN);
}

void watch_start(struct watch *watch, const struct hooks *hooks, struct tally *tally)
{
    *watch = (struct watch){.hooks = hooks, .tally = tally, .start_s = clock_now_s()};
    stop_signals(&watch->signals, true);
}

bool watch_look(struct watch *watch)
{
    const double now_s = clock_now_s();

    if (watch->signal || now_s < watch->next_s)
        return watch->signal != 0;
    watch->next_s = now_s + LOOK_EVERY_S;
    watch->tally->elapsed_s = now_s - watch->start_s;
    if (watch->hooks && watch->hooks->progress)
        watch->hooks->progress(watch->hooks->self, watch->tally);
    const int number = sigtimedwait(&watch->signals, NULL, &(struct timespec){0, 0});

    if (number > 0)
        watch->signal = number;
    return watch->signal != 0;
}
