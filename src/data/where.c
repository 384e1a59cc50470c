#include "data/where.h"

#include "data/location.h"
#include "data/ports.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define NAMES_BYTES 512

static bool is_count(const char *word)
{
    return !strncmp(word, "count:", 6) && word[6] && word[6 + strspn(word + 6, "0123456789")] == '\0' &&
           access(word, F_OK) != 0;
}

static int check_input(const struct options *options, const struct signature *signature, const struct location *input,
                       struct error *error)
{
    const int count = ports_count(signature->in, signature->in_count, ROLE_INPUT);
    const int first = ports_first(signature->in, signature->in_count, ROLE_INPUT);
    char names[NAMES_BYTES];

    if (is_count(options->input))
        return error_set(error, REFUSED, "%s: items without an input are not possible yet (give FILE or FILE:/DATASET)",
                         options->input);
    if (count == 0)
        return error_set(error, REFUSED, "%s: the kernel takes no input, which is not possible yet", options->input);
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
    int code = location_parse(options->input, &input, error);

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
