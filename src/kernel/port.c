#include "kernel/port.h"

#include "element.h"
#include "kernel/written.h"

#include <stdio.h>
#include <string.h>

#define LITERAL_BYTES 128
#define RESULT_BYTES_MAX 32768 /* of an element: HDF5 keeps a fill value of less than 64 KiB */

void port_later(struct parser *parser, const struct port *port, const char *kind, const char *hint)
{
    if (parser->later)
        return;
    parser->later = kind;
    parser->later_hint = hint;
    parser->later_role = port->role;
    memcpy(parser->later_name, port->name, NAME_BYTES);
}

/* The number of a named dim, which is new where it was not seen before. */
static int name_dim(struct parser *parser, const char *where, const char name[NAME_BYTES], int *number)
{
    struct signature *signature = parser->signature;

    for (*number = 0; *number < signature->dim_count; ++*number)
        if (!strcmp(signature->dim_name[*number], name))
            return OK;
    if (signature->dim_count == DIM_NAMES_MAX)
        return scan_error(&parser->scan, where, "use numbers for some", "more than %d named dims", DIM_NAMES_MAX);
    memcpy(signature->dim_name[*number], name, NAME_BYTES);
    parser->dim_at[*number] = where;
    signature->dim_count++;
    return OK;
}

static int parse_dim_name(struct parser *parser, enum role role, struct dim *dim)
{
    char name[NAME_BYTES];
    const char *where;
    int code;

    if (!scan_at_name(&parser->scan))
        return scan_expected(&parser->scan, "a dim", "dims are numbers and names");
    where = parser->scan.at;
    code = scan_name(&parser->scan, "a dim", name);
    if (!code)
        code = name_dim(parser, where, name, &dim->name);
    if (!code && (role == ROLE_INPUT || role == ROLE_SHARED))
        parser->dim_in[dim->name] = true;
    return code;
}

/* What follows '*'. */
static int parse_ragged(struct parser *parser, struct port *port, struct dim *dim)
{
    const char *where = parser->scan.at - 1;

    if (port->rank > 0)
        return scan_error(&parser->scan, where, "put it first", "a ragged dim behind another");
    if (port->role == ROLE_SHARED)
        return scan_error(&parser->scan, where, "drop the '*'", "shared '%s' has a ragged dim", port->name);
    if (port->role == ROLE_PARAM)
        return scan_error(&parser->scan, where, "drop the '*'", "parameter '%s' has a ragged dim", port->name);
    port->ragged = true;
    if (port->role == ROLE_RESULT) {
        char name[NAME_BYTES]; /* for people */

        dim->size = 1;
        return scan_at_name(&parser->scan) ? scan_name(&parser->scan, "a dim", name) : OK;
    }
    return parse_dim_name(parser, port->role, dim);
}

static int parse_dim(struct parser *parser, struct port *port)
{
    struct dim dim = {-1, 0};
    int code;

    scan_blanks(&parser->scan);
    if (port->rank == PORT_DIMS_MAX)
        return scan_error(&parser->scan, parser->scan.at, "use fewer", "'%s' has more than %d dims", port->name,
                          PORT_DIMS_MAX);
    if (scan_take(&parser->scan, "*"))
        code = parse_ragged(parser, port, &dim);
    else if (scan_at_number(&parser->scan))
        code = scan_size(&parser->scan, &dim.size);
    else
        code = parse_dim_name(parser, port->role, &dim);
    port->dim[port->rank++] = dim;
    return code;
}

static int parse_dims(struct parser *parser, struct port *port)
{
    if (!scan_take(&parser->scan, "["))
        return OK;
    do {
        const int code = parse_dim(parser, port);

        if (code)
            return code;
    } while (scan_take(&parser->scan, ","));
    return scan_need(&parser->scan, "]", "',' or ']'", "dims are numbers and names");
}

