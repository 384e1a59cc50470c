/* Requests to stop: which there are, how long what is on the way is waited for, what they are called. */
#include "run/clock.h"
#include "run/watch.h"
#include "suite.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static struct tally tally;

static void start(struct watch *watch, double limit_s, bool launched)
{
    unsetenv("OMPI_COMM_WORLD_SIZE");
    if (launched)
        setenv("OMPI_COMM_WORLD_SIZE", "1", 1);
    watch_start(watch, NULL, &tally, limit_s);
}

/* The wish at this time from now on, as if nothing had been looked at before. */
static enum wish wish_after(struct watch *watch, double s)
{
    watch->look_s = 0;
    watch->leave_s -= s;
    const enum wish wish = watch_look(watch);

    watch->leave_s += s;
    return wish;
}

static enum wish signalled(struct watch *watch, int number)
{
    raise(number); /* blocked: it stays until it is looked for */
    return wish_after(watch, 0);
}

static void check_cause(const struct watch *watch, const char *expected)
{
    struct error error = {0};

    CU_ASSERT_EQUAL(watch_stopped(watch, &error), STOPPED);
    CU_ASSERT_STRING_EQUAL(error.text, expected);
}

static void goes_on(void)
{
    struct watch watch;

    start(&watch, 0, false);
    CU_ASSERT_EQUAL(wish_after(&watch, 0), WISH_GO_ON);
    start(&watch, clock_now_s() + 1000, true);
    CU_ASSERT_EQUAL(wish_after(&watch, 0), WISH_GO_ON);
}

static void waits_for_what_is_on_the_way(void)
{
    static const struct {
        int number;
        double most_s;
        const char *cause;
    } cases[] = {{SIGUSR1, 5, "stopped by SIGUSR1"},
                 {SIGTERM, 1, "stopped by SIGTERM"},
                 {SIGINT, 1, "stopped by SIGINT"},
                 {SIGHUP, 1, "stopped by SIGHUP"}};

    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        struct watch watch;

        start(&watch, 0, false);
        CU_ASSERT_EQUAL(signalled(&watch, cases[k].number), WISH_DRAIN);
        CU_ASSERT_EQUAL(wish_after(&watch, cases[k].most_s - 0.5), WISH_DRAIN);
        CU_ASSERT_EQUAL(wish_after(&watch, cases[k].most_s), WISH_LEAVE);
        CU_ASSERT_FALSE(watch.doomed);
        check_cause(&watch, cases[k].cause);
    }
}

static void stops_at_the_time_limit(void)
{
    struct watch watch;

    start(&watch, clock_now_s() - 1, false);
    CU_ASSERT_EQUAL(wish_after(&watch, 0), WISH_DRAIN);
    CU_ASSERT_EQUAL(wish_after(&watch, 4.5), WISH_DRAIN);
    CU_ASSERT_EQUAL(wish_after(&watch, 5), WISH_LEAVE);
    check_cause(&watch, "stopped by --time-limit");
}

static void a_second_request_ends_the_waiting(void)
{
    struct watch watch;

    start(&watch, 0, false);
    CU_ASSERT_EQUAL(signalled(&watch, SIGUSR1), WISH_DRAIN);
    CU_ASSERT_EQUAL(signalled(&watch, SIGUSR1), WISH_DRAIN); /* -j repeats it */
    CU_ASSERT_EQUAL(signalled(&watch, SIGINT), WISH_LEAVE);
    check_cause(&watch, "stopped by SIGUSR1");
    start(&watch, 0, false);
    CU_ASSERT_EQUAL(signalled(&watch, SIGTERM), WISH_DRAIN);
    CU_ASSERT_EQUAL(signalled(&watch, SIGTERM), WISH_LEAVE);
}

static void a_launcher_kills_soon(void)
{
    struct watch watch;

    start(&watch, 0, true);
    CU_ASSERT_EQUAL(signalled(&watch, SIGUSR1), WISH_DRAIN);
    CU_ASSERT_FALSE(watch.doomed);
    CU_ASSERT_EQUAL(signalled(&watch, SIGTERM), WISH_LEAVE);
    CU_ASSERT(watch.doomed);
    start(&watch, 0, true);
    CU_ASSERT_EQUAL(signalled(&watch, SIGTERM), WISH_LEAVE);
    CU_ASSERT(watch.doomed);
}

static void leaves_alone_what_is_ignored(void)
{
    struct watch watch;

    signal(SIGHUP, SIG_IGN);
    start(&watch, 0, false);
    CU_ASSERT_EQUAL(signalled(&watch, SIGHUP), WISH_GO_ON);
    signal(SIGHUP, SIG_DFL);
}

/* A rank other than root, in a process of its own: USR1 and TERM do not end it. */
static void other_ranks_stay_for_a_while(void)
{
    int status = -1;
    pid_t pid = fork();

    if (pid == 0) {
        watch_allow_signals(); /* as a program starts */
        watch_block_signals(false);
        raise(SIGUSR1);
        raise(SIGTERM);
        _exit(alarm(0) > 0 ? 7 : 8); /* it would have ended later */
    }
    CU_ASSERT_EQUAL(waitpid(pid, &status, 0), pid);
    CU_ASSERT(WIFEXITED(status) && WEXITSTATUS(status) == 7);
}

int main(void)
{
    CU_TestInfo tests[] = {{"goes on", goes_on},
                           {"waits for what is on the way", waits_for_what_is_on_the_way},
                           {"stops at the time limit", stops_at_the_time_limit},
                           {"a second request ends the waiting", a_second_request_ends_the_waiting},
                           {"a launcher kills soon", a_launcher_kills_soon},
                           {"leaves alone what is ignored", leaves_alone_what_is_ignored},
                           {"other ranks stay for a while", other_ranks_stay_for_a_while},
                           CU_TEST_INFO_NULL};

    for (int number = 0; number < 4; number++) /* however this program was started */
        signal((int[]){SIGUSR1, SIGTERM, SIGINT, SIGHUP}[number], SIG_DFL);
    return suite_run("watch", tests);
}
