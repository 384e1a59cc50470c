#include "process/child.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* One of its outputs: the pipe, and what came through it so far. */
struct stream {
    int read_fd, write_fd;
    char *text;
    size_t bytes, room;
};

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd); /* a pipe: nothing to lose */
    *fd = -1;
}

static double now_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* All signals as a fresh program expects them, a process group of its own to be killed by. 0, or errno. */
static int set_attributes(posix_spawnattr_t *attributes)
{
    sigset_t none, all;
    int problem;

    sigemptyset(&none);
    sigfillset(&all);
    problem = posix_spawnattr_setsigmask(attributes, &none);
    problem = problem ? problem : posix_spawnattr_setsigdefault(attributes, &all);
    problem = problem ? problem : posix_spawnattr_setpgroup(attributes, 0);
    return problem ? problem
                   : posix_spawnattr_setflags(attributes,
                                              POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
}

/* stdin from /dev/null, stdout and stderr into the pipes, nothing else open. 0, or errno. */
static int set_files(posix_spawn_file_actions_t *actions, const struct stream stream[2])
{
    int problem = posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);

    problem = problem ? problem : posix_spawn_file_actions_adddup2(actions, stream[0].write_fd, STDOUT_FILENO);
    problem = problem ? problem : posix_spawn_file_actions_adddup2(actions, stream[1].write_fd, STDERR_FILENO);
    return problem ? problem : posix_spawn_file_actions_addclosefrom_np(actions, STDERR_FILENO + 1);
}

/* Start it; 0, or errno. */
static int start(const char *const argv[], const struct stream stream[2], pid_t *pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int problem;

    problem = posix_spawnattr_init(&attributes);
    if (problem)
        return problem;
    problem = posix_spawn_file_actions_init(&actions);
    if (problem)
        goto no_actions;
    problem = set_attributes(&attributes);
    problem = problem ? problem : set_files(&actions, stream);
    problem = problem ? problem : posix_spawnp(pid, argv[0], &actions, &attributes, (char *const *)argv, environ);
    posix_spawn_file_actions_destroy(&actions);
no_actions:
    posix_spawnattr_destroy(&attributes);
    return problem;
}

/* Take what is in the pipe; closes it at its end. 0, or errno. */
static int take(struct stream *stream)
{
    ssize_t got;

    if (stream->room - stream->bytes < 2) {
        size_t room = stream->room ? 2 * stream->room : 4096;
        char *text = realloc(stream->text, room);

        if (!text)
            return ENOMEM;
        stream->text = text;
        stream->room = room;
    }
    got = read(stream->read_fd, stream->text + stream->bytes, stream->room - stream->bytes - 1);
    if (got < 0)
        return errno == EINTR ? 0 : errno;
    if (got == 0)
        close_fd(&stream->read_fd);
    stream->bytes += (size_t)got;
    stream->text[stream->bytes] = '\0';
    return 0;
}

/* Milliseconds to the deadline, rounded up; -1: there is none. */
static int left_ms(double deadline_at)
{
    double left = ceil((deadline_at - now_s()) * 1e3);

    return deadline_at == INFINITY ? -1 : left < 0 ? 0 : left > 1e6 ? 1000000 : (int)left;
}

/* Read both outputs to their ends. 0, ETIMEDOUT, or errno. */
static int take_all(struct stream stream[2], double deadline_at)
{
    int problem = 0;

    while (!problem && (stream[0].read_fd >= 0 || stream[1].read_fd >= 0)) {
        struct pollfd polled[2] = {{.fd = stream[0].read_fd, .events = POLLIN},
                                   {.fd = stream[1].read_fd, .events = POLLIN}};
        int ready = poll(polled, 2, left_ms(deadline_at));

        if (ready < 0 && errno != EINTR)
            problem = errno;
        else if (now_s() >= deadline_at)
            problem = ETIMEDOUT;
        for (int k = 0; !problem && ready > 0 && k < 2; k++)
            if (polled[k].revents)
                problem = take(&stream[k]);
    }
    return problem;
}

/* Wait for its end; 0, ETIMEDOUT, or errno. */
static int reap(pid_t pid, double deadline_at, int *status)
{
    const struct timespec nap = {.tv_nsec = 1000000};

    for (;;) {
        pid_t ended = waitpid(pid, status, deadline_at == INFINITY ? 0 : WNOHANG);

        if (ended == pid)
            return 0;
        if (ended < 0 && errno != EINTR)
            return errno;
        if (now_s() >= deadline_at)
            return ETIMEDOUT;
        if (ended == 0)
            nanosleep(&nap, NULL);
    }
}

/* See it through to its end, which comes at the deadline at the latest. 0, ETIMEDOUT, or errno. */
static int follow(pid_t pid, struct stream stream[2], double deadline_s, int *status)
{
    double deadline_at = deadline_s > 0 ? now_s() + deadline_s : INFINITY;
    int problem = take_all(stream, deadline_at);

    if (!problem)
        problem = reap(pid, deadline_at, status);
    if (problem) { /* errno is of no use here: it may be gone already */
        kill(-pid, SIGKILL);
        reap(pid, INFINITY, status);
    }
    return problem;
}

static int open_stream(struct stream *stream)
{
    int fd[2];

    if (pipe2(fd, O_CLOEXEC))
        return errno;
    stream->read_fd = fd[0];
    stream->write_fd = fd[1];
    stream->text = calloc(1, 1);
    stream->room = 1;
    return stream->text ? 0 : ENOMEM;
}

/* Start it and see it through. The problem (0, or errno) of each of the two steps is told apart. */
static int run(const char *const argv[], double deadline_s, struct stream stream[2], int *status, int *start_problem)
{
    int problem = open_stream(&stream[0]);
    pid_t pid;

    if (!problem)
        problem = open_stream(&stream[1]);
    if (!problem)
        problem = *start_problem = start(argv, stream, &pid);
    close_fd(&stream[0].write_fd);
    close_fd(&stream[1].write_fd);
    return problem ? problem : follow(pid, stream, deadline_s, status);
}

int child_run(const char *const argv[], double deadline_s, const char *advice, struct child_result *result,
              struct error *error)
{
    struct stream stream[2] = {{-1, -1, NULL, 0, 0}, {-1, -1, NULL, 0, 0}};
    struct sigaction standard = {.sa_handler = SIG_DFL}, found;
    int code = OK, problem, start_problem = 0, status = 0;

    *result = (struct child_result){0};
    if (sigaction(SIGCHLD, &standard, &found)) /* where it is ignored a child can't be waited for */
        return error_set(error, FAILED, "%s: %s", argv[0], strerror(errno));
    problem = run(argv, deadline_s, stream, &status, &start_problem);
    if (start_problem)
        code = error_set(error, REFUSED, "%s: %s (%s)", argv[0], strerror(start_problem), advice);
    else if (problem == ETIMEDOUT)
        code = error_set(error, REFUSED, "%s: not finished after %g s, so it was ended", argv[0], deadline_s);
    else if (problem)
        code = error_set(error, FAILED, "%s: %s", argv[0], strerror(problem));
    close_fd(&stream[0].read_fd);
    close_fd(&stream[1].read_fd);
    *result = (struct child_result){WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status), stream[0].text,
                                    stream[0].bytes, stream[1].text, stream[1].bytes};
    if (sigaction(SIGCHLD, &found, NULL) && !code)
        code = error_set(error, FAILED, "%s: %s", argv[0], strerror(errno));
    if (code)
        child_release(result);
    return code;
}

void child_release(struct child_result *result)
{
    free(result->out);
    free(result->err);
    *result = (struct child_result){0};
}
