#include "process/child.h"

#include "suite.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ADVICE "install it"

/* What a shell does with the script. */
static int shell(const char *script, double deadline_s, struct child_result *result, struct error *error)
{
    const char *const argv[] = {"sh", "-c", script, NULL};

    return child_run(argv, deadline_s, ADVICE, result, error);
}

static double now_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void test_outputs_and_status(void)
{
    struct child_result result;
    struct error error = {0};

    CU_ASSERT_EQUAL_FATAL(shell("printf 'a\\nb'; printf c >&2; exit 7", 0, &result, &error), OK);
    CU_ASSERT_EQUAL(result.status, 7);
    CU_ASSERT_STRING_EQUAL(result.out, "a\nb");
    CU_ASSERT_EQUAL(result.out_bytes, 3);
    CU_ASSERT_STRING_EQUAL(result.err, "c");
    CU_ASSERT_EQUAL(result.err_bytes, 1);
    child_release(&result);
    CU_ASSERT_PTR_NULL(result.out);

    CU_ASSERT_EQUAL_FATAL(shell("exit 0", 5, &result, &error), OK);
    CU_ASSERT_EQUAL(result.status, 0);
    CU_ASSERT_STRING_EQUAL(result.out, "");
    CU_ASSERT_STRING_EQUAL(result.err, "");
    child_release(&result);
}

static void test_death_by_signal(void)
{
    struct child_result result;
    struct error error = {0};

    CU_ASSERT_EQUAL_FATAL(shell("kill -9 $$", 0, &result, &error), OK);
    CU_ASSERT_EQUAL(result.status, 128 + SIGKILL);
    child_release(&result);
}

static void test_large_interleaved_outputs(void)
{
    struct child_result result;
    struct error error = {0};

    CU_ASSERT_EQUAL_FATAL(shell("for i in 1 2 3; do head -c 300001 /dev/zero | tr '\\0' o;"
                                " head -c 200001 /dev/zero | tr '\\0' e >&2; done",
                                60, &result, &error),
                          OK);
    CU_ASSERT_EQUAL(result.status, 0);
    CU_ASSERT_EQUAL(result.out_bytes, 3 * 300001);
    CU_ASSERT_EQUAL(strspn(result.out, "o"), 3 * 300001);
    CU_ASSERT_EQUAL(result.err_bytes, 3 * 200001);
    CU_ASSERT_EQUAL(strspn(result.err, "e"), 3 * 200001);
    child_release(&result);
}

static void test_stdin_is_empty(void)
{
    struct child_result result;
    struct error error = {0};

    CU_ASSERT_EQUAL_FATAL(shell("cat; readlink /proc/self/fd/0", 10, &result, &error), OK);
    CU_ASSERT_STRING_EQUAL(result.out, "/dev/null\n");
    child_release(&result);
}

static void test_missing_program(void)
{
    const char *const argv[] = {"no-such-compiler", "-c", NULL};
    struct child_result result;
    struct error error = {0};

    CU_ASSERT_EQUAL(child_run(argv, 0, "install a C compiler, or set CC", &result, &error), REFUSED);
    CU_ASSERT_STRING_EQUAL(error.text, "no-such-compiler: No such file or directory (install a C compiler, or set CC)");
    CU_ASSERT_PTR_NULL(result.out);
    CU_ASSERT_PTR_NULL(result.err);
}

/* A script that must be ended at the deadline, grandchildren too: each writes its pid first. */
static void check_deadline(const char *script)
{
    struct child_result result;
    struct error error = {0};
    double start_s = now_s();

    CU_ASSERT_EQUAL(shell(script, 0.2, &result, &error), REFUSED);
    CU_ASSERT_STRING_EQUAL(error.text, "sh: not finished after 0.2 s, so it was ended");
    CU_ASSERT(now_s() - start_s >= 0.2);
    CU_ASSERT(now_s() - start_s < 20);
    CU_ASSERT_PTR_NULL(result.out);
}

