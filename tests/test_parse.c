/* The command line: words, options, values, and what is said about wrong ones. */
#include "cli/help.h"
#include "cli/option.h"
#include "cli/parse.h"
#include "cli/suggest.h"
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
    CU_ASSERT_EQUAL(type_words(&t, "h5map kernels"), OK);
    CU_ASSERT_EQUAL(t.options.command, COMMAND_KERNELS);
    CU_ASSERT_PTR_NULL(t.options.kernel);
    CU_ASSERT_EQUAL(type_words(&t, "h5map --cflags -O1 kernels norm.c --libs -lgsl"), OK);
    CU_ASSERT_STRING_EQUAL(t.options.kernel, "norm.c");
    CU_ASSERT_PTR_NULL(t.options.input);
    CU_ASSERT_STRING_EQUAL(t.options.libs, "-lgsl");
}

static void wrong_words(void)
{
    CU_ASSERT(refused("h5map", "command: missing (h5map run KERNEL INPUT OUTPUT [options], or h5map --help)"));
    CU_ASSERT(refused("h5map run", "run: KERNEL is missing (h5map run KERNEL INPUT OUTPUT [options])"));
    CU_ASSERT(refused("h5map run k", "run: INPUT is missing (h5map run KERNEL INPUT OUTPUT [options])"));
    CU_ASSERT(refused("h5map run k in -q", "run: OUTPUT is missing (h5map run KERNEL INPUT OUTPUT [options])"));
    CU_ASSERT(refused("h5map run k in out x y", "x: one word too many (h5map run KERNEL INPUT OUTPUT [options])"));
    CU_ASSERT(refused("h5map run k ~ out", "run: INPUT is an empty word (h5map run KERNEL INPUT OUTPUT [options])"));
    CU_ASSERT(refused("h5map kernels k in", "in: one word too many (h5map kernels [KERNEL] [options])"));
    CU_ASSERT(refused("h5map kernels ~", "kernels: KERNEL is an empty word (h5map kernels [KERNEL] [options])"));
    CU_ASSERT(refused("h5map kernels k --compress 3",
                      "--compress: does not go with kernels (h5map kernels [KERNEL] [options])"));
    CU_ASSERT(refused("h5map -p a=3 kernels", "--param: does not go with kernels (h5map kernels [KERNEL] [options])"));
    CU_ASSERT(refused("h5map kernels -j", "-j: does not go with kernels (h5map kernels [KERNEL] [options])"));
    CU_ASSERT(refused("h5map kernel", "kernel: unknown command (did you mean kernels?)"));
    CU_ASSERT(refused("h5map rnu k in out", "rnu: unknown command (did you mean run?)"));
    CU_ASSERT(refused("h5map norm.c in out", "norm.c: unknown command (h5map run KERNEL INPUT OUTPUT [options])"));
    CU_ASSERT(refused("h5map verify out.h5 --sample 3", "verify: not in this version (see h5map --help)"));
    CU_ASSERT(
        refused("h5map template", "template: INPUT is missing (h5map template INPUT [-i NAME=[FILE:]/DATASET ...])"));
    CU_ASSERT(refused("h5map template in --cflags -O1", "--cflags: does not go with template (h5map template INPUT [-i "
                                                        "NAME=[FILE:]/DATASET ...])"));
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
    CU_ASSERT_EQUAL(t.options.checkpoint_s, 10);
    CU_ASSERT_EQUAL(t.options.time_limit_s, 0);
    CU_ASSERT_EQUAL(t.options.accept, 0);
    CU_ASSERT_EQUAL(t.options.compress, 0);
    CU_ASSERT_FALSE(t.options.retry_failed);
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
    CU_ASSERT(refused("h5map run k in out --ca --c", "--c: short for more than one option (--cflags, --checkpoint, "
                                                     "--compress, --cast)"));
}

