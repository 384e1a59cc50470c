/* peak LOG COMMAND...: run the command, add its peak resident memory (KiB) to LOG as a line, end with its status. A
 * parent larger than the command would hide its peak: what a process had before exec counts too. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char *argv[])
{
    struct rusage usage;
    char line[32];
    int status, log;
    pid_t child;

    if (argc < 3 || (child = fork()) < 0)
        return 125;
    if (child == 0) {
        execvp(argv[2], argv + 2);
        _exit(127);
    }
    signal(SIGTERM, SIG_IGN); /* mpirun ends the others as soon as one rank's status is not 0 */
    if (wait4(child, &status, 0, &usage) != child)
        return 125;
    snprintf(line, sizeof line, "%ld\n", usage.ru_maxrss);
    log = open(argv[1], O_WRONLY | O_CREAT | O_APPEND, 0666);
    if (log < 0 || write(log, line, strlen(line)) != (ssize_t)strlen(line) || close(log))
        return 125;
    if (status)
        sleep(1); /* mpirun ends the other ranks once one has ended with a status: let them write their lines */
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
