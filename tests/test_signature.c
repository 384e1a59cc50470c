/* Signatures: what parses, what is refused and in which words, parameters. */
#include "kernel/signature.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TYPES \
    "types are float, double, complex64, complex128, bool, int8 to int64, uint8 to uint64, string, {field: type, ...}"

static struct signature parsed(const char *text)
{
    struct signature signature;
    struct error error = {0};
    const int code = signature_parse(text, "norm", &signature, &error);

    if (code)
        fprintf(stderr, "%s\n", error.text);
    CU_ASSERT_EQUAL(code, OK);
    return signature;
}

/* Is it refused in these words? */
static bool refused(const char *text, const char *message)
{
    struct signature signature;
    struct error error = {0};
    const int code = signature_parse(text, "norm", &signature, &error);
    const bool as_told = code == REFUSED && error.code == REFUSED && !strcmp(error.text, message);

    if (!as_told)
        fprintf(stderr, "%s\n  code %d: %s\n  wanted: %s\n", text, code, error.text, message);
    return as_told;
}

/* Is it refused with norm: signature "TEXT": WHY? */
static bool wrong(const char *text, const char *why)
{
    char message[ERROR_TEXT_BYTES];

    snprintf(message, sizeof message, "norm: signature \"%s\": %s", text, why);
    return refused(text, message);
}

static void simplest(void)
{
    const struct signature s = parsed("x: double[n] -> length: double");

    CU_ASSERT(s.in_count == 1 && s.out_count == 1 && s.dim_count == 1);
    CU_ASSERT_STRING_EQUAL(s.in[0].name, "x");
    CU_ASSERT(s.in[0].role == ROLE_INPUT && s.in[0].type == TYPE_DOUBLE && s.in[0].rank == 1 &&
              s.in[0].dim[0].name == 0);
    CU_ASSERT_STRING_EQUAL(s.dim_name[0], "n");
    CU_ASSERT_EQUAL(s.dim_param[0], -1);
    CU_ASSERT_STRING_EQUAL(s.out[0].name, "length");
    CU_ASSERT(s.out[0].role == ROLE_RESULT && s.out[0].type == TYPE_DOUBLE && s.out[0].rank == 0);
}

static void built_ins(void)
{
    struct signature s = parsed("items: double -> results: double");

    CU_ASSERT(s.in_count == 1 && s.out_count == 1 && s.dim_count == 0);
    s = parsed("x: float[h, w] -> mean: double, std: double, min: float, max: float");
    CU_ASSERT(s.in_count == 1 && s.out_count == 4 && s.dim_count == 2 && s.in[0].rank == 2);
    CU_ASSERT(s.in[0].dim[0].name == 0 && s.in[0].dim[1].name == 1 && s.out[3].type == TYPE_FLOAT);
    s = parsed("lon: double, lat: double, param lon0: double, param lat0: double, param lon_scale: double = 1, "
               "param lon_min: double = 0, param lat_scale: double = 1, param lat_min: double = 0, "
               "param missing: double = -1 -> distance: double");
    CU_ASSERT(s.in_count == 9 && s.out_count == 1);
    CU_ASSERT(s.in[1].role == ROLE_INPUT && s.in[2].role == ROLE_PARAM && !s.in[2].has_default);
    CU_ASSERT(s.in[8].has_default && *(const double *)(const void *)s.in[8].value.bytes == -1.0);
    CU_ASSERT_STRING_EQUAL(s.in[8].name, "missing");
}

static void types(void)
{
    for (int t = TYPE_BOOL; t < TYPE_COUNT; t++) {
        char text[128];

        snprintf(text, sizeof text, "x: %s -> y: %s[2]", type_name(t), type_name(t));
        CU_ASSERT_EQUAL(parsed(text).in[0].type, t);
        CU_ASSERT_EQUAL(parsed(text).out[0].type, t);
    }
    CU_ASSERT_EQUAL(parsed("x: float32 -> y: float64").in[0].type, TYPE_FLOAT);
    CU_ASSERT_EQUAL(parsed("x: float32 -> y: float64").out[0].type, TYPE_DOUBLE);
}

