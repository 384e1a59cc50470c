#include "run/watch.h"
#include "run/clock.h"

#include <time.h>

#define LOOK_EVERY_S 0.001
#define SHOW_EVERY_S 0.02

/* Add the signal, unless the program was started to ignore it (nohup, a script's background). */
static void add(sigset_t *set, int number)
{
    struct sigaction action;

    if (sigaction(number, NULL, &action) || action.sa_handler != SIG_IGN)
        sigaddset(set, number);
}

static void stop_signals(sigset_t *set, bool root)
{
    sigemptyset(set);
    add(set, SIGUSR1);
    if (!root)
        return;
    add(set, SIGTERM);
    add(set, SIGINT);
    add(set, SIGHUP);
}

void watch_block_signals(bool root)
{
    sigset_t set;

    stop_signals(&set, root);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGXFSZ, SIG_IGN); /* a file too large is an error of write */
    signal(SIGPIPE, SIG_IGN);
}

void watch_allow_signals(void)
{
    sigset_t set;

    stop_signals(&set, true);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

void watch_start(struct watch *watch, const struct hooks *hooks, struct tally *tally)
{
    *watch = (struct watch){.hooks = hooks, .tally = tally, .start_s = clock_now_s()};
    stop_signals(&watch->signals, true);
    pthread_sigmask(SIG_BLOCK, &watch->signals, NULL);
}

bool watch_look(struct watch *watch)
{
    const double now_s = clock_now_s();
    int number;

    if (watch->signal || now_s < watch->look_s)
        return watch->signal != 0;
    watch->look_s = now_s + LOOK_EVERY_S;
    number = sigtimedwait(&watch->signals, NULL, &(struct timespec){0, 0});
    if (number > 0)
        watch->signal = number;
    if (number > 0 && number != SIGUSR1 && watch->place)
        place_remove(watch->place);
    watch->tally->elapsed_s = now_s - watch->start_s;
    if (now_s >= watch->show_s && watch->hooks && watch->hooks->progress) {
        watch->show_s = now_s + SHOW_EVERY_S;
        watch->hooks->progress(watch->hooks->self, watch->tally);
    }
    return watch->signal != 0;
}
