#include "kernel/written.h"

#include <string.h>

#define COMPOUND_DEPTH_MAX 8
#define TYPES_HINT "types are float, double, complex64, complex128, bool, int8 to int64, uint8 to uint64"

static int parse_type(struct scan *scan, int depth, struct written *written);

/* "B-V" of a field whose name in the file is no identifier. */
static int parse_quoted(struct scan *scan)
{
    const char *first, *last;

    if (!scan_take(scan, "\""))
        return scan_expected(scan, "a name in double quotes", "as in bv=\"B-V\": float");
    first = scan->at;
    last = strchr(first, '"');
    if (!last)
        return scan_error(scan, first - 1, "close it with \"", "a quote that is not closed");
    if (last == first)
        return scan_error(scan, first - 1, "name the field in the file", "an empty name");
    scan->at = last + 1;
    return OK;
}

/* [3, 4] behind a field. */
static int parse_field_dims(struct scan *scan)
{
    uint64_t size;

    if (!scan_take(scan, "["))
        return OK;
    do {
        const int code = scan_size(scan, &size);

        if (code)
            return code;
    } while (scan_take(scan, ","));
    return scan_need(scan, "]", "',' or ']'", "dims of a field are numbers");
}

static int parse_field(struct scan *scan, int depth)
{
    struct written written;
    char name[NAME_BYTES];
    int code;

    code = scan_name(scan, "a field's name", name);
    if (!code && scan_take(scan, "="))
        code = parse_quoted(scan);
    if (!code)
        code = scan_need(scan, ":", "':'", "a field is name: type");
    if (!code)
        code = parse_type(scan, depth, &written);
    if (!code && !written.string)
        code = parse_field_dims(scan);
    return code;
}

/* The fields behind '{'. */
static int parse_compound(struct scan *scan, int depth)
{
    if (depth > COMPOUND_DEPTH_MAX)
        return scan_error(scan, scan->at - 1, "make it flatter", "more than %d compounds in one another",
                          COMPOUND_DEPTH_MAX);
    do {
        const int code = parse_field(scan, depth);

        if (code)
            return code;
    } while (scan_take(scan, ","));
    return scan_need(scan, "}", "',' or '}'", "a compound is {name: type, ...}");
}

static int parse_string(struct scan *scan)
{
    uint64_t size;
    int code;

    if (!scan_take(scan, "["))
        return OK;
    code = scan_size(scan, &size);
    return code ? code : scan_need(scan, "]", "']'", "a string is string or string[16]; there are no arrays of them");
}

/* A type at the cursor, without the dims. */
static int parse_type(struct scan *scan, int depth, struct written *written)
{
    char name[NAME_BYTES];
    const char *where;
    int code;

    *written = (struct written){TYPE_NONE, false};
    if (scan_take(scan, "{"))
        return parse_compound(scan, depth + 1);
    if (!scan_at_name(scan))
        return scan_expected(scan, "a type", TYPES_HINT);
    where = scan->at;
    code = scan_name(scan, "a type", name);
    if (code)
        return code;
    written->string = !strcmp(name, "string");
    if (written->string)
        return parse_string(scan);
    written->type = type_of_name(name, strlen(name));
    if (!written->type)
        return scan_error(scan, where, TYPES_HINT, "unknown type '%s'", name);
    return OK;
}

int written_parse(struct scan *scan, struct written *written)
{
    return parse_type(scan, 0, written);
}
