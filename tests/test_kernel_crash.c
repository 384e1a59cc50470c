/* A kernel that crashes, or ends what it should not: what is caught, and what is told. Not under AddressSanitizer,
 * whose business crashes are. */
#include "batches.h"
#include "run/crash.h"
#include "suite.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* What the kernel `breaks` does at x = 1000; how often it got there. */
enum way { CRASH, CRASH_ONCE, CRASH_THEN_HANG, LEAVE, LEAVE_THREAD, CRASH_THREAD };
static enum way way;
static int arrivals, calls;

static void *crash_here(void *unused)
{
    raise(SIGSEGV);
    return unused;
}

static void run_thread(void)
{
    pthread_t thread;

    if (!pthread_create(&thread, NULL, crash_here, NULL))
        pthread_join(thread, NULL);
}

static int breaks(const h5map_item_t *item)
{
    calls++;
    *(double *)item->out[0] += 1;
    if (*(const double *)item->in[0] != 1000)
        return *(double *)item->out[0] == 1 ? 0 : h5map_fail(item, "results are not zero");
    arrivals++;
    if (way == CRASH || (way != LEAVE && way != LEAVE_THREAD && way != CRASH_THREAD && arrivals == 1))
        raise(SIGSEGV);
    if (way == CRASH_THEN_HANG)
        pause();
    if (way == LEAVE)
        exit(0);
    if (way == LEAVE_THREAD)
        pthread_exit(NULL);
    if (way == CRASH_THREAD)
        run_thread();
    return 0;
}

static int breaks_in_init(const h5map_job_t *job, void **state)
{
    (void)job;
    (void)state;
    return way == LEAVE ? (exit(0), 0) : raise(SIGFPE);
}
H5MAP_KERNEL(breaks, .signature = "x: double -> y: double", .init = breaks_in_init);

/* 30 items from position 7 on through the kernel, of which item 12 breaks; how it is told. */
static void break_at_12(struct bench *bench, enum way how, char text[REASON_TEXT_MAX + 1])
{
    way = how;
    arrivals = 0;
    bench_start(bench, &h5map_kernel_breaks, 7, 30);
    for (int k = 0; k < 30; k++)
        ((double *)bench_input(bench))[k] = k == 12 ? 1000 : k;
    mapper_map(bench->mapper, bench->slot.ticket, bench->slot.result);
    alarm(0); /* the process does not end */
    CU_ASSERT_EQUAL(bench->slot.result->verb, VERB_MAP);
    CU_ASSERT_EQUAL(bench->slot.result->error, FAILED);
    CU_ASSERT_EQUAL(bench->slot.result->cause, CAUSE_CRASH);
    CU_ASSERT(mapper_crashed(bench->mapper));
    bench_reason(bench, 7, text);
}

static void finds_the_item_that_crashes(void)
{
    for (uint64_t piece = 1; piece < 40; piece += 13) {
        struct bench bench = {.plan = bench_plan(TYPE_DOUBLE, TYPE_DOUBLE, 1, piece)};
        char text[REASON_TEXT_MAX + 1];

        break_at_12(&bench, CRASH, text);
        CU_ASSERT_STRING_EQUAL(text, "the kernel crashed (SIGSEGV, a bad address) at item 19");
        bench_end(&bench);
    }
}

static void items_that_crash_count_in_the_full_input(void)
{
    struct bench bench = {.plan = bench_plan(TYPE_DOUBLE, TYPE_DOUBLE, 1, 100)};
    char text[REASON_TEXT_MAX + 1];

    bench.plan.step = 3;
    bench.plan.start = 1;
    break_at_12(&bench, CRASH, text);
    CU_ASSERT_STRING_EQUAL(text, "the kernel crashed (SIGSEGV, a bad address) at item 58");
    bench_end(&bench);
}

static void names_all_that_may_have_crashed(void)
{
    struct bench bench = {.plan = bench_plan(TYPE_DOUBLE, TYPE_DOUBLE, 1, 10)};
    char text[REASON_TEXT_MAX + 1];

    break_at_12(&bench, CRASH_ONCE, text);
    CU_ASSERT_STRING_EQUAL(text, "the kernel crashed (SIGSEGV, a bad address) in items 17 to 26");
    bench_end(&bench);
}

static void leaves_a_second_look_that_hangs(void)
{
    struct bench bench = {.plan = bench_plan(TYPE_DOUBLE, TYPE_DOUBLE, 1, 10)};
    char text[REASON_TEXT_MAX + 1];

    break_at_12(&bench, CRASH_THEN_HANG, text);
    CU_ASSERT_STRING_EQUAL(text, "the kernel crashed (SIGSEGV, a bad address) in items 19 to 26");
    bench_end(&bench);
}

static void looks_at_whole_blocks_only(void)
{
    struct bench bench = {.plan = bench_plan(TYPE_DOUBLE, TYPE_DOUBLE, 1, 28)};
    char text[REASON_TEXT_MAX + 1];

    bench.plan.block = 7;
    break_at_12(&bench, CRASH, text);
    CU_ASSERT_STRING_EQUAL(text, "the kernel crashed (SIGSEGV, a bad address) in items 14 to 20");
    CU_ASSERT_EQUAL(arrivals, 1);
    bench_end(&bench);
}

