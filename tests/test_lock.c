/* One run has an output; who is dead, silent or superseded is put out of the way. */
#include "store/lock.h"
#include "suite.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char folder[64], output[128], path[160];

static struct claimant claimant_of(const char *host, const char *job, long restart)
{
    struct claimant claimant = {.pid = getpid(), .restart = restart};

    snprintf(claimant.host, sizeof claimant.host, "%s", host);
    snprintf(claimant.job, sizeof claimant.job, "%s", job);
    return claimant;
}

static int take(const struct claimant *claimant, struct lock **lock, struct error *error)
{
    bool taken_over;

    *lock = NULL;
    error_clear(error);
    return lock_take(output, "out.h5", claimant, lock, &taken_over, error);
}

/* How many files are in the folder. */
static int file_count(void)
{
    char command[256];
    int count = -1;
    FILE *list;

    snprintf(command, sizeof command, "ls -A %s | wc -l", folder);
    list = popen(command, "r");
    CU_ASSERT_PTR_NOT_NULL_FATAL(list);
    CU_ASSERT_EQUAL(fscanf(list, "%d", &count), 1);
    pclose(list);
    return count;
}

/* A lock file that somebody left. */
static void leave(const char *content, int silent_s)
{
    const struct timespec times[2] = {{.tv_sec = time(NULL) - silent_s}, {.tv_sec = time(NULL) - silent_s}};
    FILE *file = fopen(path, "w");

    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT(fputs(content, file) >= 0);
    fclose(file);
    CU_ASSERT_EQUAL(utimensat(AT_FDCWD, path, times, 0), 0);
}

/* Has the lock what was left in its place been taken over? */
static void check_left(const char *content, int silent_s, bool over)
{
    const struct claimant claimant = claimant_of("here", "17", 1);
    struct error error = {0};
    struct lock *lock;

    leave(content, silent_s);
    CU_ASSERT_EQUAL(take(&claimant, &lock, &error), over ? OK : REFUSED);
    lock_release(lock);
    CU_ASSERT_EQUAL(file_count(), over ? 0 : 1);
    unlink(path);
}

static void is_taken_once(void)
{
    const struct claimant claimant = claimant_of("here", "", 0);
    struct error error = {0};
    struct lock *one, *two;
    char expected[256];

    CU_ASSERT_EQUAL_FATAL(take(&claimant, &one, &error), OK);
    CU_ASSERT_EQUAL(file_count(), 1);
    snprintf(expected, sizeof expected,
             "out.h5: another run is writing it (host here, pid %d): wait for it, or give another OUTPUT", getpid());
    CU_ASSERT_EQUAL(take(&claimant, &two, &error), REFUSED);
    CU_ASSERT_STRING_EQUAL(error.text, expected);
    CU_ASSERT_EQUAL(file_count(), 1);
    CU_ASSERT_EQUAL(lock_look(one, &error), OK);
    lock_refresh(one);
    lock_release(one);
    CU_ASSERT_EQUAL(file_count(), 0);
    CU_ASSERT_EQUAL(take(&claimant, &two, &error), OK);
    lock_release(two);
    lock_release(NULL);
}

static void is_taken_from_the_dead(void)
{
    check_left("here 999999 0 -\n", 0, true);
    check_left("elsewhere 5 0 -\n", 30, false);
    check_left("elsewhere 5 0 -\n", 61, true);
    check_left("elsewhere 5 3 16\n", 0, false);
    check_left("elsewhere 5 0 17\n", 0, true);
    check_left("elsewhere 5 1 17\n", 0, false);
    check_left("", 0, true);
    check_left("\xff\xfe garbage", 0, true);
}

static void says_when_to_try_again(void)
{
    const struct claimant claimant = claimant_of("here", "17", 1);
    struct error error = {0};
    struct lock *lock;

    leave("elsewhere 5 0 16\n", 20);
    CU_ASSERT_EQUAL(take(&claimant, &lock, &error), REFUSED);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.text, "(host elsewhere, pid 5, job 16, last heard of 2"));
    CU_ASSERT_PTR_NOT_NULL(strstr(error.text, "if it is dead, try again in "));
    unlink(path);
}

