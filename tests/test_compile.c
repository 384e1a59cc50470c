#include "kernel/compile.h"

#include "kernel/words.h"
#include "kernel_place.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void test_source(void)
{
    const double x[] = {3, 4};
    double y = 0;
    const void *const in[] = {x};
    void *const out[] = {&y};
    const size_t dim[] = {2}, in_bytes[] = {16}, out_bytes[] = {8};
    const h5map_slice_t slice = {.in = in,
                                 .out = out,
                                 .dim = dim,
                                 .count = 1,
                                 .in_count = 1,
                                 .out_count = 1,
                                 .in_bytes = in_bytes,
                                 .out_bytes = out_bytes};
    const h5map_kernel_t *kernel;
    struct error error = {0};
    struct object object;
    struct place place;

    place_make(&place);
    CU_ASSERT_EQUAL_FATAL(prepare(KERNELS "norm.c", &object, &error), OK);
    CU_ASSERT(!object.builtin);
    CU_ASSERT(!object.cached);
    CU_ASSERT_STRING_EQUAL(object.name, "norm");
    CU_ASSERT_STRING_EQUAL(object.file, KERNELS "norm.c");
    CU_ASSERT_PTR_NOT_NULL(strstr(object.source, "H5MAP_KERNEL(norm"));
    CU_ASSERT_EQUAL(strlen(object.hash), 64);
    CU_ASSERT_STRING_EQUAL(object.flags, "-O3 -march=native -fPIC -shared -lm");
    CU_ASSERT_EQUAL(strncmp(object.compiler, "cc ", 3), 0);
    CU_ASSERT_PTR_NULL(strchr(object.compiler, '\n'));
    kernel = load(&object);
    object_release(&object); /* the kernel lives on */
    CU_ASSERT_EQUAL(kernel->default_block, 1);
    CU_ASSERT_EQUAL(kernel->map(&slice), 0);
    CU_ASSERT_EQUAL(y, 5);
    CU_ASSERT_EQUAL(object_prepare(KERNELS "norm.c", &(struct recipe){.cflags = "-ffast-math"}, &object, &error), OK);
    CU_ASSERT_EQUAL(load(&object)->default_block, 64);
    object_release(&object);
    place_remove(&place);
}

static void test_compiler_errors(void)
{
    struct object object;
    struct error error = {0};
    struct place place;

    place_make(&place);
    CU_ASSERT_EQUAL(prepare(KERNELS "broken.c", &object, &error), REFUSED);
    CU_ASSERT_STRING_EQUAL(error.text, KERNELS "broken.c: does not compile (see the compiler's message above)");
    CU_ASSERT_PTR_NOT_NULL_FATAL(error.detail);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.detail, "this_is_not_declared"));
    CU_ASSERT_PTR_NOT_NULL(strstr(error.detail, "broken.c:6"));
    error_clear(&error);
    CU_ASSERT_EQUAL(
        object_prepare(KERNELS "norm.c", &(struct recipe){"-include no-such-header.h", NULL, false}, &object, &error),
        REFUSED);
    CU_ASSERT_PTR_NOT_NULL_FATAL(error.detail);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.detail, "no-such-header.h"));
    error_clear(&error);
    CU_ASSERT_EQUAL(
        object_prepare(KERNELS "norm.c", &(struct recipe){NULL, "-lno-such-library", false}, &object, &error), REFUSED);
    CU_ASSERT_PTR_NOT_NULL_FATAL(error.detail);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.detail, "no-such-library"));
    error_clear(&error);
    check_refused(KERNELS "norm.c", "-DA='b c", NULL, "--cflags: a quote is not closed in: -DA='b c (close it)");
    setenv("CC", "no-such-compiler -O1", 1);
    check_refused(KERNELS "norm.c", NULL, NULL,
                  "no-such-compiler: No such file or directory (install a C compiler, or set CC)");
    setenv("CC", "false", 1);
    check_refused(KERNELS "norm.c", NULL, NULL,
                  KERNELS "norm.c: does not compile (false ended with status 1 and said nothing)");
    place_remove(&place);
}

