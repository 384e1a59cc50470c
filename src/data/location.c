#include "data/location.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINKS_MAX 40
#define SUFFIX_BYTES 32 /* room behind the name for those of unfinished files */

/* The last ":/" of the word, or NULL. */
static const char *last_split(const char *word)
{
    const char *split = NULL;

    for (const char *at = strstr(word, ":/"); at; at = strstr(at + 1, ":/"))
        split = at;
    return split;
}

static bool is_file(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

static void strip_slashes(char *path)
{
    size_t length = strlen(path);

    while (length > 0 && path[length - 1] == '/')
        path[--length] = '\0';
}

int location_parse(const char *word, struct location *location, struct error *error)
{
    const char *split = last_split(word);
    size_t file_length;

    *location = (struct location){0};
    if (!*word)
        return error_set(error, REFUSED, "'': no file (give FILE or FILE:/DATASET)");
    if (split && is_file(word))
        split = NULL;
    file_length = split ? (size_t)(split - word) : strlen(word);
    if (file_length == 0)
        return error_set(error, REFUSED, "%s: no file before ':' (give FILE:/DATASET)", word);
    if (file_length >= PATH_BYTES || (split && strlen(split + 1) >= PATH_BYTES))
        return error_set(error, REFUSED, "%.60s...: longer than %d bytes", word, PATH_BYTES - 1);
    memcpy(location->file, word, file_length);
    if (!split)
        return OK;
    memcpy(location->dataset, split + 1, strlen(split + 1));
    strip_slashes(location->dataset);
    if (!*location->dataset)
        return error_set(error, REFUSED, "%s: no dataset after ':' (give FILE:/DATASET)", word);
    return OK;
}

/* Replace the path by what it leads to, while it is a link, even one that leads to nothing yet. */
static int follow_links(const char *word, char path[PATH_BYTES], struct error *error)
{
    for (int link = 0; link < LINKS_MAX; link++) {
        char target[PATH_BYTES], next[2 * PATH_BYTES];
        const ssize_t length = readlink(path, target, sizeof target - 1);
        const char *slash = strrchr(path, '/');

        if (length < 0)
            return OK;
        target[length] = '\0';
        if (target[0] == '/' || !slash)
            snprintf(next, sizeof next, "%s", target);
        else
            snprintf(next, sizeof next, "%.*s%s", (int)(slash - path + 1), path, target);
        if (strlen(next) >= PATH_BYTES)
            return error_set(error, REFUSED, "%s: the path it leads to is too long", word);
        memcpy(path, next, strlen(next) + 1);
    }
    return error_set(error, REFUSED, "%s: %s", word, strerror(ELOOP));
}

/* The folder of path, resolved, checked to be one we can write into. */
static int resolve_folder(const char *word, const char *path, char folder[PATH_BYTES], struct error *error)
{
    const char *slash = strrchr(path, '/');
    char typed[PATH_BYTES] = ".", resolved[PATH_MAX];
    struct stat status;

    if (slash)
        snprintf(typed, sizeof typed, "%.*s", slash == path ? 1 : (int)(slash - path), path);
    if (!realpath(typed, resolved) || stat(resolved, &status))
        return error_set(error, REFUSED, "%s: no folder %s: %s (make it first)", word, typed, strerror(errno));
    if (!S_ISDIR(status.st_mode))
        return error_set(error, REFUSED, "%s: %s is no folder", word, typed);
    if (access(resolved, W_OK | X_OK))
        return error_set(error, REFUSED, "%s: can't write into the folder %s: %s", word, typed, strerror(errno));
    snprintf(folder, PATH_BYTES, "%s", strcmp(resolved, "/") ? resolved : "");
    return OK;
}

static int check_existing(const char *word, const char *path, struct error *error)
{
    struct stat status;

    if (stat(path, &status))
        return OK; /* made later */
    if (S_ISDIR(status.st_mode))
        return error_set(error, REFUSED, "%s: is a folder (give the name of a file in it)", word);
    if (!S_ISREG(status.st_mode))
        return error_set(error, REFUSED, "%s: is no regular file (give the name of one)", word);
    return OK;
}

int location_output(const char *word, struct location *location, struct error *error)
{
    char path[PATH_BYTES], folder[PATH_BYTES];
    const char *name;
    int length, code = location_parse(word, location, error);

    if (code)
        return code;
    memcpy(path, location->file, sizeof path);
    if ((code = check_existing(word, path, error)) || (code = follow_links(word, path, error)) ||
        (code = resolve_folder(word, path, folder, error)))
        return code;
    name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    if (!*name || !strcmp(name, ".") || !strcmp(name, ".."))
        return error_set(error, REFUSED, "%s: is a folder (give the name of a file in it)", word);
    length = snprintf(location->file, sizeof location->file, "%s/%s", folder, name);
    if (strlen(name) + SUFFIX_BYTES > NAME_MAX || length < 0 || length + SUFFIX_BYTES >= PATH_BYTES)
        return error_set(error, REFUSED, "%.60s...: the name is too long", word);
    return OK;
}
