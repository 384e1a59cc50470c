#include "kernel/compile.h"

#include "codec/sha256.h"
#include "kernel/cache.h"
#include "kernel/folder.h"
#include "kernel/manifest.h"
#include "kernel/words.h"
#include "process/child.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define STANDARD_FLAGS "-O3 -march=native -fPIC"
#define DEBUG_FLAGS "-Og -gdwarf-4 -fno-omit-frame-pointer -march=native -fPIC -fsanitize=undefined,float-cast-overflow"
#define DEADLINE_S 600.0
#define NO_COMPILER "install a C compiler, or set CC"

struct build {
    const char *file;
    const struct recipe *recipe;
    struct words compiler, flags, libs;
    struct manifest_view view;     /* of all these */
    bool cacheable, has_manifest;  /* may it be stored, and found without the compiler? */
    char manifest_key[HASH_BYTES]; /* where it has one */
    int64_t start_ns;              /* of the compiler's first run */
    char folder[FOLDER_BYTES];     /* private: h5map/kernel.h and the object; "" until made */
};

/* The make rule that the preprocessor writes. */
static void rule_path(const struct build *build, char path[FOLDER_BYTES + 8])
{
    snprintf(path, FOLDER_BYTES + 8, "%s/rule", build->folder);
}

static const char *flags_of(const struct recipe *recipe)
{
    return recipe->debug ? DEBUG_FLAGS : STANDARD_FLAGS;
}

static int split_words(struct build *build, struct error *error)
{
    const char *compiler = getenv("CC");
    int code = words_split(&build->compiler, compiler ? compiler : "", "CC", error);

    if (!code && !build->compiler.count)
        code = words_add(&build->compiler, "cc", error);
    if (!code)
        code = words_split(&build->flags, flags_of(build->recipe), "flags", error);
    if (!code)
        code = words_split(&build->flags, build->recipe->cflags, "--cflags", error);
    if (!code)
        code = words_split(&build->libs, build->recipe->libs, "--libs", error);
    return code ? code : words_add(&build->libs, "-lm", error);
}

