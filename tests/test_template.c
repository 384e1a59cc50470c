/* The kernel that is printed for some datasets: names, dims, the command, and nothing that ends the comment. */
#include "element.h"
#include "kernel/template.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct survey survey; /* large, and made anew by each test */

static void add(const char *name, const char *dataset, enum type type, int rank)
{
    struct specimen *specimen = &survey.of[survey.count++];

    memset(specimen, 0, sizeof *specimen);
    strcpy(specimen->name, name);
    strcpy(specimen->bound.file, "in.h5");
    strcpy(specimen->bound.dataset, dataset);
    strcpy(specimen->bound.type_name, type_name(type));
    specimen->type = specimen->bound.wire = type;
    specimen->bound.rank = rank;
    for (int d = 0; d < rank; d++)
        specimen->bound.shape[d] = 10 + (uint64_t)d;
}

/* Is this line, or part of one, in what is printed? */
static bool has(const char *part)
{
    struct error error = {0};
    char *text = NULL;
    bool found;

    CU_ASSERT_EQUAL_FATAL(template_make(&survey, "in.h5", &text, &error), OK);
    found = strstr(text, part) != NULL;
    if (!found)
        fprintf(stderr, "no %s in\n%s", part, text);
    free(text);
    return found;
}

static void test_ports(void)
{
    memset(&survey, 0, sizeof survey);
    add("a", "/a", TYPE_FLOAT, 1);
    add("b", "/b", TYPE_UINT16, 3);
    add("c", "/c", TYPE_COMPLEX128, 2);
    CU_ASSERT_TRUE(has(".signature = \"a: float, b: uint16[n, m], c: complex128[n] -> sum: double\""));
    CU_ASSERT_TRUE(has("const uint16_t *b = item->in[1];"));
    CU_ASSERT_TRUE(has("const double complex *c = item->in[2];"));
    CU_ASSERT_TRUE(has("    *sum += *a;\n    for (size_t k = 0; k < n * m; k++)\n        *sum += b[k];\n"));
    CU_ASSERT_TRUE(has("#include <complex.h>\n"));
    CU_ASSERT_TRUE(has(" *   h5map run total.c in.h5 OUTPUT.h5\n"));
}

/* What C or the kernel itself has another meaning for is renamed, and bound by -i. */
static void test_names(void)
{
    memset(&survey, 0, sizeof survey);
    add("double", "/double", TYPE_FLOAT, 2);
    add("double_", "/double_", TYPE_FLOAT, 2);
    add("n", "/n", TYPE_FLOAT, 2);
    add("k", "/k", TYPE_BOOL, 1);
    CU_ASSERT_TRUE(has("double_: float[m], double_x: float[m], n: float[m], k_: bool -> "));
    CU_ASSERT_TRUE(has("OUTPUT.h5 -i double_=/double -i double_x=/double_ -i k_=/k\n"));
}

/* A field of the survey's; `next` is the one behind it, or -1. */
static void add_field(const char *stored, enum type type, int next)
{
    struct field *field = &survey.field[survey.field_count++];

    memset(field, 0, sizeof *field);
    strcpy(field->stored, stored);
    strcpy(field->name, stored);
    field->type = type;
    field->element = element_of(type, 0);
    field->count = 1;
    field->next = next;
}

static void test_compounds(void)
{
    struct specimen *specimen = survey.of;

    memset(&survey, 0, sizeof survey);
    add("star", "/star", TYPE_COMPOUND, 2);
    add_field("int", TYPE_DOUBLE, 1);
    add_field("in", TYPE_COMPOUND, 2);
    add_field("int_", TYPE_STRING, -1);
    add_field("at", TYPE_COMPLEX64, -1);
    survey.field[1].element.field = 3;
    survey.field[1].count = 2;
    survey.field[1].rank = 1;
    survey.field[1].dim[0] = 2;
    CU_ASSERT_TRUE(element_lay_out(survey.field, &survey.field[1].element));
    CU_ASSERT_TRUE(element_lay_out(survey.field, &specimen->element));
    CU_ASSERT_TRUE(has("struct star {\n    double int_;\n    struct {\n        float complex at;\n    } in[2];\n"
                       "    const char *int_x;\n};\n\n_Static_assert(sizeof(struct star) == 32, "));
    CU_ASSERT_TRUE(
        has("\"star: {int_=\\\"int\\\": double, in: {at: complex64}[2], int_x=\\\"int_\\\": string}[n] -> "));
    CU_ASSERT_TRUE(has("        for (size_t k1 = 0; k1 < 2; k1++) {\n"
                       "            *sum += creal(star[k].in[k1].at);\n        }\n"
                       "        *sum += (double)strlen(star[k].int_x);\n"));
    CU_ASSERT_TRUE(has("#include <complex.h>\n"));
    specimen->bound.rank = 1;
    CU_ASSERT_TRUE(has("    *sum += star->int_;\n"));
}

