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

/* Those that are meant, among the kernels of the file: the one of this name, or all where it is "". */
static int choose_kernels(const char *file, const char *name, struct kernels *kernels, struct error *error)
{
    char list[LIST_BYTES];

    if (!kernels->count)
        return error_set(error, REFUSED, "%s: no kernel in it (describe the function with H5MAP_KERNEL)", file);
    if (!*name)
        return OK;
    list_names(kernels, list);
    for (int k = 0; k < kernels->count; k++)
        if (!strcmp(kernels->of[k], name)) {
            memmove(kernels->of[0], kernels->of[k], NAME_BYTES);
            kernels->count = 1;
            return OK;
        }
    return error_set(error, REFUSED, "%s: no kernel %s in it (it has: %s)", file, name, list);
}

static int check_one(const struct kernels *kernels, const char *file, struct error *error)
{
    char list[LIST_BYTES];

    if (kernels->count == 1)
        return OK;
    list_names(kernels, list);
    return error_set(error, REFUSED, "%s: several kernels in it: %s (choose with %s:NAME)", file, list, file);
}

static void hash_bytes(const void *bytes, size_t count, char hash[HASH_BYTES])
{
    const struct piece piece = {bytes, count};

    sha256_hex(&piece, 1, false, hash);
}

static int prepare_builtin(const char *word, struct object *object, struct kernels *kernels, struct error *error)
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
    kernels->of = malloc(sizeof *kernels->of);
    if (!kernels->of)
        return error_memory(error, word, sizeof *kernels->of);
    snprintf(kernels->of[0], NAME_BYTES, "%s", word);
    kernels->count = 1;
    object->builtin = true;
    hash_bytes(object->source, strlen(object->source), object->hash);
    return OK;
}

/* What is neither C source nor a shared object. */
static int refuse_file(const char *file, struct error *error)
{
    static const struct {
        const char *ending, *language, *command;
    } others[] = {
        {".cc", "C++", "c++ -O3"},         {".cpp", "C++", "c++ -O3"},          {".cxx", "C++", "c++ -O3"},
        {".C", "C++", "c++ -O3"},          {".f90", "Fortran", "gfortran -O3"}, {".F90", "Fortran", "gfortran -O3"},
        {".f", "Fortran", "gfortran -O3"},
    };

    for (size_t k = 0; k < sizeof others / sizeof *others; k++)
        if (ends_with(file, strlen(file), others[k].ending))
            return error_set(error, REFUSED,
                             "%s: %s source, only C is compiled on the spot (make it a .so: %s -shared -fPIC "
                             "$(pkg-config --cflags h5map-kernel) FILE -o KERNEL.so)",
                             file, others[k].language, others[k].command);
    return error_set(error, REFUSED, "%s: neither C source (.c) nor a shared object (compile it: c++ -shared -fPIC)",
                     file);
}

/* The bytes of the object, compiled first if the file is source. */
static int get_bytes(const struct recipe *recipe, struct object *object, struct error *error)
{
    struct content content = {NULL, 0};
    const char *file = object->file;
    int code = file_read(file, &content, error);

    if (code)
        return code;
    if (ends_with(file, strlen(file), ".c")) {
        object->source = (char *)content.bytes;
        return compile_source(file, recipe, object, error);
    }
    object->bytes = content.bytes;
    object->bytes_count = content.count;
    if (content.count < 4 || memcmp(content.bytes, "\177ELF", 4))
        return refuse_file(file, error);
    return OK;
}

static int prepare_file(const char *name, struct object *object, struct kernels *kernels, struct error *error)
{
    int code = symbols_kernels(object->bytes, object->bytes_count, object->file, kernels, error);

    if (!code)
        code = choose_kernels(object->file, name, kernels, error);
    if (!code)
        hash_bytes(object->bytes, object->bytes_count, object->hash);
    return code;
}

static void release_all(struct object *object, struct kernels *kernels)
{
    object_release(object);
    free(kernels->of);
    *kernels = (struct kernels){NULL, 0};
}

/* What is compiled already takes no flags. */
static int check_recipe(const char *word, const struct recipe *recipe, const char *file, struct error *error)
{
    const char *option = recipe->cflags ? "--cflags" : "--libs";

    if (ends_with(file, strlen(file), ".c"))
        return OK;
    if (recipe->debug)
        return error_set(error, REFUSED,
                         "--debug-kernel compiles a .c kernel with checks, %s is compiled already (give its source)",
                         word);
    if (recipe->cflags || recipe->libs)
        return error_set(error, REFUSED, "%s goes with a .c kernel, not with %s (leave it out)", option, word);
    return OK;
}

int object_list(const char *word, const struct recipe *recipe, struct object *object, struct kernels *kernels,
                struct error *error)
{
    const char *name = "";
    int code = OK;

    *object = (struct object){0};
    *kernels = (struct kernels){NULL, 0};
    if (is_file_word(word))
        code = split_word(word, object->file, &name, error);
    code = code ? code : check_recipe(word, recipe, object->file, error);
    if (!code && *object->file) {
        code = get_bytes(recipe, object, error);
        code = code ? code : prepare_file(name, object, kernels, error);
    } else if (!code)
        code = prepare_builtin(word, object, kernels, error);
    if (code)
        release_all(object, kernels);
    else
        strcpy(object->name, kernels->of[0]);
    return code;
}

int object_prepare(const char *word, const struct recipe *recipe, struct object *object, struct error *error)
{
    struct kernels kernels;
    int code = object_list(word, recipe, object, &kernels, error);

    if (!code)
        code = check_one(&kernels, object->file, error);
    free(kernels.of);
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