/* "-O3 -march=native -fPIC -shared CFLAGS LIBS -lm", for the record. */
static int record_flags(const struct recipe *recipe, struct object *object, struct error *error)
{
    const char *cflags = recipe->cflags, *libs = recipe->libs;
    int length = snprintf(object->flags, sizeof object->flags, "%s -shared%s%s%s%s -lm", flags_of(recipe),
                          cflags ? " " : "", cflags ? cflags : "", libs ? " " : "", libs ? libs : "");

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
    static const char *const checks[] = {"-include", "h5map/sanitize.h", NULL};
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
    for (int k = 0; checks[k] && build->recipe->debug && !code; k++)
        code = words_add(&words, checks[k], error);
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

/* What the preprocessor is told to do: print the text, the private folder's path no part of it (-P), and write a make
 * rule of the files it reads where a manifest is to be made of that. */
static int preprocessor_words(const struct build *build, struct words *words, struct error *error)
{
    static const char *const options[] = {"-E", "-dD", "-P", "-MD", "-MF", NULL};
    char rule[FOLDER_BYTES + 8];
    int code = OK;

    for (int k = 0; !code && options[k] && (k < 3 || build->has_manifest); k++)
        code = words_add(words, options[k], error);
    if (!code && build->has_manifest) {
        rule_path(build, rule);
        code = words_add(words, rule, error);
    }
    return code ? code : words_add(words, build->file, error);
}

/* The hash of all that decides about the object. */
static int make_key(const struct build *build, const struct object *object, char key[HASH_BYTES], struct error *error)
{
    struct words more = {NULL, 0};
    struct content text = {NULL, 0};
    int code = preprocessor_words(build, &more, error);

    code = code ? code : run_compiler(build, &more, &text, error);
    if (!code) {
        const char *compiler = getenv("CC");
        const struct piece pieces[] = {{text.bytes, text.count},
                                       {compiler, compiler ? strlen(compiler) : 0},
                                       {object->compiler, strlen(object->compiler)},
                                       {object->flags, strlen(object->flags)}};

        sha256_hex(pieces, sizeof pieces / sizeof *pieces, true, key);
    }
    free(text.bytes);
    words_release(&more);
    return code;
}

/* Run the compiler with these words, up to NULL, and with the libraries. */
static int run_words(const struct build *build, const char *const words[], struct error *error)
{
    struct words more = {NULL, 0};
    int code = OK;

    for (int k = 0; words[k] && !code; k++)
        code = words_add(&more, words[k], error);
    code = code ? code : words_append(&more, &build->libs, error);
    code = code ? code : run_compiler(build, &more, NULL, error);
    words_release(&more);
    return code;
}

/* In two steps where there are checks: linked without them, the object needs no library of theirs. */
static int compile(const struct build *build, struct content *content, struct error *error)
{
    char path[FOLDER_BYTES + 16], part[FOLDER_BYTES + 16];
    const char *const at_once[] = {"-shared", build->file, "-o", path, NULL};
    const char *const checked[] = {"-c", build->file, "-o", part, NULL};
    const char *const linked[] = {"-shared", "-fno-sanitize=all", part, "-o", path, NULL};
    int code;

    snprintf(path, sizeof path, "%s/object.so", build->folder);
    snprintf(part, sizeof part, "%s/object.o", build->folder);
    if (build->recipe->debug) {
        code = run_words(build, checked, error);
        code = code ? code : run_words(build, linked, error);
    } else
        code = run_words(build, at_once, error);
    return code ? code : file_read(path, content, error);
}

/* What was compiled before of the very same, without starting the compiler. */
static bool find_compiled(struct build *build, struct object *object)
{
    struct content content = {NULL, 0};
    struct manifest manifest;

    build->has_manifest = build->cacheable && manifest_key(&build->view, build->manifest_key);
    object->cached =
        build->has_manifest && manifest_get(build->manifest_key, &manifest) && cache_get(manifest.object_key, &content);
    if (object->cached) {
        strcpy(object->compiler, manifest.compiler);
        object->bytes = content.bytes;
        object->bytes_count = content.count;
    }
    return object->cached;
}

/* So that find_compiled finds it the next time; that takes longer if it fails, nothing else. */
static void note_compiled(const struct build *build, const struct object *object, const char key[HASH_BYTES])
{
    char rule[FOLDER_BYTES + 8];
    const struct manifest_reads reads = {rule, build->folder, build->start_ns};
    struct manifest manifest;

    rule_path(build, rule);
    strcpy(manifest.object_key, key);
    strcpy(manifest.compiler, object->compiler);
    manifest_put(build->manifest_key, &manifest, &build->view, &reads);
}

/* From the cache by what the preprocessor makes of the source, or by compiling. */
static int get_object(const struct build *build, struct object *object, struct error *error)
{
    struct content content = {NULL, 0};
    char key[HASH_BYTES];
    bool stored = false;
    int code = OK;

    if (build->cacheable)
        code = make_key(build, object, key, error);
    if (!code && build->cacheable)
        stored = object->cached = cache_get(key, &content);
    if (!code && !object->cached) {
        code = compile(build, &content, error);
        if (!code && build->cacheable)
            stored = cache_put(key, &content); /* the next time takes longer if it fails, nothing else */
    }
    if (stored && build->has_manifest)
        note_compiled(build, object, key);
    if (!code) {
        object->bytes = content.bytes;
        object->bytes_count = content.count;
    }
    return code;
}

static int64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* With the help of the compiler. */
static int make_object(struct build *build, struct object *object, struct error *error)
{
    int code;

    build->start_ns = now_ns();
    code = ask_version(build, object, error);
    if (!code)
        code = folder_make(build->folder, error);
    if (!code)
        code = get_object(build, object, error);
    folder_remove(build->folder);
    return code;
}

int compile_source(const char *file, const struct recipe *recipe, struct object *object, struct error *error)
{
    struct build build = {.file = file, .recipe = recipe};
    int code = split_words(&build, error);

    if (!code)
        code = record_flags(recipe, object, error);
    build.view = (struct manifest_view){file, object->source, &build.compiler, &build.flags, &build.libs};
    build.cacheable = !has_hidden_files(&build.flags) && !has_hidden_files(&build.libs);
    if (!code && !find_compiled(&build, object))
        code = make_object(&build, object, error);
    words_release(&build.compiler);
    words_release(&build.flags);
    words_release(&build.libs);
    return code;
}
