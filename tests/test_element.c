/* Compounds as C lays them out: offsets, sizes, fills, padding, their text. */
#include "element.h"
#include "kernel/signature.h"
#include "suite.h"

#include <complex.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

struct inner {
    int8_t flag;
    double at[2];
    bool good;
};

struct taken {
    int8_t a;
    double b;
    uint16_t c;
    const char *name;
    float _Complex z;
    double _Complex w[2][3];
    struct inner inner[3];
    int8_t last;
};

struct given {
    bool good;
    char name[5];
    int16_t count;
    struct inner inner[2];
    uint32_t last;
};

#define INNER "{flag: int8, at: double[2], good: bool}"
#define TAKEN                                                                                        \
    "{a: int8, b: double, c: uint16, name: string, z: complex64, w: complex128[2, 3], inner: " INNER \
    "[3], last=\"the last\": int8}"
#define GIVEN "{good: bool, name: string[5], count: int16, inner: " INNER "[2], last: uint32}"

static struct signature parsed(const char *text)
{
    struct signature signature;
    struct error error = {0};

    signature_parse(text, "k", &signature, &error);
    return signature;
}

/* The field of a path's last name: "inner.at" in the compound. */
static const struct field *find(const struct signature *s, struct element element, const char *name)
{
    for (int f = element.field; f >= 0; f = s->field[f].next)
        if (!strcmp(s->field[f].name, name))
            return &s->field[f];
    CU_FAIL("no such field");
    return &s->field[0];
}

#define CHECK_FIELD(s, whole, STRUCT, NAME)                                                    \
    do {                                                                                       \
        const struct field *one = find(s, whole, #NAME);                                       \
                                                                                               \
        CU_ASSERT_EQUAL(one->offset, offsetof(struct STRUCT, NAME));                           \
        CU_ASSERT_EQUAL(one->count * one->element.bytes, sizeof((struct STRUCT *)NULL)->NAME); \
    } while (0)

static void inputs(void)
{
    const struct signature s = parsed("x: " TAKEN "[n] -> y: double");
    const struct element element = s.in[0].element;

    CU_ASSERT(s.in[0].type == TYPE_COMPOUND && s.in[0].rank == 1 && s.field_count == 11);
    CU_ASSERT_EQUAL(element.bytes, sizeof(struct taken));
    CU_ASSERT_EQUAL(element.align, _Alignof(struct taken));
    CHECK_FIELD(&s, element, taken, a);
    CHECK_FIELD(&s, element, taken, b);
    CHECK_FIELD(&s, element, taken, c);
    CHECK_FIELD(&s, element, taken, name);
    CHECK_FIELD(&s, element, taken, z);
    CHECK_FIELD(&s, element, taken, w);
    CHECK_FIELD(&s, element, taken, inner);
    CHECK_FIELD(&s, element, taken, last);
    CHECK_FIELD(&s, find(&s, element, "inner")->element, inner, flag);
    CHECK_FIELD(&s, find(&s, element, "inner")->element, inner, at);
    CHECK_FIELD(&s, find(&s, element, "inner")->element, inner, good);
    CU_ASSERT_STRING_EQUAL(find(&s, element, "last")->stored, "the last");
    CU_ASSERT_STRING_EQUAL(find(&s, element, "a")->stored, "a");
}

static void results(void)
{
    const struct signature s = parsed("x: double -> y: " GIVEN ", t: string[7]");
    const struct element element = s.out[0].element;

    CU_ASSERT_EQUAL(element.bytes, sizeof(struct given));
    CHECK_FIELD(&s, element, given, good);
    CHECK_FIELD(&s, element, given, name);
    CHECK_FIELD(&s, element, given, count);
    CHECK_FIELD(&s, element, given, inner);
    CHECK_FIELD(&s, element, given, last);
    CU_ASSERT(s.out[1].type == TYPE_STRING && s.out[1].element.bytes == 7 && s.out[1].element.align == 1);
}

static void fills(void)
{
    const struct signature s = parsed("x: double -> y: " GIVEN);
    struct given given, none;

    memset(&given, 0xff, sizeof given);
    memset(&none, 0, sizeof none);
    none.count = INT16_MIN;
    none.last = UINT32_MAX;
    for (int k = 0; k < 2; k++) {
        none.inner[k].flag = INT8_MIN;
        none.inner[k].at[0] = none.inner[k].at[1] = (double)NAN;
    }
    element_fill(s.field, TYPE_COMPOUND, s.out[0].element, &given);
    CU_ASSERT_EQUAL(memcmp(&given, &none, sizeof given), 0);
}

/* Padding, and what is behind a string's end, and nothing else. */
static void tidied(void)
{
    const struct signature s =
        parsed("x: double -> y: " GIVEN ", z: {a: int32, b: double[2]}, w: {c: int16, d: int16}");
    const struct field whole = {.type = s.out[0].type, .element = s.out[0].element, .count = 1};
    struct given given[2], want[2];

    CU_ASSERT(element_is_loose(s.field, TYPE_COMPOUND, s.out[0].element));
    CU_ASSERT(element_is_loose(s.field, TYPE_COMPOUND, s.out[1].element));
    CU_ASSERT_FALSE(element_is_loose(s.field, TYPE_COMPOUND, s.out[2].element));
    memset(given, 0xff, sizeof given);
    memset(want, 0, sizeof want);
    for (int k = 0; k < 2; k++) {
        given[k].good = want[k].good = true;
        memcpy(given[k].name, k ? "abcde" : "a\0b\0c", 5);
        memcpy(want[k].name, k ? "abcde" : "a\0\0\0\0", 5);
        given[k].count = want[k].count = -3;
        given[k].last = want[k].last = 7;
        for (int i = 0; i < 2; i++) {
            given[k].inner[i].flag = want[k].inner[i].flag = 5;
            given[k].inner[i].good = want[k].inner[i].good = false;
            given[k].inner[i].at[0] = want[k].inner[i].at[0] = 1.5;
            given[k].inner[i].at[1] = want[k].inner[i].at[1] = -2;
        }
    }
    element_tidy(s.field, &whole, given, 2);
    CU_ASSERT_EQUAL(memcmp(given, want, sizeof given), 0);
}

static void texts(void)
{
    const struct signature s = parsed("x:" TAKEN "[n]->y:" GIVEN ",t:string[7]");
    char text[512];

    signature_port_text(&s, &s.in[0], text, sizeof text);
    CU_ASSERT_STRING_EQUAL(text, "x: " TAKEN "[n]");
    signature_port_text(&s, &s.out[0], text, sizeof text);
    CU_ASSERT_STRING_EQUAL(text, "y: " GIVEN);
    CU_ASSERT_EQUAL(signature_port_text(&s, &s.out[1], text, 8), 12);
    CU_ASSERT_STRING_EQUAL(text, "t: stri");
}

int main(void)
{
    CU_TestInfo tests[] = {{"inputs", inputs}, {"results", results}, {"fills", fills},
                           {"tidied", tidied}, {"texts", texts},     CU_TEST_INFO_NULL};

    return suite_run("element", tests);
}
