#include "kernel/written.h"

#include "element.h"

#include <string.h>

#define COMPOUND_DEPTH_MAX 8
#define STRING_BYTES_MAX 32768
#define TYPES_HINT \
    "types are float, double, complex64, complex128, bool, int8 to int64, uint8 to uint64, string, {field: type, ...}"

/* A compound in the making. */
struct composing {
    struct scan *scan;
    struct signature *signature;
    enum role role;
    int depth; /* of compounds in one another */
};

static int parse_type(struct composing *c, struct written *written);

/* "B-V" of a field whose name in the file is no identifier. */
static int parse_quoted(struct scan *scan, char stored[NAME_BYTES])
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
    if (last - first >= NAME_BYTES)
        return scan_error(scan, first - 1, "bind a dataset with shorter names", "a name of %zu bytes, more than %d",
                          (size_t)(last - first), NAME_BYTES - 1);
    memcpy(stored, first, (size_t)(last - first));
    stored[last - first] = '\0';
    scan->at = last + 1;
    return OK;
}

/* [3, 4] behind a field. */
static int parse_field_dims(struct scan *scan, struct field *field)
{
    uint64_t size, count = 1;

    field->count = 1;
    if (!scan_take(scan, "["))
        return OK;
    do {
        const char *where;
        int code;

        scan_blanks(scan);
        where = scan->at;
        code = scan_size(scan, &size);
        if (code)
            return code;
        if (field->rank == PORT_DIMS_MAX)
            return scan_error(scan, where, "use fewer", "'%s' has more than %d dims", field->name, PORT_DIMS_MAX);
        if (__builtin_mul_overflow(count, size, &count) || count > ELEMENT_BYTES_MAX)
            return scan_error(scan, where, "make it smaller, or use dims behind the compound",
                              "'%s' is more than %u MiB", field->name, ELEMENT_BYTES_MAX >> 20);
        field->dim[field->rank++] = (uint32_t)size;
    } while (scan_take(scan, ","));
    field->count = (uint32_t)count;
    return scan_need(scan, "]", "',' or ']'", "dims of a field are numbers");
}

static bool is_taken(const struct signature *signature, int first, const struct field *field)
{
    for (int f = first; f >= 0; f = signature->field[f].next)
        if (&signature->field[f] != field &&
            (!strcmp(signature->field[f].name, field->name) || !strcmp(signature->field[f].stored, field->stored)))
            return true;
    return false;
}

static int parse_field_name(struct scan *scan, struct field *field)
{
    int code = scan_name(scan, "a field's name", field->name);

    memcpy(field->stored, field->name, NAME_BYTES);
    if (!code && scan_take(scan, "="))
        code = parse_quoted(scan, field->stored);
    return code ? code : scan_need(scan, ":", "':'", "a field is name: type");
}

/* The next field of the compound whose first is *first, behind *last. */
static int parse_field(struct composing *c, int *first, int *last)
{
    struct signature *signature = c->signature;
    struct written written = {.role = c->role};
    struct field *field = &signature->field[signature->field_count];
    const char *where;
    int code;

    scan_blanks(c->scan);
    where = c->scan->at;
    if (signature->field_count == FIELDS_MAX)
        return scan_error(c->scan, where, "use fewer", "more than %d fields", FIELDS_MAX);
    *field = (struct field){.next = -1};
    if (parse_field_name(c->scan, field))
        return REFUSED;
    if (*first < 0)
        *first = signature->field_count;
    else
        signature->field[*last].next = signature->field_count;
    *last = signature->field_count++;
    if (is_taken(signature, *first, field))
        return scan_error(c->scan, where, "use another name", "a second '%s'", field->name);
    code = parse_type(c, &written);
    field->type = written.type;
    field->element = written.element;
    field->count = 1;
    return code || written.type == TYPE_STRING ? code : parse_field_dims(c->scan, field);
}

/* The fields behind '{'. */
static int parse_compound(struct composing *c, struct written *written)
{
    const char *where = c->scan->at - 1;
    int last = -1, code;

    if (c->depth == COMPOUND_DEPTH_MAX)
        return scan_error(c->scan, where, "make it flatter", "more than %d compounds in one another",
                          COMPOUND_DEPTH_MAX);
    c->depth++;
    written->type = TYPE_COMPOUND;
    written->element.field = -1;
    do {
        code = parse_field(c, &written->element.field, &last);
        if (code)
            return code;
    } while (scan_take(c->scan, ","));
    c->depth--;
    code = scan_need(c->scan, "}", "',' or '}'", "a compound is {name: type, ...}");
    if (!code && !element_lay_out(c->signature->field, &written->element))
        code = scan_error(c->scan, where, "make it smaller, or use dims behind the compound",
                          "a compound of more than %u MiB", ELEMENT_BYTES_MAX >> 20);
    return code;
}

/* What may follow `string`. */
static int parse_string(struct composing *c, const char *where, struct written *written)
{
    const bool result = c->role == ROLE_RESULT;
    struct scan *scan = c->scan;
    uint64_t size = 0;

    if (scan_take(scan, "[") &&
        (scan_size(scan, &size) ||
         scan_need(scan, "]", "']'", "a string is string or string[16]; there are no arrays of them")))
        return REFUSED;
    if (size > STRING_BYTES_MAX)
        return scan_error(scan, where, "use a shorter one", "a string of more than %d bytes", STRING_BYTES_MAX);
    if (result && size == 0)
        return scan_error(scan, where, "write string[16], with the bytes that it may take",
                          "a string in a result without a length");
    if (c->role == ROLE_INPUT && size)
        return scan_error(scan, where, "write string: it is a const char *, as long as it is",
                          "a string in an input with a length");
    written->type = TYPE_STRING;
    written->element = element_of(TYPE_STRING, (uint32_t)size);
    return OK;
}

/* A type at the cursor, without the dims. */
static int parse_type(struct composing *c, struct written *written)
{
    char name[NAME_BYTES];
    const char *where;
    int code;

    if (scan_take(c->scan, "{"))
        return parse_compound(c, written);
    if (!scan_at_name(c->scan))
        return scan_expected(c->scan, "a type", TYPES_HINT);
    where = c->scan->at;
    code = scan_name(c->scan, "a type", name);
    if (code)
        return code;
    if (!strcmp(name, "string"))
        return parse_string(c, where, written);
    written->type = type_of_name(name, strlen(name));
    if (!written->type)
        return scan_error(c->scan, where, TYPES_HINT, "unknown type '%s'", name);
    written->element = element_of(written->type, 0);
    return OK;
}

int written_parse(struct scan *scan, struct signature *signature, struct written *written)
{
    struct composing composing = {.scan = scan, .signature = signature, .role = written->role};

    written->type = TYPE_NONE;
    written->element = (struct element){0};
    return parse_type(&composing, written);
}