static void test_deadline(void)
{
    char path[] = "/tmp/h5map-test-child-XXXXXX", script[256];
    int fd = mkstemp(path), pid = 0, tries = 0;
    FILE *file;

    CU_ASSERT_FATAL(fd >= 0);
    close(fd);
    check_deadline("exec sleep 60");
    check_deadline("exec >&- 2>&-; sleep 60");
    check_deadline("while :; do echo endless; done");
    snprintf(script, sizeof script, "sleep 60 & echo $! > %s; wait", path);
    check_deadline(script);
    file = fopen(path, "r");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT_EQUAL(fscanf(file, "%d", &pid), 1);
    fclose(file);
    unlink(path);
    while (pid > 0 && !kill(pid, 0) && tries++ < 1000) { /* init has to reap it yet, or it is a zombie for ever */
        char state = '?';

        snprintf(script, sizeof script, "/proc/%d/stat", pid);
        file = fopen(script, "r");
        if (file && fscanf(file, "%*d %*s %c", &state) == 1 && state == 'Z')
            pid = 0;
        if (file)
            fclose(file);
        usleep(1000);
    }
    CU_ASSERT(tries < 1000);
}

static void test_signals_are_fresh(void)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN}, term, child;
    struct child_result result;
    struct error error = {0};
    sigset_t blocked, before;

    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    sigaddset(&blocked, SIGINT);
    CU_ASSERT_EQUAL(sigprocmask(SIG_BLOCK, &blocked, &before), 0);
    CU_ASSERT_EQUAL(sigaction(SIGTERM, &ignore, &term), 0);
    CU_ASSERT_EQUAL(sigaction(SIGCHLD, &ignore, &child), 0);
    CU_ASSERT_EQUAL(shell("kill -TERM $$; exit 3", 10, &result, &error), OK);
    CU_ASSERT_EQUAL(result.status, 128 + SIGTERM);
    child_release(&result);
    CU_ASSERT_EQUAL(shell("kill -INT $$; exit 3", 10, &result, &error), OK);
    CU_ASSERT_EQUAL(result.status, 128 + SIGINT);
    child_release(&result);
    CU_ASSERT_EQUAL(sigaction(SIGCHLD, &child, &ignore), 0);
    CU_ASSERT_PTR_EQUAL(ignore.sa_handler, SIG_IGN); /* as it was found */
    CU_ASSERT_EQUAL(sigaction(SIGTERM, &term, NULL), 0);
    CU_ASSERT_EQUAL(sigprocmask(SIG_SETMASK, &before, NULL), 0);
}

static void test_nothing_else_is_open(void)
{
    int fd = open("/dev/null", O_RDONLY), copy = fcntl(fd, F_DUPFD, 20);
    struct child_result result;
    struct error error = {0};
    char script[64];

    CU_ASSERT_FATAL(copy >= 20);
    snprintf(script, sizeof script, "test -e /proc/self/fd/1 && ! test -e /proc/self/fd/%d", copy);
    CU_ASSERT_EQUAL(shell(script, 10, &result, &error), OK);
    CU_ASSERT_EQUAL(result.status, 0);
    child_release(&result);
    CU_ASSERT_EQUAL(close(copy), 0);
    CU_ASSERT_EQUAL(close(fd), 0);
}

int main(void)
{
    CU_TestInfo tests[] = {{"outputs and status", test_outputs_and_status},
                           {"death by signal", test_death_by_signal},
                           {"large interleaved outputs", test_large_interleaved_outputs},
                           {"stdin is empty", test_stdin_is_empty},
                           {"missing program", test_missing_program},
                           {"deadline", test_deadline},
                           {"signals are fresh", test_signals_are_fresh},
                           {"nothing else is open", test_nothing_else_is_open},
                           CU_TEST_INFO_NULL};

    return suite_run("child", tests);
}