static void going_on(void)
{
    struct typed t;

    CU_ASSERT_EQUAL(type_words(&t, "h5map run k in out --checkpoint 0.5s --time-limit=1-12:30:00 --accept kernel,param "
                                   "--accept input --retry-failed --compress 9"),
                    OK);
    CU_ASSERT_EQUAL(t.options.checkpoint_s, 0.5);
    CU_ASSERT_EQUAL(t.options.time_limit_s, 131400);
    CU_ASSERT_EQUAL(t.options.accept, ACCEPT_KERNEL | ACCEPT_PARAM | ACCEPT_INPUT);
    CU_ASSERT_TRUE(t.options.retry_failed);
    CU_ASSERT_EQUAL(t.options.compress, 9);
    CU_ASSERT_EQUAL(type_words(&t, "h5map run k in out --checkpoint 1m --checkpoint 0s --compress 3 --compress 0"), OK);
    CU_ASSERT_EQUAL(t.options.checkpoint_s, 0);
    CU_ASSERT_EQUAL(t.options.compress, 0);
    CU_ASSERT_EQUAL(type_words(&t, "h5map run k in out --accept kernel,flags,input,param,items,options"), OK);
    CU_ASSERT_EQUAL(t.options.accept,
                    ACCEPT_KERNEL | ACCEPT_FLAGS | ACCEPT_INPUT | ACCEPT_PARAM | ACCEPT_ITEMS | ACCEPT_OPTIONS);
    for (int k = 0; k < 6; k++) {
        static const char *const words[] = {"kernel", "flags", "input", "param", "items", "options"};
        static const enum accept bits[] = {ACCEPT_KERNEL, ACCEPT_FLAGS, ACCEPT_INPUT,
                                           ACCEPT_PARAM,  ACCEPT_ITEMS, ACCEPT_OPTIONS};
        char line[64];

        snprintf(line, sizeof line, "h5map run k in out --accept %s", words[k]);
        CU_ASSERT_EQUAL(type_words(&t, line), OK);
        CU_ASSERT_EQUAL(t.options.accept, bits[k]);
    }
}

static void wrong_going_on(void)
{
    CU_ASSERT(refused("h5map run k i o --time-limit 90", "--time-limit 90: has no unit (give 90s, 90m or 90h)"));
    CU_ASSERT(refused("h5map run k i o --checkpoint -5s",
                      "--checkpoint -5s: is negative (give 90s, 10m, 2h, M:SS or [D-]HH:MM:SS)"));
    CU_ASSERT(refused("h5map run k i o --checkpoint=",
                      "--checkpoint: the duration is empty (give 90s, 10m, 2h, M:SS or [D-]HH:MM:SS)"));
    CU_ASSERT(refused("h5map run k i o --time-limit 0s", "--time-limit 0s: leaves no time (give more than 0)"));
    CU_ASSERT(refused("h5map run k i o --time-limit 0:00", "--time-limit 0:00: leaves no time (give more than 0)"));
    CU_ASSERT(refused("h5map run k i o --time-limit", "--time-limit: its value is missing (see h5map --help)"));
    CU_ASSERT(refused("h5map run k i o --compress 10", "--compress 10: not a whole number from 0 to 9"));
    CU_ASSERT(refused("h5map run k i o --compress fast", "--compress fast: not a whole number from 0 to 9"));
    CU_ASSERT(refused("h5map run k i o --compress=-1", "--compress -1: not a whole number from 0 to 9"));
    CU_ASSERT(refused("h5map run k i o --retry-failed=yes", "--retry-failed: takes no value"));
    CU_ASSERT(refused("h5map run k i o --accept kernal",
                      "--accept kernal: unknown field kernal (did you mean kernel? the "
                      "fields are kernel, flags, input, param, items, options)"));
    CU_ASSERT(refused("h5map run k i o --accept=", "--accept: a field is empty (the fields are kernel, flags, input, "
                                                   "param, items, options)"));
}

/* What starts afresh and what goes on exclude each other. */
static void afresh_or_on(void)
{
    struct typed t;

    CU_ASSERT_EQUAL(type_words(&t, "h5map run k i o --retry-failed --accept kernel"), OK);
    CU_ASSERT(refused("h5map run k i o --overwrite --retry-failed",
                      "--overwrite: starts afresh, but --retry-failed goes on with what is there (give one of them)"));
    CU_ASSERT(refused("h5map run k i o --accept kernel --overwrite",
                      "--overwrite: starts afresh, but --accept goes on with what is there (give one of them)"));
    CU_ASSERT(refused("h5map run k i --accept kernel --overwrite",
                      "run: OUTPUT is missing (h5map run KERNEL INPUT OUTPUT [options])"));
    CU_ASSERT_EQUAL(type_words(&t, "h5map run k i o --overwrite --retry-failed --help"), OK);
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
    CU_ASSERT(refused("h5map run k in out --isolate", "--isolate: not in this version (see h5map --help)"));
    CU_ASSERT(refused("h5map run k in out --trac=3", "--trace: not in this version (see h5map --help)"));
    CU_ASSERT(refused("h5map run k in out --item-timeout 3 --junk",
                      "--item-timeout: not in this version (see h5map --help)"));
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
        {"going on", going_on},
        {"wrong ones of going on", wrong_going_on},
        {"afresh or on", afresh_or_on},
        {"POSIXLY_CORRECT", posix_order},
        {"-j", ranks},
        {"wrong options", wrong_options},
        {"wrong values", wrong_values},
        {"help wins", help_wins},
        {"suggestions", suggestions},
        {"help", help},
        CU_TEST_INFO_NULL,
    };

    return suite_run("parse", tests);
}
