#include "data/where.h"

#include "data/location.h"
#include "data/ports.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAMES_BYTES 512

#define COUNT "count:"
#define COUNT_MAX ((uint64_t)INT64_MAX) /* positions are counted in 64 bits */

static bool is_count(const char *word)
{
    return !strncmp(word, COUNT, strlen(COUNT)) && access(word, F_OK) != 0;
}

/* count:N: so many items of a kernel that takes no input. */
static int bind_count(const char *word, struct binding *binding, struct error *error)
{
    const char *digits = word + strlen(COUNT);
    char *end;

    errno = 0;
    binding->counted = true;
    binding->loop_rank = 1;
    binding->loop_shape[0] = strtoull(digits, &end, 10);
    if (*digits < '0' || *digits > '9' || *end || errno || binding->loop_shape[0] > COUNT_MAX)
        return error_set(error, REFUSED, "%s: not a whole number from 0 to %llu behind " COUNT, word,
                         (unsigned long long)COUNT_MAX);
    return OK;
}

/* A kernel that takes no input has no file to look into, but those of its shared tables. */
static int bind_nothing(const struct options *options, const struct signature *signature, struct binding *binding,
                        struct error *error)
{
    if (options->inputs.count && ports_first(signature->in, signature->in_count, ROLE_SHARED) < 0)
        return error_set(error, REFUSED, "-i %s=%s: the kernel takes no input", options->inputs.of[0].name,
                         options->inputs.of[0].value);
    if (!is_count(options->input))
        return error_set(error, REFUSED, "%s: the kernel takes no input (give " COUNT "N for N items)", options->input);
    return bind_count(options->input, binding, error);
}

static int check_input(const struct options *options, const struct signature *signature, const struct location *input,
                       struct error *error)
{
    const int count = ports_count(signature->in, signature->in_count, ROLE_INPUT);
    const int first = ports_first(signature->in, signature->in_count, ROLE_INPUT);
    char names[NAMES_BYTES];

    if (is_count(options->input))
        return error_set(error, REFUSED, "%s: the kernel takes an input, %s (give FILE or FILE:/DATASET)",
                         options->input,
                         ports_names(signature->in, signature->in_count, ROLE_INPUT, names, sizeof names));
    if (count > 1 && *input->dataset)
        return error_set(error, REFUSED, "%s: the kernel has %d inputs, %s (give %s and -i %s=%s)", options->input,
                         count, ports_names(signature->in, signature->in_count, ROLE_INPUT, names, sizeof names),
                         input->file, signature->in[first].name, input->dataset);
    return OK;
}

/* The input that -i names. */
static int find_input(const struct signature *signature, const struct assignment *given, int *k, struct error *error)
{
    char names[NAMES_BYTES];

    *k = ports_find(signature->in, signature->in_count, given->name);
    if (*k >= 0 && ports_has_dataset(&signature->in[*k]))
        return OK;
    if (*k >= 0)
        return error_set(error, REFUSED, "-i %s=%s: %s is a parameter (give -p %s=VALUE)", given->name, given->value,
                         given->name, given->name);
    return error_set(error, REFUSED, "-i %s=%s: the kernel has no input %s (there are %s)", given->name, given->value,
                     given->name, ports_dataset_names(signature->in, signature->in_count, names, sizeof names));
}

/* Where INPUT is count:N, and has no datasets. */
static int refuse_no_file(const char *name, struct error *error)
{
    return error_set(error, REFUSED, "%s: no file is given, and INPUT, count:N, is none (give -i %s=FILE:/DATASET)",
                     name, name);
}

/* [FILE:]/DATASET of -i, into at; file "": INPUT's, which may have none. */
static int parse_value(const struct assignment *given, const char *input_file, struct location *at, struct error *error)
{
    int code;

    *at = (struct location){0};
    if (*given->value != '/' || strstr(given->value, ":/")) {
        code = *given->value ? location_parse(given->value, at, error) : OK;
        if (code)
            return code;
        if (!*at->dataset && !*input_file)
            return refuse_no_file(given->name, error);
        if (!*at->dataset)
            return error_set(error, REFUSED,
                             "-i %s=%s: no dataset in it (give %s=/DATASET for one of %s, or %s=FILE:/DATASET)",
                             given->name, given->value, given->name, input_file, given->name);
    } else if (snprintf(at->dataset, sizeof at->dataset, "%s", given->value) >= (int)sizeof at->dataset) {
        return error_set(error, REFUSED, "-i %s=%.60s...: longer than %d bytes", given->name, given->value,
                         PATH_BYTES - 1);
    }
    return OK;
}

static int bind_given(const struct signature *signature, const struct assignment *given, struct binding *binding,
                      struct error *error)
{
    struct location at;
    struct bound *bound;
    int k, code = find_input(signature, given, &k, error);

    if (code)
        return code;
    bound = &binding->in[k];
    if (parse_value(given, bound->file, &at, error))
        return error->code;
    if (*bound->dataset)
        return error_set(error, REFUSED, "-i %s=%s: %s is bound already, to %s in %s (give one of the two)",
                         given->name, given->value, given->name, bound->dataset, bound->file);
    memcpy(bound->dataset, at.dataset, sizeof bound->dataset);
    if (*at.file)
        memcpy(bound->file, at.file, sizeof bound->file);
    return OK;
}

/* What INPUT says: the file of all, the dataset of the one input. */
static int bind_input_word(const struct options *options, const struct signature *signature, struct binding *binding,
                           struct error *error)
{
    struct location input;
    int code = location_parse(options->input, &input, error);

    if (!code)
        code = check_input(options, signature, &input, error);
    for (int k = 0; k < signature->in_count && !code; k++) {
        if (ports_has_dataset(&signature->in[k]))
            memcpy(binding->in[k].file, input.file, sizeof input.file);
        if (signature->in[k].role == ROLE_INPUT)
            memcpy(binding->in[k].dataset, input.dataset, sizeof input.dataset);
    }
    return code;
}

/* By name, where nothing else is said. */
static int bind_name(const struct port *port, struct bound *bound, struct error *error)
{
    if (*bound->file && !*bound->dataset)
        snprintf(bound->dataset, sizeof bound->dataset, "/%s", port->name);
    return *bound->file ? OK : refuse_no_file(port->name, error);
}

int where_bind(const struct options *options, const struct signature *signature, struct binding *binding,
               struct error *error)
{
    int code;

    if (ports_count(signature->in, signature->in_count, ROLE_INPUT) == 0)
        code = bind_nothing(options, signature, binding, error);
    else
        code = bind_input_word(options, signature, binding, error);
    for (int k = 0; k < options->inputs.count && !code; k++)
        code = bind_given(signature, &options->inputs.of[k], binding, error);
    for (int k = 0; k < signature->in_count && !code; k++)
        if (ports_has_dataset(&signature->in[k]))
            code = bind_name(&signature->in[k], &binding->in[k], error);
    return code;
}
