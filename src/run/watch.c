#include "run/watch.h"
#include "process/launch.h"
#include "run/clock.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

#define LOOK_EVERY_S 0.001
#define SHOW_EVERY_S 0.02
#define GRACE_S 5        /* for what is on the way */
#define GRACE_URGENT_S 1 /* after TERM, INT and HUP: who sends them kills soon */
#define ORPHAN_S 10      /* a rank that was asked to end waits so long for root's word */

/* Add the signal, unless the program was started to ignore it (nohup, a script's background). */
static void add(sigset_t *set, int number)
{
    struct sigaction action;

    if (sigaction(number, NULL, &action) || action.sa_handler != SIG_IGN)
        sigaddset(set, number);
}

static void stop_signals(sigset_t *set)
{
    sigemptyset(set);
    add(set, SIGUSR1);
    add(set, SIGTERM);
    add(set, SIGINT);
    add(set, SIGHUP);
}

static void end_later(int number)
{
    (void)number;
    alarm(ORPHAN_S);
}

/* The signals that a rank other than root leaves to root. */
static void leave_to_root(const sigset_t *set)
{
    static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};
    const struct sigaction action = {.sa_handler = end_later, .sa_flags = SA_RESTART};

    for (size_t k = 0; k < sizeof numbers / sizeof *numbers; k++)
        if (sigismember(set, numbers[k]))
            sigaction(numbers[k], &action, NULL);
}

void watch_block_signals(bool root)
{
    sigset_t set, usr1;

    stop_signals(&set);
    sigemptyset(&usr1);
    add(&usr1, SIGUSR1);
    if (!root)
        leave_to_root(&set);
    sigprocmask(SIG_BLOCK, root ? &set : &usr1, NULL);
    signal(SIGXFSZ, SIG_IGN); /* a file too large is an error of write */
    signal(SIGPIPE, SIG_IGN);
}

void watch_allow_signals(void)
{
    sigset_t set;

    stop_signals(&set);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

void watch_start(struct watch *watch, const struct hooks *hooks, struct tally *tally, double limit_s)
{
    *watch = (struct watch){.hooks = hooks,
                            .tally = tally,
                            .start_s = clock_now_s(),
                            .limit_s = limit_s,
                            .launched = launch_has_launcher()};
    stop_signals(&watch->signals);
    pthread_sigmask(SIG_BLOCK, &watch->signals, NULL);
}

/* `number` is the signal, 0: the time limit. */
static void ask_to_stop(struct watch *watch, int number, double now_s)
{
    const bool urgent = number && number != SIGUSR1;

    watch->doomed |= urgent && watch->launched;
    if (watch->wish == WISH_GO_ON) {
        watch->signal = number;
        watch->wish = WISH_DRAIN;
        watch->leave_s = now_s + (watch->doomed ? 0 : urgent ? GRACE_URGENT_S : GRACE_S);
    } else if (urgent) {
        watch->leave_s = now_s;
    }
}

static void listen(struct watch *watch, double now_s)
{
    const int number = sigtimedwait(&watch->signals, NULL, &(struct timespec){0, 0});

    if (number > 0)
        ask_to_stop(watch, number, now_s);
    if (watch->wish == WISH_GO_ON && watch->limit_s > 0 && now_s >= watch->limit_s)
        ask_to_stop(watch, 0, now_s);
    if (watch->wish == WISH_DRAIN && now_s >= watch->leave_s)
        watch->wish = WISH_LEAVE;
}

enum wish watch_look(struct watch *watch)
{
    const double now_s = clock_now_s();

    if (now_s < watch->look_s)
        return watch->wish;
    watch->look_s = now_s + LOOK_EVERY_S;
    listen(watch, now_s);
    watch->tally->elapsed_s = now_s - watch->start_s;
    if (now_s >= watch->show_s && watch->hooks && watch->hooks->progress) {
        watch->show_s = now_s + SHOW_EVERY_S;
        watch->hooks->progress(watch->hooks->self, watch->tally);
    }
    return watch->wish;
}

int watch_stopped(const struct watch *watch, struct error *error)
{
    if (!watch->signal)
        return error_set(error, STOPPED, "stopped by --time-limit");
    return error_set(error, STOPPED, "stopped by SIG%s", sigabbrev_np(watch->signal));
}