/* What the key sees: included files, flags, compiler; and what it can't see, which is not cached. */
static void test_cache_key(void)
{
    static const char source[] = "#include <h5map/kernel.h>\n#include \"factor.h\"\n"
                                 "static int times(const h5map_item_t *item)\n{\n"
                                 "    *(int32_t *)item->out[0] = FACTOR * *(const int32_t *)item->in[0];\n"
                                 "    return 0;\n}\nH5MAP_KERNEL(times, .signature = \"x: int32 -> y: int32\");\n";
    struct object object;
    struct error error = {0};
    char path[128], header[128], more[256];
    struct place place;

    place_make(&place);
    snprintf(path, sizeof path, "%s/times.c", place.folder);
    snprintf(header, sizeof header, "%s/factor.h", place.folder);
    write_text(path, source);
    for (int factor = 5; factor < 7; factor++) {
        snprintf(more, sizeof more, "#define FACTOR %d\n", factor);
        write_text(header, more);
        CU_ASSERT_EQUAL(prepare(path, &object, &error), OK);
        CU_ASSERT(!object.cached);
        CU_ASSERT_EQUAL(map_int(load(&object), 10), 10 * factor);
        object_release(&object);
    }
    CU_ASSERT_EQUAL(object_prepare(path, &(struct recipe){"-O1", NULL, false}, &object, &error), OK);
    CU_ASSERT(!object.cached);
    object_release(&object);
    setenv("CC", "cc -g", 1);
    CU_ASSERT_EQUAL(prepare(path, &object, &error), OK);
    CU_ASSERT(!object.cached);
    object_release(&object);
    CU_ASSERT_EQUAL(prepare(path, &object, &error), OK);
    CU_ASSERT(object.cached);
    object_release(&object);
    snprintf(more, sizeof more, "%s/more.c", place.folder);
    write_text(more, "int more;\n");
    for (int times = 0; times < 2; times++) {
        CU_ASSERT_EQUAL(object_prepare(path, &(struct recipe){more, NULL, false}, &object, &error), OK);
        CU_ASSERT(!object.cached);
        object_release(&object);
        CU_ASSERT_EQUAL(object_prepare(path, &(struct recipe){NULL, "-lm -lpthread", false}, &object, &error), OK);
        CU_ASSERT(!object.cached);
        CU_ASSERT_STRING_EQUAL(object.flags, "-O3 -march=native -fPIC -shared -lm -lpthread -lm");
        object_release(&object);
    }
    place_remove(&place);
}

/* With debug information too, and from another private folder. */
static void test_same_bytes_again(void)
{
    struct object first, second;
    struct error error = {0};
    struct place place;

    place_make(&place);
    setenv("XDG_CACHE_HOME", "/dev/null/no", 1);
    CU_ASSERT_EQUAL_FATAL(object_prepare(KERNELS "norm.c", &(struct recipe){"-g3", NULL, false}, &first, &error), OK);
    CU_ASSERT_EQUAL_FATAL(object_prepare(KERNELS "norm.c", &(struct recipe){"-g3", NULL, false}, &second, &error), OK);
    CU_ASSERT(!second.cached);
    CU_ASSERT_STRING_EQUAL(first.hash, second.hash);
    object_release(&first);
    object_release(&second);
    place_remove(&place);
}

static void test_words(void)
{
    static const char text[] = "  -O2\t-DA='b  c' -D\"E=\\\"$f\\\" \\x\" g\\ h '' -I/x\"y z\"w\n";
    static const char *const expected[] = {"-O2", "-DA=b  c", "-DE=\"$f\" \\x", "g h", "", "-I/xy zw"};
    struct words words = {NULL, 0};
    struct error error = {0};

    CU_ASSERT_EQUAL(words_split(&words, text, "--cflags", &error), OK);
    CU_ASSERT_EQUAL_FATAL(words.count, 6);
    for (int k = 0; k < 6; k++)
        CU_ASSERT_STRING_EQUAL(words.of[k], expected[k]);
    CU_ASSERT_PTR_NULL(words.of[6]);
    CU_ASSERT_EQUAL(words_split(&words, NULL, "--libs", &error), OK);
    CU_ASSERT_EQUAL(words_split(&words, " \t\n", "--libs", &error), OK);
    CU_ASSERT_EQUAL(words.count, 6);
    CU_ASSERT_EQUAL(words_split(&words, "a \"b", "--libs", &error), REFUSED);
    CU_ASSERT_STRING_EQUAL(error.text, "--libs: a quote is not closed in: a \"b (close it)");
    words_release(&words);
}

int main(void)
{
    CU_TestInfo tests[] = {{"source", test_source},       {"compiler errors", test_compiler_errors},
                           {"cache key", test_cache_key}, {"same bytes again", test_same_bytes_again},
                           {"words", test_words},         CU_TEST_INFO_NULL};

    return suite_run("compile", tests);
}
