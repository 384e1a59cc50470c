#include "kernel/signature.h"
#include "kernel/port.h"

#include <string.h>

static int parse_input(struct parser *parser)
{
    struct signature *signature = parser->signature;
    struct port *port = &signature->in[signature->in_count];
    enum role role = ROLE_INPUT;
    int code;

    if (scan_take_keyword(&parser->scan, "shared"))
        role = ROLE_SHARED;
    else if (scan_take_keyword(&parser->scan, "param"))
        role = ROLE_PARAM;
    scan_blanks(&parser->scan);
    if (signature->in_count == PORTS_MAX)
        return scan_error(&parser->scan, parser->scan.at, "use fewer", "more than %d inputs and parameters", PORTS_MAX);
    code = port_parse(parser, role, port);
    if (code)
        return code;
    signature->in_count++;
    return OK;
}

static int parse_inputs(struct parser *parser)
{
    if (scan_take(&parser->scan, "->"))
        return OK;
    do {
        const int code = parse_input(parser);

        if (code)
            return code;
    } while (scan_take(&parser->scan, ","));
    if (!scan_take(&parser->scan, "->"))
        return scan_expected(&parser->scan, "',' or '->'", "a signature is inputs -> results");
    return OK;
}

static int parse_results(struct parser *parser)
{
    struct signature *signature = parser->signature;

    do {
        int code = OK;

        scan_blanks(&parser->scan);
        if (signature->out_count == PORTS_MAX)
            return scan_error(&parser->scan, parser->scan.at, "use fewer", "more than %d results", PORTS_MAX);
        code = port_parse(parser, ROLE_RESULT, &signature->out[signature->out_count]);
        if (code)
            return code;
        signature->out_count++;
    } while (scan_take(&parser->scan, ","));
    scan_blanks(&parser->scan);
    if (*parser->scan.at)
        return scan_expected(&parser->scan, "',' or the end", "a signature is inputs -> results");
    return OK;
}

static int param_of_name(const struct signature *signature, const char *name)
{
    for (int k = 0; k < signature->in_count; k++)
        if (signature->in[k].role == ROLE_PARAM && !strcmp(signature->in[k].name, name))
            return k;
    return -1;
}

/* A ragged dim is each item's own: it can be the first of inputs, and nothing else. */
static int check_ragged(struct parser *parser)
{
    struct signature *signature = parser->signature;

    for (int k = 0; k < signature->in_count; k++)
        if (signature->in[k].ragged)
            signature->dim_ragged[signature->in[k].dim[0].name] = true;
    for (int k = 0; k < signature->in_count + signature->out_count; k++) {
        const bool in = k < signature->in_count;
        const struct port *port = in ? &signature->in[k] : &signature->out[k - signature->in_count];

        for (int d = port->ragged; d < port->rank; d++) {
            const int name = port->dim[d].name;

            if (name >= 0 && signature->dim_ragged[name])
                return scan_error(&parser->scan, parser->dim_at[name], "use another name, or a number",
                                  "ragged dim '%s' is also a dim of '%s', where it has one size",
                                  signature->dim_name[name], port->name);
        }
    }
    for (int d = 0; d < signature->dim_count; d++)
        if (signature->dim_ragged[d] && signature->dim_param[d] >= 0)
            return scan_error(&parser->scan, parser->dim_at[d], "use another name",
                              "ragged dim '%s' is also a parameter", signature->dim_name[d]);
    return OK;
}

/* Every dim has its size from an input or from an integer parameter. */
static int bind_dims(struct parser *parser)
{
    struct signature *signature = parser->signature;

    for (int d = 0; d < signature->dim_count; d++) {
        const char *name = signature->dim_name[d];
        const int param = param_of_name(signature, name);

        signature->dim_param[d] = param;
        if (param >= 0 && !type_is_integer(signature->in[param].type))
            return scan_error(&parser->scan, parser->dim_at[d], "use an integer type",
                              "dim '%s' is a parameter of type %s", name, type_name(signature->in[param].type));
        if (param < 0 && !parser->dim_in[d])
            return scan_error(&parser->scan, parser->dim_at[d], "give it a number, or make it an integer parameter",
                              "dim '%s' is in no input and no parameter", name);
    }
    return OK;
}

/* What is correct but can't be mapped yet. */
static int check_mappable(const struct parser *parser)
{
    static const char *const roles[] = {"input", "parameter", "result", "shared table"};
    const struct scan *scan = &parser->scan;

    if (parser->later)
        return error_set(scan->error, REFUSED,
                         "%s: the signature has a %s %s '%s', which this version can't map yet (%s)", scan->kernel,
                         parser->later, roles[parser->later_role], parser->later_name, parser->later_hint);
    return OK;
}

int signature_parse(const char *text, const char *kernel, struct signature *signature, struct error *error)
{
    struct parser parser = {.scan = {kernel, text, text, error}, .signature = signature};
    int code;

    memset(signature, 0, sizeof *signature);
    if (!text)
        return error_set(error, REFUSED,
                         "%s: the kernel has no signature (give it .signature = \"x: double -> y: double\")", kernel);
    code = parse_inputs(&parser);
    if (!code)
        code = parse_results(&parser);
    if (!code)
        code = bind_dims(&parser);
    if (!code)
        code = check_ragged(&parser);
    if (!code)
        code = check_mappable(&parser);
    return code;
}
