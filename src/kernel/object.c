#include "kernel/object.h"

#include "codec/sha256.h"
#include "kernel/builtin.h"
#include "kernel/compile.h"
#include "kernel/file.h"
#include "kernel/symbols.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define LIST_BYTES 512

static bool ends_with(const char *text, size_t length, const char *end)
{
    size_t n = strlen(end);

    return length >= n && !memcmp(text + length - n, end, n);
}

static bool exists(const char *path)
{
    struct stat status;

    return !stat(path, &status);
}

/* A word with '/', ".c" or ".so" in it is a file. */
static bool is_file_word(const char *word)
{
    return strchr(word, '/') || strstr(word, ".c") || strstr(word, ".so");
}

/* FILE or FILE:NAME into file and *name ("" without one), which points into the word. */
static int split_word(const char *word, char file[PATH_BYTES], const char **name, struct error *error)
{
    const char *colon = strrchr(word, ':');
    size_t length = strlen(word);

    *name = "";
    if (length >= PATH_BYTES)
        return error_set(error, REFUSED, "%s: the path is longer than %d bytes", word, PATH_BYTES - 1);
    strcpy(file, word);
    if (!colon || strchr(colon, '/') || exists(word))
        return OK;
    length = (size_t)(colon - word);
    file[length] = '\0';
    if (!ends_with(file, length, ".c") && !ends_with(file, length, ".so") && !exists(file)) {
        file[length] = ':';
        return OK;
    }
    *name = colon + 1;
    return **name ? OK : error_set(error, REFUSED, "%s: no kernel's name behind the colon (leave the colon out)", word);
}

/* "a, b, c"; ", ..." for what there is no room for. */
static void list_names(const struct kernels *kernels, char list[LIST_BYTES])
{
    size_t used = 0;

    list[0] = '\0';
    for (int k = 0; k < kernels->count; k++) {
        if (used + NAME_BYTES + 8 > LIST_BYTES) {
            strcat(list, ", ...");
            break;
        }
        used += (size_t)snprintf(list + used, LIST_BYTES - used, "%s%s", k ? ", " : "", kernels->of[k]);
    }
}

/* The kernel that is meant, among those of the file. */
static int choose_kernel(const struct kernels *kernels, const char *name, struct object *object, struct error *error)
{
    char list[LIST_BYTES];
    int chosen = *name || kernels->count != 1 ? -1 : 0;

    for (int k = 0; k < kernels->count; k++)
        if (!strcmp(kernels->of[k], name))
            chosen = k;
    list_names(kernels, list);
    if (chosen >= 0)
        strcpy(object->name, kernels->of[chosen]);
    else if (!kernels->count)
        return error_set(error, REFUSED, "%s: no kernel in it (describe the function with H5MAP_KERNEL)", object->file);
    else if (*name)
        return error_set(error, REFUSED, "%s: no kernel %s in it (it has: %s)", object->file, name, list);
    else
        return error_set(error, REFUSED, "%s: several kernels in it: %s (choose with %s:NAME)", object->file, list,
                         object->file);
    return OK;
}

static void hash_bytes(const void *bytes, size_t count, char hash[HASH_BYTES])
{
    const struct piece piece = {bytes, count};

    sha256_hex(&piece, 1, false, hash);
}

static int prepare_builtin(const char *word, struct object *object, struct error *error)
{
    const struct builtin *list;
    char names[LIST_BYTES] = "";
    int count;

    list = builtin_list(&count);
    for (int k = 0; k < count && !object->source; k++) {
        strcat(strcat(names, k ? ", " : ""), list[k].kernel->name);
        if (!strcmp(list[k].kernel->name, word) && !(object->source = strdup(list[k].source)))
            return error_memory(error, word, strlen(list[k].source) + 1);
    }
    if (!object->source)
        return error_set(error, REFUSED, "%s: no built-in kernel (built in are: %s; a file ends in .c or .so)", word,
                         names);
    object->builtin = true;
    snprintf(object->name, sizeof object->name, "%s", word);
    hash_bytes(object->source, strlen(object->source), object->hash);
    return OK;
}

/* The bytes of the object, compiled first if the file is source. */
static int get_bytes(const char *cflags, const char *libs, struct object *object, struct error *error)
{
    struct content content = {NULL, 0};
    const char *file = object->file;
    int code = file_read(file, &content, error);

    if (code)
        return code;
    if (ends_with(file, strlen(file), ".c")) {
        object->source = (char *)content.bytes;
        return compile_source(file, cflags, libs, object, error);
    }
    object->bytes = content.bytes;
    object->bytes_count = content.count;
    if (content.count < 4 || memcmp(content.bytes, "\177ELF", 4))
        return error_set(error, REFUSED,
                         "%s: neither C source (.c) nor a shared object (compile it: c++ -shared -fPIC)", file);
    return OK;
}

static int prepare_file(const char *name, const char *cflags, const char *libs, struct object *object,
                        struct error *error)
{
    struct kernels kernels = {NULL, 0};
    int code = get_bytes(cflags, libs, object, error);

    if (!code)
        code = symbols_kernels(object->bytes, object->bytes_count, object->file, &kernels, error);
    if (!code)
        code = choose_kernel(&kernels, name, object, error);
    if (!code)
        hash_bytes(object->bytes, object->bytes_count, object->hash);
    free(kernels.of);
    return code;
}

int object_prepare(const char *word, const char *cflags, const char *libs, struct object *object, struct error *error)
{
    const char *name = "";
    int code = OK;

    *object = (struct object){0};
    if (is_file_word(word))
        code = split_word(word, object->file, &name, error);
    if (!code && (cflags || libs) && !ends_with(object->file, strlen(object->file), ".c"))
        code = error_set(error, REFUSED, "%s goes with a .c kernel, not with %s (leave it out)",
                         cflags ? "--cflags" : "--libs", word);
    if (!code && *object->file)
        code = prepare_file(name, cflags, libs, object, error);
    else if (!code)
        code = prepare_builtin(word, object, error);
    if (code)
        object_release(object);
    return code;
}

void object_release(struct object *object)
{
    free(object->bytes);
    free(object->source);
    *object = (struct object){0};
}