static bool same_text(const struct signature *a, const struct port *in_a, const struct signature *b,
                      const struct port *in_b)
{
    char text_a[256], text_b[256];

    signature_port_text(a, in_a, text_a, sizeof text_a);
    signature_port_text(b, in_b, text_b, sizeof text_b);
    return !strcmp(text_a, text_b);
}

static void blanks(void)
{
    const struct signature tight = parsed("x:double[n,3],param e:float=1e-3->y:double[3,n]");
    const struct signature wide =
        parsed("\n  x : double [ n ,\t3 ] ,\n\tparam\ne : float = 1e-3 -> y : double [ 3 , n ]  \n");

    CU_ASSERT(same_text(&tight, &tight.in[0], &wide, &wide.in[0]));
    CU_ASSERT(same_text(&tight, &tight.in[1], &wide, &wide.in[1]));
    CU_ASSERT(same_text(&tight, &tight.out[0], &wide, &wide.out[0]));
    CU_ASSERT(tight.in[0].rank == 2 && tight.in[0].dim[1].name == -1 && tight.in[0].dim[1].size == 3);
    CU_ASSERT(tight.out[0].dim[0].size == 3 && tight.out[0].dim[1].name == 0);
}

/* Names that look like something else; dims and ports do not share names. */
static void names(void)
{
    struct signature s = parsed("param: double, shared: double, float: float, string: int8 -> double: double");

    CU_ASSERT(s.in_count == 4 && s.in[0].role == ROLE_INPUT);
    CU_ASSERT_STRING_EQUAL(s.in[0].name, "param");
    CU_ASSERT_STRING_EQUAL(s.in[3].name, "string");
    s = parsed("x: double[x, y], param param: int8 -> y: double[x]");
    CU_ASSERT(s.dim_count == 2 && s.dim_param[0] == -1 && s.in[1].role == ROLE_PARAM);
    s = parsed("_a1_B: double -> A: double, a: double");
    CU_ASSERT_STRING_EQUAL(s.in[0].name, "_a1_B");
}

static void dims(void)
{
    struct signature s = parsed("a: float[m, n], b: float[n, k] -> c: float[m, k], d: float[2, 3, 4, 5, 6, 7, 8, 9]");

    CU_ASSERT_EQUAL(s.dim_count, 3);
    CU_ASSERT_STRING_EQUAL(s.dim_name[0], "m");
    CU_ASSERT_STRING_EQUAL(s.dim_name[1], "n");
    CU_ASSERT_STRING_EQUAL(s.dim_name[2], "k");
    CU_ASSERT(s.in[1].dim[0].name == 1 && s.in[1].dim[1].name == 2 && s.out[0].dim[1].name == 2);
    CU_ASSERT(s.out[1].rank == 8 && s.out[1].dim[7].size == 9);
    s = parsed("x: double[n], param bins: uint16 = 10, param n: int32 -> y: double[bins, n]");
    CU_ASSERT(s.dim_count == 2 && s.dim_param[0] == 2 && s.dim_param[1] == 1);
    s = parsed("x: double, param bins: int64 -> y: double[bins]");
    CU_ASSERT(s.dim_count == 1 && s.dim_param[0] == 1);
    s = parsed("x: double[9223372036854775807] -> y: double");
    CU_ASSERT_EQUAL(s.in[0].dim[0].size, INT64_MAX);
}

static void defaults(void)
{
    const struct signature s = parsed("x: double, param a: complex64 = 1-2i, param b: bool=true,param c: uint8 = 0xff, "
                                      "param d: float = nan,param e: int8=-1->y: double");
    const float complex_value[] = {1, -2};

    CU_ASSERT_EQUAL(s.in_count, 6);
    CU_ASSERT(s.in[1].has_default && !memcmp(s.in[1].value.bytes, complex_value, sizeof complex_value));
    CU_ASSERT(s.in[2].has_default && s.in[2].value.bytes[0] == 1);
    CU_ASSERT(s.in[3].has_default && s.in[3].value.bytes[0] == 255);
    CU_ASSERT(s.in[4].has_default && s.in[5].has_default && (int8_t)s.in[5].value.bytes[0] == -1);
}

