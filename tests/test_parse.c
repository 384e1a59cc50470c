/* The command line: words, options, values, and what is said about wrong ones. */
#include "cli/help.h"
#include "cli/option.h"
#include "cli/parse.h"
#include "cli/suggest.h"
#include "cli/values.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 48

/* A command line as typed, words apart by single blanks ('~' is an empty word), and what became of it. */
struct typed {
    char line[1024];
    const char *argv[WORDS_MAX + 1];
    int argc;
    struct options options;
    struct error error;
};

static int type_words(struct typed *typed, const char *line)
{
    char *rest = typed->line;

    memset(typed, 0, sizeof *typed);
    snprintf(typed->line, sizeof typed->line, "%s", line);
    for (char *word = strsep(&rest, " "); word && typed->argc < WORDS_MAX; word = strsep(&rest, " "))
        typed->argv[typed->argc++] = strcmp(word, "~") ? word : "";
    return options_parse(typed->argc, typed->argv, &typed->options, &typed->error);
}

/* Is the line refused, and with these words? */
static bool refused(const char *line, const char *text)
{
    struct typed typed;
    const int code = type_words(&typed, line);
    const bool as_told = code == REFUSED && typed.error.code == REFUSED && !strcmp(typed.error.text, text);

    if (!as_told)
        fprintf(stderr, "%s\n  code %d: %s\n", line, code, typed.error.text);
    return as_told;
}

static void words(void)
{
    struct typed t;

    CU_ASSERT_EQUAL(type_words(&t, "h5map run norm.c in.h5:/pos out.h5"), OK);
    CU_ASSERT_EQUAL(t.options.command, COMMAND_RUN);
    CU_ASSERT_STRING_EQUAL(t.options.kernel, "norm.c");
    CU_ASSERT_STRING_EQUAL(t.options.input, "in.h5:/pos");
    CU_ASSERT_STRING_EQUAL(t.options.output, "out.h5");
    CU_ASSERT_EQUAL(t.options.argc, 5);
    CU_ASSERT_PTR_EQUAL(t.options.argv, t.argv);
    CU_ASSERT_EQUAL(type_words(&t, "h5map run -- -k --in -o"), OK);
    CU_ASSERT_STRING_EQUAL(t.options.kernel, "-k");
    CU_ASSERT_STRING_EQUAL(t.options.output, "-o");
    CU_ASSERT_EQUAL(type_words(&t, "h5map run k - out --"), OK);
    CU_ASSERT_STRING_EQUAL(t.options.input, "-");
}

static void wrong_words(void)
{
    CU_ASSERT(refused("h5map", "command: missing (h5map run KERNEL INPUT OUTPUT [options], or h5map --help)"));
    CU_ASSERT(refused("h5map run", "run: KERNEL is missing (h5map run KERNEL INPUT OUTPUT [options])"));
    CU_ASSERT(refused("h5map run k", "run: INPUT is missing (h5map run KERNEL INPUT OUTPUT [options])"));
    CU_ASSERT(refused("h5map run k in -q", "run: OUTPUT is missing (h5map run KERNEL INPUT OUTPUT [options])"));
    CU_ASSERT(refused("h5map run k in out x y", "x: one word too many (h5map run KERNEL INPUT OUTPUT [options])"));
    CU_ASSERT(refused("h5map run k ~ out", "run: INPUT is an empty word (h5map run KERNEL INPUT OUTPUT [options])"));
    CU_ASSERT(refused("h5map rnu k in out", "rnu: unknown command (did you mean run?)"));
    CU_ASSERT(refused("h5map norm.c in out", "norm.c: unknown command (h5map run KERNEL INPUT OUTPUT [options])"));
    CU_ASSERT(refused("h5map verify out.h5 --sample 3", "verify: not in this version (see h5map --help)"));
    CU_ASSERT(refused("h5map template in", "template: not in this version (see h5map --help)"));
}

static void defaults(void)
{
    struct typed t;

    CU_ASSERT_EQUAL(type_words(&t, "h5map run k in out"), OK);
    CU_ASSERT_EQUAL(t.options.inputs.count + t.options.outputs.count + t.options.params.count, 0);
    CU_ASSERT_PTR_NULL(t.options.cflags);
    CU_ASSERT_PTR_NULL(t.options.libs);
    CU_ASSERT_FALSE(t.options.items.given);
    CU_ASSERT_TRUE(t.options.max_failures.percent);
    CU_ASSERT_EQUAL(t.options.max_failures.value, 1);
    CU_ASSERT_EQUAL(t.options.memory_bytes, 48 << 20);
    CU_ASSERT_EQUAL(t.options.slice, 0);
    CU_ASSERT_EQUAL(t.options.schedule, SCHEDULE_DYNAMIC);
    CU_ASSERT_EQUAL(t.options.progress, PROGRESS_AUTO);
    CU_ASSERT_FALSE(t.options.cast || t.options.raw || t.options.overwrite || t.options.quiet || t.options.verbose);
    CU_ASSERT_FALSE(t.options.parallel);
}

