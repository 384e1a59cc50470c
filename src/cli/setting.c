#include "cli/setting.h"

#include "cli/option.h"
#include "cli/values.h"

#define SLICE_MAX 1000000000000
#define MEMORY_MIN (1024 * 1024)
#define COMPRESS_MAX 9

static const char *const schedules[] = {[SCHEDULE_DYNAMIC] = "dynamic", [SCHEDULE_STATIC] = "static", NULL};
static const char *const ios[] = {[IO_ROOT] = "root", [IO_DIRECT] = "direct", NULL};
static const char *const progresses[] = {[PROGRESS_AUTO] = "auto", [PROGRESS_NONE] = "none", NULL};
static const char *const fields[] = {"kernel", "flags",   "input", "param",
                                     "items",  "options", NULL}; /* as enum accept */
_Static_assert(ACCEPT_OPTIONS == 1 << 5, "a name for each field that can be accepted, in order");

static int take_memory(const char *text, struct options *options, struct error *error)
{
    uint64_t bytes;

    if (parse_size(text, "--memory", &bytes, error))
        return REFUSED;
    if (bytes < MEMORY_MIN)
        return error_set(error, REFUSED, "--memory %s: %llu bytes are too few (give 1M or more)", text,
                         (unsigned long long)bytes);
    options->memory_bytes = bytes;
    return OK;
}

static int take_time_limit(const char *text, struct options *options, struct error *error)
{
    double seconds;

    if (parse_duration(text, "--time-limit", &seconds, error))
        return REFUSED;
    if (seconds <= 0)
        return error_set(error, REFUSED, "--time-limit %s: leaves no time (give more than 0)", text);
    options->time_limit_s = seconds;
    return OK;
}

static int take_compress(const char *text, struct options *options, struct error *error)
{
    uint64_t level;

    if (parse_whole(text, "--compress", (struct bounds){0, COMPRESS_MAX}, &level, error))
        return REFUSED;
    options->compress = (int)level;
    return OK;
}

/* Options with one of some words. */
static int take_choice(int option, const char *text, struct options *options, struct error *error)
{
    int index;

    switch (option) {
    case OPT_SCHEDULE:
        if (!parse_choice(text, "--schedule", schedules, &index, error))
            options->schedule = (enum schedule)index;
        break;
    case OPT_IO:
        if (!parse_choice(text, "--io", ios, &index, error))
            options->io = (enum io)index;
        break;
    default:
        if (!parse_choice(text, "--progress", progresses, &index, error))
            options->progress = (enum progress)index;
    }
    return error->code;
}

static int take_value(int option, const char *text, struct options *options, struct error *error)
{
    switch (option) {
    case 'i':
        return parse_assignment(text, VALUE_SOURCE, &options->inputs, error);
    case 'o':
        return parse_assignment(text, VALUE_TARGET, &options->outputs, error);
    case 'p':
        return parse_assignment(text, VALUE_TEXT, &options->params, error);
    case OPT_ITEMS:
        return parse_items(text, &options->items, error);
    case OPT_FAILURES:
        return parse_limit(text, &options->max_failures, error);
    case OPT_CHECKPOINT:
        return parse_duration(text, "--checkpoint", &options->checkpoint_s, error);
    case OPT_TIME_LIMIT:
        return take_time_limit(text, options, error);
    case OPT_ACCEPT:
        return parse_fields(text, "--accept", fields, &options->accept, error);
    case OPT_COMPRESS:
        return take_compress(text, options, error);
    case OPT_MEMORY:
        return take_memory(text, options, error);
    case OPT_SEED:
        return parse_whole(text, "--seed", (struct bounds){0, UINT64_MAX}, &options->seed, error);
    case OPT_SLICE:
        return parse_whole(text, "--slice", (struct bounds){1, SLICE_MAX}, &options->slice, error);
    default:
        return take_choice(option, text, options, error);
    }
}

/* Where an option without a value is kept, or NULL. */
static bool *flag_of(int option, struct options *options)
{
    switch (option) {
    case 'q':
        return &options->quiet;
    case 'v':
        return &options->verbose;
    case OPT_DEBUG_KERNEL:
        return &options->debug_kernel;
    case OPT_CAST:
        return &options->cast;
    case OPT_RAW:
        return &options->raw;
    case OPT_OVERWRITE:
        return &options->overwrite;
    case OPT_RETRY:
        return &options->retry_failed;
    default:
        return NULL;
    }
}

int setting_take(int option, const char *text, struct options *options, struct error *error)
{
    bool *flag = flag_of(option, options);

    if (flag)
        *flag = true;
    else if (option == OPT_CFLAGS)
        options->cflags = text;
    else if (option == OPT_LIBS)
        options->libs = text;
    else
        return take_value(option, text, options, error);
    return OK;
}

int settings_agree(const struct options *options, struct error *error)
{
    const char *other = options->retry_failed ? "--retry-failed" : options->accept ? "--accept" : NULL;

    if (options->overwrite && other)
        return error_set(error, REFUSED,
                         "--overwrite: starts afresh, but %s goes on with what is there (give one of them)", other);
    if (options->io == IO_DIRECT && options->schedule == SCHEDULE_STATIC)
        return error_set(error, REFUSED,
                         "--io direct: deals items to who asks, but --schedule static in rounds (give one of them)");
    return OK;
}
