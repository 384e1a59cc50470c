#include "kernel/manifest.h"

#include "codec/sha256.h"
#include "kernel/builtin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FORMAT "h5map manifest 1"

static bool starts_with_any(const char *text, const char *const *starts)
{
    bool found = false;

    for (int k = 0; starts[k]; k++)
        found = found || !strncmp(text, starts[k], strlen(starts[k]));
    return found;
}

/* Framed by its length, so that {"ab","c"} and {"a","bc"} differ. */
static void add(FILE *text, const char *piece)
{
    if (piece)
        fprintf(text, "%zu:%s", strlen(piece), piece);
    else
        fputs("-:", text);
}

static void add_words(FILE *text, const struct words *words)
{
    fprintf(text, "%d words:", words->count);
    for (int k = 0; k < words->count; k++)
        add(text, words->of[k]);
}

/* Those that decide what a compiler makes, or which one a wrapper starts. */
static void add_environment(FILE *text)
{
    static const char *const names[] = {
        "PATH",     "CPATH",         "C_INCLUDE_PATH",    "LIBRARY_PATH",        "LD_RUN_PATH",
        "PWD",      "COMPILER_PATH", "GCC_EXEC_PREFIX",   "GCC_COMPARE_DEBUG",   "CCC_OVERRIDE_OPTIONS",
        "OMPI_CC",  "OMPI_CFLAGS",   "SOURCE_DATE_EPOCH", "DEPENDENCIES_OUTPUT", "SUNPRO_DEPENDENCIES",
        "MPICH_CC", "OMPI_CPPFLAGS", "OMPI_LDFLAGS",      "OMPI_LIBS",
    };

    for (size_t k = 0; k < sizeof names / sizeof *names; k++)
        add(text, getenv(names[k]));
}

static bool is_program(const char *path, struct stat *status)
{
    return !stat(path, status) && S_ISREG(status->st_mode) && !access(path, X_OK);
}

/* The file that runs when the word is typed. */
static bool find_program(const char *word, char path[PATH_BYTES], struct stat *status)
{
    const char *at = getenv("PATH");
    bool found = false;

    if (strchr(word, '/'))
        return snprintf(path, PATH_BYTES, "%s", word) < PATH_BYTES && is_program(path, status);
    while (at && !found) {
        int length = (int)strcspn(at, ":");

        found = snprintf(path, PATH_BYTES, "%.*s%s%s", length, at, length ? "/" : "", word) < PATH_BYTES &&
                is_program(path, status);
        at = at[length] ? at + length + 1 : NULL;
    }
    return found;
}

/* The files of all words of $CC that are programs: "ccache gcc". */
static bool add_compiler(FILE *text, const struct words *compiler)
{
    char path[PATH_BYTES];
    struct stat status;
    bool first_found = false;

    for (int k = 0; k < compiler->count; k++)
        if (find_program(compiler->of[k], path, &status)) {
            add(text, path);
            fprintf(text, "%lld %lld.%09ld:", (long long)status.st_size, (long long)status.st_mtim.tv_sec,
                    status.st_mtim.tv_nsec);
            first_found = first_found || k == 0;
        }
    return first_found;
}

/* The first CPU's vendor, family, model and features, under the names that x86, ARM, POWER and RISC-V give them. */
static bool add_cpu(FILE *text)
{
    static const char *const starts[] = {"vendor_id", "cpu family", "model", "flags", "CPU ",
                                         "Features",  "cpu\t",      "isa",   NULL};
    FILE *file = fopen("/proc/cpuinfo", "re");
    size_t room = 0;
    char *line = NULL;
    int count = 0;

    while (file && getline(&line, &room, file) > 1) /* up to the blank line behind the first */
        if (starts_with_any(line, starts)) {
            add(text, line);
            count++;
        }
    free(line);
    if (file)
        fclose(file); /* only read from */
    return count > 0;
}

/* Would the manifest not tell the truth? Other words for make rules get in the way of ours. */
static bool is_beyond(const struct manifest_view *view)
{
    static const char *const starts[] = {"-M", "-Wp,", NULL};
    bool beyond = strstr(view->source, "__TIME__") || strstr(view->source, "__DATE__");

    for (int k = 0; k < view->compiler->count; k++)
        beyond = beyond || starts_with_any(view->compiler->of[k], starts);
    for (int k = 0; k < view->flags->count; k++)
        beyond = beyond || starts_with_any(view->flags->of[k], starts);
    return beyond;
}

static bool add_view(FILE *text, const struct manifest_view *view)
{
    char folder[PATH_BYTES];

    if (is_beyond(view) || !getcwd(folder, sizeof folder))
        return false;
    add(text, FORMAT);
    add(text, view->file);
    add(text, view->source);
    add(text, folder);
    add(text, builtin_header());
    add(text, builtin_sanitize());
    add_words(text, view->compiler);
    add_words(text, view->flags);
    add_words(text, view->libs);
    add_environment(text);
    return add_compiler(text, view->compiler) && add_cpu(text);
}

bool manifest_key(const struct manifest_view *view, char key[HASH_BYTES])
{
    struct piece piece = {NULL, 0};
    char *bytes = NULL;
    FILE *text = open_memstream(&bytes, &piece.bytes);
    bool made;

    if (!text)
        return false;
    made = add_view(text, view) && !ferror(text);
    made = !fclose(text) && made;
    piece.data = bytes;
    if (made)
        sha256_hex(&piece, 1, true, key);
    free(bytes);
    return made;
}
