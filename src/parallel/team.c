#include "parallel/team.h"
#include "parallel/team_mpi.h"

#include <dirent.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SETUP_SLEEP_NS 1000000
#define SETUP_SLOW 3 /* nothing is computed meanwhile, and all wait for the last to look */
#define END_S 5
#define FLAT_MOST 1024 /* ranks */
#define SHARE_BYTES ((size_t)1 << 24)

/* Where many ranks share each CPU, all of them sleep while they wait: in a tree each level would wait for the one above
 * to wake up. All ranks choose alike. */
static bool is_flat(const struct promise *promise)
{
    return promise->one_host && patience_calm(promise->host_crowd) > 1;
}

/* Ranks on one host need no networks, and of the collectives only those that do not wait. */
static void choose_settings(const struct promise *promise)
{
    if (!promise->one_host)
        return;
    if (!promise->launcher) {
        setenv("OMPI_MCA_ess_singleton_isolated", "1", 0);
        setenv("OMPI_MCA_orte_create_session_dirs", "0", 0); /* in TMPDIR, where a run that ends may take it away */
        setenv("UCX_TLS", "self", 0);                        /* of MPICH: no shared memory */
    }
    setenv("OMPI_MCA_pml", "ob1", 0);
    setenv("OMPI_MCA_btl", "self,vader", 0);
    setenv("OMPI_MCA_coll", "basic,libnbc,self", 0);
    if (is_flat(promise))
        setenv("OMPI_MCA_coll_libnbc_ibcast_algorithm", "linear", 0);
}

static void on_mpi_error(MPI_Comm *comm, int *code, ...)
{
    char text[MPI_MAX_ERROR_STRING] = "";
    int length = 0, rank = -1;

    MPI_Comm_rank(*comm, &rank);
    MPI_Error_string(*code, text, &length);
    fprintf(stderr, "h5map: rank %d: MPI: %s\n", rank, text);
    MPI_Abort(*comm, FAILED);
}

static int check_promise(const struct promise *promise, const struct team *team, struct error *error)
{
    if (promise->size == 0 || promise->size == team->size)
        return OK;
    return error_set(error, REFUSED,
                     "the launcher started %d programs, but MPI sees %d rank%s: it does not fit the MPI library that "
                     "h5map was built with (use that library's mpirun, or srun --mpi=pmix)",
                     promise->size, team->size, team->size == 1 ? " in each" : "s");
}

#ifdef MPICH_VERSION
/* A rank of MPICH whose launcher is gone would wait for ever for ranks that went with it, at its start at full speed:
 * it ends with the launcher. Open MPI notices by itself, and there the thread that has started a rank may end early. */
static void go_with_launcher(void)
{
    prctl(PR_SET_PDEATHSIG, (unsigned long)SIGKILL);
}
#else
static void go_with_launcher(void)
{
}
#endif

/* PMIx says several short words in a row to the launcher, without TCP_NODELAY: TCP keeps them back until the first is
 * acknowledged, which takes 40 ms, at the end of every run. */
static void talk_without_delay(void)
{
    const int on = 1;
    struct dirent *entry;
    DIR *folder = opendir("/proc/self/fd");

    while (folder && (entry = readdir(folder))) {
        const long fd = strtol(entry->d_name, NULL, 10);

        if (fd > STDERR_FILENO) /* what is no socket of TCP refuses */
            setsockopt((int)fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    if (folder)
        closedir(folder);
}

int team_start(const struct promise *promise, struct team **team_out, struct error *error)
{
    struct team *team = calloc(1, sizeof *team);
    MPI_Errhandler handler;
    int provided;

    if (!team)
        return error_memory(error, "MPI", sizeof *team);
    choose_settings(promise);
    prctl(PR_SET_TIMERSLACK, 1000UL); /* a sleep of 1 us is not to become 50 */
    if (promise->launcher)
        go_with_launcher();
    if (MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &provided) != MPI_SUCCESS || provided < MPI_THREAD_FUNNELED) {
        free(team);
        return error_set(error, FAILED, "MPI: can't start with threads (use another MPI library)");
    }
    if (promise->launcher)
        talk_without_delay();
    MPI_Comm_dup(MPI_COMM_WORLD, &team->comm);
    MPI_Comm_create_errhandler(on_mpi_error, &handler);
    MPI_Comm_set_errhandler(team->comm, handler);
    MPI_Errhandler_free(&handler);
    MPI_Comm_rank(team->comm, &team->rank);
    MPI_Comm_size(team->comm, &team->size);
    team->crowd = promise->crowd;
    team->flat = is_flat(promise);
    *team_out = team;
    return check_promise(promise, team, error);
}

#ifdef MPICH_VERSION
static void end_anyway(int number, siginfo_t *info, void *context)
{
    (void)number;
    (void)context;
    _exit(info->si_value.sival_int);
}

/* MPICH 4.0 at times hangs in MPI_Finalize on several hosts. Other libraries do not, and may take their time with many
 * ranks. Where there is no timer it stays at what the library does. */
static void limit_the_end(int status)
{
    const struct sigaction action = {.sa_sigaction = end_anyway, .sa_flags = SA_SIGINFO};
    const struct itimerspec limit = {.it_value.tv_sec = END_S};
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM};
    timer_t timer;

    event.sigev_value.sival_int = status;
    if (sigaction(SIGALRM, &action, NULL) == 0 && timer_create(CLOCK_MONOTONIC, &event, &timer) == 0)
        timer_settime(timer, 0, &limit, NULL);
}
#else
static void limit_the_end(int status)
{
    (void)status;
}
#endif