/* The literal behind '=': up to a blank, a comma or the arrow. */
static int parse_default(struct parser *parser, struct port *port)
{
    struct scan *scan = &parser->scan;
    char literal[LITERAL_BYTES], name[2 * NAME_BYTES + 512];
    size_t length;

    scan_blanks(scan);
    length = strcspn(scan->at, ", \t\n\v\f\r");
    for (size_t k = 0; k < length; k++)
        if (!strncmp(scan->at + k, "->", 2))
            length = k;
    if (length == 0)
        return scan_expected(scan, "a value", "as in param eps: double = 1e-9");
    if (length >= sizeof literal)
        return scan_error(scan, scan->at, "use a shorter one", "a value of %zu characters", length);
    memcpy(literal, scan->at, length);
    literal[length] = '\0';
    snprintf(name, sizeof name, "%.400s: default of parameter '%s' at column %zu", scan->kernel, port->name,
             scan_column(scan, scan->at));
    scan->at += length;
    port->has_default = true;
    return scalar_parse(literal, port->type, name, &port->value, scan->error);
}

static int check_param(struct parser *parser, const struct port *port, const char *type_at)
{
    if (port->type >= TYPE_COUNT)
        return scan_error(&parser->scan, type_at, "use a number or bool", "parameter '%s' is not a number or bool",
                          port->name);
    if (port->rank)
        return scan_error(&parser->scan, type_at, "drop its dims", "parameter '%s' is not a single value", port->name);
    return OK;
}

static int check_name(struct parser *parser, const char *name, const char *where)
{
    const struct signature *signature = parser->signature;
    bool taken = false;

    for (int k = 0; k < signature->in_count; k++)
        taken |= !strcmp(signature->in[k].name, name);
    for (int k = 0; k < signature->out_count; k++)
        taken |= !strcmp(signature->out[k].name, name);
    return taken ? scan_error(&parser->scan, where, "use another name", "a second '%s'", name) : OK;
}

static int parse_port_name(struct parser *parser, struct port *port)
{
    static const char *const what[] = {"an input's name", "a parameter's name", "a result's name",
                                       "a shared table's name"};
    const char *where;
    int code;

    scan_blanks(&parser->scan);
    where = parser->scan.at;
    code = scan_name(&parser->scan, what[port->role], port->name);
    return code ? code : check_name(parser, port->name, where);
}

int port_parse(struct parser *parser, enum role role, struct port *port)
{
    struct scan *scan = &parser->scan;
    struct written written = {.role = role};
    const char *type_at = NULL;
    int code;

    *port = (struct port){.role = role};
    code = parse_port_name(parser, port);
    if (!code)
        code = scan_need(scan, ":", "':'", "write name: type");
    if (!code) {
        scan_blanks(scan);
        type_at = scan->at;
        code = written_parse(scan, parser->signature, &written);
    }
    port->type = written.type;
    port->element = written.element;
    if (!code && role == ROLE_SHARED && element_has_text(parser->signature->field, port->type, port->element))
        port_later(parser, port, "string", "use numbers, or leave its strings out");
    if (!code && role == ROLE_RESULT && port->element.bytes > RESULT_BYTES_MAX)
        code = scan_error(scan, type_at, "make it smaller, or use dims behind the compound",
                          "an element of result '%s' takes %u bytes, more than %d", port->name,
                          (unsigned)port->element.bytes, RESULT_BYTES_MAX);
    if (!code && port->type != TYPE_STRING)
        code = parse_dims(parser, port);
    if (!code && port->ragged && port->type >= TYPE_COUNT && role == ROLE_RESULT)
        port_later(parser, port, "ragged", "give its dim one size");
    if (!code && port->ragged && element_has_text(parser->signature->field, port->type, port->element))
        port_later(parser, port, "ragged", "leave its strings out");
    if (!code && role == ROLE_PARAM)
        code = check_param(parser, port, type_at);
    if (code || !scan_take(scan, "="))
        return code;
    if (role != ROLE_PARAM)
        return scan_error(scan, scan->at - 1, "write param before its name", "a value for '%s', which is no parameter",
                          port->name);
    return parse_default(parser, port);
}