static void all_options(void)
{
    struct typed t;

    CU_ASSERT_EQUAL(type_words(&t,
                               "h5map --cast -i lon=/NO_lon run -ilat=b.h5:/NO_lat k --param=eps=1e-9 in -o d=/g/d -qv "
                               "--raw --overwrite --cflags -O1 --libs=-lm --items 1:9:2 --max-failures 5 "
                               "--memory 64M --slice 7 --schedule static --progress none -p a=b=c out"),
                    OK);
    CU_ASSERT_STRING_EQUAL(t.options.output, "out");
    CU_ASSERT_EQUAL(t.options.inputs.count, 2);
    CU_ASSERT_STRING_EQUAL(t.options.inputs.of[0].name, "lon");
    CU_ASSERT_STRING_EQUAL(t.options.inputs.of[0].value, "/NO_lon");
    CU_ASSERT_STRING_EQUAL(t.options.inputs.of[1].value, "b.h5:/NO_lat");
    CU_ASSERT_STRING_EQUAL(t.options.outputs.of[0].value, "/g/d");
    CU_ASSERT_STRING_EQUAL(t.options.params.of[0].value, "1e-9");
    CU_ASSERT_STRING_EQUAL(t.options.params.of[1].value, "b=c");
    CU_ASSERT_STRING_EQUAL(t.options.cflags, "-O1");
    CU_ASSERT_STRING_EQUAL(t.options.libs, "-lm");
    CU_ASSERT_EQUAL(t.options.items.step, 2);
    CU_ASSERT_EQUAL(t.options.slice, 7);
    CU_ASSERT_EQUAL(t.options.memory_bytes, 64 << 20);
    CU_ASSERT_EQUAL(t.options.schedule, SCHEDULE_STATIC);
    CU_ASSERT_EQUAL(t.options.progress, PROGRESS_NONE);
    CU_ASSERT_TRUE(t.options.cast && t.options.raw && t.options.overwrite && t.options.quiet && t.options.verbose);
}

static void short_forms(void)
{
    struct typed t;

    CU_ASSERT_EQUAL(type_words(&t, "h5map run k in out --over --sl 3 --slice 4 --param x=1"), OK);
    CU_ASSERT_TRUE(t.options.overwrite);
    CU_ASSERT_EQUAL(t.options.slice, 4);
    CU_ASSERT(refused("h5map run k in out --ca --c", "--c: short for more than one option (--cflags, --cast, "
                                                     "--checkpoint, --compress)"));
}

/* Words come in any order even where the environment asks getopt for the strict one. */
static void posix_order(void)
{
    struct typed t;

    CU_ASSERT_EQUAL(setenv("POSIXLY_CORRECT", "1", 1), 0);
    CU_ASSERT_EQUAL(type_words(&t, "h5map run k in out --raw -j 2"), OK);
    CU_ASSERT_TRUE(t.options.raw);
    CU_ASSERT_EQUAL(t.options.ranks, 2);
    CU_ASSERT_EQUAL(unsetenv("POSIXLY_CORRECT"), 0);
}

static void ranks(void)
{
    struct typed t;

    CU_ASSERT_EQUAL(type_words(&t, "h5map run -j 8 k in out"), OK);
    CU_ASSERT_TRUE(t.options.parallel);
    CU_ASSERT_EQUAL(t.options.ranks, 8);
    CU_ASSERT_STRING_EQUAL(t.options.kernel, "k");
    CU_ASSERT_EQUAL(type_words(&t, "h5map run -j 8x in out"), OK);
    CU_ASSERT_EQUAL(t.options.ranks, 0);
    CU_ASSERT_STRING_EQUAL(t.options.kernel, "8x");
    CU_ASSERT_EQUAL(type_words(&t, "h5map run k in -qj16 out -j"), OK);
    CU_ASSERT_TRUE(t.options.parallel);
    CU_ASSERT_EQUAL(t.options.ranks, 0);
    CU_ASSERT_EQUAL(type_words(&t, "h5map run k in out -vj 100000 -q"), OK);
    CU_ASSERT_EQUAL(t.options.ranks, 100000);
    CU_ASSERT_TRUE(t.options.quiet);
    CU_ASSERT_EQUAL(type_words(&t, "h5map run -j -- 8 in out"), OK);
    CU_ASSERT_STRING_EQUAL(t.options.kernel, "8");
    CU_ASSERT(refused("h5map run -j 0 k in out", "-j 0: not a whole number from 1 to 100000"));
    CU_ASSERT(refused("h5map run -j=8 k in out", "-j =8: not a whole number from 1 to 100000"));
    CU_ASSERT(refused("h5map run -j 100001 k in out", "-j 100001: not a whole number from 1 to 100000"));
    CU_ASSERT(refused("h5map run -j -1 k in out", "-1: unknown option (see h5map --help)"));
}

