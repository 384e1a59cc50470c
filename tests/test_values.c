/* The values of options, from text: what is taken, and what is said about the rest. */
#include "cli/values.h"
#include "suite.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

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

static bool duration_is(const char *text, double seconds)
{
    struct error error = {0};
    double got = -1;
    const bool same = parse_duration(text, "--time-limit", &got, &error) == OK && fabs(got - seconds) < 1e-9;

    if (!same)
        fprintf(stderr, "%s: %g s: %s\n", text, got, error.text);
    return same;
}

/* Refused, in one line that ends so, the value as it was. */
static bool duration_refused(const char *text, const char *why)
{
    struct error error = {0};
    char line[256];
    double got = 77;
    bool as_told;

    snprintf(line, sizeof line, "--time-limit%s%s: %s", *text ? " " : "", text, why);
    as_told = parse_duration(text, "--time-limit", &got, &error) == REFUSED && error.code == REFUSED && got == 77 &&
              !strcmp(error.text, line);
    if (!as_told)
        fprintf(stderr, "%s: %g s: %s\n", text, got, error.text);
    return as_told;
}

static void durations(void)
{
    CU_ASSERT(duration_is("90s", 90));
    CU_ASSERT(duration_is("10m", 600));
    CU_ASSERT(duration_is("2h", 7200));
    CU_ASSERT(duration_is("0s", 0));
    CU_ASSERT(duration_is("0.5s", 0.5));
    CU_ASSERT(duration_is("1.5h", 5400));
    CU_ASSERT(duration_is(".25m", 15));
    CU_ASSERT(duration_is("1.m", 60));
    CU_ASSERT(duration_is("100m", 6000));
    CU_ASSERT(duration_is("1:30", 90));
    CU_ASSERT(duration_is("0:05", 5));
    CU_ASSERT(duration_is("90:00", 5400));
    CU_ASSERT(duration_is("0:00", 0));
    CU_ASSERT(duration_is("01:02:03", 3723));
    CU_ASSERT(duration_is("48:00:00", 172800));
    CU_ASSERT(duration_is("1:59:59", 7199));
    CU_ASSERT(duration_is("2-03:04:05", 183845));
    CU_ASSERT(duration_is("0-23:59:59", 86399));
    CU_ASSERT(duration_is("3650-00:00:00", 315360000));
    CU_ASSERT(duration_is("87600h", 315360000));
}

static void wrong_durations(void)
{
    static const char forms[] = "(give 90s, 10m, 2h, M:SS or [D-]HH:MM:SS)";
    static const char *const garbage[] = {"s",    "soon",   ".s",     "1d",      "90 s",  " 90s",   "90sec",    "1h30m",
                                          "1e3s", "0x10s",  "infs",   "nan",     "+5s",   "-",      "-s",       ":",
                                          ":30",  "1:",     "1::2",   "1:2:3:4", "1:30s", "1.5:00", "1:-30",    "1-",
                                          "1-12", "1-1:30", "1--1:2", "1-2s",    "90S",   "1-:1:1", "--1:00:00"};
    static const char *const large[] = {"1:60", "1:00:60", "1:60:00", "1-24:00:00", "0-23:60:00", "0-23:00:60"};
    char why[96];

    snprintf(why, sizeof why, "not a duration %s", forms);
    for (size_t k = 0; k < sizeof garbage / sizeof garbage[0]; k++)
        CU_ASSERT(duration_refused(garbage[k], why));
    snprintf(why, sizeof why, "the duration is empty %s", forms);
    CU_ASSERT(duration_refused("", why));
    snprintf(why, sizeof why, "is negative %s", forms);
    CU_ASSERT(duration_refused("-5s", why));
    CU_ASSERT(duration_refused("-5", why));
    CU_ASSERT(duration_refused("-1:30", why));
    CU_ASSERT(duration_refused("90", "has no unit (give 90s, 90m or 90h)"));
    CU_ASSERT(duration_refused("0", "has no unit (give 0s, 0m or 0h)"));
    CU_ASSERT(duration_refused("1.5", "has no unit (give 1.5s, 1.5m or 1.5h)"));
    for (size_t k = 0; k < sizeof large / sizeof large[0]; k++)
        CU_ASSERT(
            duration_refused(large[k], "minutes and seconds behind a ':' go up to 59, hours behind a '-' up to 23"));
    CU_ASSERT(duration_refused("315360001s", "longer than 10 years"));
    CU_ASSERT(duration_refused("87600.1h", "longer than 10 years"));
    CU_ASSERT(duration_refused("3650-00:00:01", "longer than 10 years"));
    CU_ASSERT(duration_refused("99999999999999999999999999:00", "longer than 10 years"));
}

