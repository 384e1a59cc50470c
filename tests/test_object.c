#include "kernel/object.h"

#include "kernel_place.h"
#include "suite.h"

#include <stdio.h>
#include <string.h>

static void test_builtin(void)
{
    struct object object;
    struct error error = {0};

    CU_ASSERT_EQUAL_FATAL(prepare("square", &object, &error), OK);
    CU_ASSERT(object.builtin);
    CU_ASSERT_STRING_EQUAL(object.name, "square");
    CU_ASSERT_STRING_EQUAL(object.file, "");
    CU_ASSERT_PTR_NULL(object.bytes);
    CU_ASSERT_PTR_NOT_NULL(strstr(object.source, "H5MAP_KERNEL(square"));
    CU_ASSERT_EQUAL(strlen(object.hash), 64);
    CU_ASSERT_STRING_EQUAL(load(&object)->name, "square");
    object_release(&object);
    check_refused("sqare", NULL, NULL,
                  "sqare: no built-in kernel (built in are: haversine, square, stats; a file ends in .c or .so)");
    check_refused("square", "-g", NULL, "--cflags goes with a .c kernel, not with square (leave it out)");
    check_refused("square", NULL, "-lm", "--libs goes with a .c kernel, not with square (leave it out)");
}

static void test_which_of_two(void)
{
    const struct recipe recipe = {.cflags = "-DFACTOR='(2 + 3)'"};
    struct object object;
    struct error error = {0};
    struct place place;

    place_make(&place);
    check_refused(KERNELS "two.c", NULL, NULL,
                  KERNELS "two.c: several kernels in it: scale, twice (choose with " KERNELS "two.c:NAME)");
    check_refused(KERNELS "two.c:thrice", NULL, NULL, KERNELS "two.c: no kernel thrice in it (it has: scale, twice)");
    check_refused(KERNELS "two.c:", NULL, NULL,
                  KERNELS "two.c:: no kernel's name behind the colon (leave the colon out)");
    CU_ASSERT_EQUAL(prepare(KERNELS "two.c:twice", &object, &error), OK);
    CU_ASSERT_STRING_EQUAL(object.name, "twice");
    CU_ASSERT_STRING_EQUAL(object.file, KERNELS "two.c");
    CU_ASSERT_EQUAL(map_int(load(&object), 7), 14);
    object_release(&object);
    CU_ASSERT_EQUAL(object_prepare(KERNELS "two.c:scale", &recipe, &object, &error), OK);
    CU_ASSERT_STRING_EQUAL(object.flags, "-O3 -march=native -fPIC -shared -DFACTOR='(2 + 3)' -lm");
    CU_ASSERT_EQUAL(map_int(load(&object), 7), 35);
    object_release(&object);
    place_remove(&place);
}

/* A file whose name has a colon in it is that file; FILE:NAME else, also where the file has no known ending. */
static void test_colons(void)
{
    struct object object;
    struct error error = {0};
    char word[256], path[128];
    struct place place;

    place_make(&place);
    snprintf(path, sizeof path, "%s/odd.so:twice", place.folder);
    make_object("cc", KERNELS "norm.c", path, "-O1");
    CU_ASSERT_EQUAL(prepare(path, &object, &error), OK);
    CU_ASSERT_STRING_EQUAL(object.file, path);
    CU_ASSERT_STRING_EQUAL(object.name, "norm");
    object_release(&object);
    snprintf(path, sizeof path, "%s/plugin", place.folder);
    make_object("cc", KERNELS "two.c", path, "-O1");
    snprintf(word, sizeof word, "%s:twice", path);
    CU_ASSERT_EQUAL(prepare(word, &object, &error), OK);
    CU_ASSERT_STRING_EQUAL(object.file, path);
    CU_ASSERT_STRING_EQUAL(object.name, "twice");
    object_release(&object);
    place_remove(&place);
}

