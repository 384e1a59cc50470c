#include "process/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define REPEAT_NS 500000000

#ifndef H5MAP_MPIRUN_DEFAULT
#define H5MAP_MPIRUN_DEFAULT "mpirun"
#endif

/* Signals around the wait: which are waited for, and how they were before. */
struct signals {
    sigset_t awaited, mask;
    struct sigaction child;
};

/* Block what is to be handed on, so that none is lost between here and the wait. A signal that is ignored stays so:
 * under nohup, or in the background of a script, it is not meant for us. */
static int signals_take(struct signals *signals)
{
    static const int handed_on[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1};
    struct sigaction standard = {.sa_handler = SIG_DFL}, found;

    sigemptyset(&signals->awaited);
    sigaddset(&signals->awaited, SIGCHLD);
    for (size_t k = 0; k < sizeof handed_on / sizeof *handed_on; k++)
        if (!sigaction(handed_on[k], NULL, &found) && found.sa_handler != SIG_IGN)
            sigaddset(&signals->awaited, handed_on[k]);
    if (sigaction(SIGCHLD, &standard, &signals->child))
        return errno;
    return sigprocmask(SIG_BLOCK, &signals->awaited, &signals->mask) ? errno : 0;
}

/* As they were; what came too late to be handed on is dropped. */
static int signals_give_back(const struct signals *signals)
{
    const struct timespec now = {0};

    while (sigtimedwait(&signals->awaited, NULL, &now) > 0 || errno == EINTR)
        errno = 0;
    if (sigaction(SIGCHLD, &signals->child, NULL))
        return errno;
    return sigprocmask(SIG_SETMASK, &signals->mask, NULL) ? errno : 0;
}

/* In the child: signals as a fresh program expects them, a process group of its own so that the terminal's Ctrl-C
 * reaches only the parent, an end when the parent ends, then the program. Comes back with errno only. */
static int become(char *const argv[], pid_t parent)
{
    struct sigaction standard = {.sa_handler = SIG_DFL};
    sigset_t none;
    int fd;

    for (int s = 1; s < NSIG; s++)
        sigaction(s, &standard, NULL); /* fails for those that can't be changed anyway */
    sigemptyset(&none);
    fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (fd < 0 || (fd != STDIN_FILENO && dup2(fd, STDIN_FILENO) < 0) || setpgid(0, 0) ||
        prctl(PR_SET_PDEATHSIG, SIGTERM) || sigprocmask(SIG_SETMASK, &none, NULL))
        return errno;
    if (getppid() != parent)
        return ESRCH;
    execvp(argv[0], argv);
    return errno;
}

/* Start the program. 0, or its errno, which comes through a pipe that a successful exec closes. */
static int start(char *const argv[], pid_t *pid)
{
    pid_t parent = getpid();
    int problem = 0, fd[2];

    if (pipe2(fd, O_CLOEXEC))
        return errno;
    *pid = fork();
    if (*pid == 0) {
        problem = become(argv, parent);
        _exit(write(fd[1], &problem, sizeof problem) == sizeof problem ? 127 : 126);
    }
    if (*pid < 0)
        problem = errno;
    close(fd[1]);
    if (!problem && read(fd[0], &problem, sizeof problem) != sizeof problem)
        problem = 0;
    close(fd[0]);
    if (*pid > 0 && problem)
        waitpid(*pid, NULL, 0);
    return problem;
}

/* What was asked of the run so far. */
struct requests {
    int stops; /* TERM, INT, HUP */
    bool any;  /* USR1 too */
};

/* The signal that mpirun gets for one of ours: it hands USR1 on to the ranks, which then stop in good order; a second
 * request is meant seriously. */
static int handed_on_as(int signal, struct requests *requests)
{
    requests->any = true;
    if (signal == SIGUSR1)
        return SIGUSR1;
    return ++requests->stops > 1 ? SIGTERM : SIGUSR1;
}

/* Hand signals on until the program has ended. 0, or errno. While mpirun starts its ranks it loses signals: a request
 * is repeated until it is heard; but not after a SIGTERM, for any signal cuts short the time that mpirun then gives. */
static int follow(pid_t pid, const sigset_t *awaited, struct requests *requests, int *status)
{
    const struct timespec pause = {0, REPEAT_NS};

    for (;;) {
        const bool repeat = requests->any && requests->stops < 2;
        const int signal = repeat ? sigtimedwait(awaited, NULL, &pause) : sigwaitinfo(awaited, NULL);

        if (signal < 0 && errno == EAGAIN)
            kill(pid, SIGUSR1);
        else if (signal < 0 && errno != EINTR)
            return errno;
        if (signal == SIGCHLD) {
            pid_t ended = waitpid(pid, status, WNOHANG);

            if (ended)
                return ended == pid ? 0 : errno;
        } else if (signal > 0) {
            kill(pid, handed_on_as(signal, requests)); /* it may have ended by now: SIGCHLD follows */
        }
    }
}

static int say_died(const char *who, const char *how, int number, struct error *error)
{
    return error_set(error, FAILED,
                     "%s died (%s %d): what the last checkpoint holds is kept (run the same command again)", who, how,
                     number);
}

/* How the run went: as rank 0 told, or else by how mpirun ended (as waitpid gives it), whose status may be that of any
 * rank, or 1 for troubles of its own. */