/* More digits than a double can hold: infinite, and so too long. */
static void endless_duration(void)
{
    struct error error = {0};
    char text[512];
    double got = 77;

    memset(text, '9', sizeof text);
    memcpy(text + sizeof text - 2, "h", 2);
    CU_ASSERT_EQUAL(parse_duration(text, "--checkpoint", &got, &error), REFUSED);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.text, "9h: longer than 10 years"));
    memcpy(text + sizeof text - 4, ":00", 4);
    CU_ASSERT_EQUAL(parse_duration(text, "--checkpoint", &got, &error), REFUSED);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.text, ":00: longer than 10 years"));
    CU_ASSERT_EQUAL(got, 77);
}

static const char *const field_names[] = {"kernel", "flags", "items", NULL};

static bool fields_refused(const char *text, const char *expected)
{
    struct error error = {0};
    unsigned set = 2;
    const bool as_told = parse_fields(text, "--accept", field_names, &set, &error) == REFUSED && set == 2 &&
                         error.code == REFUSED && !strcmp(error.text, expected);

    if (!as_told)
        fprintf(stderr, "%s: %u: %s\n", text, set, error.text);
    return as_told;
}

static void fields(void)
{
    struct error error = {0};
    unsigned set = 0;

    CU_ASSERT_EQUAL(parse_fields("items", "--accept", field_names, &set, &error), OK);
    CU_ASSERT_EQUAL(set, 4);
    CU_ASSERT_EQUAL(parse_fields("kernel,items,kernel", "--accept", field_names, &set, &error), OK);
    CU_ASSERT_EQUAL(set, 5);
    CU_ASSERT(fields_refused("kernel,flgas",
                             "--accept kernel,flgas: unknown field flgas (did you mean flags? the fields "
                             "are kernel, flags, items)"));
    CU_ASSERT(fields_refused("item", "--accept item: unknown field item (did you mean items? the fields are kernel, "
                                     "flags, items)"));
    CU_ASSERT(fields_refused("all", "--accept all: unknown field all (the fields are kernel, flags, items)"));
    CU_ASSERT(fields_refused("flags items", "--accept flags items: unknown field flags items (the fields are kernel, "
                                            "flags, items)"));
    CU_ASSERT(fields_refused("", "--accept: a field is empty (the fields are kernel, flags, items)"));
    CU_ASSERT(fields_refused(",flags", "--accept ,flags: a field is empty (the fields are kernel, flags, items)"));
    CU_ASSERT(fields_refused("flags,", "--accept flags,: a field is empty (the fields are kernel, flags, items)"));
    CU_ASSERT(fields_refused("flags,,kernel", "--accept flags,,kernel: a field is empty (the fields are kernel, flags, "
                                              "items)"));
}

/* A field too long for any buffer is cut, not followed. */
static void endless_field(void)
{
    struct error error = {0};
    char text[2000];
    unsigned set = 0;

    memset(text, 'k', sizeof text);
    text[sizeof text - 1] = '\0';
    CU_ASSERT_EQUAL(parse_fields(text, "--accept", field_names, &set, &error), REFUSED);
    CU_ASSERT_EQUAL(strncmp(error.text, "--accept kkkk", 13), 0);
    CU_ASSERT_EQUAL(set, 0);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"names", names},
        {"sizes", sizes},
        {"items", items},
        {"limits", limits},
        {"durations", durations},
        {"wrong durations", wrong_durations},
        {"endless duration", endless_duration},
        {"fields", fields},
        {"endless field", endless_field},
        CU_TEST_INFO_NULL,
    };

    return suite_run("values", tests);
}