static void wrong_types(void)
{
    CU_ASSERT(wrong("x: dubble[n] -> y: double", "unknown type 'dubble' at column 4 (" TYPES ")"));
    CU_ASSERT(wrong("x: int -> y: double", "unknown type 'int' at column 4 (" TYPES ")"));
    CU_ASSERT(wrong("x: -> y: double", "expected a type, found '->' at column 4 (" TYPES ")"));
    CU_ASSERT(wrong("x: double -> y:", "expected a type, found the end at column 16 (" TYPES ")"));
    CU_ASSERT(wrong("x: double -> y: 3", "expected a type, found '3' at column 17 (" TYPES ")"));
}

static void wrong_lists(void)
{
    const char *name = "letters, digits and _, a letter or _ first", *list = "a signature is inputs -> results";
    char why[256];

    snprintf(why, sizeof why, "expected an input's name, found the end at column 1 (%s)", name);
    CU_ASSERT(wrong("", why));
    snprintf(why, sizeof why, "expected an input's name, found '->' at column 12 (%s)", name);
    CU_ASSERT(wrong("x: double, -> y: double", why));
    snprintf(why, sizeof why, "expected a result's name, found the end at column 13 (%s)", name);
    CU_ASSERT(wrong("x: double ->", why));
    snprintf(why, sizeof why, "expected a result's name, found the end at column 24 (%s)", name);
    CU_ASSERT(wrong("x: double -> y: double,", why));
    snprintf(why, sizeof why, "expected an input's name, found '3x' at column 1 (%s)", name);
    CU_ASSERT(wrong("3x: double -> y: double", why));
    snprintf(why, sizeof why, "expected an input's name, found '\303\251' at column 1 (%s)", name);
    CU_ASSERT(wrong("\303\251: double -> y: double", why));
    snprintf(why, sizeof why, "expected ',' or '->', found the end at column 10 (%s)", list);
    CU_ASSERT(wrong("x: double", why));
    snprintf(why, sizeof why, "expected ',' or '->', found 'y' at column 11 (%s)", list);
    CU_ASSERT(wrong("x: double y: double -> z: double", why));
    snprintf(why, sizeof why, "expected ',' or the end, found '->' at column 24 (%s)", list);
    CU_ASSERT(wrong("x: double -> y: double -> z: double", why));
    snprintf(why, sizeof why, "expected ',' or the end, found ';' at column 23 (%s)", list);
    CU_ASSERT(wrong("x: double -> y: double;", why));
    CU_ASSERT(wrong("x double -> y: double", "expected ':', found 'double' at column 3 (write name: type)"));
    CU_ASSERT(wrong("x: double -> param y: double", "expected ':', found 'y' at column 20 (write name: type)"));
    CU_ASSERT(wrong("x: double, x: float -> y: double", "a second 'x' at column 12 (use another name)"));
    CU_ASSERT(wrong("x: double -> x: double", "a second 'x' at column 14 (use another name)"));
    CU_ASSERT(wrong("x: double -> y: double, y: double", "a second 'y' at column 25 (use another name)"));
    CU_ASSERT(wrong("x: double, param x: double -> y: double", "a second 'x' at column 18 (use another name)"));
}

