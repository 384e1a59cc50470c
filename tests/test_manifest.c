#include "kernel/manifest.h"

#include "kernel/cache.h"
#include "kernel_place.h"
#include "suite.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PATH_TEXT 160

/* A kernel that includes factor.h beside it, and a compiler that notes each of its calls. */
struct scene {
    struct place place;
    char source[PATH_TEXT], header[PATH_TEXT], compiler[PATH_TEXT], calls[PATH_TEXT];
};

static const char times_text[] = "#include <h5map/kernel.h>\n#include \"factor.h\"\n"
                                 "static int times(const h5map_item_t *item)\n{\n"
                                 "    *(int32_t *)item->out[0] = FACTOR * *(const int32_t *)item->in[0];\n"
                                 "    return 0;\n}\nH5MAP_KERNEL(times, .signature = \"x: int32 -> y: int32\");\n";

/* A file that was modified `age_s` seconds ago, as far as its first time tells. */
static void write_old(const char *path, const char *text, int age_s)
{
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}};

    write_text(path, text);
    clock_gettime(CLOCK_REALTIME, &times[1]);
    times[1].tv_sec -= age_s;
    CU_ASSERT_EQUAL(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void write_header(const struct scene *scene, int factor, int age_s)
{
    char text[64];

    snprintf(text, sizeof text, "#define FACTOR %d\n", factor);
    write_old(scene->header, text, age_s);
}

/* The folder's name is a part of all paths. */
static void scene_make(struct scene *scene, const char *name)
{
    char folder[PATH_TEXT - 16], text[2 * PATH_TEXT];

    place_make(&scene->place);
    snprintf(folder, sizeof folder, "%s/%s", scene->place.folder, name);
    CU_ASSERT_EQUAL(mkdir(folder, 0700), 0);
    snprintf(scene->source, PATH_TEXT, "%s/times.c", folder);
    snprintf(scene->header, PATH_TEXT, "%s/factor.h", folder);
    snprintf(scene->compiler, PATH_TEXT, "%s/cc", scene->place.folder);
    snprintf(scene->calls, PATH_TEXT, "%s/calls", scene->place.folder);
    write_old(scene->source, times_text, 60);
    write_header(scene, 5, 60);
    snprintf(text, sizeof text, "#!/bin/sh\necho >>%s\nexec cc \"$@\"\n", scene->calls);
    write_text(scene->compiler, text);
    CU_ASSERT_EQUAL(chmod(scene->compiler, 0700), 0);
    write_text(scene->calls, "");
    setenv("CC", scene->compiler, 1);
}

/* Prepare the kernel, which must multiply by `factor`; does it come from the cache? *calls: of the compiler. */
static bool run(const struct scene *scene, const char *cflags, int factor, int *calls)
{
    struct stat before, after;
    struct object object;
    struct error error = {0};
    bool cached = false;
    int code;

    CU_ASSERT_EQUAL(stat(scene->calls, &before), 0);
    code = object_prepare(scene->source, &(struct recipe){.cflags = cflags}, &object, &error);
    CU_ASSERT_EQUAL(code, OK);
    CU_ASSERT_EQUAL(stat(scene->calls, &after), 0);
    *calls = (int)(after.st_size - before.st_size); /* a line of one byte each */
    if (code) {
        fprintf(stderr, "%s\n", error.text);
        error_clear(&error);
        return false;
    }
    cached = object.cached;
    CU_ASSERT_EQUAL(map_int(load(&object), 10), 10 * factor);
    CU_ASSERT_EQUAL(strncmp(object.compiler, "cc ", 3), 0);
    object_release(&object);
    return cached;
}

/* Asserts that the next run starts the compiler, without and with need to compile, or does not start it. */
static void check_compiled(const struct scene *scene, const char *cflags, int factor)
{
    int calls;

    CU_ASSERT(!run(scene, cflags, factor, &calls));
    CU_ASSERT(calls > 0);
}

static void check_asked(const struct scene *scene, const char *cflags, int factor)
{
    int calls;

    CU_ASSERT(run(scene, cflags, factor, &calls));
    CU_ASSERT(calls > 0);
}

static void check_quiet(const struct scene *scene, const char *cflags, int factor)
{
    int calls;

    CU_ASSERT(run(scene, cflags, factor, &calls));
    CU_ASSERT_EQUAL(calls, 0);
}

/* The path of the only manifest, which is the entry that is no object. */
static void find_manifest(const struct scene *scene, char path[PATH_BYTES])
{
    DIR *folder = opendir(scene->place.cache);
    int count = 0;

    for (struct dirent *entry; folder && (entry = readdir(folder));) {
        char candidate[PATH_BYTES], start[HASH_BYTES + 4] = "";
        FILE *file;

        snprintf(candidate, PATH_BYTES, "%s/%s", scene->place.cache, entry->d_name);
        file = entry->d_name[0] == '.' ? NULL : fopen(candidate, "r");
        if (file && fread(start, 1, HASH_BYTES + 3, file) > 0 && memcmp(start + HASH_BYTES - 1, "\177ELF", 4)) {
            strcpy(path, candidate);
            count++;
        }
        if (file)
            fclose(file);
    }
    if (folder)
        closedir(folder);
    CU_ASSERT_EQUAL_FATAL(count, 1);
}

static void test_no_compiler_started(void)
{
    struct object first, second;
    struct error error = {0};
    struct scene scene;

    scene_make(&scene, "plain");
    CU_ASSERT_EQUAL_FATAL(prepare(scene.source, &first, &error), OK);
    CU_ASSERT(!first.cached);
    check_quiet(&scene, NULL, 5);
    CU_ASSERT_EQUAL_FATAL(prepare(scene.source, &second, &error), OK);
    CU_ASSERT(second.cached);
    CU_ASSERT_STRING_EQUAL(second.hash, first.hash);
    CU_ASSERT_STRING_EQUAL(second.compiler, first.compiler);
    CU_ASSERT_STRING_EQUAL(second.flags, first.flags);
    CU_ASSERT_STRING_EQUAL(second.source, first.source);
    object_release(&first);
    object_release(&second);
    place_remove(&scene.place);
}

static void test_changes(void)
{
    struct scene scene;
    struct object object;
    struct error error = {0};
    char more[sizeof times_text + 32];
    struct stat status;

    scene_make(&scene, "plain");
    check_compiled(&scene, NULL, 5);
    write_header(&scene, 6, 30);
    check_compiled(&scene, NULL, 6);
    check_quiet(&scene, NULL, 6);
    CU_ASSERT_EQUAL(stat(scene.header, &status), 0);
    write_header(&scene, 7, 30); /* of the same size, and with the time of before */
    CU_ASSERT_EQUAL(utimensat(AT_FDCWD, scene.header, (struct timespec[]){status.st_atim, status.st_mtim}, 0), 0);
    check_compiled(&scene, NULL, 7);
    check_quiet(&scene, NULL, 7);
    check_compiled(&scene, "-O1", 7);
    check_quiet(&scene, "-O1", 7);
    check_quiet(&scene, NULL, 7);
    snprintf(more, sizeof more, "%sint more = 1;\n", times_text);
    write_old(scene.source, more, 30);
    check_compiled(&scene, NULL, 7);
    check_quiet(&scene, NULL, 7);
    CU_ASSERT_EQUAL(utimensat(AT_FDCWD, scene.compiler, NULL, 0), 0); /* another compiler of that name */
    check_asked(&scene, NULL, 7);
    check_quiet(&scene, NULL, 7);
    CU_ASSERT_EQUAL(unlink(scene.header), 0);
    CU_ASSERT_EQUAL(prepare(scene.source, &object, &error), REFUSED);
    error_clear(&error);
    place_remove(&scene.place);
}

/* Equal files with other times, and files too new to be trusted: the preprocessor is asked. */
static void test_times(void)
{
    struct scene scene;

    scene_make(&scene, "plain");
    check_compiled(&scene, NULL, 5);
    check_quiet(&scene, NULL, 5);
    write_header(&scene, 5, 20);
    check_asked(&scene, NULL, 5);
    check_quiet(&scene, NULL, 5);
    write_header(&scene, 5, 0);
    check_asked(&scene, NULL, 5);
    check_asked(&scene, NULL, 5);
    write_header(&scene, 5, -3600); /* from the future */
    check_asked(&scene, NULL, 5);
    check_asked(&scene, NULL, 5);
    write_header(&scene, 5, 20);
    check_asked(&scene, NULL, 5);
    check_quiet(&scene, NULL, 5);
    place_remove(&scene.place);
}

/* A header that is found before the one that was. */
static void test_rival(void)
{
    char cflags[PATH_TEXT + 8], moved[PATH_TEXT], *const beside = "#define FACTOR 9\n";
    struct scene scene;

    scene_make(&scene, "plain");
    snprintf(moved, sizeof moved, "%s/factor.h", scene.place.folder);
    CU_ASSERT_EQUAL(rename(scene.header, moved), 0);
    for (int apart = 0; apart < 2; apart++) {
        snprintf(cflags, sizeof cflags, "-I%s%s/no -I%s%s", apart ? " " : "", scene.place.folder, apart ? " " : "",
                 scene.place.folder);
        check_compiled(&scene, cflags, 5);
        check_quiet(&scene, cflags, 5);
        write_old(scene.header, beside, 60);
        check_compiled(&scene, cflags, 9);
        check_quiet(&scene, cflags, 9);
        CU_ASSERT_EQUAL(unlink(scene.header), 0);
        check_asked(&scene, cflags, 5);
        check_quiet(&scene, cflags, 5);
    }
    snprintf(moved, sizeof moved, "%s/no", scene.place.folder); /* a folder of -I that was not there */
    CU_ASSERT_EQUAL(mkdir(moved, 0700), 0);
    strcat(moved, "/factor.h");
    write_old(moved, "#define FACTOR 8\n", 60);
    check_compiled(&scene, cflags, 8);
    place_remove(&scene.place);
}

static void test_damage(void)
{
    struct scene scene;
    char path[PATH_BYTES];
    struct stat status;

    scene_make(&scene, "plain");
    check_compiled(&scene, NULL, 5);
    find_manifest(&scene, path);
    CU_ASSERT_EQUAL(stat(path, &status), 0);
    for (off_t keep = 0; keep < status.st_size; keep += status.st_size / 7) {
        CU_ASSERT_EQUAL(truncate(path, keep), 0);
        check_asked(&scene, NULL, 5); /* which makes it whole again */
        check_quiet(&scene, NULL, 5);
    }
    for (off_t at = 0; at < status.st_size; at += status.st_size / 7) {
        FILE *file = fopen(path, "r+");
        int byte;

        CU_ASSERT_PTR_NOT_NULL_FATAL(file);
        fseek(file, at, SEEK_SET);
        byte = getc(file);
        fseek(file, at, SEEK_SET);
        putc(byte ^ 1, file);
        CU_ASSERT_EQUAL(fclose(file), 0);
        check_asked(&scene, NULL, 5);
    }
    check_quiet(&scene, NULL, 5);
    place_remove(&scene.place);
}

/* Whole, but not what a manifest is. */
static void test_nonsense(void)
{
#define KEY "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
    static const char *const texts[] = {
        "x",           "\n\n\n",     "short\ncc 12\n",   KEY,
        KEY "\n",      KEY "\n\n",   KEY "0\ncc\n",      KEY "\ncc\n1 2 /\n",
        KEY "\ncc\nx", KEY "\ncc\n", KEY "\ncc\n1 2 3x", KEY "\ncc\n-1 -1 -1 /dev/null/no\n1 2 3 /\n",
    };
    struct manifest manifest;
    struct place place;

    place_make(&place);
    for (size_t k = 0; k < sizeof texts / sizeof *texts; k++) {
        const struct content content = {(unsigned char *)texts[k], strlen(texts[k])};

        CU_ASSERT_FATAL(cache_put(KEY, &content));
        CU_ASSERT_EQUAL(manifest_get(KEY, &manifest), !strcmp(texts[k], KEY "\ncc\n"));
    }
    CU_ASSERT_STRING_EQUAL(manifest.compiler, "cc");
    CU_ASSERT_STRING_EQUAL(manifest.object_key, KEY);
    place_remove(&place);
#undef KEY
}

/* Paths that make needs written in odd ways are found, or are not trusted. */
static void test_odd_paths(void)
{
    static const struct {
        const char *name;
        bool quiet;
    } cases[] = {{"a b", true}, {"a#b", true}, {"a:b", true}, {"a'b", false}, {"a$b", false}};
    struct scene scene;
    char folder[PATH_BYTES];

    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        scene_make(&scene, cases[k].name);
        check_compiled(&scene, NULL, 5);
        (cases[k].quiet ? check_quiet : check_asked)(&scene, NULL, 5);
        write_header(&scene, 6, 30);
        check_compiled(&scene, NULL, 6);
        place_remove(&scene.place);
    }
    scene_make(&scene, "plain");
    CU_ASSERT_PTR_NOT_NULL_FATAL(getcwd(folder, sizeof folder));
    CU_ASSERT_EQUAL_FATAL(chdir(scene.place.folder), 0);
    setenv("TMPDIR", "./tmp", 1);
    strcpy(scene.source, "plain/times.c");
    check_compiled(&scene, NULL, 5);
    check_quiet(&scene, NULL, 5);
    CU_ASSERT_EQUAL_FATAL(chdir(folder), 0);
    place_remove(&scene.place);
}