/* The old one lives on; it must notice, and not remove the new one's. */
static void goes_to_the_same_job_started_anew(void)
{
    const struct claimant before = claimant_of("n1", "17", 0), now = claimant_of("n2", "17", 1);
    struct error error = {0};
    struct lock *old, *new;

    CU_ASSERT_EQUAL_FATAL(take(&before, &old, &error), OK);
    CU_ASSERT_EQUAL_FATAL(take(&now, &new, &error), OK);
    CU_ASSERT_EQUAL(lock_look(old, &error), FAILED);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.text, "out.h5: another run has taken over"));
    error_clear(&error);
    lock_refresh(old);
    lock_release(old);
    CU_ASSERT_EQUAL(lock_look(new, &error), OK);
    CU_ASSERT_EQUAL(take(&before, &old, &error), REFUSED);
    lock_release(new);
    CU_ASSERT_EQUAL(file_count(), 0);
}

/* A process that tries to take the lock: it ends where it can't, else it waits to be killed. */
static pid_t start_taker(void)
{
    const pid_t pid = fork();
    struct error error = {0};
    struct claimant claimant;
    struct lock *lock;

    if (pid != 0)
        return pid;
    claimant = claimant_of("here", "", 0); /* of this process */
    if (take(&claimant, &lock, &error) == OK)
        pause();
    _exit(1);
}

/* Processes that all find a dead one's lock: one gets it. */
static void has_one_winner(void)
{
    for (int round = 0; round < 40; round++) {
        pid_t taker[4];
        int ended = 0;

        leave("here 999999 0 -\n", 0);
        for (int k = 0; k < 4; k++)
            taker[k] = start_taker();
        while (ended < 3 && wait(NULL) > 0)
            ended++;
        usleep(2000);
        CU_ASSERT_EQUAL(waitpid(-1, NULL, WNOHANG), 0); /* the fourth has it */
        for (int k = 0; k < 4; k++)
            kill(taker[k], SIGKILL);
        while (wait(NULL) > 0)
            ;
        unlink(path);
    }
    CU_ASSERT_EQUAL(file_count(), 0);
}

static void refuses_what_can_not_be_made(void)
{
    const struct claimant claimant = claimant_of("here", "", 0);
    char where[5000] = "/nowhere/out.h5";
    struct error error = {0};
    struct lock *lock = NULL;
    bool taken_over;

    CU_ASSERT_EQUAL(lock_take(where, "out.h5", &claimant, &lock, &taken_over, &error), REFUSED);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.text, "No such file or directory"));
    error_clear(&error);
    memset(where, 'a', sizeof where - 1);
    CU_ASSERT_EQUAL(lock_take(where, "out.h5", &claimant, &lock, &taken_over, &error), REFUSED);
    error_clear(&error);
    CU_ASSERT_EQUAL(symlink("/etc/passwd", path), 0);
    CU_ASSERT_EQUAL(take(&claimant, &lock, &error), REFUSED);
    unlink(path);
    CU_ASSERT_EQUAL(file_count(), 0);
}

static void tells_who_asks(void)
{
    struct claimant claimant;

    setenv("SLURM_JOB_ID", "1 2/3", 1);
    setenv("SLURM_RESTART_COUNT", "4", 1);
    lock_claimant(&claimant);
    CU_ASSERT_STRING_EQUAL(claimant.job, "1_2_3");
    CU_ASSERT_EQUAL(claimant.restart, 4);
    CU_ASSERT_EQUAL(claimant.pid, getpid());
    CU_ASSERT(strlen(claimant.host) > 0);
    unsetenv("SLURM_JOB_ID");
    unsetenv("SLURM_RESTART_COUNT");
}

int main(void)
{
    CU_TestInfo tests[] = {{"is taken once", is_taken_once},
                           {"is taken from the dead", is_taken_from_the_dead},
                           {"says when to try again", says_when_to_try_again},
                           {"goes to the same job started anew", goes_to_the_same_job_started_anew},
                           {"has one winner", has_one_winner},
                           {"refuses what can't be made", refuses_what_can_not_be_made},
                           {"tells who asks", tells_who_asks},
                           CU_TEST_INFO_NULL};
    int status;

    snprintf(folder, sizeof folder, "/tmp/h5map_lock.XXXXXX");
    if (!mkdtemp(folder))
        return 1;
    snprintf(output, sizeof output, "%s/out.h5", folder);
    snprintf(path, sizeof path, "%s.lock", output);
    status = suite_run("lock", tests);
    rmdir(folder);
    return status;
}
