#include "process/launch.h"

#include "suite.h"

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const variables[] = {"OMPI_COMM_WORLD_RANK",
                                        "OMPI_COMM_WORLD_SIZE",
                                        "PMIX_RANK",
                                        "PMI_RANK",
                                        "PMI_SIZE",
                                        "SLURM_PROCID",
                                        "SLURM_STEP_NUM_TASKS",
                                        "SLURM_JOB_ID",
                                        "SLURM_NTASKS",
                                        LAUNCH_CHILD,
                                        LAUNCH_STATUS,
                                        "H5MAP_MPIRUN",
                                        "OMPI_COMM_WORLD_LOCAL_RANK",
                                        "OMPI_COMM_WORLD_LOCAL_SIZE",
                                        "MPI_LOCALRANKID",
                                        "MPI_LOCALNRANKS",
                                        "SLURM_LOCALID"};

static void clear_environment(void)
{
    for (size_t k = 0; k < sizeof variables / sizeof *variables; k++)
        unsetenv(variables[k]);
}

struct launched {
    const char *set[7]; /* NAME=VALUE, NULL-terminated */
    bool has_launcher;
    int rank, size;
};

static void test_promise(void)
{
    static const struct launched cases[] = {
        {{NULL}, false, 0, 1},
        {{"OMPI_COMM_WORLD_RANK=3", "OMPI_COMM_WORLD_SIZE=4", "PMIX_RANK=3", "SLURM_PROCID=1", "SLURM_STEP_NUM_TASKS=2",
          NULL},
         true,
         3,
         4},
        {{"PMI_RANK=1", "PMI_SIZE=5", NULL}, true, 1, 5},
        {{"PMIX_RANK=2", "SLURM_PROCID=2", "SLURM_STEP_NUM_TASKS=8", NULL}, true, 2, 8},
        {{"PMIX_RANK=0", NULL}, true, 0, 0},
        {{"SLURM_PROCID=2", "SLURM_STEP_NUM_TASKS=8", NULL}, true, 2, 8},
        /* a batch script, and a shell in an allocation */
        {{"SLURM_JOB_ID=7", "SLURM_NTASKS=8", "SLURM_PROCID=0", NULL}, false, 0, 1},
        {{"SLURM_JOB_ID=7", "SLURM_NTASKS=8", "SLURM_PROCID=0", "SLURM_STEP_NUM_TASKS=1", NULL}, false, 0, 1},
        {{"OMPI_COMM_WORLD_SIZE=what", NULL}, false, 0, 1},
    };

    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        int rank = -1, size = -1;

        clear_environment();
        for (const char *const *set = cases[k].set; *set; set++)
            putenv((char *)*set);
        CU_ASSERT_EQUAL(launch_has_launcher(), cases[k].has_launcher);
        launch_promise(&rank, &size);
        CU_ASSERT_EQUAL(rank, cases[k].rank);
        CU_ASSERT_EQUAL(size, cases[k].size);
        CU_ASSERT(!launch_is_child());
        setenv(LAUNCH_CHILD, "terminal", 1);
        CU_ASSERT_EQUAL(launch_is_child(), cases[k].has_launcher);
    }
    clear_environment();
}

/* Where the ranks are. */
struct housed {
    const char *set[5]; /* NAME=VALUE, NULL-terminated */
    bool one_host;
    int local_rank, local_ranks;
};

