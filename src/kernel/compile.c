#include "kernel/compile.h"

#include "codec/sha256.h"
#include "kernel/builtin.h"
#include "kernel/cache.h"
#include "kernel/words.h"
#include "process/child.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define STANDARD_FLAGS "-O3 -march=native -fPIC"
#define DEADLINE_S 600.0
#define FOLDER_BYTES 1024
#define NO_COMPILER "install a C compiler, or set CC"

struct build {
    const char *file;
    struct words compiler, flags, libs;
    char folder[FOLDER_BYTES]; /* private: h5map/kernel.h and the object; "" until made */
};

static int write_file(const char *path, const char *text, struct error *error)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600), problem;

    problem = fd < 0 ? errno : file_write_all(fd, text, strlen(text));
    if (fd >= 0 && close(fd) && !problem)
        problem = errno;
    return problem ? error_set(error, FAILED, "%s: %s", path, strerror(problem)) : OK;
}

static int make_folder(struct build *build, struct error *error)
{
    char path[FOLDER_BYTES + 32];
    const char *base = getenv("TMPDIR");
    int length = snprintf(path, FOLDER_BYTES, "%s/h5map-XXXXXX", base && *base ? base : "/tmp");

    if (length >= FOLDER_BYTES)
        return error_set(error, REFUSED, "TMPDIR: the path is longer than %d bytes (use a shorter one)", FOLDER_BYTES);
    if (!mkdtemp(path))
        return error_set(error, FAILED, "%s: %s (set TMPDIR to a folder that can be written to)", path,
                         strerror(errno));
    strcpy(build->folder, path);
    strcat(path, "/h5map");
    if (mkdir(path, 0700))
        return error_set(error, FAILED, "%s: %s", path, strerror(errno));
    strcat(path, "/kernel.h");
    return write_file(path, builtin_header(), error);
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *position)
{
    (void)status, (void)kind, (void)position;
    return remove(path);
}

static void remove_folder(struct build *build)
{
    if (*build->folder)
        nftw(build->folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS); /* what can't be removed does no harm */
}

static int split_words(struct build *build, const char *cflags, const char *libs, struct error *error)
{
    const char *compiler = getenv("CC");
    int code = words_split(&build->compiler, compiler ? compiler : "", "CC", error);

    if (!code && !build->compiler.count)
        code = words_add(&build->compiler, "cc", error);
    if (!code)
        code = words_split(&build->flags, STANDARD_FLAGS, "flags", error);
    if (!code)
        code = words_split(&build->flags, cflags, "--cflags", error);
    if (!code)
        code = words_split(&build->libs, libs, "--libs", error);
    return code ? code : words_add(&build->libs, "-lm", error);
}

/* "-O3 -march=native -fPIC -shared CFLAGS LIBS -lm", for the record. */
static int record_flags(const char *cflags, const char *libs, struct object *object, struct error *error)
{
    int length = snprintf(object->flags, sizeof object->flags, STANDARD_FLAGS " -shared%s%s%s%s -lm", cflags ? " " : "",
                          cflags ? cflags : "", libs ? " " : "", libs ? libs : "");

    if (length >= (int)sizeof object->flags)
        return error_set(error, REFUSED, "--cflags, --libs: longer than %zu bytes (put them into a file: @FILE)",
                         sizeof object->flags - 1);
    return OK;
}

/* The first line that `CC --version` prints. */
static int ask_version(const struct build *build, struct object *object, struct error *error)
{
    struct child_result result = {0};
    struct words words = {NULL, 0};
    int code = words_append(&words, &build->compiler, error);

    if (!code)
        code = words_add(&words, "--version", error);
    if (!code)
        code = child_run((const char *const *)words.of, DEADLINE_S, NO_COMPILER, &result, error);
    if (!code)
        snprintf(object->compiler, sizeof object->compiler, "%.*s", (int)strcspn(result.out, "\n"), result.out);
    child_release(&result);
    words_release(&words);
    return code;
}