static void wrong_dims(void)
{
    const char *numbers = "dims are numbers and names";
    char why[256];

    snprintf(why, sizeof why, "expected a dim, found ']' at column 11 (%s)", numbers);
    CU_ASSERT(wrong("x: double[] -> y: double", why));
    snprintf(why, sizeof why, "expected a dim, found ']' at column 13 (%s)", numbers);
    CU_ASSERT(wrong("x: double[n,] -> y: double", why));
    snprintf(why, sizeof why, "expected a dim, found '-' at column 11 (%s)", numbers);
    CU_ASSERT(wrong("x: double[-1] -> y: double", why));
    snprintf(why, sizeof why, "expected ',' or ']', found 'm' at column 13 (%s)", numbers);
    CU_ASSERT(wrong("x: double[n m] -> y: double", why));
    snprintf(why, sizeof why, "expected ',' or ']', found '->' at column 13 (%s)", numbers);
    CU_ASSERT(wrong("x: double[n -> y: double", why));
    CU_ASSERT(wrong("x: double[0] -> y: double", "a size of 0 at column 11 (sizes are from 1)"));
    CU_ASSERT(wrong("x: double[9223372036854775808] -> y: double",
                    "a size that is too large at column 11 (sizes are below 2^63)"));
    CU_ASSERT(wrong("x: double[99999999999999999999] -> y: double",
                    "a size that is too large at column 11 (sizes are below 2^63)"));
    CU_ASSERT(wrong("x: double[3d] -> y: double", "'3d' is no size at column 11 (names start with a letter)"));
    CU_ASSERT(wrong("x: double[n] -> y: double[n, k]",
                    "dim 'k' is in no input and no parameter at column 30 (give it a number, or make it an integer "
                    "parameter)"));
    CU_ASSERT(wrong("x: double, param n: double -> y: double[n]",
                    "dim 'n' is a parameter of type double at column 41 (use an integer type)"));
    CU_ASSERT(wrong("x: double[n], param n: bool -> y: double",
                    "dim 'n' is a parameter of type bool at column 11 (use an integer type)"));
    CU_ASSERT(wrong("x: double[1,1,1,1,1,1,1,1,1] -> y: double", "'x' has more than 8 dims at column 27 (use fewer)"));
}

static void wrong_params(void)
{
    CU_ASSERT(wrong("x: double, param n: int8[3] -> y: double",
                    "parameter 'n' is not a single value at column 21 (drop its dims)"));
    CU_ASSERT(wrong("x: double, param n: string -> y: double",
                    "parameter 'n' is not a number or bool at column 21 (use a number or bool)"));
    CU_ASSERT(wrong("x: double, param n: {a: float} -> y: double",
                    "parameter 'n' is not a number or bool at column 21 (use a number or bool)"));
    CU_ASSERT(wrong("x: double, param e: double = -> y: double",
                    "expected a value, found '->' at column 30 (as in param eps: double = 1e-9)"));
    CU_ASSERT(wrong("x: double = 3 -> y: double",
                    "a value for 'x', which is no parameter at column 11 (write param before its name)"));
    CU_ASSERT(wrong("x: double -> y: double = 3",
                    "a value for 'y', which is no parameter at column 24 (write param before its name)"));
    CU_ASSERT(refused("x: double, param e: int8 = 1e2 -> y: double",
                      "norm: default of parameter 'e' at column 28: '1e2' is no int8 (write it out in digits, from "
                      "-128 to 127)"));
    CU_ASSERT(refused("x: double, param e: uint8 = 256 -> y: double",
                      "norm: default of parameter 'e' at column 29: '256' is out of range for uint8 (an integer from "
                      "0 to 255)"));
    CU_ASSERT(wrong("x: double, param e: complex64 = 1 + 2i -> y: double",
                    "expected ',' or '->', found '+' at column 35 (a signature is inputs -> results)"));
}

static void not_yet(void)
{
    static struct signature ragged;
    struct error error = {0};
    const char *message = "norm: the signature has a string shared table 'x', which this version can't map yet (use "
                          "numbers, or leave its strings out)";

    CU_ASSERT(refused("shared x: {a: float, in: {b: string}}[n], z: double -> y: {b: double}", message));
    CU_ASSERT(refused("shared x: string, z: double -> y: double", message));
    CU_ASSERT(parsed("shared x: {a: float}[n], z: double -> y: double").in[0].type == TYPE_COMPOUND);
    CU_ASSERT(parsed("x: double[*n, 3] -> y: double").in[0].ragged);
    CU_ASSERT(parsed("x: {a: float}[*n] -> y: double").in[0].ragged);
    CU_ASSERT(refused("x: {a: float, b: string}[*n] -> y: double",
                      "norm: the signature has a ragged input 'x', which this version can't map yet (leave its strings "
                      "out)"));
    CU_ASSERT_EQUAL(
        signature_parse("x: double -> y: double[*k, 2], z: double[*], u: double[2]", "norm", &ragged, &error), OK);
    CU_ASSERT(ragged.out[0].ragged && ragged.out[1].ragged && !ragged.out[2].ragged);
    CU_ASSERT_EQUAL(ragged.dim_count, 0);
    CU_ASSERT(refused("x: double -> y: string[4], z: {a: double}[*]",
                      "norm: the signature has a ragged result 'z', which this version can't map yet (give its dim "
                      "one size)"));
    CU_ASSERT(refused(NULL, "norm: the kernel has no signature (give it .signature = \"x: double -> y: double\")"));
}

