#include "store/folder.h"
#include "job.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A folder that may be written but not read can't be synced; the name is in it all the same. */
int folder_sync(const char *path, const char *name, struct error *error)
{
    char folder[PATH_BYTES];
    int fd, code = OK;

    snprintf(folder, sizeof folder, "%s", path);
    fd = open(dirname(folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 && errno == EACCES)
        return OK;
    if (fd < 0 || (fsync(fd) && errno != EINVAL))
        code = error_set(error, FAILED, "%s: can't sync its folder: %s", name, strerror(errno));
    if (fd >= 0)
        close(fd);
    return code;
}
