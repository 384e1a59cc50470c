#include "data/result_names.h"

#include "data/location.h"
#include "data/ports.h"
#include "data/result.h"

#include <stdio.h>
#include <string.h>

#define NAMES_BYTES 512
#define OWN_GROUP "/h5map"

/* Is `path` the group or dataset `above`, or below it? */
static bool is_within(const char *path, const char *above)
{
    const size_t length = strlen(above);

    return !strncmp(path, above, length) && (path[length] == '\0' || path[length] == '/');
}

/* "/a/b": absolute, no empty component, none that is "." or "..". */
static bool is_path(const char *path)
{
    if (*path != '/')
        return false;
    while (*path == '/') {
        const size_t length = strcspn(++path, "/");

        if (length == 0 || (length <= 2 && !strncmp(path, "..", length)))
            return false;
        path += length;
    }
    return true;
}

static int set_result(const struct port *port, const char *path, char result[PATH_BYTES], struct error *error)
{
    if (!is_path(path))
        return error_set(error, REFUSED, "%s: the result can't be stored as '%.200s' (give -o %s=/DATASET)", port->name,
                         path, port->name);
    if (strlen(path) >= PATH_BYTES)
        return error_set(error, REFUSED, "%s: the name of the result is longer than %d bytes", port->name,
                         PATH_BYTES - 1);
    if (is_within(path, OWN_GROUP))
        return error_set(error, REFUSED,
                         "%s: the result can't be stored as %s, " OWN_GROUP
                         " keeps the record of the run (give -o %s=/DATASET)",
                         port->name, path, port->name);
    memcpy(result, path, strlen(path) + 1);
    return OK;
}

static int name_given(const struct options *options, const struct signature *signature, int which,
                      struct binding *binding, struct error *error)
{
    const struct assignment *given = &options->outputs.of[which];
    const int k = ports_find(signature->out, signature->out_count, given->name);
    char names[NAMES_BYTES];

    if (k < 0)
        return error_set(error, REFUSED, "-o %s=%s: the kernel has no result %s (there are %s)", given->name,
                         given->value, given->name,
                         ports_names(signature->out, signature->out_count, ROLE_RESULT, names, sizeof names));
    if (*binding->result[k])
        return error_set(error, REFUSED, "-o %s=%s: %s is named already, %s (give one of the two)", given->name,
                         given->value, given->name, binding->result[k]);
    return set_result(&signature->out[k], given->value, binding->result[k], error);
}

/* OUTPUT FILE:/DATASET */
static int name_by_output(const struct options *options, const struct signature *signature, struct binding *binding,
                          struct error *error)
{
    char names[NAMES_BYTES];
    struct location at;
    const int code = location_parse(options->output, &at, error);

    if (code || !*at.dataset)
        return code;
    if (signature->out_count != 1)
        return error_set(error, REFUSED, "%s: the kernel has %d results, %s (give %s and -o NAME=/DATASET)",
                         options->output, signature->out_count,
                         ports_names(signature->out, signature->out_count, ROLE_RESULT, names, sizeof names), at.file);
    return set_result(&signature->out[0], at.dataset, binding->result[0], error);
}

/* A ragged result has a second dataset. */
static int check_offsets(const struct signature *signature, const struct binding *binding, struct error *error)
{
    char offsets[PATH_BYTES + sizeof RESULT_OFFSETS];

    for (int k = 0; k < signature->out_count; k++)
        for (int other = 0; other < signature->out_count && signature->out[k].ragged; other++) {
            snprintf(offsets, sizeof offsets, "%s" RESULT_OFFSETS, binding->result[k]);
            if (is_within(binding->result[other], offsets) || is_within(offsets, binding->result[other]))
                return error_set(error, REFUSED,
                                 "%s: its offsets go to %.200s, and the result %s to %.200s (give another with -o)",
                                 signature->out[k].name, offsets, signature->out[other].name, binding->result[other]);
        }
    return OK;
}

static int check_apart(const struct signature *signature, const struct binding *binding, struct error *error)
{
    for (int k = 0; k < signature->out_count; k++)
        for (int other = 0; other < signature->out_count; other++)
            if (other != k && is_within(binding->result[k], binding->result[other]))
                return error_set(error, REFUSED, "%s: %s is %s the dataset of the result %s, %s (give another with -o)",
                                 signature->out[k].name, binding->result[k],
                                 strcmp(binding->result[k], binding->result[other]) ? "below" : "also",
                                 signature->out[other].name, binding->result[other]);
    return check_offsets(signature, binding, error);
}

int result_names_bind(const struct options *options, const struct signature *signature, struct binding *binding,
                      struct error *error)
{
    char path[NAME_BYTES + 1];
    int code = name_by_output(options, signature, binding, error);

    for (int k = 0; k < options->outputs.count && !code; k++)
        code = name_given(options, signature, k, binding, error);
    for (int k = 0; k < signature->out_count && !code; k++) {
        if (*binding->result[k])
            continue;
        snprintf(path, sizeof path, "/%s", signature->out[k].name);
        code = set_result(&signature->out[k], path, binding->result[k], error);
    }
    return code ? code : check_apart(signature, binding, error);
}