/* What can't be mapped yet is still read to its end. */
static void wrong_later(void)
{
    CU_ASSERT(wrong("s: {} -> y: double",
                    "expected a field's name, found '}' at column 5 (letters, digits and _, a letter or _ first)"));
    CU_ASSERT(wrong("s: {a: float -> y: double",
                    "expected ',' or '}', found '->' at column 14 (a compound is {name: type, ...})"));
    CU_ASSERT(wrong("s: {a float} -> y: double", "expected ':', found 'float' at column 7 (a field is name: type)"));
    CU_ASSERT(wrong("s: {a: flat} -> y: double", "unknown type 'flat' at column 8 (" TYPES ")"));
    CU_ASSERT(wrong("s: {a=B: float} -> y: double",
                    "expected a name in double quotes, found 'B' at column 7 (as in bv=\"B-V\": float)"));
    CU_ASSERT(wrong("s: {a=\"B: float} -> y: double", "a quote that is not closed at column 7 (close it with \")"));
    CU_ASSERT(wrong("s: {a=\"\": float} -> y: double", "an empty name at column 7 (name the field in the file)"));
    CU_ASSERT(
        wrong("s: {a: float[n]} -> y: double", "expected a number, found 'n' at column 14 (a decimal number from 1)"));
    CU_ASSERT(wrong("s: {a: {a: {a: {a: {a: {a: {a: {a: {a: int8}}}}}}}}} -> y: double",
                    "more than 8 compounds in one another at column 36 (make it flatter)"));
    CU_ASSERT(wrong("x: int8 -> s: string[16][2]",
                    "expected ',' or the end, found '[' at column 25 (a signature is inputs -> results)"));
    CU_ASSERT(
        wrong("s: string[n] -> y: double", "expected a number, found 'n' at column 11 (a decimal number from 1)"));
    CU_ASSERT(wrong("s: string[2, 2] -> y: double",
                    "expected ']', found ',' at column 12 (a string is string or string[16]; there are no arrays of "
                    "them)"));
    CU_ASSERT(wrong("s: string -> y: dubble", "unknown type 'dubble' at column 17 (" TYPES ")"));
    CU_ASSERT(
        wrong("x: double[*] -> y: double", "expected a dim, found ']' at column 12 (dims are numbers and names)"));
    CU_ASSERT(wrong("x: double[3, *n] -> y: double", "a ragged dim behind another at column 14 (put it first)"));
    CU_ASSERT(wrong("x: double[*n] -> y: double[k]",
                    "dim 'k' is in no input and no parameter at column 28 (give it a number, or make it an integer "
                    "parameter)"));
    CU_ASSERT(wrong("-> y: double[k]",
                    "dim 'k' is in no input and no parameter at column 14 (give it a number, or make it an integer "
                    "parameter)"));
    CU_ASSERT(wrong("shared x double -> y: double", "expected ':', found 'double' at column 10 (write name: type)"));
}

static void wrong_compounds(void)
{
    CU_ASSERT(wrong("s: string[4] -> y: double",
                    "a string in an input with a length at column 4 (write string: it is a "
                    "const char *, as long as it is)"));
    CU_ASSERT(wrong("x: double -> y: {a: string}", "a string in a result without a length at column 21 (write "
                                                   "string[16], with the bytes that it may take)"));
    CU_ASSERT(
        wrong("x: double -> y: string[40000]", "a string of more than 32768 bytes at column 17 (use a shorter one)"));
    CU_ASSERT(wrong("x: {a: double, b=\"a\": float} -> y: double", "a second 'b' at column 16 (use another name)"));
    CU_ASSERT(wrong("x: {a: double, a: float} -> y: double", "a second 'a' at column 16 (use another name)"));
    CU_ASSERT(
        wrong("x: {a: int8[1,1,1,1,1,1,1,1,1]} -> y: double", "'a' has more than 8 dims at column 29 (use fewer)"));
    CU_ASSERT(wrong("x: {a: double[2097152], b: int8} -> y: double",
                    "a compound of more than 16 MiB at column 4 (make it smaller, or use dims behind the compound)"));
    CU_ASSERT(wrong("x: double -> y: {a: double[4097]}",
                    "an element of result 'y' takes 32776 bytes, more than 32768 at column 17 (make it smaller, or use "
                    "dims behind the compound)"));
    CU_ASSERT_EQUAL(parsed("x: {a: double[2097152]}[n] -> y: {b: double[4096]}[n], z: string[32768]").out_count, 2);
}