/* Trigraphs, which some compilers read in strings. */
static void test_literal(void)
{
    memset(&survey, 0, sizeof survey);
    add("star", "/star", TYPE_COMPOUND, 1);
    add_field("a?"
              "?"
              "?/\\",
              TYPE_DOUBLE, -1);
    strcpy(survey.field[0].name, "a");
    CU_ASSERT_TRUE(has("{a=\\\"a?\\?\\?/\\\\\\\": double}"));
}

/* Offsets make a dim of their own, which inputs share. */
static void test_ragged(void)
{
    memset(&survey, 0, sizeof survey);
    add("v", "/v", TYPE_FLOAT, 1);
    add("w", "/w", TYPE_FLOAT, 2);
    add("u", "/u", TYPE_STRING, 1);
    add("x", "/x", TYPE_FLOAT, 2);
    strcpy(survey.of[0].bound.offsets, "/at");
    strcpy(survey.of[1].bound.offsets, "/at");
    strcpy(survey.of[3].bound.offsets, "/begin");
    survey.of[0].named = true;
    CU_ASSERT_TRUE(has("\"v: float[*n], w: float[*n, m], u: string, x: float[*l, m] -> sum: double\""));
    CU_ASSERT_TRUE(has("    for (size_t k = 0; k < n * m; k++)\n        *sum += w[k];\n"));
    CU_ASSERT_TRUE(has("OUTPUT.h5 -i v=/v@/at\n"));
    CU_ASSERT_TRUE(has("    const char *u = item->in[2];\n"));
}

/* Tables have all their dims, and the kernel takes one element. */
static void test_shared(void)
{
    memset(&survey, 0, sizeof survey);
    add("x", "/x", TYPE_FLOAT, 2);
    add("lut", "/lut", TYPE_DOUBLE, 2);
    add("w", "/w", TYPE_DOUBLE, 1);
    add("one", "/one", TYPE_INT8, 0);
    survey.of[1].shared = survey.of[2].shared = survey.of[3].shared = true;
    CU_ASSERT_TRUE(
        has("\"x: float[n], shared lut: double[m, n], shared w: double[m], shared one: int8 -> sum: double\""));
    CU_ASSERT_TRUE(has("    {\n        const size_t k = item->index % (m * n); /* one element of the table */\n\n"
                       "        *sum += lut[k];\n    }\n"));
    CU_ASSERT_TRUE(has("item->index % m; /* one element"));
    CU_ASSERT_TRUE(has("    *sum += *one;\n"));
    CU_ASSERT_TRUE(has(" *   shared one: int8  is /one, int8\n"));
}

static void test_comment(void)
{
    memset(&survey, 0, sizeof survey);
    add("v", "/x*/y", TYPE_FLOAT, 1);
    survey.of[0].named = true;
    strcpy(survey.left, "/*/ (strings)");
    CU_ASSERT_TRUE(has("v: float  is /x?"));
    CU_ASSERT_TRUE(has(" * Left out: "));
    survey.left[0] = '\0';
    strcpy(survey.of[0].bound.dataset, "/it's");
    CU_ASSERT_TRUE(has("-i 'v=/it'\\''s'\n"));
}

static void test_too_many_sizes(void)
{
    struct error error = {0};
    char *text = NULL;

    memset(&survey, 0, sizeof survey);
    for (int k = 0; k < PORTS_MAX; k++) {
        char name[8] = {'v', (char)('a' + k % 26), (char)('a' + k / 26), '\0'};

        add(name, "/v", TYPE_FLOAT, 3);
        survey.of[k].bound.shape[1] = 100 + (uint64_t)k;
        survey.of[k].bound.shape[2] = 200;
    }
    CU_ASSERT_EQUAL(template_make(&survey, "in.h5", &text, &error), REFUSED);
    CU_ASSERT_STRING_EQUAL(error.text, "template: more than 32 different sizes of dims (choose with -i)");
    CU_ASSERT_PTR_NULL(text);
    survey.count--;
    CU_ASSERT_TRUE(has("vaa: float[n, m], vba: float[l, m], vca: float[p, m]"));
}

int main(void)
{
    CU_TestInfo tests[] = {{"ports", test_ports},
                           {"names", test_names},
                           {"compounds", test_compounds},
                           {"literal", test_literal},
                           {"ragged", test_ragged},
                           {"shared", test_shared},
                           {"comment", test_comment},
                           {"too many sizes", test_too_many_sizes},
                           CU_TEST_INFO_NULL};

    return suite_run("template", tests);
}
