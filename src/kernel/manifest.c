#include "kernel/manifest.h"

#include "kernel/cache.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SETTLED_NS 2000000000 /* the coarsest clock of a file system */

/* A file as far as it can be told without reading it; all -1 where there is none. */
struct state {
    long long bytes, modified_ns, changed_ns;
};

static long long nanoseconds(struct timespec time)
{
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static struct state look(const char *path)
{
    struct stat status;

    if (stat(path, &status))
        return (struct state){-1, -1, -1};
    return (struct state){status.st_size, nanoseconds(status.st_mtim), nanoseconds(status.st_ctim)};
}

/* A manifest is a line with the object's key, one with the compiler, then one a file: SIZE MODIFIED CHANGED PATH. */

static bool has_not_changed(const char *line)
{
    struct state then, now;
    int length = 0;

    if (sscanf(line, "%lld %lld %lld%n", &then.bytes, &then.modified_ns, &then.changed_ns, &length) != 3 ||
        line[length] != ' ')
        return false;
    now = look(line + length + 1);
    return now.bytes == then.bytes && now.modified_ns == then.modified_ns && now.changed_ns == then.changed_ns;
}

bool manifest_get(const char key[HASH_BYTES], struct manifest *manifest)
{
    struct content content = {NULL, 0};
    char *rest, *line;
    bool good;

    if (!cache_get(key, &content))
        return false;
    rest = (char *)content.bytes;
    line = strsep(&rest, "\n");
    good = rest && snprintf(manifest->object_key, HASH_BYTES, "%s", line) == HASH_BYTES - 1;
    line = strsep(&rest, "\n");
    good = good && rest && snprintf(manifest->compiler, sizeof manifest->compiler, "%s", line) > 0;
    while (good && (line = strsep(&rest, "\n")) && *line)
        good = has_not_changed(line);
    free(content.bytes);
    return good;
}

/* The files of the rule in `reads`, behind its target. False: they can't be told for sure. */
static bool take_files(const struct manifest_reads *reads, struct words *files)
{
    struct content rule = {NULL, 0};
    struct error error = {0};
    bool taken = false;
    char *text;

    if (file_read(reads->rule, &rule, &error))
        return false;
    text = (char *)rule.bytes;
    for (char *fold = text; (fold = strstr(fold, "\\\n"));)
        memset(fold, ' ', 2);
    if (!strpbrk(text, "'\"$")) /* the shell's quoting is make's but for these */
        taken = !words_split(files, text, "rule", &error) && files->count > 1;
    free(rule.bytes);
    return taken;
}

/* A line for the file. False: it is so new that the compiler may have seen it otherwise. */
static bool add_file(FILE *text, const char *path, int64_t start_ns)
{
    struct state state = look(path);

    fprintf(text, "%lld %lld %lld %s\n", state.bytes, state.modified_ns, state.changed_ns, path);
    return state.modified_ns < start_ns - SETTLED_NS && state.changed_ns < start_ns && !strchr(path, '\n');
}

/* Lines for where an #include that found the file would have found another one before it, were it there. */
static bool add_rivals(FILE *text, const char *file, const struct manifest_view *view, int64_t start_ns)
{
    static const char *const options[] = {"-iquote", "-isystem", "-idirafter", "-I"};
    const char *slash = strrchr(file, '/'), *name = slash ? slash + 1 : file, *beside = strrchr(view->file, '/');
    char path[2 * PATH_BYTES];
    bool settled;

    snprintf(path, sizeof path, "%.*s%s", beside ? (int)(beside + 1 - view->file) : 0, view->file, name);
    settled = add_file(text, path, start_ns);
    for (int k = 0; k < view->flags->count; k++) {
        const char *folder = view->flags->of[k];

        for (size_t o = 0; o < sizeof options / sizeof *options; o++)
            if (!strncmp(folder, options[o], strlen(options[o])))
                folder += strlen(options[o]);
        if (*folder && *folder != '-' && snprintf(path, sizeof path, "%s/%s", folder, name) < (int)sizeof path)
            settled = add_file(text, path, start_ns) && settled;
    }
    return settled;
}

static bool add_files(FILE *text, const struct words *files, const struct manifest_view *view,
                      const struct manifest_reads *reads)
{
    const char *slash = strrchr(reads->folder, '/'), *private_name = slash ? slash + 1 : reads->folder;
    bool settled = true;

    for (int k = 1; settled && k < files->count; k++)
        if (!strstr(files->of[k], private_name)) /* the way there may be written otherwise: ./tmp as tmp */
            settled = !access(files->of[k], F_OK) && add_file(text, files->of[k], reads->start_ns) &&
                      add_rivals(text, files->of[k], view, reads->start_ns);
    return settled;
}

bool manifest_put(const char key[HASH_BYTES], const struct manifest *manifest, const struct manifest_view *view,
                  const struct manifest_reads *reads)
{
    struct words files = {NULL, 0};
    struct content content = {NULL, 0};
    char *bytes = NULL;
    FILE *text = open_memstream(&bytes, &content.count);
    bool stored;

    if (!text)
        return false;
    fprintf(text, "%s\n%s\n", manifest->object_key, manifest->compiler);
    stored = take_files(reads, &files) && add_files(text, &files, view, reads) && !ferror(text);
    stored = !fclose(text) && stored;
    content.bytes = (unsigned char *)bytes;
    stored = stored && cache_put(key, &content);
    free(bytes);
    words_release(&files);
    return stored;
}
