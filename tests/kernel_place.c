#include "kernel_place.h"

#include "process/child.h"
#include "suite.h"

#include <dirent.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void place_make(struct place *place)
{
    strcpy(place->folder, "/tmp/h5map-test-object-XXXXXX");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(place->folder));
    snprintf(place->cache, sizeof place->cache, "%s/cache", place->folder);
    snprintf(place->tmp, sizeof place->tmp, "%s/tmp", place->folder);
    CU_ASSERT_EQUAL(mkdir(place->tmp, 0700), 0);
    setenv("TMPDIR", place->tmp, 1);
    setenv("XDG_CACHE_HOME", place->cache, 1);
    strcat(place->cache, "/h5map");
    unsetenv("CC");
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *position)
{
    (void)status, (void)kind, (void)position;
    return remove(path);
}

void place_remove(const struct place *place)
{
    CU_ASSERT_EQUAL(rmdir(place->tmp), 0);
    CU_ASSERT_EQUAL(nftw(place->folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS), 0);
    unsetenv("CC");
}

void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT_EQUAL(fputs(text, file) >= 0, 1);
    CU_ASSERT_EQUAL(fclose(file), 0);
}

void only_file(const char *folder, char path[PATH_BYTES])
{
    DIR *dir = opendir(folder);
    int count = 0;

    for (struct dirent *entry; dir && (entry = readdir(dir));)
        if (entry->d_name[0] != '.') {
            snprintf(path, PATH_BYTES, "%s/%s", folder, entry->d_name);
            count++;
        }
    if (dir)
        closedir(dir);
    if (count != 1)
        path[0] = '\0';
}

int prepare(const char *word, struct object *object, struct error *error)
{
    return object_prepare(word, &(struct recipe){0}, object, error);
}

void check_refused(const char *word, const char *cflags, const char *libs, const char *line)
{
    struct object object;
    struct error error = {0};

    CU_ASSERT_EQUAL(object_prepare(word, &(struct recipe){cflags, libs, false}, &object, &error), REFUSED);
    CU_ASSERT_STRING_EQUAL(error.text, line);
    if (strcmp(error.text, line) != 0)
        fprintf(stderr, "%s\n", error.text);
    CU_ASSERT_PTR_NULL(object.bytes);
    CU_ASSERT_PTR_NULL(object.source);
    error_clear(&error);
}

const h5map_kernel_t *load(const struct object *object)
{
    const h5map_kernel_t *kernel = NULL;
    struct error error = {0};

    CU_ASSERT_EQUAL(object_load(object->name, object->bytes, object->bytes_count, &kernel, &error), OK);
    CU_ASSERT_STRING_EQUAL(error.text, "");
    return kernel;
}

int32_t map_int(const h5map_kernel_t *kernel, int32_t x)
{
    const void *const in[] = {&x};
    int32_t y = -1, status = 0;
    void *const out[] = {&y};
    const size_t bytes[] = {sizeof x};
    const h5map_slice_t slice = {.in = in,
                                 .out = out,
                                 .count = 1,
                                 .status = &status,
                                 .in_count = 1,
                                 .out_count = 1,
                                 .in_bytes = bytes,
                                 .out_bytes = bytes};

    return kernel && !kernel->map(&slice) ? y : -1;
}

void make_object(const char *compiler, const char *source, const char *object, const char *option)
{
    const char *const argv[] = {compiler, "-shared", "-fPIC", "-I" H5MAP_SOURCE_DIR "/include", option, source,
                                "-o",     object,    NULL};
    struct child_result result = {0};
    struct error error = {0};

    CU_ASSERT_EQUAL(child_run(argv, 120, "install it", &result, &error), OK);
    CU_ASSERT_EQUAL(result.status, 0);
    child_release(&result);
}