static void wrong_options(void)
{
    CU_ASSERT(refused("h5map run k in out --overwite", "--overwite: unknown option (did you mean --overwrite?)"));
    CU_ASSERT(refused("h5map run k in out --memroy=3M", "--memroy: unknown option (did you mean --memory?)"));
    CU_ASSERT(refused("h5map run k in out --frobnicate=yes", "--frobnicate: unknown option (see h5map --help)"));
    CU_ASSERT(refused("h5map run --cast -qx k in out", "-x: unknown option (see h5map --help)"));
    CU_ASSERT(refused("h5map run k in out -\xc3\xa9", "-?: unknown option (see h5map --help)"));
    CU_ASSERT(refused("h5map run k in out -:", "-:: unknown option (see h5map --help)"));
    CU_ASSERT(refused("h5map run k in out --quiet=yes", "--quiet: takes no value"));
    CU_ASSERT(refused("h5map run k in out --over=yes", "--over: takes no value"));
    CU_ASSERT(refused("h5map run k in out --libs", "--libs: its value is missing (see h5map --help)"));
    CU_ASSERT(refused("h5map run k in out --input", "--input: its value is missing (see h5map --help)"));
    CU_ASSERT(refused("h5map run k in out --raw -qp", "-p: its value is missing (see h5map --help)"));
    CU_ASSERT(refused("h5map run k in out --retry-failed", "--retry-failed: not in this version (see h5map --help)"));
    CU_ASSERT(refused("h5map run k in out --compr=3", "--compress: not in this version (see h5map --help)"));
    CU_ASSERT(
        refused("h5map run k in out --time-limit 3 --junk", "--time-limit: not in this version (see h5map --help)"));
}

static void wrong_values(void)
{
    CU_ASSERT(refused("h5map run k i o -i /x", "-i /x: not NAME=[FILE:]/DATASET"));
    CU_ASSERT(refused("h5map run k i o -i x=data", "-i x=data: not NAME=[FILE:]/DATASET"));
    CU_ASSERT(refused("h5map run k i o -i x=:/data", "-i x=:/data: not NAME=[FILE:]/DATASET"));
    CU_ASSERT(refused("h5map run k i o -i x=/a -i x=/b", "-i x=/b: x is given twice"));
    CU_ASSERT(refused("h5map run k i o --output d=f.h5:/d", "-o d=f.h5:/d: not NAME=/DATASET"));
    CU_ASSERT(refused("h5map run k i o -p x", "-p x: not NAME=VALUE"));
    CU_ASSERT(refused("h5map run k i o -p x=", "-p x=: not NAME=VALUE"));
    CU_ASSERT(refused("h5map run k i o -p 2x=1", "-p 2x=1: not NAME=VALUE"));
    CU_ASSERT(refused("h5map run k i o -p x=1 -p y=2 -p x=3", "-p x=3: x is given twice"));
    CU_ASSERT(refused("h5map run k i o --slice 0", "--slice 0: not a whole number from 1 to 1000000000000"));
    CU_ASSERT(refused("h5map run k i o --slice 3k", "--slice 3k: not a whole number from 1 to 1000000000000"));
    CU_ASSERT(refused("h5map run k i o --memory 48", "--memory 48: 48 bytes are too few (give 1M or more)"));
    CU_ASSERT(refused("h5map run k i o --schedule guided", "--schedule guided: unknown word (give dynamic or static)"));
    CU_ASSERT(refused("h5map run k i o --progress bar", "--progress bar: unknown word (give auto or none)"));
    CU_ASSERT(refused("h5map run k i o --slice x --raw=1", "--slice x: not a whole number from 1 to 1000000000000"));
}

