#include "store/folder.h"
#include "job.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A folder that may be written but not read can't be synced; the name is in it all the same. */
int folder_try_sync(const char *path)
{
    char folder[PATH_BYTES];
    int fd, problem = 0;

    snprintf(folder, sizeof folder, "%s", path);
    fd = open(dirname(folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return errno == EACCES ? 0 : errno;
    if (fsync(fd) && errno != EINVAL)
        problem = errno;
    close(fd);
    return problem;
}

int folder_sync(const char *path, const char *name, struct error *error)
{
    const int problem = folder_try_sync(path);

    return problem ? error_set(error, FAILED, "%s: can't sync its folder: %s", name, strerror(problem)) : OK;
}