/* Run the compiler on the file with what else it needs; its stdout goes to `out` (NULL: not wanted), to be freed. */
static int run_compiler(const struct build *build, const struct words *more, struct content *out, struct error *error)
{
    struct child_result result = {0};
    struct words words = {NULL, 0};
    char include[FOLDER_BYTES + 8], map[FOLDER_BYTES + 32];
    int code;

    snprintf(include, sizeof include, "-I%s", build->folder);
    snprintf(map, sizeof map, "-fdebug-prefix-map=%s=.", build->folder); /* with -g too, the same bytes every time */
    code = words_append(&words, &build->compiler, error);
    code = code ? code : words_append(&words, &build->flags, error);
    code = code ? code : words_add(&words, include, error);
    code = code ? code : words_add(&words, map, error);
    code = code ? code : words_append(&words, more, error);
    code = code ? code : child_run((const char *const *)words.of, DEADLINE_S, NO_COMPILER, &result, error);
    if (!code && result.status) {
        code = error_set(error, REFUSED,
                         result.err_bytes ? "%s: does not compile (see the compiler's message above)"
                                          : "%s: does not compile (%s ended with status %d and said nothing)",
                         build->file, words.of[0], result.status);
        if (result.err_bytes) {
            error->detail = result.err;
            result.err = NULL;
        }
    } else if (!code && out) {
        *out = (struct content){(unsigned char *)result.out, result.out_bytes};
        result.out = NULL;
    }
    child_release(&result);
    words_release(&words);
    return code;
}

/* Does this word bring in a file that the preprocessor does not show? -lm belongs to the compiler. */
static bool is_hidden_file(const char *word)
{
    static const char *const starts[] = {"@", "-l", "-Wl,", "-Xlinker", "-fplugin", "-fprofile", "-specs", "--specs"};
    struct stat status;

    for (size_t k = 0; k < sizeof starts / sizeof *starts; k++)
        if (!strncmp(word, starts[k], strlen(starts[k])))
            return strcmp(word, "-lm") != 0;
    return !stat(word, &status) && S_ISREG(status.st_mode);
}

static bool has_hidden_files(const struct words *words)
{
    bool hidden = false;

    for (int k = 0; k < words->count; k++)
        hidden = hidden || is_hidden_file(words->of[k]);
    return hidden;
}

/* The hash of all that decides about the object; the private folder's path is no part of it (-P). */
static int make_key(const struct build *build, const struct object *object, char key[HASH_BYTES], struct error *error)
{
    static char *const options[] = {"-E", "-dD", "-P", NULL};
    struct words more = {NULL, 0};
    struct content text = {NULL, 0};
    int code = OK;

    for (int k = 0; !code && options[k]; k++)
        code = words_add(&more, options[k], error);
    code = code ? code : words_add(&more, build->file, error);
    code = code ? code : run_compiler(build, &more, &text, error);
    if (!code) {
        const char *compiler = getenv("CC");
        const struct piece pieces[] = {{text.bytes, text.count},
                                       {compiler, compiler ? strlen(compiler) : 0},
                                       {object->compiler, strlen(object->compiler)},
                                       {object->flags, strlen(object->flags)}};

        code = sha256_hex(pieces, sizeof pieces / sizeof *pieces, true, key, error);
    }
    free(text.bytes);
    words_release(&more);
    return code;
}

static int compile(const struct build *build, struct content *content, struct error *error)
{
    struct words more = {NULL, 0};
    char path[FOLDER_BYTES + 16];
    int code;

    snprintf(path, sizeof path, "%s/object.so", build->folder);
    code = words_add(&more, "-shared", error);
    code = code ? code : words_add(&more, build->file, error);
    code = code ? code : words_add(&more, "-o", error);
    code = code ? code : words_add(&more, path, error);
    code = code ? code : words_append(&more, &build->libs, error);
    code = code ? code : run_compiler(build, &more, NULL, error);
    code = code ? code : file_read(path, content, error);
    words_release(&more);
    return code;
}

/* From the cache, or by compiling. */
static int get_object(const struct build *build, struct object *object, struct error *error)
{
    struct content content = {NULL, 0};
    bool cacheable = !has_hidden_files(&build->flags) && !has_hidden_files(&build->libs);
    char key[HASH_BYTES];
    int code = OK;

    if (cacheable)
        code = make_key(build, object, key, error);
    if (!code && cacheable)
        object->cached = cache_get(key, &content);
    if (!code && !object->cached) {
        code = compile(build, &content, error);
        if (!code && cacheable)
            cache_put(key, &content); /* the next time takes longer if it fails, nothing else */
    }
    if (!code) {
        object->bytes = content.bytes;
        object->bytes_count = content.count;
    }
    return code;
}

int compile_source(const char *file, const char *cflags, const char *libs, struct object *object, struct error *error)
{
    struct build build = {.file = file};
    int code = split_words(&build, cflags, libs, error);

    if (!code)
        code = record_flags(cflags, libs, object, error);
    if (!code)
        code = ask_version(&build, object, error);
    if (!code)
        code = make_folder(&build, error);
    if (!code)
        code = get_object(&build, object, error);
    remove_folder(&build);
    words_release(&build.compiler);
    words_release(&build.flags);
    words_release(&build.libs);
    return code;
}
