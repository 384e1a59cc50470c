/* What the scheduler's variables make of the record and the log. */
#include "run/scheduler.h"
#include "suite.h"

#include <stdlib.h>
#include <string.h>

static void set_all(const char *id, const char *array, const char *task, const char *restart)
{
    static const char *const names[] = {"SLURM_JOB_ID", "SLURM_ARRAY_JOB_ID", "SLURM_ARRAY_TASK_ID",
                                        "SLURM_RESTART_COUNT"};
    const char *const values[] = {id, array, task, restart};

    for (int k = 0; k < 4; k++)
        CU_ASSERT_EQUAL(values[k] ? setenv(names[k], values[k], 1) : unsetenv(names[k]), 0);
}

static void check(const char *job, const char *nodes, const char *text)
{
    struct run_info run = {.job = "old", .nodes = "old"};
    char line[512] = "old";

    scheduler_look(&run);
    scheduler_text(&run, line, sizeof line);
    CU_ASSERT_STRING_EQUAL(run.job, job);
    CU_ASSERT_STRING_EQUAL(run.nodes, nodes);
    CU_ASSERT_STRING_EQUAL(line, text);
}

static void test_jobs(void)
{
    setenv("SLURM_JOB_NODELIST", "n[1-3]", 1);
    set_all(NULL, NULL, NULL, NULL);
    check("", "", "");
    set_all("17", NULL, NULL, NULL);
    check("17", "n[1-3]", "job 17 on n[1-3]");
    set_all("17", NULL, NULL, "0");
    check("17", "n[1-3]", "job 17 on n[1-3]");
    set_all("17", NULL, NULL, "2");
    check("17 restart 2", "n[1-3]", "job 17 restart 2 on n[1-3]");
    set_all("19", "17", "3", "1");
    check("17_3 restart 1", "n[1-3]", "job 17_3 restart 1 on n[1-3]");
    unsetenv("SLURM_JOB_NODELIST");
    check("17_3 restart 1", "", "job 17_3 restart 1");
}

static void test_odd(void)
{
    struct run_info run;
    char nodes[1000];

    memset(nodes, 'n', sizeof nodes - 1);
    nodes[sizeof nodes - 1] = '\0';
    setenv("SLURM_JOB_NODELIST", nodes, 1);
    set_all(nodes, NULL, NULL, "12");
    scheduler_look(&run);
    CU_ASSERT_EQUAL(strlen(run.nodes), sizeof run.nodes - 1);
    CU_ASSERT_STRING_EQUAL(run.nodes + sizeof run.nodes - 6, "nn...");
    CU_ASSERT_EQUAL(strlen(run.job), sizeof run.job - 1);
    CU_ASSERT_STRING_EQUAL(run.job + sizeof run.job - 6, "nn...");
    nodes[sizeof run.nodes - 1] = '\0'; /* fits */
    setenv("SLURM_JOB_NODELIST", nodes, 1);
    set_all("17", NULL, NULL, NULL);
    scheduler_look(&run);
    CU_ASSERT_STRING_EQUAL(run.nodes, nodes);
    setenv("SLURM_JOB_NODELIST", "a\n\x1b[1m\xc3\xa9", 1);
    set_all("1\t7", NULL, NULL, NULL);
    check("1?7", "a??[1m??", "job 1?7 on a??[1m??");
}

int main(void)
{
    CU_TestInfo tests[] = {{"jobs", test_jobs}, {"odd ones", test_odd}, CU_TEST_INFO_NULL};

    return suite_run("scheduler", tests);
}
