/* What the environment tells of the launcher that started this process. */
#include "process/launch.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The most CPUs that the system may have, in sets of CPU_SETSIZE. */
#define CPU_SETS 64

/* The whole number in an environment variable; false where it is not set or none. */
static bool number_of(const char *variable, int *number)
{
    const char *text = getenv(variable);
    char *end = NULL;
    long value = text ? strtol(text, &end, 10) : 0;

    if (!text || end == text || *end || value < 0 || value > 1000000000)
        return false;
    *number = (int)value;
    return true;
}

/* The first of the variables that is set, else `otherwise`. */
static int first_of(const char *const *variables, int otherwise)
{
    int number = otherwise;

    while (*variables && !number_of(*variables, &number))
        variables++;
    return number;
}

bool launch_has_launcher(void)
{
    static const char *const signs[] = {"OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_RANK", "PMI_SIZE", NULL};
    int tasks = 0;

    if (first_of(signs, -1) >= 0)
        return true;
    /* a batch script is no step; an interactive shell in an allocation is one, of one task */
    return number_of("SLURM_STEP_NUM_TASKS", &tasks) && tasks > 1;
}

int launch_cores(void)
{
    cpu_set_t usable[CPU_SETS];
    int count = 0;

    if (!sched_getaffinity(0, sizeof usable, usable))
        count = CPU_COUNT_S(sizeof usable, usable);
    return count > 0 ? count : 1;
}

int launch_local_ranks(void)
{
    static const char *const counts[] = {"OMPI_COMM_WORLD_LOCAL_SIZE", "MPI_LOCALNRANKS", NULL};

    return launch_has_launcher() ? first_of(counts, 1) : 1;
}

static int ranks_for_each(long cpus)
{
    const int ranks = launch_local_ranks();

    return cpus > 0 && ranks > cpus ? (int)((ranks + cpus - 1) / cpus) : 1;
}

int launch_host_crowd(void)
{
    return ranks_for_each(sysconf(_SC_NPROCESSORS_ONLN));
}

/* A launcher may have given each rank CPUs of its own. */
int launch_crowd(void)
{
    return launch_is_child() ? ranks_for_each(launch_cores()) : launch_host_crowd();
}

int launch_local_rank(void)
{
    static const char *const ranks[] = {"OMPI_COMM_WORLD_LOCAL_RANK", "MPI_LOCALRANKID", "SLURM_LOCALID", NULL};

    return launch_has_launcher() ? first_of(ranks, -1) : -1;
}

bool launch_on_one_host(void)
{
    const char *local = getenv("OMPI_COMM_WORLD_LOCAL_SIZE"), *world = getenv("OMPI_COMM_WORLD_SIZE");

    return !launch_has_launcher() || (local && world && strcmp(local, world) == 0);
}

void launch_look_less(void)
{
    setenv("HWLOC_PLUGINS_PATH", "/dev/null", 0);
    setenv("HWLOC_COMPONENTS", "-linux:pci", 0);
}

bool launch_can_meet(void)
{
    static const char *const signs[] = {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK", "PMI_SIZE", NULL};

    return !launch_has_launcher() || first_of(signs, -1) >= 0;
}

void launch_promise(int *rank, int *size)
{
    static const char *const ranks[] = {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK", "SLURM_PROCID", NULL};
    static const char *const sizes[] = {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS", NULL};
    bool launched = launch_has_launcher();

    *rank = launched ? first_of(ranks, 0) : 0;
    *size = launched ? first_of(sizes, 0) : 1;
}

bool launch_is_child(void)
{
    return getenv(LAUNCH_CHILD) && launch_has_launcher();
}

bool launch_terminal(void)
{
    const char *child = getenv(LAUNCH_CHILD);

    if (child && launch_has_launcher())
        return child[0] == 't';
    return isatty(STDERR_FILENO);
}

/* On another host the same path may be anybody's file. */
static bool is_status_file(const char *path)
{
    static const char expected[] = "/memfd:" LAUNCH_STATUS_FILE;
    char target[64] = "";

    return readlink(path, target, sizeof target - 1) > 0 && strncmp(target, expected, strlen(expected)) == 0;
}

static bool tell(const struct launch_word *word)
{
    const char *path = getenv(LAUNCH_STATUS);
    bool told;
    int fd;

    if (!path || !launch_is_child() || !is_status_file(path))
        return false;
    fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    told = pwrite(fd, word, sizeof *word, 0) == sizeof *word; /* if not, it stays at what mpirun tells */
    close(fd);
    return told;
}

/* A script's file; one that has it nowhere near goes by the launcher's status. */
static void tell_file(const char *line)
{
    const char *path = getenv(LAUNCH_FILE);
    int fd;

    if (!path || !*path)
        return;
    fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return;
    if (write(fd, line, strlen(line)) < 0)
        unsetenv(LAUNCH_FILE);
    close(fd);
}

void launch_tell_begun(void)
{
    tell(&(struct launch_word){.begun = 1, .status = -1});
    tell_file("begun\n");
}

bool launch_tell_status(int status)
{
    char line[16];

    snprintf(line, sizeof line, "%d\n", status);
    tell_file(line);
    return tell(&(struct launch_word){.begun = 1, .status = status});
}