/* `count` ports "p0: double, p1: double, ..." and what follows. */
static const char *many(char *text, size_t text_bytes, int count, const char *type)
{
    size_t used = 0;

    for (int k = 0; k < count; k++)
        used += (size_t)snprintf(text + used, text_bytes - used, "%sp%d: %s", k ? ", " : "", k, type);
    return text;
}

static bool refused_with(const char *text, const char *part)
{
    struct signature signature;
    struct error error = {0};
    const int code = signature_parse(text, "norm", &signature, &error);
    const bool as_told = code == REFUSED && strstr(error.text, part);

    if (!as_told)
        fprintf(stderr, "code %d: %s\n", code, error.text);
    return as_told;
}

static void limits(void)
{
    char list[2048], text[4096], longest[NAME_BYTES + 1];
    size_t used = 0;

    snprintf(text, sizeof text, "%s -> y: double", many(list, sizeof list, PORTS_MAX, "double"));
    CU_ASSERT_EQUAL(parsed(text).in_count, PORTS_MAX);
    snprintf(text, sizeof text, "%s -> y: double", many(list, sizeof list, PORTS_MAX + 1, "double"));
    CU_ASSERT(refused_with(text, "more than 32 inputs and parameters at column "));
    snprintf(text, sizeof text, "x: double -> %s", many(list, sizeof list, PORTS_MAX, "double"));
    CU_ASSERT_EQUAL(parsed(text).out_count, PORTS_MAX);
    snprintf(text, sizeof text, "x: double -> %s", many(list, sizeof list, PORTS_MAX + 1, "double"));
    CU_ASSERT(refused_with(text, "more than 32 results at column "));
    for (int k = 0; k < DIM_NAMES_MAX; k++)
        used += (size_t)snprintf(list + used, sizeof list - used, "%sp%d: int8[d%d]", k ? ", " : "", k, k);
    snprintf(text, sizeof text, "%s -> y: double", list);
    CU_ASSERT_EQUAL(parsed(text).dim_count, DIM_NAMES_MAX);
    snprintf(text, sizeof text, "%s -> y: double[d%d]", list, DIM_NAMES_MAX);
    CU_ASSERT(refused_with(text, "more than 32 named dims at column "));
    memset(longest, 'a', sizeof longest);
    longest[NAME_BYTES] = '\0';
    snprintf(text, sizeof text, "x: double -> %s: double", longest);
    CU_ASSERT(refused_with(text, "a name of 64 characters, more than 63 at column 14 (use a shorter one)"));
    snprintf(text, sizeof text, "x: double -> %s: double", longest + 1);
    CU_ASSERT_STRING_EQUAL(parsed(text).out[0].name, longest + 1);
}

/* A long signature is shown around the place, and the message stays whole. */
static void long_ones(void)
{
    char list[2048], text[4096];
    struct signature signature;
    struct error error = {0};

    snprintf(text, sizeof text, "%s, bad: dubble -> y: double%500s", many(list, sizeof list, 31, "complex128"), "");
    CU_ASSERT_EQUAL(signature_parse(text, "norm", &signature, &error), REFUSED);
    CU_ASSERT(!strncmp(error.text, "norm: signature \"...", 20));
    CU_ASSERT_PTR_NOT_NULL(strstr(error.text, "bad: dubble -> y: double   "));
    CU_ASSERT_PTR_NOT_NULL(strstr(error.text, "...\": unknown type 'dubble' at column "));
    CU_ASSERT_EQUAL(error.text[strlen(error.text) - 1], ')');
}

