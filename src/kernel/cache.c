#include "kernel/cache.h"

#include "codec/sha256.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* An entry is the hash of the object in hexadecimal, then the object. */
#define ENTRY_HEAD (HASH_BYTES - 1)

/* Make the folders on the way to the path and the path itself, each for us alone. False: it can't be had. */
static bool make_folders(char *path)
{
    bool made = true;

    for (char *c = path + 1; made && *c; c++)
        if (*c == '/') {
            *c = '\0';
            made = !mkdir(path, 0700) || errno == EEXIST;
            *c = '/';
        }
    return made && (!mkdir(path, 0700) || errno == EEXIST);
}

/* The cache folder, made if need be; false where there is none that is safe to load code from. */
static bool cache_folder(char folder[PATH_BYTES])
{
    const char *base = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    struct stat status;
    int length = 0;

    if (base && base[0] == '/')
        length = snprintf(folder, PATH_BYTES, "%s/h5map", base);
    else if (home && home[0] == '/')
        length = snprintf(folder, PATH_BYTES, "%s/.cache/h5map", home);
    if (length <= 0 || length >= PATH_BYTES - HASH_BYTES - 8) /* room for /KEY.XXXXXX */
        return false;
    return make_folders(folder) && !lstat(folder, &status) && S_ISDIR(status.st_mode) && status.st_uid == geteuid() &&
           !(status.st_mode & (S_IWGRP | S_IWOTH));
}

static void hash_of(const unsigned char *bytes, size_t count, char hash[HASH_BYTES])
{
    const struct piece piece = {bytes, count};

    sha256_hex(&piece, 1, false, hash);
}

bool cache_get(const char key[HASH_BYTES], struct content *object)
{
    char path[PATH_BYTES + HASH_BYTES], hash[HASH_BYTES];
    struct content entry = {NULL, 0};
    struct error error = {0};
    bool good = false;

    if (!cache_folder(path))
        goto out;
    strcat(strcat(path, "/"), key);
    if (file_read(path, &entry, &error) || entry.count <= ENTRY_HEAD)
        goto out;
    hash_of(entry.bytes + ENTRY_HEAD, entry.count - ENTRY_HEAD, hash);
    good = !memcmp(hash, entry.bytes, ENTRY_HEAD);
    if (!good)
        goto out;
    object->count = entry.count - ENTRY_HEAD;
    object->bytes = memmove(entry.bytes, entry.bytes + ENTRY_HEAD, object->count + 1); /* with its NUL */
    entry.bytes = NULL;
out:
    free(entry.bytes);
    return good;
}

bool cache_put(const char key[HASH_BYTES], const struct content *object)
{
    char path[PATH_BYTES + HASH_BYTES], new_path[PATH_BYTES + HASH_BYTES + 8], hash[HASH_BYTES];
    bool stored = false;
    int fd;

    hash_of(object->bytes, object->count, hash);
    if (!cache_folder(path))
        return false;
    strcat(strcat(path, "/"), key);
    snprintf(new_path, sizeof new_path, "%s.XXXXXX", path);
    fd = mkostemp(new_path, O_CLOEXEC);
    if (fd < 0)
        return false;
    stored = !file_write_all(fd, hash, ENTRY_HEAD) && !file_write_all(fd, object->bytes, object->count);
    stored = !close(fd) && stored;
    stored = stored && !rename(new_path, path);
    if (!stored)
        unlink(new_path); /* what remains of it does no harm */
    return stored;
}