static void names(void)
{
    struct assignments list = {0};
    struct error error = {0};
    char text[NAME_BYTES + 8];

    memset(text, 'n', sizeof text);
    memcpy(text + NAME_BYTES - 1, "=1", 3);
    CU_ASSERT_EQUAL(parse_assignment(text, VALUE_TEXT, &list, &error), OK);
    CU_ASSERT_EQUAL(strlen(list.of[0].name), NAME_BYTES - 1);
    memcpy(text + NAME_BYTES - 1, "n=1", 4);
    CU_ASSERT_EQUAL(parse_assignment(text, VALUE_TEXT, &list, &error), REFUSED);
    for (int k = 1; k < PORTS_MAX; k++) {
        snprintf(text, sizeof text, "p%d=1", k);
        CU_ASSERT_EQUAL(parse_assignment(text, VALUE_TEXT, &list, &error), OK);
    }
    CU_ASSERT_EQUAL(parse_assignment("one_more=1", VALUE_TEXT, &list, &error), REFUSED);
    CU_ASSERT_STRING_EQUAL(error.text, "-p one_more=1: more than 32 of them");
    CU_ASSERT_EQUAL(list.count, PORTS_MAX);
}

static void help_wins(void)
{
    struct typed t;

    CU_ASSERT_EQUAL(type_words(&t, "h5map run --bogus --memory 3 -i -h"), REFUSED); /* -h is the value of -i */
    CU_ASSERT_EQUAL(type_words(&t, "h5map run --bogus --memory 3 --help --version"), OK);
    CU_ASSERT_EQUAL(t.options.command, COMMAND_HELP);
    CU_ASSERT_STRING_EQUAL(t.options.topic, "run");
    CU_ASSERT_EQUAL(t.error.code, OK);
    CU_ASSERT_EQUAL(type_words(&t, "h5map -h"), OK);
    CU_ASSERT_EQUAL(t.options.command, COMMAND_HELP);
    CU_ASSERT_PTR_NULL(t.options.topic);
    CU_ASSERT_EQUAL(type_words(&t, "h5map --bogus --version"), OK);
    CU_ASSERT_EQUAL(t.options.command, COMMAND_VERSION);
    CU_ASSERT_EQUAL(type_words(&t, "h5map run -- --help"), REFUSED);
}

static bool size_is(const char *text, uint64_t bytes)
{
    struct error error = {0};
    uint64_t got = 0;

    return parse_size(text, "--memory", &got, &error) == OK && got == bytes;
}

static bool size_refused(const char *text, const char *why)
{
    struct error error = {0};
    char line[256];
    uint64_t got = 77;

    snprintf(line, sizeof line, "--memory %s: %s", text, why);
    return parse_size(text, "--memory", &got, &error) == REFUSED && got == 77 && !strcmp(error.text, line);
}

static void sizes(void)
{
    static const char *const no_size[] = {"",    "M",   "1.5M", "-1", "+1",   " 1",
                                          "1 M", "1MB", "1Mi",  "1P", "0x10", "1MiBs"};

    CU_ASSERT(size_is("0", 0));
    CU_ASSERT(size_is("1048576", 1 << 20));
    CU_ASSERT(size_is("3k", 3072));
    CU_ASSERT(size_is("64M", 64 << 20));
    CU_ASSERT(size_is("64MiB", 64 << 20));
    CU_ASSERT(size_is("2G", 2ULL << 30));
    CU_ASSERT(size_is("1TiB", 1ULL << 40));
    CU_ASSERT(size_is("18446744073709551615", UINT64_MAX));
    CU_ASSERT(size_is("16777215T", 16777215ULL << 40));
    for (size_t k = 0; k < sizeof no_size / sizeof no_size[0]; k++)
        CU_ASSERT(size_refused(no_size[k], "not a size (give a whole number of bytes, or with K, M, G or T)"));
    CU_ASSERT(size_refused("18446744073709551616", "more bytes than 64 bits can count"));
    CU_ASSERT(size_refused("16777216T", "more bytes than 64 bits can count"));
}

static bool items_are(const char *text, uint64_t start, uint64_t stop, uint64_t step)
{
    struct items_range range = {0};
    struct error error = {0};

    return parse_items(text, &range, &error) == OK && range.given && range.start == start && range.stop == stop &&
           range.step == step;
}