static void test_host(void)
{
    static const struct housed cases[] = {
        {{NULL}, true, -1, 1},
        {{"OMPI_COMM_WORLD_SIZE=4", "OMPI_COMM_WORLD_LOCAL_SIZE=4", "OMPI_COMM_WORLD_LOCAL_RANK=3", NULL}, true, 3, 4},
        {{"OMPI_COMM_WORLD_SIZE=4", "OMPI_COMM_WORLD_LOCAL_SIZE=2", "OMPI_COMM_WORLD_LOCAL_RANK=1", NULL}, false, 1, 2},
        {{"PMI_RANK=5", "PMI_SIZE=8", "MPI_LOCALRANKID=1", "MPI_LOCALNRANKS=3", NULL}, false, 1, 3},
        {{"PMIX_RANK=5", "SLURM_LOCALID=2", NULL}, false, 2, 1},
        {{"SLURM_JOB_ID=7", "SLURM_LOCALID=0", NULL}, true, -1, 1}, /* a batch script */
    };

    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        clear_environment();
        for (const char *const *set = cases[k].set; *set; set++)
            putenv((char *)*set);
        CU_ASSERT_EQUAL(launch_on_one_host(), cases[k].one_host);
        CU_ASSERT_EQUAL(launch_local_rank(), cases[k].local_rank);
        CU_ASSERT_EQUAL(launch_local_ranks(), cases[k].local_ranks);
    }
    clear_environment();
}

static void test_crowd(void)
{
    const int cpus = (int)sysconf(_SC_NPROCESSORS_ONLN);
    char ranks[16];

    clear_environment();
    CU_ASSERT_EQUAL(launch_crowd(), 1);
    setenv("OMPI_COMM_WORLD_LOCAL_SIZE", "100000", 1); /* without a launcher */
    CU_ASSERT_EQUAL(launch_crowd(), 1);
    setenv("OMPI_COMM_WORLD_SIZE", "100000", 1);
    for (int crowd = 1; crowd < 4; crowd++) {
        snprintf(ranks, sizeof ranks, "%d", crowd * cpus);
        setenv("OMPI_COMM_WORLD_LOCAL_SIZE", ranks, 1);
        CU_ASSERT_EQUAL(launch_crowd(), crowd);
        snprintf(ranks, sizeof ranks, "%d", crowd * cpus + 1);
        setenv("OMPI_COMM_WORLD_LOCAL_SIZE", ranks, 1);
        CU_ASSERT_EQUAL(launch_crowd(), crowd + 1);
        CU_ASSERT_EQUAL(launch_host_crowd(), crowd + 1);
    }
    clear_environment();
}

/* Under -j a rank that may use one CPU shares it with all; the host has the CPUs that it has. */
static void test_crowd_of_few_cpus(void)
{
    const int cpus = (int)sysconf(_SC_NPROCESSORS_ONLN);
    cpu_set_t all, one;
    char ranks[16];

    clear_environment();
    CU_ASSERT_EQUAL_FATAL(sched_getaffinity(0, sizeof all, &all), 0);
    CPU_ZERO(&one);
    for (int cpu = 0; CPU_COUNT(&one) == 0; cpu++)
        if (CPU_ISSET(cpu, &all))
            CPU_SET(cpu, &one);
    snprintf(ranks, sizeof ranks, "%d", 2 * cpus);
    setenv("OMPI_COMM_WORLD_LOCAL_SIZE", ranks, 1);
    setenv("OMPI_COMM_WORLD_SIZE", ranks, 1);
    setenv(LAUNCH_CHILD, "log", 1);
    CU_ASSERT_EQUAL_FATAL(sched_setaffinity(0, sizeof one, &one), 0);
    CU_ASSERT_EQUAL(launch_crowd(), 2 * cpus);
    CU_ASSERT_EQUAL(launch_host_crowd(), 2);
    CU_ASSERT_EQUAL(sched_setaffinity(0, sizeof all, &all), 0);
    clear_environment();
}

/* What the user has set stays. */
static void test_look_less(void)
{
    unsetenv("HWLOC_PLUGINS_PATH");
    setenv("HWLOC_COMPONENTS", "x86", 1);
    launch_look_less();
    CU_ASSERT_STRING_EQUAL(getenv("HWLOC_PLUGINS_PATH"), "/dev/null");
    CU_ASSERT_STRING_EQUAL(getenv("HWLOC_COMPONENTS"), "x86");
    unsetenv("HWLOC_COMPONENTS");
    launch_look_less();
    CU_ASSERT_STRING_EQUAL(getenv("HWLOC_COMPONENTS"), "-linux:pci");
    unsetenv("HWLOC_PLUGINS_PATH");
    unsetenv("HWLOC_COMPONENTS");
}

