#include "kernel/folder.h"

#include "kernel/builtin.h"
#include "kernel/file.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int write_file(const char *path, const char *text, struct error *error)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600), problem;

    problem = fd < 0 ? errno : file_write_all(fd, text, strlen(text));
    if (fd >= 0 && close(fd) && !problem)
        problem = errno;
    return problem ? error_set(error, FAILED, "%s: %s", path, strerror(problem)) : OK;
}

int folder_make(char folder[FOLDER_BYTES], struct error *error)
{
    char path[FOLDER_BYTES + 32];
    const char *base = getenv("TMPDIR");
    int length = snprintf(path, FOLDER_BYTES, "%s/h5map-XXXXXX", base && *base ? base : "/tmp");

    if (length >= FOLDER_BYTES)
        return error_set(error, REFUSED, "TMPDIR: the path is longer than %d bytes (use a shorter one)", FOLDER_BYTES);
    if (!mkdtemp(path))
        return error_set(error, FAILED, "%s: %s (set TMPDIR to a folder that can be written to)", path,
                         strerror(errno));
    strcpy(folder, path);
    strcat(path, "/h5map");
    if (mkdir(path, 0700))
        return error_set(error, FAILED, "%s: %s", path, strerror(errno));
    strcat(path, "/kernel.h");
    if (write_file(path, builtin_header(), error))
        return error->code;
    strcpy(strrchr(path, '/'), "/sanitize.h");
    return write_file(path, builtin_sanitize(), error);
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *position)
{
    (void)status, (void)kind, (void)position;
    return remove(path);
}

void folder_remove(const char folder[FOLDER_BYTES])
{
    if (*folder)
        nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS); /* what can't be removed does no harm */
}