static void test_bad_files(void)
{
    struct place place;
    char path[PATH_BYTES], line[ERROR_TEXT_BYTES];

    place_make(&place);
    check_refused("missing.c", NULL, NULL, "missing.c: No such file or directory (give a file that can be read)");
    check_refused("missing.so:x", NULL, NULL, "missing.so: No such file or directory (give a file that can be read)");
    check_refused("./square", NULL, NULL, "./square: No such file or directory (give a file that can be read)");
    check_refused("/tmp/", NULL, NULL, "/tmp/: not a regular file (give a file)");
    check_refused(KERNELS "plus.cpp", NULL, NULL,
                  KERNELS "plus.cpp: C++ source, only C is compiled on the spot (make it a .so: c++ -O3 -shared -fPIC "
                          "$(pkg-config --cflags h5map-kernel) FILE -o KERNEL.so)");
    check_refused(KERNELS "none.c", NULL, NULL,
                  KERNELS "none.c: no kernel in it (describe the function with H5MAP_KERNEL)");
    snprintf(path, sizeof path, "%s/empty.so", place.folder);
    write_text(path, "");
    snprintf(line, sizeof line, "%.200s: neither C source (.c) nor a shared object (compile it: c++ -shared -fPIC)",
             path);
    check_refused(path, NULL, NULL, line);
    snprintf(path, sizeof path, "%s/damaged.so", place.folder);
    write_text(path, "\177ELF and then nothing that makes sense");
    snprintf(line, sizeof line, "%.200s: not a shared object (make one: cc -shared -fPIC KERNEL.c -o KERNEL.so)", path);
    check_refused(path, NULL, NULL, line);
    snprintf(line, sizeof line, "--cflags goes with a .c kernel, not with %.200s (leave it out)", path);
    check_refused(path, "-g", NULL, line);
    place_remove(&place);
}

/* A good object cut off anywhere: refused or taken, never a crash. */
static void test_damaged_objects(void)
{
    struct object object;
    struct error error = {0};
    struct place place;
    char path[PATH_BYTES];
    size_t refused = 0;

    place_make(&place);
    CU_ASSERT_EQUAL_FATAL(prepare(KERNELS "norm.c", &object, &error), OK);
    snprintf(path, sizeof path, "%s/part.so", place.folder);
    for (size_t keep = 1; keep < object.bytes_count; keep += keep < 128 ? 1 : 511) {
        FILE *file = fopen(path, "w");
        struct object part;

        CU_ASSERT_PTR_NOT_NULL_FATAL(file);
        CU_ASSERT_EQUAL(fwrite(object.bytes, 1, keep, file), keep);
        CU_ASSERT_EQUAL(fclose(file), 0);
        if (prepare(path, &part, &error))
            refused++;
        else
            object_release(&part);
    }
    CU_ASSERT(refused > 128);
    object_release(&object);
    place_remove(&place);
}

static void test_undefined_symbol(void)
{
    const h5map_kernel_t *kernel = NULL;
    struct object object;
    struct error error = {0};
    struct place place;

    place_make(&place);
    CU_ASSERT_EQUAL_FATAL(prepare(KERNELS "undefined.c", &object, &error), OK);
    CU_ASSERT_EQUAL(object_load(object.name, object.bytes, object.bytes_count, &kernel, &error), REFUSED);
    CU_ASSERT_STRING_EQUAL(error.text, "undefined: undefined symbol: of_another_library (give the library with --libs, "
                                       "or link the object with it)");
    CU_ASSERT_PTR_NULL(kernel);
    object_release(&object);
    place_remove(&place);
}