static void test_terminal(void)
{
    clear_environment();
    CU_ASSERT_EQUAL(launch_terminal(), isatty(STDERR_FILENO) == 1);
    setenv("OMPI_COMM_WORLD_SIZE", "1", 1);
    setenv(LAUNCH_CHILD, "terminal", 1);
    CU_ASSERT(launch_terminal());
    setenv(LAUNCH_CHILD, "log", 1);
    CU_ASSERT(!launch_terminal());
    clear_environment();
}

/* A stand-in for mpirun: a shell script in a folder of its own; out is what it may write to. */
struct stand_in {
    char folder[64], program[96], out[96];
};

static void stand_in_make(struct stand_in *stand_in, const char *script)
{
    FILE *file;

    strcpy(stand_in->folder, "/tmp/h5map-test-launch-XXXXXX");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(stand_in->folder));
    snprintf(stand_in->program, sizeof stand_in->program, "%s/mpirun", stand_in->folder);
    snprintf(stand_in->out, sizeof stand_in->out, "%s/out", stand_in->folder);
    file = fopen(stand_in->program, "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    fprintf(file, "#!/bin/sh\nexec > '%s'\n%s\n", stand_in->out, script);
    CU_ASSERT_EQUAL_FATAL(fclose(file), 0);
    CU_ASSERT_EQUAL_FATAL(chmod(stand_in->program, 0700), 0);
    clear_environment();
    setenv("H5MAP_MPIRUN", stand_in->program, 1);
}

static void stand_in_read(const struct stand_in *stand_in, char *text, size_t text_bytes)
{
    FILE *file = fopen(stand_in->out, "r");
    size_t got = file ? fread(text, 1, text_bytes - 1, file) : 0;

    text[got] = '\0';
    if (file)
        fclose(file);
}

static void stand_in_remove(const struct stand_in *stand_in)
{
    unlink(stand_in->out);
    CU_ASSERT_EQUAL(unlink(stand_in->program), 0);
    CU_ASSERT_EQUAL(rmdir(stand_in->folder), 0);
    clear_environment();
}

static const char *const words[] = {"h5map", "run", "-j", "3", "square", "a b.h5", "out.h5", NULL};

#ifdef H5MAP_MPIRUN_HYDRA
#define FLAGS ""
#else
#define FLAGS "[-q][--oversubscribe][--allow-run-as-root][--bind-to][none][-x][H5MAP_UNDER_J]"
#endif

static void test_command_line(void)
{
    const struct options options = {.argc = 7, .argv = words, .parallel = true, .ranks = 3};
    char text[8192], expected[8192], program[4096] = "";
    struct stand_in stand_in;
    struct error error = {0};
    int status = -1;

    CU_ASSERT_FATAL(readlink("/proc/self/exe", program, sizeof program - 1) > 0);
    stand_in_make(&stand_in, "printf '[%s]' \"$@\"; echo; echo $H5MAP_UNDER_J; readlink /proc/$$/fd/0; exit 75");
    CU_ASSERT_EQUAL(launch_run(&options, &status, &error), OK);
    CU_ASSERT_EQUAL(status, 75);
    stand_in_read(&stand_in, text, sizeof text);
    snprintf(expected, sizeof expected, "%s[-n][3][%s][run][-j][3][square][a b.h5][out.h5]\n%s\n/dev/null\n", FLAGS,
             program, isatty(STDERR_FILENO) ? "terminal" : "log");
    CU_ASSERT_STRING_EQUAL(text, expected);
    stand_in_remove(&stand_in);
}

static void test_all_cores(void)
{
    const struct options options = {.argc = 1, .argv = words, .parallel = true};
    struct stand_in stand_in;
    struct error error = {0};
    char text[64];
    int status = -1;

    stand_in_make(&stand_in, "while [ \"$1\" != -n ]; do shift; done; echo $2 $(nproc)");
    unsetenv("OMP_NUM_THREADS"); /* nproc looks at it */
    CU_ASSERT_EQUAL(launch_run(&options, &status, &error), OK);
    CU_ASSERT_EQUAL(status, 0);
    stand_in_read(&stand_in, text, sizeof text);
    CU_ASSERT(atoi(text) > 0);
    CU_ASSERT_PTR_NOT_NULL_FATAL(strchr(text, ' '));
    CU_ASSERT_EQUAL(atoi(text), atoi(strchr(text, ' ')));
    stand_in_remove(&stand_in);
}

