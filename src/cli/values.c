#include "cli/values.h"

#include "cli/parse.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DIGITS "0123456789"

/* The whole number at *text, which moves behind it; false where there is none or it does not fit. */
static bool read_whole(const char **text, uint64_t *value)
{
    const size_t length = strspn(*text, DIGITS);
    char *end;

    errno = 0;
    *value = length ? strtoull(*text, &end, 10) : 0;
    *text += length;
    return length && !errno;
}

int parse_whole(const char *text, const char *option, struct bounds bounds, uint64_t *value, struct error *error)
{
    const char *end = text;

    if (read_whole(&end, value) && !*end && *value >= bounds.min && *value <= bounds.max)
        return OK;
    return error_set(error, REFUSED, "%s %s: not a whole number from %llu to %llu", option, text,
                     (unsigned long long)bounds.min, (unsigned long long)bounds.max);
}

int parse_choice(const char *text, const char *option, const char *const names[], int *index, struct error *error)
{
    char list[128] = "";

    for (int k = 0; names[k]; k++) {
        if (!strcmp(text, names[k])) {
            *index = k;
            return OK;
        }
        strncat(list, k ? " or " : "", sizeof list - strlen(list) - 1);
        strncat(list, names[k], sizeof list - strlen(list) - 1);
    }
    return error_set(error, REFUSED, "%s %s: unknown word (give %s)", option, text, list);
}

/* Powers of 1024 in a suffix: "" 0, "K" or "KiB" 1, ... "T" 4; -1 for anything else. */
static int size_power(const char *suffix)
{
    static const char letters[] = "KkMmGgTt";
    const char *letter = *suffix ? strchr(letters, *suffix) : NULL;

    if (!*suffix)
        return 0;
    if (!letter || (suffix[1] && strcmp(suffix + 1, "iB") != 0))
        return -1;
    return (int)(letter - letters) / 2 + 1;
}

int parse_size(const char *text, const char *option, uint64_t *bytes, struct error *error)
{
    const char *suffix = text;
    uint64_t value;
    const bool fits = read_whole(&suffix, &value);
    const int power = size_power(suffix);

    if (suffix == text || power < 0)
        return error_set(error, REFUSED, "%s %s: not a size (give a whole number of bytes, or with K, M, G or T)",
                         option, text);
    if (!fits || value > UINT64_MAX >> (10 * power))
        return error_set(error, REFUSED, "%s %s: more bytes than 64 bits can count", option, text);
    *bytes = value << (10 * power);
    return OK;
}

/* A number that may be left out, followed by ':' or the end. */
static bool read_bound(const char **text, uint64_t *value)
{
    if (**text >= '0' && **text <= '9' && !read_whole(text, value))
        return false;
    return !**text || **text == ':';
}

int parse_items(const char *text, struct items_range *items, struct error *error)
{
    struct items_range range = {true, 0, UINT64_MAX, 1};
    const char *next = text;
    bool good = read_bound(&next, &range.start) && *next++ == ':' && read_bound(&next, &range.stop);

    if (good && *next == ':') {
        next++;
        good = read_bound(&next, &range.step);
    }
    if (!good || *next)
        return error_set(error, REFUSED, "--items %s: not START:STOP[:STEP] (e.g. 0:1000, 500: or ::10)", text);
    if (range.step == 0)
        return error_set(error, REFUSED, "--items %s: STEP is 0 (give 1 or more)", text);
    if (range.start > range.stop)
        return error_set(error, REFUSED, "--items %s: START is above STOP", text);
    *items = range;
    return OK;
}

/* "12.5%": the number before the sign; false where it is not one. */
static bool read_percent(const char *text, double *value)
{
    const size_t whole = strspn(text, DIGITS);
    const size_t fraction = text[whole] == '.' ? strspn(text + whole + 1, DIGITS) : 0;
    const size_t length = whole + (text[whole] == '.') + fraction;

    if (whole + fraction == 0 || strcmp(text + length, "%") != 0)
        return false;
    *value = strtod(text, NULL);
    return *value <= 100;
}

int parse_limit(const char *text, struct failure_limit *limit, struct error *error)
{
    const char *end = text;
    uint64_t count;
    double percent;

    if (read_whole(&end, &count) && !*end)
        *limit = (struct failure_limit){.value = (double)count};
    else if (read_percent(text, &percent))
        *limit = (struct failure_limit){.percent = true, .value = percent};
    else
        return error_set(error, REFUSED, "--max-failures %s: not a number of items or 0%% to 100%%", text);
    return OK;
}

static const struct {
    const char *option, *form;
} kinds[] = {
    [VALUE_TEXT] = {"-p", "NAME=VALUE"},
    [VALUE_SOURCE] = {"-i", "NAME=[FILE:]/DATASET"},
    [VALUE_TARGET] = {"-o", "NAME=/DATASET"},
};

static bool is_identifier(const char *text, size_t length)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_" DIGITS;

    return length > 0 && length < NAME_BYTES && strspn(text, letters) >= length && !strchr(DIGITS, *text);
}

static bool is_value(const char *value, enum value_kind kind)
{
    switch (kind) {
    case VALUE_SOURCE:
        return *value == '/' || (*value != ':' && strstr(value, ":/"));
    case VALUE_TARGET:
        return *value == '/';
    default:
        return *value != '\0';
    }
}

int parse_assignment(const char *text, enum value_kind kind, struct assignments *list, struct error *error)
{
    const char *option = kinds[kind].option;
    const size_t length = strcspn(text, "=");
    struct assignment made = {0};

    if (!is_identifier(text, length) || text[length] != '=' || !is_value(text + length + 1, kind))
        return error_set(error, REFUSED, "%s %s: not %s", option, text, kinds[kind].form);
    memcpy(made.name, text, length);
    made.value = text + length + 1;
    for (int k = 0; k < list->count; k++)
        if (!strcmp(list->of[k].name, made.name))
            return error_set(error, REFUSED, "%s %s: %s is given twice", option, text, made.name);
    if (list->count == PORTS_MAX)
        return error_set(error, REFUSED, "%s %s: more than %d of them", option, text, PORTS_MAX);
    list->of[list->count++] = made;
    return OK;
}
