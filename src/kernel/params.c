/* The values of a signature's parameters, and its parts as text. */
#include "kernel/signature.h"

#include "element.h"
#include "line.h"

#include <stdio.h>
#include <string.h>

#define NAMES_BYTES 512
#define TYPE_TEXT_BYTES 4096

/* "(parameters are eps, n)" */
static void candidates(const struct signature *signature, char text[NAMES_BYTES])
{
    struct line line = {text, NAMES_BYTES, 0};
    int count = 0;

    for (int k = 0; k < signature->in_count; k++)
        if (signature->in[k].role == ROLE_PARAM)
            line_add(&line, "%s%s", count++ ? ", " : "parameters are ", signature->in[k].name);
    if (count == 0)
        line_add(&line, "drop it: the kernel has no parameters");
}

static int find_param(const struct signature *signature, const char *name, struct error *error)
{
    char text[NAMES_BYTES];

    for (int k = 0; k < signature->in_count; k++)
        if (signature->in[k].role == ROLE_PARAM && !strcmp(signature->in[k].name, name))
            return k;
    candidates(signature, text);
    error_set(error, REFUSED, "-p %s: no such parameter (%s)", name, text);
    return -1;
}

/* Is it the number of a dim? Then it is a size. */
static int check_size(const struct signature *signature, int param, struct scalar value, struct error *error)
{
    const struct port *port = &signature->in[param];
    char text[64];
    size_t size = 0;

    for (int d = 0; d < signature->dim_count; d++) {
        if (signature->dim_param[d] != param ||
            (scalar_size(value, port->type, &size) && size > 0 && size <= INT64_MAX))
            continue;
        scalar_format(value, port->type, text, sizeof text);
        return error_set(error, REFUSED,
                         "parameter %s: %s can't be a dim's size (give -p %s=VALUE, from 1 to 2^63 - 1)", port->name,
                         text, port->name);
    }
    return OK;
}

int signature_params(const struct signature *signature, const struct assignments *given, struct scalar value[PORTS_MAX],
                     struct error *error)
{
    bool known[PORTS_MAX];
    char name[NAME_BYTES + 8];
    int code = OK;

    for (int k = 0; k < signature->in_count; k++) {
        known[k] = signature->in[k].role != ROLE_PARAM || signature->in[k].has_default;
        value[k] = signature->in[k].value;
    }
    for (int g = 0; g < given->count && !code; g++) {
        const int k = find_param(signature, given->of[g].name, error);

        if (k < 0)
            return REFUSED;
        snprintf(name, sizeof name, "-p %s", given->of[g].name);
        code = scalar_parse(given->of[g].value, signature->in[k].type, name, &value[k], error);
        known[k] = true;
    }
    for (int k = 0; k < signature->in_count && !code; k++) {
        const struct port *port = &signature->in[k];

        if (!known[k])
            code = error_set(error, REFUSED, "parameter %s: no value (give -p %s=VALUE, of type %s)", port->name,
                             port->name, type_name(port->type));
        else
            code = check_size(signature, k, value[k], error);
    }
    return code;
}

int signature_port_text(const struct signature *signature, const struct port *port, char *text, size_t text_bytes)
{
    const char *keyword = port->role == ROLE_PARAM ? "param " : port->role == ROLE_SHARED ? "shared " : "";
    struct line line = {text, text_bytes, 0};
    char value[96], type[TYPE_TEXT_BYTES];

    element_text(signature->field, port->type, port->element, type, sizeof type);
    line_add(&line, "%s%s: %s", keyword, port->name, type);
    for (int d = 0; d < port->rank; d++) {
        line_add(&line, d ? ", " : "[");
        if (d == 0 && port->ragged)
            line_add(&line, "*");
        if (d == 0 && port->ragged && port->role == ROLE_RESULT)
            continue;
        if (port->dim[d].name < 0)
            line_add(&line, "%llu", (unsigned long long)port->dim[d].size);
        else
            line_add(&line, "%s", signature->dim_name[port->dim[d].name]);
    }
    if (port->rank)
        line_add(&line, "]");
    if (port->has_default) {
        scalar_format(port->value, port->type, value, sizeof value);
        line_add(&line, " = %s", value);
    }
    return line.size;
}