static void test_refused(void)
{
    const struct options options = {.argc = 1, .argv = words, .parallel = true};
    struct error error = {0};
    int status = -1;

    clear_environment();
    setenv("PMI_RANK", "0", 1);
    CU_ASSERT_EQUAL(launch_run(&options, &status, &error), REFUSED);
    CU_ASSERT_STRING_EQUAL(error.text, "-j: already started by an MPI launcher (leave -j out)");
    clear_environment();
    setenv("H5MAP_MPIRUN", "/no/such/mpirun", 1);
    CU_ASSERT_EQUAL(launch_run(&options, &status, &error), REFUSED);
    CU_ASSERT_STRING_EQUAL(error.text, "/no/such/mpirun: No such file or directory (install it, set H5MAP_MPIRUN, "
                                       "or leave -j out)");
    CU_ASSERT_EQUAL(status, -1);
    clear_environment();
}

/* SIGHUP as nohup leaves it, the others as a shell does. */
static void start_with_signals(bool nohup)
{
    struct sigaction standard = {.sa_handler = SIG_DFL}, ignore = {.sa_handler = SIG_IGN};

    sigaction(SIGTERM, &standard, NULL);
    sigaction(SIGINT, &standard, NULL);
    sigaction(SIGUSR1, &standard, NULL);
    sigaction(SIGHUP, nohup ? &ignore : &standard, NULL);
}

/* launch_run in a process of its own that gets the signals, each after the stand-in has answered the one before;
 * under nohup a SIGHUP first of all. *answers is what the stand-in wrote. Returns the status as waitpid gives it. */
static int signalled(const struct stand_in *stand_in, bool nohup, const int *signals, char answers[256])
{
    const struct options options = {.argc = 1, .argv = words, .parallel = true, .ranks = 1};
    struct error error = {0};
    int status = -1;
    pid_t pid;

    unlink(stand_in->out); /* of the run before */
    pid = fork();
    if (pid == 0) {
        start_with_signals(nohup);
        _exit(launch_run(&options, &status, &error) ? error.code : status);
    }
    for (size_t lines = 0, tries = 0; tries < 10000; tries++) {
        size_t seen = 0;

        stand_in_read(stand_in, answers, 256);
        for (const char *c = answers; *c; c++)
            seen += *c == '\n';
        if (seen > lines) {
            lines = seen;
            if (!*signals)
                break;
            if (nohup && lines == 1)
                kill(pid, SIGHUP);
            kill(pid, *signals++);
        }
        usleep(1000);
    }
    waitpid(pid, &status, 0);
    stand_in_read(stand_in, answers, 256);
    return status;
}

static const char answering[] = "trap 'echo usr1' USR1; trap 'echo term; exit 42' TERM; trap 'echo int' INT; echo up;"
                                "n=0; while [ $n -lt 1000 ]; do sleep 0.01; n=$((n+1)); done";

static void test_signals(void)
{
    const int usr1_then_twice[] = {SIGUSR1, SIGINT, SIGTERM, 0}, hang_up[] = {SIGHUP, SIGHUP, 0},
              nohup[] = {SIGUSR1, SIGTERM, SIGTERM, 0};
    struct stand_in stand_in;
    char answers[256];
    int status;

    stand_in_make(&stand_in, answering);
    status = signalled(&stand_in, false, usr1_then_twice, answers);
    CU_ASSERT(WIFEXITED(status));
    CU_ASSERT_EQUAL(WEXITSTATUS(status), STOPPED); /* the second request is meant seriously */
    CU_ASSERT_STRING_EQUAL(answers, "up\nusr1\nusr1\nterm\n");
    status = signalled(&stand_in, false, hang_up, answers);
    CU_ASSERT(WIFEXITED(status));
    CU_ASSERT_EQUAL(WEXITSTATUS(status), STOPPED);
    CU_ASSERT_STRING_EQUAL(answers, "up\nusr1\nterm\n");
    status = signalled(&stand_in, true, nohup, answers);
    CU_ASSERT(WIFEXITED(status));
    CU_ASSERT_EQUAL(WEXITSTATUS(status), STOPPED);
    CU_ASSERT_STRING_EQUAL(answers, "up\nusr1\nusr1\nterm\n");
    stand_in_remove(&stand_in);
}