static int judge(const struct launch_word *word, const struct requests *requests, int ended, int *status,
                 struct error *error)
{
    const bool died = WIFSIGNALED(ended);

    *status = word->status >= 0 ? word->status : died ? 128 + WTERMSIG(ended) : WEXITSTATUS(ended);
    if (word->status >= 0)
        return OK;
    if (requests->any && *status == 128 + SIGUSR1) /* mpirun, or a rank, had had no time to take care of it */
        return error_set(error, STOPPED, "stopped before it began (run the same command again)");
    if (requests->stops > 1)
        return error_set(error, STOPPED,
                         "stopped at once: what the last checkpoint holds is kept (run the same command again)");
    if (died)
        return say_died("mpirun", "signal", WTERMSIG(ended), error);
    if (*status == FAILED) /* the rank has said why */
        return OK;
    if (word->begun)
        return say_died("a rank", "mpirun ended with", *status, error);
    if (*status == OK || *status == REFUSED || *status == STOPPED) /* a run that could not tell */
        return OK;
    return error_set(error, REFUSED, "mpirun ended with %d before a rank ran (\"mpirun -n 2 hostname\" may tell why)",
                     *status);
}

/* Run argv to its end. `word` is the file that rank 0 tells its status in. */
static int run(char *const argv[], int word, int *status, struct error *error)
{
    struct launch_word told = {.status = -1};
    int code = FAILED, problem, ended = 0, given_back;
    struct requests requests = {0};
    struct signals signals;
    pid_t pid = -1;

    problem = signals_take(&signals);
    if (problem)
        return error_set(error, FAILED, "%s: %s", argv[0], strerror(problem));
    problem = start(argv, &pid);
    if (problem) {
        code = error_set(error, REFUSED, "%s: %s (install it, set H5MAP_MPIRUN, or leave -j out)", argv[0],
                         strerror(problem));
        goto out;
    }
    problem = follow(pid, &signals.awaited, &requests, &ended);
    if (problem) {
        code = error_set(error, FAILED, "%s: %s", argv[0], strerror(problem));
        goto out;
    }
    if (pread(word, &told, sizeof told, 0) != sizeof told)
        told = (struct launch_word){.status = -1};
    code = judge(&told, &requests, ended, status, error);
out:
    given_back = signals_give_back(&signals);
    if (given_back && !code)
        code = error_set(error, FAILED, "%s: %s", argv[0], strerror(given_back));
    return code;
}

/* mpirun's command line: NULL-terminated, to be freed; the words belong to others. NULL: no memory. MPICH's mpirun and
 * its kin neither bind nor complain unless they are told to, and hand the environment on. */
static const char **make_argv(const struct options *options, const char *ranks, const char *program)
{
#ifdef H5MAP_MPIRUN_HYDRA
    static const char *const flags[] = {"-n"};
#else
    static const char *const flags[] = {
        "-q", "--oversubscribe", "--allow-run-as-root", "--bind-to", "none", "-x", LAUNCH_CHILD, "-n"};
#endif
    const size_t flag_count = sizeof flags / sizeof *flags;
    const char *mpirun = getenv("H5MAP_MPIRUN");
    const char **argv = calloc((size_t)options->argc + flag_count + 4, sizeof *argv);
    int n = 0;

    if (!argv)
        return NULL;
    argv[n++] = mpirun && *mpirun ? mpirun : H5MAP_MPIRUN_DEFAULT;
    for (size_t k = 0; k < flag_count; k++)
        argv[n++] = flags[k];
    argv[n++] = ranks;
    argv[n++] = program;
    for (int k = 1; k < options->argc; k++)
        argv[n++] = options->argv[k];
    return argv;
}

/* Run it, with what its ranks find in their environment. */
static int run_ranks(char *const argv[], int *status, struct error *error)
{
    const int word = memfd_create(LAUNCH_STATUS_FILE, MFD_CLOEXEC);
    char path[64];
    int code;

    if (word < 0)
        return error_set(error, FAILED, "-j: %s", strerror(errno));
    snprintf(path, sizeof path, "/proc/%ld/fd/%d", (long)getpid(), word);
    if (setenv(LAUNCH_CHILD, isatty(STDERR_FILENO) ? "terminal" : "log", 1) || setenv(LAUNCH_STATUS, path, 1))
        code = error_memory(error, "-j", sizeof path);
    else
        code = run(argv, word, status, error);
    close(word); /* in memory only */
    return code;
}

int launch_run(const struct options *options, int *status, struct error *error)
{
    char program[PATH_BYTES], ranks[16];
    const char **argv;
    ssize_t length;
    int code;

    if (launch_has_launcher())
        return error_set(error, REFUSED, "-j: already started by an MPI launcher (leave -j out)");
    length = readlink("/proc/self/exe", program, sizeof program - 1);
    if (length < 0)
        return error_set(error, FAILED, "/proc/self/exe: %s", strerror(errno));
    program[length] = '\0';
    snprintf(ranks, sizeof ranks, "%d", options->ranks ? options->ranks : launch_cores());
    argv = make_argv(options, ranks, program);
    if (!argv)
        code = error_memory(error, "-j", ((unsigned long long)options->argc + 16) * sizeof *argv);
    else
        code = run_ranks((char *const *)argv, status, error);
    free(argv);
    return code;
}