static int params(const struct signature *signature, const struct assignments *given, struct scalar value[PORTS_MAX],
                  struct error *error)
{
    *error = (struct error){0};
    return signature_params(signature, given, value, error);
}

static struct assignments assign(const char *name, const char *value)
{
    struct assignments given = {.count = 1};

    snprintf(given.of[0].name, sizeof given.of[0].name, "%s", name);
    given.of[0].value = value;
    return given;
}

static bool params_refused(const char *text, struct assignments given, const char *message)
{
    const struct signature signature = parsed(text);
    struct scalar value[PORTS_MAX];
    struct error error;
    const int code = params(&signature, &given, value, &error);

    if (code != REFUSED || strcmp(error.text, message))
        fprintf(stderr, "code %d: %s\n", code, error.text);
    return code == REFUSED && !strcmp(error.text, message);
}

static void values(void)
{
    const struct signature s =
        parsed("x: double, param a: double = 2.5, param b: int16, param c: float = 1 -> y: double");
    struct assignments given = assign("b", "-7");
    struct scalar value[PORTS_MAX];
    struct error error;

    CU_ASSERT_EQUAL(params(&s, &given, value, &error), OK);
    CU_ASSERT_EQUAL(*(const double *)(const void *)value[1].bytes, 2.5);
    CU_ASSERT_EQUAL(*(const int16_t *)(const void *)value[2].bytes, -7);
    CU_ASSERT_EQUAL(*(const float *)(const void *)value[3].bytes, 1);
    given.of[1] = assign("a", "1e9").of[0];
    given.count = 2;
    CU_ASSERT_EQUAL(params(&s, &given, value, &error), OK);
    CU_ASSERT_EQUAL(*(const double *)(const void *)value[1].bytes, 1e9);
}

static void wrong_values(void)
{
    const char *text = "x: double, param eps: double = 1, param n: int16 -> y: double[n]";
    const struct assignments none = {0};

    CU_ASSERT(params_refused(text, none, "parameter n: no value (give -p n=VALUE, of type int16)"));
    CU_ASSERT(params_refused(text, assign("esp", "1"), "-p esp: no such parameter (parameters are eps, n)"));
    CU_ASSERT(params_refused(text, assign("x", "1"), "-p x: no such parameter (parameters are eps, n)"));
    CU_ASSERT(params_refused("x: double -> y: double", assign("n", "1"),
                             "-p n: no such parameter (drop it: the kernel has no parameters)"));
    CU_ASSERT(
        params_refused(text, assign("eps", "1,5"), "-p eps: '1,5' is no double (such as 1, -0.5, 1e-9, nan, inf)"));
    CU_ASSERT(params_refused(text, assign("n", "40000"),
                             "-p n: '40000' is out of range for int16 (an integer from -32768 to 32767)"));
    CU_ASSERT(params_refused(text, assign("n", "0"),
                             "parameter n: 0 can't be a dim's size (give -p n=VALUE, from 1 to 2^63 - 1)"));
    CU_ASSERT(params_refused(text, assign("n", "-3"),
                             "parameter n: -3 can't be a dim's size (give -p n=VALUE, from 1 to 2^63 - 1)"));
    CU_ASSERT(params_refused("x: double, param n: uint64 = 18446744073709551615 -> y: double[n]", none,
                             "parameter n: 18446744073709551615 can't be a dim's size (give -p n=VALUE, from 1 to 2^63 "
                             "- 1)"));
}