static void test_killed_parent(void)
{
    const int kill_it[] = {SIGKILL, 0};
    struct stand_in stand_in;
    char answers[256];

    stand_in_make(&stand_in, answering);
    CU_ASSERT(WIFSIGNALED(signalled(&stand_in, false, kill_it, answers)));
    for (int tries = 0; tries < 5000 && strcmp(answers, "up\nterm\n") != 0; tries++) {
        usleep(1000);
        stand_in_read(&stand_in, answers, sizeof answers);
    }
    CU_ASSERT_STRING_EQUAL(answers, "up\nterm\n");
    stand_in_remove(&stand_in);
}

static void test_killed_mpirun(void)
{
    const struct options options = {.argc = 1, .argv = words, .parallel = true, .ranks = 1};
    struct sigaction ignore = {.sa_handler = SIG_IGN}, found;
    struct stand_in stand_in;
    struct error error = {0};
    sigset_t before, after;
    int status = -1;

    stand_in_make(&stand_in, "kill -KILL $$");
    sigemptyset(&before);
    CU_ASSERT_EQUAL(sigprocmask(SIG_BLOCK, NULL, &before), 0);
    CU_ASSERT_EQUAL(sigaction(SIGCHLD, &ignore, &found), 0);
    CU_ASSERT_EQUAL(launch_run(&options, &status, &error), FAILED);
    CU_ASSERT_STRING_EQUAL(error.text, "mpirun died (signal 9): what the last checkpoint holds is kept (run the same "
                                       "command again)");
    CU_ASSERT_EQUAL(sigaction(SIGCHLD, &found, &ignore), 0);
    CU_ASSERT_PTR_EQUAL(ignore.sa_handler, SIG_IGN);
    CU_ASSERT_EQUAL(sigprocmask(SIG_BLOCK, NULL, &after), 0);
    CU_ASSERT_EQUAL(sigismember(&after, SIGTERM), sigismember(&before, SIGTERM));
    stand_in_remove(&stand_in);
}

/* How a run ended, from what its rank 0 told and what mpirun ended with. */
static void test_status(void)
{
    static const struct {
        int told, mpirun; /* told: -2 nothing at all, -1 that it has begun */
        int code, status;
        const char *text;
    } cases[] = {
        {0, 0, OK, 0, ""},
        {1, 1, OK, 1, ""},
        {3, 137, OK, 3, ""},
        {75, 1, OK, 75, ""},
        {-1, 3, OK, 3, ""},
        {-1, 137, FAILED, 0, "a rank died (mpirun ended with 137): what the last"},
        {-1, 1, FAILED, 0, "a rank died (mpirun ended with 1): what the last"},
        {-1, 0, FAILED, 0, "a rank died (mpirun ended with 0): what the last"},
        {-1, 2, FAILED, 0, "a rank died (mpirun ended with 2): what the last"},
        {-2, 1, REFUSED, 0, "mpirun ended with 1 before a rank ran ("},
        {-2, 213, REFUSED, 0, "mpirun ended with 213 before a rank ran ("},
    };
    const struct options options = {.argc = 1, .argv = words, .parallel = true, .ranks = 1};

    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        struct stand_in stand_in;
        struct error error = {0};
        char script[256];
        int status = -1;

        /* a struct launch_word, byte by byte */
        if (cases[k].told == -2)
            snprintf(script, sizeof script, "exit %d", cases[k].mpirun);
        else
            snprintf(script, sizeof script, "printf '\\001\\0\\0\\0\\%03o%s' >$H5MAP_UNDER_J_STATUS; exit %d",
                     cases[k].told & 255, cases[k].told < 0 ? "\\377\\377\\377" : "\\0\\0\\0", cases[k].mpirun);
        stand_in_make(&stand_in, script);
        CU_ASSERT_EQUAL(launch_run(&options, &status, &error), cases[k].code);
        CU_ASSERT(cases[k].code || status == cases[k].status);
        CU_ASSERT_EQUAL(strncmp(error.text, cases[k].text, strlen(cases[k].text)), 0);
        stand_in_remove(&stand_in);
    }
}

