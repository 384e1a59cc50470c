#include "kernel/cache.h"

#include "kernel_place.h"
#include "suite.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Cut all entries to nothing: the object, and the manifest that leads to it. */
static void damage(const char *folder)
{
    DIR *dir = opendir(folder);
    char path[PATH_BYTES];

    CU_ASSERT_PTR_NOT_NULL_FATAL(dir);
    for (struct dirent *entry; (entry = readdir(dir));)
        if (entry->d_name[0] != '.') {
            snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
            CU_ASSERT_EQUAL(truncate(path, 0), 0);
        }
    closedir(dir);
}

static void test_cache(void)
{
    struct object first, second;
    struct error error = {0};
    struct place place;
    struct stat status;

    place_make(&place);
    CU_ASSERT_EQUAL_FATAL(prepare(KERNELS "norm.c", &first, &error), OK);
    CU_ASSERT(!first.cached);
    CU_ASSERT_EQUAL(stat(place.cache, &status), 0);
    CU_ASSERT_EQUAL(status.st_mode & 0777, 0700);
    damage(place.cache); /* compiled again */
    CU_ASSERT_EQUAL_FATAL(prepare(KERNELS "norm.c", &second, &error), OK);
    CU_ASSERT(!second.cached);
    CU_ASSERT_STRING_EQUAL(second.hash, first.hash);
    object_release(&second);
    CU_ASSERT_EQUAL_FATAL(prepare(KERNELS "norm.c", &second, &error), OK);
    CU_ASSERT(second.cached);
    CU_ASSERT_EQUAL(second.bytes_count, first.bytes_count);
    CU_ASSERT_STRING_EQUAL(second.hash, first.hash);
    CU_ASSERT_STRING_EQUAL(second.compiler, first.compiler);
    CU_ASSERT_STRING_EQUAL(second.flags, first.flags);
    CU_ASSERT_STRING_EQUAL(second.source, first.source);
    CU_ASSERT_STRING_EQUAL(load(&second)->name, "norm");
    object_release(&second);
    object_release(&first);
    place_remove(&place);
}

/* One byte of an entry changed, wherever it is. */
static void test_cache_entry_changed(void)
{
    const struct content stored = {(unsigned char *)"the bytes of an object", 22};
    const char key[HASH_BYTES] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    struct content got = {NULL, 0};
    char entry[PATH_BYTES];
    struct place place;

    place_make(&place);
    CU_ASSERT(!cache_get(key, &got));
    CU_ASSERT_FATAL(cache_put(key, &stored));
    only_file(place.cache, entry);
    for (long at = 0; at < 64 + 22; at += 5) {
        FILE *file = fopen(entry, "r+");
        int byte;

        CU_ASSERT_PTR_NOT_NULL_FATAL(file);
        fseek(file, at, SEEK_SET);
        byte = getc(file);
        fseek(file, at, SEEK_SET);
        putc(byte ^ 1, file);
        CU_ASSERT_EQUAL(fclose(file), 0);
        CU_ASSERT(!cache_get(key, &got));
        CU_ASSERT(cache_put(key, &stored));
        only_file(place.cache, entry);
        CU_ASSERT_STRING_NOT_EQUAL(entry, ""); /* no leftovers beside it */
    }
    CU_ASSERT_FATAL(cache_get(key, &got));
    CU_ASSERT_EQUAL(got.count, 22);
    CU_ASSERT_STRING_EQUAL((char *)got.bytes, "the bytes of an object");
    free(got.bytes);
    place_remove(&place);
}

/* A cache that is not ours alone, or can't be made, is passed over. */
static void test_cache_unsafe(void)
{
    const struct content stored = {(unsigned char *)"x", 1};
    const char key[HASH_BYTES] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    struct content got = {NULL, 0};
    char real[128];
    struct place place;

    place_make(&place);
    CU_ASSERT(cache_put(key, &stored));
    CU_ASSERT_EQUAL(chmod(place.cache, 0770), 0);
    CU_ASSERT(!cache_get(key, &got));
    CU_ASSERT(!cache_put(key, &stored));
    CU_ASSERT_EQUAL(chmod(place.cache, 0702), 0);
    CU_ASSERT(!cache_get(key, &got));
    CU_ASSERT_EQUAL(chmod(place.cache, 0700), 0);
    snprintf(real, sizeof real, "%s/real", place.folder); /* a symbolic link in its place */
    CU_ASSERT_EQUAL(rename(place.cache, real), 0);
    CU_ASSERT_EQUAL(symlink(real, place.cache), 0);
    CU_ASSERT(!cache_get(key, &got));
    CU_ASSERT_EQUAL(unlink(place.cache), 0);
    write_text(place.cache, "a file");
    CU_ASSERT(!cache_put(key, &stored));
    setenv("XDG_CACHE_HOME", "relative", 1); /* does not count; nor does no home at all */
    setenv("HOME", place.folder, 1);
    CU_ASSERT(cache_put(key, &stored));
    snprintf(real, sizeof real, "%s/.cache/h5map", place.folder);
    CU_ASSERT_EQUAL(access(real, F_OK), 0);
    unsetenv("HOME");
    CU_ASSERT(!cache_get(key, &got));
    place_remove(&place);
}

int main(void)
{
    CU_TestInfo tests[] = {{"hit and damage", test_cache},
                           {"entry changed", test_cache_entry_changed},
                           {"unsafe", test_cache_unsafe},
                           CU_TEST_INFO_NULL};

    return suite_run("cache", tests);
}
