#include "cli/values.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DIGITS "0123456789"
#define DURATION_MAX_S (10 * 365 * 86400.0)
#define DURATION_FORMS "90s, 10m, 2h, M:SS or [D-]HH:MM:SS"

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

/* Characters that the number at text has, with a fraction or without; 0: there is none. */
static size_t number_length(const char *text)
{
    const size_t whole = strspn(text, DIGITS);
    const size_t fraction = text[whole] == '.' ? strspn(text + whole + 1, DIGITS) : 0;

    return whole + fraction ? whole + (text[whole] == '.') + fraction : 0;
}

/* "12.5%": the number before the sign; false where it is not one. */
static bool read_percent(const char *text, double *value)
{
    const size_t length = number_length(text);

    if (length == 0 || strcmp(text + length, "%") != 0)
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

/* "1.5h"; false where it is not a number with a unit. */
static bool read_with_unit(const char *text, double *seconds)
{
    const size_t length = number_length(text);
    const char *unit = text + length;

    if (length == 0 || !*unit || unit[1] || !strchr("smh", *unit))
        return false;
    *seconds = strtod(text, NULL) * (*unit == 's' ? 1 : *unit == 'm' ? 60 : 3600);
    return true;
}

/* The whole number at *text, which moves behind it; -1: there is none. */
static double read_digits(const char **text)
{
    double value = **text >= '0' && **text <= '9' ? 0 : -1;

    for (; **text >= '0' && **text <= '9'; ++*text)
        value = 10 * value + (**text - '0');
    return value;
}

/* "[D-]HH:MM:SS" or "M:SS", the days -1 where there are none. */
struct clock_text {
    double days, part[3];
    int parts;
};

/* false where it is not of that form. */
static bool read_clock(const char *text, struct clock_text *clock)
{
    const bool with_days = text[strspn(text, DIGITS)] == '-';

    *clock = (struct clock_text){.days = -1};
    if (with_days) {
        clock->days = read_digits(&text);
        if (clock->days < 0)
            return false;
        text++;
    }
    for (bool more = true; more; text += more) {
        if (clock->parts == 3)
            return false;
        clock->part[clock->parts] = read_digits(&text);
        if (clock->part[clock->parts++] < 0)
            return false;
        more = *text == ':';
    }
    return !*text && (clock->parts == 3 || (clock->parts == 2 && !with_days));
}

/* Its seconds; -1: a part is too large for what stands before it. */
static double clock_seconds(const struct clock_text *clock)
{
    double seconds = clock->days < 0 ? 0 : clock->days;

    for (int k = 0; k < clock->parts; k++) {
        const int most = k == clock->parts - 3 ? 24 : 60;

        if (clock->part[k] >= most && (k > 0 || clock->days >= 0))
            return -1;
        seconds = seconds * most + clock->part[k];
    }
    return seconds;
}

/* What is no duration. */
static int refuse_duration(const char *text, const char *option, struct error *error)
{
    const size_t length = number_length(text);

    if (!*text)
        return error_set(error, REFUSED, "%s: the duration is empty (give " DURATION_FORMS ")", option);
    if (*text == '-' && number_length(text + 1))
        return error_set(error, REFUSED, "%s %s: is negative (give " DURATION_FORMS ")", option, text);
    if (length && !text[length])
        return error_set(error, REFUSED, "%s %s: has no unit (give %ss, %sm or %sh)", option, text, text, text, text);
    return error_set(error, REFUSED, "%s %s: not a duration (give " DURATION_FORMS ")", option, text);
}

int parse_duration(const char *text, const char *option, double *seconds, struct error *error)
{
    struct clock_text clock;
    double value;

    if (read_clock(text, &clock))
        value = clock_seconds(&clock);
    else if (!read_with_unit(text, &value))
        return refuse_duration(text, option, error);
    if (value < 0)
        return error_set(error, REFUSED,
                         "%s %s: minutes and seconds behind a ':' go up to 59, hours behind a '-' up to 23", option,
                         text);
    if (value > DURATION_MAX_S)
        return error_set(error, REFUSED, "%s %s: longer than 10 years", option, text);
    *seconds = value;
    return OK;
}