static void items(void)
{
    static const char *const wrong[] = {
        "", "5", "-5:", "1:-1", "1:2:3:4", "a:b", "1:2:x", "1 :2", "99999999999999999999:"};
    struct items_range range = {0};
    struct error error = {0};

    CU_ASSERT(items_are("2:5", 2, 5, 1));
    CU_ASSERT(items_are(":100", 0, 100, 1));
    CU_ASSERT(items_are("100:", 100, UINT64_MAX, 1));
    CU_ASSERT(items_are(":", 0, UINT64_MAX, 1));
    CU_ASSERT(items_are("::10", 0, UINT64_MAX, 10));
    CU_ASSERT(items_are("1:9:3", 1, 9, 3));
    CU_ASSERT(items_are("4:4", 4, 4, 1));
    for (size_t k = 0; k < sizeof wrong / sizeof wrong[0]; k++) {
        CU_ASSERT_EQUAL(parse_items(wrong[k], &range, &error), REFUSED);
        CU_ASSERT_PTR_NOT_NULL(strstr(error.text, ": not START:STOP[:STEP] (e.g. 0:1000, 500: or ::10)"));
    }
    CU_ASSERT_EQUAL(parse_items("1:2:0", &range, &error), REFUSED);
    CU_ASSERT_STRING_EQUAL(error.text, "--items 1:2:0: STEP is 0 (give 1 or more)");
    CU_ASSERT_EQUAL(parse_items("5:3", &range, &error), REFUSED);
    CU_ASSERT_STRING_EQUAL(error.text, "--items 5:3: START is above STOP");
    CU_ASSERT_FALSE(range.given);
}

static bool limit_is(const char *text, bool percent, double value)
{
    struct failure_limit limit = {0};
    struct error error = {0};

    return parse_limit(text, &limit, &error) == OK && limit.percent == percent && limit.value == value;
}

static void limits(void)
{
    static const char *const wrong[] = {"",     "%",    "-1",  "1.5", "101%", "100.1%",
                                        "nan%", "1e1%", "5 %", "5%%", ".%",   "0x1%"};
    struct failure_limit limit;
    struct error error = {0};

    CU_ASSERT(limit_is("0", false, 0));
    CU_ASSERT(limit_is("12", false, 12));
    CU_ASSERT(limit_is("0%", true, 0));
    CU_ASSERT(limit_is("2.5%", true, 2.5));
    CU_ASSERT(limit_is(".5%", true, 0.5));
    CU_ASSERT(limit_is("100%", true, 100));
    for (size_t k = 0; k < sizeof wrong / sizeof wrong[0]; k++) {
        CU_ASSERT_EQUAL(parse_limit(wrong[k], &limit, &error), REFUSED);
        CU_ASSERT_PTR_NOT_NULL(strstr(error.text, ": not a number of items or 0% to 100%"));
    }
}

static void suggestions(void)
{
    static const char *const candidates[] = {"run", "overwrite", "items", "progress", NULL};

    CU_ASSERT_STRING_EQUAL(suggest("rnu", candidates), "run");
    CU_ASSERT_STRING_EQUAL(suggest("overwrit", candidates), "overwrite");
    CU_ASSERT_STRING_EQUAL(suggest("ovrewirte", candidates), "overwrite");
    CU_ASSERT_STRING_EQUAL(suggest("itemz", candidates), "items");
    CU_ASSERT_PTR_NULL(suggest("fun2", (const char *const[]){"items", NULL}));
    CU_ASSERT_PTR_NULL(suggest("", candidates));
    CU_ASSERT_PTR_NULL(suggest("walk", candidates));
    CU_ASSERT_PTR_NULL(suggest("a-word-of-more-than-thirty-one-letters", candidates));
}

/* Everything that is built is in --help, nothing else is, and no line is wider than 80 columns. */
static void help(void)
{
    const char *const text = help_text(NULL);
    char option[64];

    for (int k = 0; option_known[k].name; k++) {
        snprintf(option, sizeof option, " --%s", option_known[k].name);
        CU_ASSERT_EQUAL(strstr(text, option) != NULL, option_known[k].val != OPT_LATER);
        if (!strcmp(option_known[k].name, "version"))
            continue;
        CU_ASSERT_EQUAL(strstr(help_text("run"), option) != NULL, option_known[k].val != OPT_LATER);
    }
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "  -j [N] "));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "Exit status:"));
    for (const char *line = text, *end; *line; line = end + 1) {
        end = strchr(line, '\n');
        CU_ASSERT_PTR_NOT_NULL_FATAL(end);
        CU_ASSERT(end - line < 80);
    }
    CU_ASSERT_EQUAL(strncmp(help_version(), "h5map " H5MAP_VERSION " (", strlen("h5map " H5MAP_VERSION " (")), 0);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"words", words},
        {"wrong words", wrong_words},
        {"defaults", defaults},
        {"all options", all_options},
        {"short forms", short_forms},
        {"POSIXLY_CORRECT", posix_order},
        {"-j", ranks},
        {"wrong options", wrong_options},
        {"wrong values", wrong_values},
        {"names", names},
        {"help wins", help_wins},
        {"sizes", sizes},
        {"items", items},
        {"limits", limits},
        {"suggestions", suggestions},
        {"help", help},
        CU_TEST_INFO_NULL,
    };

    return suite_run("parse", tests);
}