/* The text of each part is what parses to it. */
static void port_texts(void)
{
    const struct signature s =
        parsed("x: float64[n,3], param eps:double=1e-9, param b: bool = 1, param n: int8 -> y: complex64[3,n]");
    const struct signature ragged = parsed("x: float[*n,3] -> y: double[*], z: int8[*k, 2]");
    char text[128];

    signature_port_text(&ragged, &ragged.in[0], text, sizeof text);
    CU_ASSERT_STRING_EQUAL(text, "x: float[*n, 3]");
    signature_port_text(&ragged, &ragged.out[0], text, sizeof text);
    CU_ASSERT_STRING_EQUAL(text, "y: double[*]");
    signature_port_text(&ragged, &ragged.out[1], text, sizeof text);
    CU_ASSERT_STRING_EQUAL(text, "z: int8[*, 2]");
    CU_ASSERT_EQUAL(signature_port_text(&s, &s.in[0], text, sizeof text), 15);
    CU_ASSERT_STRING_EQUAL(text, "x: double[n, 3]");
    signature_port_text(&s, &s.in[1], text, sizeof text);
    CU_ASSERT_STRING_EQUAL(text, "param eps: double = 1e-09");
    signature_port_text(&s, &s.in[2], text, sizeof text);
    CU_ASSERT_STRING_EQUAL(text, "param b: bool = true");
    signature_port_text(&s, &s.in[3], text, sizeof text);
    CU_ASSERT_STRING_EQUAL(text, "param n: int8");
    CU_ASSERT_EQUAL(signature_port_text(&s, &s.out[0], text, 8), 18);
    CU_ASSERT_STRING_EQUAL(text, "y: comp");
}

static void shared_tables(void)
{
    const struct signature s =
        parsed("x: double, shared lut: double[m, 3], param n: int8, shared w: float[n] -> y: double[m]");
    char text[64];

    CU_ASSERT_EQUAL(s.in[0].role, ROLE_INPUT);
    CU_ASSERT_EQUAL(s.in[1].role, ROLE_SHARED);
    CU_ASSERT_STRING_EQUAL(s.in[1].name, "lut");
    CU_ASSERT_EQUAL(s.in[1].rank, 2);
    CU_ASSERT_EQUAL(s.in[1].dim[1].size, 3);
    CU_ASSERT_EQUAL(s.in[3].role, ROLE_SHARED);
    CU_ASSERT_EQUAL(s.dim_param[0], -1);
    CU_ASSERT_EQUAL(s.dim_param[1], 2);
    signature_port_text(&s, &s.in[1], text, sizeof text);
    CU_ASSERT_STRING_EQUAL(text, "shared lut: double[m, 3]");
    CU_ASSERT(wrong("x: double, shared t: double[*m] -> y: double",
                    "shared 't' has a ragged dim at column 29 (drop the '*')"));
    CU_ASSERT(wrong("shared t: double = 3 -> y: double",
                    "a value for 't', which is no parameter at column 18 (write param before its name)"));
    CU_ASSERT(wrong("x: double, shared x: double[m] -> y: double", "a second 'x' at column 19 (use another name)"));
    CU_ASSERT(wrong("x: double -> shared y: double", "expected ':', found 'y' at column 21 (write name: type)"));
}

/* Every beginning of a signature, and each with one byte changed or taken, is refused, or has become another one. */
static void damaged(void)
{
    static const char whole[] = "a: {f=\"x\": float[2]}[3], s: string, shared l: double[m, n], param e: int8 = -1"
                                " -> y: complex64[*, n], z: string[8]";
    struct signature signature;
    struct error error = {0};

    for (size_t length = 0; length < sizeof whole; length++)
        for (int byte = 1; byte < 256; byte += 3) {
            char *text = strdup(whole);

            CU_ASSERT_PTR_NOT_NULL_FATAL(text);
            text[length] = (char)(byte == 1 ? '\0' : byte);
            if (length + 1 < sizeof whole) { /* else its end would be gone */
                const int code = signature_parse(text, "norm", &signature, &error);

                CU_ASSERT(code == REFUSED ? error.text[0] != '\0' : code == OK && signature.out_count > 0);
            }
            free(text);
        }
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"simplest", simplest},
        {"built-ins", built_ins},
        {"types", types},
        {"blanks", blanks},
        {"names", names},
        {"dims", dims},
        {"defaults", defaults},
        {"wrong types", wrong_types},
        {"wrong lists", wrong_lists},
        {"wrong dims", wrong_dims},
        {"wrong parameters", wrong_params},
        {"not yet", not_yet},
        {"wrong, and not yet", wrong_later},
        {"wrong compounds", wrong_compounds},
        {"shared tables", shared_tables},
        {"limits", limits},
        {"long ones", long_ones},
        {"values", values},
        {"wrong values", wrong_values},
        {"port texts", port_texts},
        {"damaged", damaged},
        CU_TEST_INFO_NULL,
    };

    return suite_run("signature", tests);
}
