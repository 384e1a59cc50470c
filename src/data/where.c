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

/* A kernel that takes no input has no files to look into. */
static int bind_nothing(const struct options *options, struct binding *binding, struct error *error)
{
    if (options->inputs.count)
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
    if (*k >= 0 && signature->in[*k].role == ROLE_INPUT)
        return OK;
    if (*k >= 0)
        return error_set(error, REFUSED, "-i %s=%s: %s is a parameter (give -p %s=VALUE)", given->name, given->value,
                         given->name, given->name);
    return error_set(error, REFUSED, "-i %s=%s: the kernel has no input %s (there are %s)", given->name, given->value,
                     given->name, ports_names(signature->in, signature->in_count, ROLE_INPUT, names, sizeof names));
}

/* [FILE:]/DATASET of -i, into at; file "": INPUT's. */
static int parse_value(const struct assignment *given, const char *input_file, struct location *at, struct error *error)
{
    int code;

    *at = (struct location){0};
    if (*given->value != '/' || strstr(given->value, ":/")) {
        code = *given->value ? location_parse(given->value, at, error) : OK;
        if (code)
            return code;
        if (!*at->dataset)
            return error_set(error, REFUSED,
                             "-i %s=%s: no dataset in it (give %s=/DATASET for one of %s, or %s=FILE:/DATASET)",
                             given->name, given->value, given->name, input_file, given->name);
    } else if (snprintf(at->dataset, sizeof at->dataset, "%s", given->value) >= (int)sizeof at->dataset) {
        return error_set(error, REFUSED, "-i %s=%.60s...: longer than %d bytes", given->name, given->value,
                         PATH_BYTES - 1);
    }
    if (strstr(at->dataset, "@/"))
        return error_set(error, REFUSED, "-i %s=%s: ragged items (VALUES@/OFFSETS) are not possible yet", given->name,
                         given->value);
    return OK;
}

static int bind_given(const struct options *options, const struct signature *signature, int which,
                      struct binding *binding, struct error *error)
{
    const struct assignment *given = &options->inputs.of[which];
    const char *input_file = binding->in[ports_first(signature->in, signature->in_count, ROLE_INPUT)].file;
    struct location at;
    struct bound *bound;
    int k, code = find_input(signature, given, &k, error);

    if (!code)
        code = parse_value(given, input_file, &at, error);
    if (code)
        return code;
    bound = &binding->in[k];
    if (*bound->dataset)
        return error_set(error, REFUSED, "-i %s=%s: %s is bound already, to %s in %s (give one of the two)",
                         given->name, given->value, given->name, bound->dataset, bound->file);
    memcpy(bound->dataset, at.dataset, sizeof bound->dataset);
    if (*at.file)
        memcpy(bound->file, at.file, sizeof bound->file);
    return OK;
}

int where_bind(const struct options *options, const struct signature *signature, struct binding *binding,
               struct error *error)
{
    struct location input;
    int code;

    if (ports_count(signature->in, signature->in_count, ROLE_INPUT) == 0)
        return bind_nothing(options, binding, error);
    code = location_parse(options->input, &input, error);

    if (!code)
        code = check_input(options, signature, &input, error);
    if (code)
        return code;
    for (int k = 0; k < signature->in_count; k++) {
        if (signature->in[k].role != ROLE_INPUT)
            continue;
        memcpy(binding->in[k].file, input.file, sizeof input.file);
        memcpy(binding->in[k].dataset, input.dataset, sizeof input.dataset);
    }
    for (int k = 0; k < options->inputs.count && !code; k++)
        code = bind_given(options, signature, k, binding, error);
    for (int k = 0; k < signature->in_count && !code; k++)
        if (signature->in[k].role == ROLE_INPUT && !*binding->in[k].dataset)
            snprintf(binding->in[k].dataset, sizeof binding->in[k].dataset, "/%s", signature->in[k].name);
    return code;
}
