#include "cli/option.h"

#include "cli/suggest.h"

#include <stdbool.h>
#include <string.h>

#define OPTIONS_MAX 64 /* parse.c has a bit for each */

/* The leading '-' hands words over in order, as option 1, whatever POSIXLY_CORRECT says; ':' tells a missing value
 * apart. */
const char option_letters[] = "-:i:o:p:j::qvh";
const struct option option_known[] = {
    {"input", required_argument, NULL, 'i'},
    {"output", required_argument, NULL, 'o'},
    {"param", required_argument, NULL, 'p'},
    {"cflags", required_argument, NULL, OPT_CFLAGS},
    {"libs", required_argument, NULL, OPT_LIBS},
    {"debug-kernel", no_argument, NULL, OPT_DEBUG_KERNEL},
    {"items", required_argument, NULL, OPT_ITEMS},
    {"max-failures", required_argument, NULL, OPT_FAILURES},
    {"checkpoint", required_argument, NULL, OPT_CHECKPOINT},
    {"time-limit", required_argument, NULL, OPT_TIME_LIMIT},
    {"accept", required_argument, NULL, OPT_ACCEPT},
    {"compress", required_argument, NULL, OPT_COMPRESS},
    {"memory", required_argument, NULL, OPT_MEMORY},
    {"slice", required_argument, NULL, OPT_SLICE},
    {"schedule", required_argument, NULL, OPT_SCHEDULE},
    {"io", required_argument, NULL, OPT_IO},
    {"seed", required_argument, NULL, OPT_SEED},
    {"progress", required_argument, NULL, OPT_PROGRESS},
    {"cast", no_argument, NULL, OPT_CAST},
    {"raw", no_argument, NULL, OPT_RAW},
    {"overwrite", no_argument, NULL, OPT_OVERWRITE},
    {"retry-failed", no_argument, NULL, OPT_RETRY},
    {"quiet", no_argument, NULL, 'q'},
    {"verbose", no_argument, NULL, 'v'},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, OPT_VERSION},
    /* words of later versions */
    {"isolate", optional_argument, NULL, OPT_LATER},
    {"item-timeout", optional_argument, NULL, OPT_LATER},
    {"sample", optional_argument, NULL, OPT_LATER},
    {"trace", optional_argument, NULL, OPT_LATER},
    {0},
};
_Static_assert(sizeof option_known / sizeof option_known[0] <= OPTIONS_MAX, "room for the names of all options");

/* Did getopt trip over a long option? For a value too many optopt is that option, for an unknown letter it is the
 * letter. */
static bool is_long(const char *word, int answer)
{
    if (answer == ':')
        return !strncmp(word, "--", 2);
    return optopt == 0 || optopt >= OPT_VERSION ||
           (optopt > 0 && !strchr("-:", optopt) && strchr(option_letters, optopt));
}

/* "--long" without its "=value", or "-x". */
static void option_as_typed(const char *word, int answer, char *text, size_t text_bytes)
{
    const char letter[] = {'-', optopt > ' ' && optopt < 0x7f ? (char)optopt : '?', '\0'};
    const char *name = is_long(word, answer) ? word : letter;
    const size_t length = strcspn(name, "=");

    text[0] = '\0';
    strncat(text, name, length < text_bytes ? length : text_bytes - 1);
}

/* A long option that is none, or the beginning of several. */
static int refuse_long(const char *typed, struct error *error)
{
    const char *names[OPTIONS_MAX] = {NULL}, *near;
    char list[128] = "";
    int count = 0;

    for (int k = 0; option_known[k].name; k++) {
        if (option_known[k].val != OPT_LATER)
            names[count++] = option_known[k].name;
        if (!strncmp(option_known[k].name, typed + 2, strlen(typed + 2))) {
            strncat(list, *list ? ", --" : "--", sizeof list - strlen(list) - 1);
            strncat(list, option_known[k].name, sizeof list - strlen(list) - 1);
        }
    }
    if (*list)
        return error_set(error, REFUSED, "%s: short for more than one option (%s)", typed, list);
    near = suggest(typed + 2, names);
    if (near)
        return error_set(error, REFUSED, "%s: unknown option (did you mean --%s?)", typed, near);
    return error_set(error, REFUSED, "%s: unknown option (see h5map --help)", typed);
}

int option_refuse(const char *word, int answer, struct error *error)
{
    char typed[ERROR_TEXT_BYTES / 2];

    option_as_typed(word, answer, typed, sizeof typed);
    if (answer == ':')
        return error_set(error, REFUSED, "%s: its value is missing (see h5map --help)", typed);
    if (optopt == 0)
        return refuse_long(typed, error);
    if (is_long(word, answer))
        return error_set(error, REFUSED, "%s: takes no value", typed);
    return error_set(error, REFUSED, "%s: unknown option (see h5map --help)", typed);
}