/* What never goes to the cache is compiled every time; what holds the time never has a manifest. */
static void test_never(void)
{
    struct scene scene;
    char more[PATH_TEXT], text[sizeof times_text + 64];

    scene_make(&scene, "plain");
    snprintf(more, sizeof more, "%s/more.c", scene.place.folder);
    write_old(more, "int more;\n", 60);
    for (int times = 0; times < 3; times++)
        check_compiled(&scene, more, 5);
    check_compiled(&scene, "-MMD -MF /dev/null", 5);
    check_asked(&scene, "-MMD -MF /dev/null", 5);
    snprintf(text, sizeof text, "%sconst char made[] = __DATE__;\n", times_text);
    write_old(scene.source, text, 60);
    check_compiled(&scene, NULL, 5);
    check_asked(&scene, NULL, 5);
    place_remove(&scene.place);
}

/* The key changes with each thing that it sees, and each piece is told from its neighbours. */
static void test_key(void)
{
    char *one[] = {"cc", NULL}, *two[] = {"-a", "-b", NULL}, *joined[] = {"-a-b", NULL}, *no[] = {"no-such-cc", NULL};
    struct words cc = {one, 1}, ab = {two, 2}, a = {two, 1}, b = {two + 1, 1}, aab = {joined, 1}, none = {no, 1};
    const struct manifest_view views[] = {
        {"k.c", "int x;", &cc, &a, &b},   {"k.c", "int x;", &cc, &b, &a},  {"k.c", "int x;", &cc, &ab, &b},
        {"k.c", "int x;", &cc, &aab, &b}, {"k.c", "int x; ", &cc, &a, &b}, {"./k.c", "int x;", &cc, &a, &b},
        {"k.ci", "nt x;", &cc, &a, &b},
    };
    enum { COUNT = sizeof views / sizeof *views };
    char keys[COUNT + 3][HASH_BYTES], folder[PATH_BYTES];
    const struct manifest_view missing = {"k.c", "int x;", &none, &a, &b};

    for (int k = 0; k < COUNT; k++)
        CU_ASSERT(manifest_key(&views[k], keys[k]));
    setenv("CPATH", "/no", 1);
    CU_ASSERT(manifest_key(&views[0], keys[COUNT]));
    setenv("CPATH", "", 1);
    CU_ASSERT(manifest_key(&views[0], keys[COUNT + 1]));
    unsetenv("CPATH");
    CU_ASSERT_PTR_NOT_NULL_FATAL(getcwd(folder, sizeof folder));
    CU_ASSERT_EQUAL_FATAL(chdir("/"), 0);
    CU_ASSERT(manifest_key(&views[0], keys[COUNT + 2]));
    CU_ASSERT_EQUAL_FATAL(chdir(folder), 0);
    for (int k = 0; k < COUNT + 3; k++)
        for (int other = 0; other < k; other++)
            CU_ASSERT_STRING_NOT_EQUAL(keys[k], keys[other]);
    CU_ASSERT(manifest_key(&views[0], keys[1]));
    CU_ASSERT_STRING_EQUAL(keys[1], keys[0]);
    CU_ASSERT(!manifest_key(&missing, keys[1]));
}

int main(void)
{
    CU_TestInfo tests[] = {{"no compiler started", test_no_compiler_started},
                           {"changes", test_changes},
                           {"times", test_times},
                           {"rival", test_rival},
                           {"damage", test_damage},
                           {"nonsense", test_nonsense},
                           {"odd paths", test_odd_paths},
                           {"never", test_never},
                           {"key", test_key},
                           CU_TEST_INFO_NULL};

    return suite_run("manifest", tests);
}