static void is_not_called_after_a_crash(void)
{
    struct bench bench = {.plan = bench_plan(TYPE_DOUBLE, TYPE_DOUBLE, 1, 10)};
    char text[REASON_TEXT_MAX + 1];
    struct lane *lane = NULL;
    struct error error = {0};

    break_at_12(&bench, CRASH, text);
    calls = 0;
    CU_ASSERT_EQUAL_FATAL(lane_open(bench.mapper, 1, &lane, &error), OK);
    lane_start(lane, &bench.slot);
    while (!lane_done(lane))
        ;
    CU_ASSERT_EQUAL(bench.slot.result->verb, VERB_GAVE_UP);
    CU_ASSERT_EQUAL(bench.slot.result->first, 7);
    CU_ASSERT_EQUAL(calls, 0);
    CU_ASSERT_FALSE(lane_close(lane, 1));
    bench_end(&bench);
}

static void map_in_lane(void)
{
    struct bench bench = {.plan = bench_plan(TYPE_DOUBLE, TYPE_DOUBLE, 1, 10)};
    struct lane *lane = NULL;
    struct error error = {0};

    bench_start(&bench, &h5map_kernel_breaks, 7, 10);
    for (int k = 0; k < 10; k++)
        ((double *)bench_input(&bench))[k] = k == 4 ? 1000 : k;
    if (lane_open(bench.mapper, 1, &lane, &error))
        _exit(99);
    lane_start(lane, &bench.slot);
    while (!lane_done(lane))
        ;
    _exit(98); /* it came back */
}

static void init_kernel(void)
{
    const struct plan plan = bench_plan(TYPE_DOUBLE, TYPE_DOUBLE, 1, 10);
    struct error error = {0};
    const void *const table[PORTS_MAX] = {NULL};
    void *state;

    calls_init_kernel(&plan, &h5map_kernel_breaks, table, &state, &error);
    _exit(98);
}

/* What a process says that does this, and its exit status. */
static int last_words(void (*act)(void), enum way how, char text[256])
{
    int fd[2], status = -1;
    ssize_t got;
    pid_t pid;

    CU_ASSERT_EQUAL_FATAL(pipe(fd), 0);
    way = how;
    pid = fork();
    if (pid == 0) {
        dup2(fd[1], STDERR_FILENO);
        act();
    }
    close(fd[1]);
    got = read(fd[0], text, 255);
    text[got > 0 ? got : 0] = '\0';
    close(fd[0]);
    CU_ASSERT_EQUAL(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void tells_what_can_not_be_caught(void)
{
    char text[256];

    CU_ASSERT_EQUAL(last_words(map_in_lane, LEAVE, text), FAILED);
    CU_ASSERT_STRING_EQUAL(text,
                           "h5map: rank 5: the kernel ended the program with exit() in items 7 to 16; what the last "
                           "checkpoint holds is kept\n");
    CU_ASSERT_EQUAL(last_words(map_in_lane, LEAVE_THREAD, text), FAILED);
    CU_ASSERT_STRING_EQUAL(text,
                           "h5map: rank 5: the kernel ended its thread in items 7 to 16; what the last checkpoint "
                           "holds is kept\n");
    CU_ASSERT_EQUAL(last_words(map_in_lane, CRASH_THREAD, text), FAILED);
    CU_ASSERT_STRING_EQUAL(text,
                           "h5map: rank 5: crashed (SIGSEGV, a bad address); what the last checkpoint holds is kept\n");
    CU_ASSERT_EQUAL(last_words(init_kernel, CRASH, text), FAILED);
    CU_ASSERT_STRING_EQUAL(text, "h5map: rank 5: the kernel crashed (SIGFPE, an integer division by zero) in init\n");
    CU_ASSERT_EQUAL(last_words(init_kernel, LEAVE, text), FAILED);
    CU_ASSERT_STRING_EQUAL(text, "h5map: rank 5: the kernel ended the program with exit() in init\n");
}

static void end_late(void)
{
    crash_end_within("the kernel crashed somewhere", 1);
    for (;;)
        pause();
}

static void ends_where_it_can_not_come_to_its_end(void)
{
    char text[256];

    CU_ASSERT_EQUAL(last_words(end_late, CRASH, text), FAILED);
    CU_ASSERT_STRING_EQUAL(text,
                           "h5map: rank 5: the kernel crashed somewhere; what the last checkpoint holds is kept\n");
}

int main(void)
{
    struct error error = {0};
    CU_TestInfo tests[] = {{"finds the item that crashes", finds_the_item_that_crashes},
                           {"items that crash count in the full input", items_that_crash_count_in_the_full_input},
                           {"names all that may have crashed", names_all_that_may_have_crashed},
                           {"leaves a second look that hangs", leaves_a_second_look_that_hangs},
                           {"looks at whole blocks only", looks_at_whole_blocks_only},
                           {"is not called after a crash", is_not_called_after_a_crash},
                           {"tells what can not be caught", tells_what_can_not_be_caught},
                           {"ends where it can not come to its end", ends_where_it_can_not_come_to_its_end},
                           CU_TEST_INFO_NULL};

    if (crash_watch(5, &error))
        return 1;
    return suite_run("kernel_crash", tests);
}