/* What rank 0 tells arrives; without -j nothing happens, and no other file is written to. */
static void test_tell(void)
{
    const int fd = memfd_create(LAUNCH_STATUS_FILE, MFD_CLOEXEC), other = memfd_create("other", MFD_CLOEXEC);
    struct launch_word word = {0};
    char path[64];

    CU_ASSERT_FATAL(fd >= 0 && other >= 0);
    clear_environment();
    snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)getpid(), fd);
    setenv(LAUNCH_STATUS, path, 1);
    launch_tell_begun();
    CU_ASSERT_EQUAL(pread(fd, &word, sizeof word, 0), 0);
    setenv("OMPI_COMM_WORLD_SIZE", "1", 1);
    setenv(LAUNCH_CHILD, "log", 1);
    launch_tell_begun();
    CU_ASSERT_EQUAL(pread(fd, &word, sizeof word, 0), sizeof word);
    CU_ASSERT(word.begun == 1 && word.status == -1);
    CU_ASSERT(launch_tell_status(75));
    CU_ASSERT_EQUAL(pread(fd, &word, sizeof word, 0), sizeof word);
    CU_ASSERT(word.begun == 1 && word.status == 75);
    snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)getpid(), other);
    setenv(LAUNCH_STATUS, path, 1);
    CU_ASSERT(!launch_tell_status(0));
    CU_ASSERT_EQUAL(pread(other, &word, sizeof word, 0), 0);
    CU_ASSERT_EQUAL(close(fd) | close(other), 0);
    clear_environment();
}

static void check_told(const char *path, const char *expected)
{
    char text[64] = "";
    FILE *file = fopen(path, "r");

    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT_EQUAL(fread(text, 1, sizeof text - 1, file), strlen(expected));
    CU_ASSERT_STRING_EQUAL(text, expected);
    fclose(file);
}

/* A script's file, with a launcher or without; it is never made. */
static void test_tell_script(void)
{
    char path[] = "/tmp/h5map-told-XXXXXX";
    const int fd = mkstemp(path);

    CU_ASSERT_FATAL(fd >= 0);
    CU_ASSERT_EQUAL(close(fd), 0);
    clear_environment();
    setenv(LAUNCH_FILE, path, 1);
    launch_tell_begun();
    check_told(path, "begun\n");
    CU_ASSERT(!launch_tell_status(75));
    check_told(path, "75\n");
    CU_ASSERT_EQUAL(unlink(path), 0);
    launch_tell_status(0);
    CU_ASSERT_EQUAL(access(path, F_OK), -1);
    unsetenv(LAUNCH_FILE);
}

int main(void)
{
    CU_TestInfo tests[] = {{"promise", test_promise},
                           {"host", test_host},
                           {"crowd", test_crowd},
                           {"crowd of few CPUs", test_crowd_of_few_cpus},
                           {"looks less", test_look_less},
                           {"terminal", test_terminal},
                           {"command line", test_command_line},
                           {"all cores", test_all_cores},
                           {"refused", test_refused},
                           {"signals", test_signals},
                           {"killed parent", test_killed_parent},
                           {"killed mpirun", test_killed_mpirun},
                           {"status", test_status},
                           {"tell", test_tell},
                           {"tell a script", test_tell_script},
                           CU_TEST_INFO_NULL};

    return suite_run("launch", tests);
}