void team_end(struct team *team, int status)
{
    if (!team)
        return;
    limit_the_end(status);
    MPI_Comm_free(&team->comm);
    MPI_Finalize();
#ifdef MPICH_VERSION
    signal(SIGALRM, SIG_IGN);
#endif
    free(team);
}

int team_rank(const struct team *team)
{
    return team->rank;
}

int team_size(const struct team *team)
{
    return team->size;
}

int team_crowd(const struct team *team)
{
    return team->crowd;
}

void team_finish(const struct team *team, MPI_Request *request)
{
    struct patience patience = {
        .crowd = team->crowd, .most_ns = SETUP_SLEEP_NS, .slow = team->crowd > 1 ? 0 : SETUP_SLOW};
    int done = 0;

    for (;;) {
        MPI_Test(request, &done, MPI_STATUS_IGNORE);
        if (done)
            return;
        patience_wait(&patience);
    }
}

void team_withdraw(const struct team *team, MPI_Request *request)
{
    if (*request == MPI_REQUEST_NULL)
        return;
    MPI_Cancel(request);
    team_finish(team, request);
}

MPI_Datatype team_type(size_t bytes)
{
    const size_t unit = (size_t)1 << 20;
    MPI_Datatype units, type;

    if (bytes <= INT_MAX) {
        MPI_Type_contiguous((int)bytes, MPI_BYTE, &type);
    } else {
        MPI_Type_contiguous((int)unit, MPI_BYTE, &units);
        const int lengths[2] = {(int)(bytes / unit), (int)(bytes % unit)};
        const MPI_Aint places[2] = {0, (MPI_Aint)(bytes / unit * unit)};
        const MPI_Datatype types[2] = {units, MPI_BYTE};
        MPI_Type_create_struct(2, lengths, places, types, &type);
        MPI_Type_free(&units);
    }
    MPI_Type_commit(&type);
    return type;
}

void team_share(struct team *team, void *data, size_t bytes)
{
    for (size_t done = 0; done < bytes;) {
        const size_t part = bytes - done < SHARE_BYTES ? bytes - done : SHARE_BYTES;
        MPI_Datatype type = team_type(part);
        MPI_Request request;

        MPI_Ibcast((char *)data + done, 1, type, 0, team->comm, &request);
        team_finish(team, &request);
        MPI_Type_free(&type);
        done += part;
    }
}

void team_collect(struct team *team, const void *mine, size_t bytes, void *all)
{
    MPI_Datatype type = team_type(bytes);
    MPI_Request request;

    MPI_Igather(mine, 1, type, all, 1, type, 0, team->comm, &request);
    team_finish(team, &request);
    MPI_Type_free(&type);
}

/* The lowest of all ranks' numbers, to all. */
static int lowest_of(struct team *team, int mine)
{
    int lowest = mine, all[FLAT_MOST];
    MPI_Request request;

    if (!team->flat || team->size > FLAT_MOST) {
        MPI_Iallreduce(&mine, &lowest, 1, MPI_INT, MPI_MIN, team->comm, &request);
        team_finish(team, &request);
        return lowest;
    }
    team_collect(team, &mine, sizeof mine, all);
    for (int rank = 0; team->rank == 0 && rank < team->size; rank++)
        lowest = all[rank] < lowest ? all[rank] : lowest;
    team_share(team, &lowest, sizeof lowest);
    return lowest;
}

int team_agree(struct team *team, struct error *error)
{
    const int lowest = lowest_of(team, error->code ? team->rank : INT_MAX);
    MPI_Request request;

    if (lowest == INT_MAX)
        return OK;

    struct {
        int code;
        char text[ERROR_TEXT_BYTES];
    } news = {.code = error->code};

    memcpy(news.text, error->text, sizeof news.text);
    MPI_Datatype type = team_type(sizeof news);
    MPI_Ibcast(&news, 1, type, lowest, team->comm, &request);
    team_finish(team, &request);
    MPI_Type_free(&type);
    error->code = news.code;
    memcpy(error->text, news.text, sizeof news.text);
    return error->code;
}
