#include "store/folder.h"
#include "job.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
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

/* A path, taken apart. */
struct parts {
    char path[PATH_BYTES], copy[PATH_BYTES];
    const char *folder, *base;
};

static void take_apart(const char *path, struct parts *parts)
{
    snprintf(parts->path, sizeof parts->path, "%s", path);
    snprintf(parts->copy, sizeof parts->copy, "%s", path);
    parts->folder = dirname(parts->copy);
    parts->base = strrchr(parts->path, '/') ? strrchr(parts->path, '/') + 1 : parts->path;
}

/* The number in a name of this kind; 0: it is none. */
static unsigned number_of(const char *entry, const char *base, const struct folder_kin *kin, bool *tail)
{
    const size_t length = strlen(base), word = strlen(kin->word);
    unsigned long number;
    const char *digits;
    char *end;

    if (strncmp(entry, base, length) || strncmp(entry + length, kin->word, word))
        return 0;
    digits = entry + length + word;
    if (*digits < '1' || *digits > '9' || strlen(digits) > 14)
        return 0;
    number = strtoul(digits, &end, 10);
    *tail = kin->tail && !strcmp(end, kin->tail);
    return (*end && !*tail) || number > UINT32_MAX ? 0 : (unsigned)number;
}

int folder_each(const struct folder_kin *kin, folder_see *see, void *self, struct error *error)
{
    struct dirent *entry;
    struct parts parts;
    DIR *folder;

    take_apart(kin->path, &parts);
    folder = opendir(parts.folder);
    if (!folder && errno == EACCES)
        return error_set(error, REFUSED, "%s: its folder can't be read, to look for an unfinished run", kin->name);
    if (!folder)
        return error_set(error, FAILED, "%s: can't read its folder: %s", kin->name, strerror(errno));
    while (!error->code && (errno = 0, entry = readdir(folder))) {
        char file[2 * PATH_BYTES];
        bool tail = false;
        const unsigned number = number_of(entry->d_name, parts.base, kin, &tail);

        snprintf(file, sizeof file, "%s/%s", parts.folder, entry->d_name);
        if (number)
            see(self, file, number, tail, error);
    }
    if (errno && !error->code)
        error_set(error, FAILED, "%s: can't read its folder: %s", kin->name, strerror(errno));
    closedir(folder);
    return error->code;
}
