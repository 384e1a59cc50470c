/* Lines of machine code: those of an object that the test compiles, and of what is left of a damaged one. */
#include "kernel/lines.h"

#include "kernel/file.h"
#include "kernel_place.h"
#include "suite.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char text[] = "#line 7 \"some/folder/first.h\"\n"
                           "int first(int a);\nint first(int a)\n{\n    return a * 3;\n}\n"
                           "#line 200 \"second.c\"\n"
                           "int second(int a);\n\n\nint second(int a)\n{\n    return a / 3;\n}\n";

struct scene {
    struct place place;
    char path[128];
};

static void make_scene(struct scene *scene, const char *compiler, const char *option)
{
    char source[128];

    place_make(&scene->place);
    snprintf(source, sizeof source, "%s/source.c", scene->place.folder);
    snprintf(scene->path, sizeof scene->path, "%s/object.so", scene->place.folder);
    write_text(source, text);
    make_object(compiler, source, scene->path, option);
}

/* Where the function is, as the object numbers it. */
static uint64_t address_of(const struct scene *scene, const char *name)
{
    void *const handle = dlopen(scene->path, RTLD_NOW);
    Dl_info info = {0};
    uint64_t address = 0;

    if (handle && dladdr(dlsym(handle, name), &info))
        address = (uint64_t)((char *)info.dli_saddr - (char *)info.dli_fbase);
    CU_ASSERT_NOT_EQUAL(address, 0);
    return address;
}

static void check(const char *option)
{
    struct source_line line = {{0}, 0};
    struct scene scene;

    make_scene(&scene, "cc", option);
    CU_ASSERT_TRUE(lines_of_file(scene.path, address_of(&scene, "first"), &line));
    CU_ASSERT_STRING_EQUAL(line.file, "first.h");
    CU_ASSERT_EQUAL(line.line, 9);
    CU_ASSERT_TRUE(lines_of_file(scene.path, address_of(&scene, "second") + 1, &line));
    CU_ASSERT_STRING_EQUAL(line.file, "second.c");
    CU_ASSERT_EQUAL(line.line, 204);
    CU_ASSERT_FALSE(lines_of_file(scene.path, 1, &line));
    CU_ASSERT_FALSE(lines_of_file(scene.path, UINT64_MAX, &line));
    place_remove(&scene.place);
}

static void test_versions(void)
{
    check("-gdwarf-4");
    check("-gdwarf-3");
    check("-gdwarf-2");
}

/* Nothing that can be read: no lines. */
static void test_none(void)
{
    struct source_line line;
    struct scene scene;

    make_scene(&scene, "cc", "-g0");
    CU_ASSERT_FALSE(lines_of_file(scene.path, address_of(&scene, "first"), &line));
    CU_ASSERT_FALSE(lines_of_file("/nonexistent", 0, &line));
    CU_ASSERT_FALSE(lines_of_file("/dev/null", 0, &line));
    place_remove(&scene.place);
    make_scene(&scene, "cc", "-gdwarf-5");
    CU_ASSERT_FALSE(lines_of_file(scene.path, address_of(&scene, "first"), &line));
    place_remove(&scene.place);
}

/* An object with bytes changed, or cut off, anywhere: an answer, whatever it is, and never a crash. */
static void test_damaged(void)
{
    struct content content = {NULL, 0};
    struct source_line line;
    struct error error = {0};
    struct scene scene;
    uint64_t address;
    unsigned random = 1;

    make_scene(&scene, "cc", "-gdwarf-4");
    address = address_of(&scene, "first");
    CU_ASSERT_EQUAL_FATAL(file_read(scene.path, &content, &error), OK);
    for (size_t count = 0; count < content.count; count += 97)
        lines_find(content.bytes, count, address, &line);
    for (int k = 0; k < 20000; k++) {
        unsigned char *byte, was;

        random = random * 1664525 + 1013904223;
        byte = content.bytes + random % content.count;
        was = *byte;
        *byte = (unsigned char)(random >> 24);
        lines_find(content.bytes, content.count, address, &line);
        if (k % 3)
            *byte = was;
    }
    free(content.bytes);
    place_remove(&scene.place);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"versions", test_versions}, {"none", test_none}, {"damaged", test_damaged}, CU_TEST_INFO_NULL};

    return suite_run("lines", tests);
}