static void test_wrong_descriptions(void)
{
    static const struct {
        const char *name, *line;
    } cases[] = {
        {"future", "future: made for kernel ABI 2, not 1 (compile it with this version's h5map/kernel.h)"},
        {"small", "small: its description has 64 bytes, not 72 (compile it with this version's h5map/kernel.h)"},
        {"old", "old: compiled before ragged inputs were possible (compile it with this version's h5map/kernel.h)"},
        {"no_map", "no_map: no function (describe it with H5MAP_KERNEL or H5MAP_SLICE_KERNEL)"},
        {"no_signature", "no_signature: no signature (give .signature in H5MAP_KERNEL)"},
        {"big_block", "big_block: .block must be from 1 to 2147483647 items"},
        {"absent", "absent: no such kernel in the object"},
    };
    const h5map_kernel_t *kernel = NULL;
    struct object object;
    struct error error = {0};
    struct place place;

    place_make(&place);
    CU_ASSERT_EQUAL_FATAL(prepare(KERNELS "wrong.c:larger", &object, &error), OK);
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        CU_ASSERT_EQUAL(object_load(cases[k].name, object.bytes, object.bytes_count, &kernel, &error), REFUSED);
        CU_ASSERT_STRING_EQUAL(error.text, cases[k].line);
        CU_ASSERT_PTR_NULL(kernel);
    }
    CU_ASSERT_EQUAL(object_load("larger", object.bytes, object.bytes_count, &kernel, &error), OK);
    CU_ASSERT_EQUAL(object_load("x", "no object", 9, &kernel, &error), REFUSED);
    CU_ASSERT_EQUAL(strncmp(error.text, "x: ", 3), 0);
    CU_ASSERT_PTR_NULL(strstr(error.text, "/proc"));
    CU_ASSERT_EQUAL(object_load("no_builtin", NULL, 0, &kernel, &error), REFUSED);
    object_release(&object);
    place_remove(&place);
}

static void test_cxx(void)
{
    double a[] = {1, 2}, b[] = {10, 20}, y[2] = {0};
    int32_t status[2] = {0};
    const void *const in[] = {a, b};
    void *const out[] = {y};
    const size_t in_bytes[] = {8, 8}, out_bytes[] = {8};
    h5map_slice_t slice = {.in = in,
                           .out = out,
                           .count = 2,
                           .status = status,
                           .in_count = 2,
                           .out_count = 1,
                           .in_bytes = in_bytes,
                           .out_bytes = out_bytes};
    const h5map_job_t job = {.in = in};
    const h5map_kernel_t *plus, *minus;
    struct object object;
    struct error error = {0};
    struct place place;
    char path[PATH_BYTES], word[PATH_BYTES + 16];

    place_make(&place);
    snprintf(path, sizeof path, "%s/plus.so", place.folder);
    make_object("c++", KERNELS "plus.cpp", path, "-O2");
    snprintf(word, sizeof word, "%s:plus", path);
    CU_ASSERT_EQUAL_FATAL(prepare(word, &object, &error), OK);
    CU_ASSERT_PTR_NULL(object.source);
    CU_ASSERT_STRING_EQUAL(object.compiler, "");
    plus = load(&object);
    CU_ASSERT_STRING_EQUAL(plus->signature, "a: double, b: double -> sum: double");
    CU_ASSERT_EQUAL(plus->block, 4);
    CU_ASSERT_EQUAL_FATAL(plus->init(&job, &slice.state), 0);
    CU_ASSERT_EQUAL(plus->map(&slice), 0);
    CU_ASSERT_EQUAL(y[1], 122);
    a[0] = -1;
    CU_ASSERT_NOT_EQUAL(plus->map(&slice), 0);
    CU_ASSERT_EQUAL(status[0], H5MAP_FAILED);
    plus->finish(slice.state);
    strcpy(object.name, "minus"); /* from the same bytes, loaded once more */
    minus = load(&object);
    CU_ASSERT_EQUAL(minus->default_block, 64);
    minus->map(&slice);
    CU_ASSERT_EQUAL(y[1], -2);
    object_release(&object);
    place_remove(&place);
}

int main(void)
{
    CU_TestInfo tests[] = {{"built in", test_builtin},
                           {"which of two", test_which_of_two},
                           {"colons", test_colons},
                           {"bad files", test_bad_files},
                           {"damaged objects", test_damaged_objects},
                           {"undefined symbol", test_undefined_symbol},
                           {"wrong descriptions", test_wrong_descriptions},
                           {"C++", test_cxx},
                           CU_TEST_INFO_NULL};

    return suite_run("object", tests);
}
