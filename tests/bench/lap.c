/* lap REPORT COMMAND [ARGUMENT...]: run the command; REPORT gets its wall time in s, the peak memory in KiB of the
 * largest process in it, its processor time in s and its status.
 *
 * Small on purpose: what a process held before exec counts as its peak. The command ends when this does. */
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static double in_s(const struct timeval *time)
{
    return (double)time->tv_sec + 1e-6 * (double)time->tv_usec;
}

int main(int argc, char *argv[])
{
    const double start_s = now_s();
    double wall_s, busy_s;
    struct rusage usage;
    int status;
    FILE *report;
    pid_t pid;

    if (argc < 3 || (pid = fork()) < 0)
        return 2;
    if (pid == 0) {
        if (prctl(PR_SET_PDEATHSIG, SIGTERM))
            _exit(126);
        execvp(argv[2], argv + 2);
        _exit(127);
    }
    if (wait4(pid, &status, 0, &usage) != pid)
        return 2;
    wall_s = now_s() - start_s;
    busy_s = in_s(&usage.ru_utime) + in_s(&usage.ru_stime);
    report = fopen(argv[1], "w");
    if (!report)
        return 2;
    fprintf(report, "%.6f %ld %.6f %d\n", wall_s, usage.ru_maxrss, busy_s,
            WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
    return fclose(report) ? 2 : 0;
}
