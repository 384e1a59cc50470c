#include "run/identity.h"
#include "element.h"

#include <h5map/kernel.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OBJECT "the kernel's object (by its compiler, a header, or the CPU it is for)"
#define TYPE_TEXT_BYTES 4096
#define SHOWN_MOST 60 /* bytes of a value in a message */

/* The words of --accept by bit. */
static const struct {
    const char *word;
    unsigned bit;
} fields[] = {{"kernel", ACCEPT_KERNEL}, {"flags", ACCEPT_FLAGS}, {"input", ACCEPT_INPUT},
              {"param", ACCEPT_PARAM},   {"items", ACCEPT_ITEMS}, {"options", ACCEPT_OPTIONS}};
#define FIELDS (int)(sizeof fields / sizeof fields[0])

/* ---- making it ---- */

/* A line; what would break it is a space. */
static void add(FILE *text, const char *field, const char *what, const char *value)
{
    fprintf(text, "%s\t%s\t", field, what);
    for (; *value; value++)
        fputc((unsigned char)*value < 0x20 ? ' ' : *value, text);
    fputc('\n', text);
}

static void add_number(FILE *text, const char *field, const char *what, uint64_t value)
{
    char digits[24];

    snprintf(digits, sizeof digits, "%" PRIu64, value);
    add(text, field, what, digits);
}

static void shape_text(const struct bound *bound, char *text, size_t bytes)
{
    size_t used = 0;

    *text = '\0';
    for (int k = 0; k < bound->rank && used < bytes; k++)
        used += (size_t)snprintf(text + used, bytes - used, "%s%" PRIu64, k ? " x " : "", bound->shape[k]);
}

static void add_input(FILE *text, const struct port *port, const struct bound *bound)
{
    char what[NAME_BYTES + 64], value[1024];

    snprintf(what, sizeof what, "the dataset of input %s", port->name);
    add(text, "input", what, bound->dataset);
    if (port->ragged) {
        snprintf(what, sizeof what, "the offsets of input %s", port->name);
        add(text, "input", what, bound->offsets);
    }
    snprintf(what, sizeof what, "the type of input %s", port->name);
    add(text, "input", what, bound->type_name);
    snprintf(what, sizeof what, "the shape of input %s", port->name);
    shape_text(bound, value, sizeof value);
    add(text, "input", what, value);
    snprintf(what, sizeof what, "the size in bytes of input %s's file", port->name);
    add_number(text, "input", what, bound->file_bytes);
    snprintf(what, sizeof what, "the modification time (ns) of input %s's file", port->name);
    add_number(text, "input", what, (uint64_t)bound->mtime_ns);
    snprintf(what, sizeof what, "what the links of input %s lead to", port->name);
    add_number(text, "input", what, bound->others_crc);
}

static void add_inputs(FILE *text, const struct identity_parts *parts)
{
    char what[NAME_BYTES + 16], value[64];

    for (int k = 0; k < parts->signature->in_count; k++) {
        const struct port *port = &parts->signature->in[k];

        if (port->role != ROLE_PARAM) {
            add_input(text, port, &parts->binding->in[k]);
            continue;
        }
        snprintf(what, sizeof what, "parameter %s", port->name);
        scalar_format(parts->param[k], port->type, value, sizeof value);
        add(text, "param", what, value);
    }
}

static void add_results(FILE *text, const struct identity_parts *parts)
{
    char what[NAME_BYTES + 32], type[TYPE_TEXT_BYTES], value[TYPE_TEXT_BYTES + 64];

    for (int k = 0; k < parts->signature->out_count; k++) {
        const struct port *port = &parts->signature->out[k];

        snprintf(what, sizeof what, "result number %d", k + 1);
        add(text, "-", what, port->name);
        snprintf(what, sizeof what, "the type of result %s", port->name);
        element_text(parts->signature->field, port->type, port->element, type, sizeof type);
        snprintf(value, sizeof value, "%" PRIu64 " %s %s", parts->plan->out[k].elements, type,
                 port->ragged ? "a row, any number of rows an item" : "an item");
        add(text, "-", what, value);
        snprintf(what, sizeof what, IDENTITY_RESULT, port->name);
        add(text, "options", what, parts->binding->result[k]);
    }
}

static void add_items(FILE *text, const struct identity_parts *parts)
{
    const struct items_range *items = &parts->options->items;

    add_number(text, "items", IDENTITY_START, parts->plan->start);
    add_number(text, "items", IDENTITY_STEP, parts->plan->step);
    if (items->given && items->stop != UINT64_MAX)
        add_number(text, "items", "the stop of --items", items->stop);
    else
        add(text, "items", "the stop of --items", "the end");
    add_number(text, "-", IDENTITY_INNER, parts->plan->inner);
    if (parts->binding->counted)
        add_number(text, "items", "the number of items", parts->binding->loop_shape[0]);
}

char *identity_text(const struct identity_parts *parts)
{
    const struct options *options = parts->options;
    char *made = NULL;
    size_t bytes;
    FILE *text = open_memstream(&made, &bytes);
    bool bad;

    if (!text)
        return NULL;
    add(text, "kernel", "the kernel's name", parts->kernel);
    add(text, "flags", "what the kernel is compiled with", parts->flags);
    add(text, "kernel", "the kernel", parts->source_hash);
    add(text, "kernel", OBJECT, parts->object_hash);
    add_number(text, "kernel", "the kernel's block", parts->plan->block);
    add_number(text, "kernel", "the kernel's ABI", H5MAP_ABI);
    add_inputs(text, parts);
    add_items(text, parts);
    add_results(text, parts);
    add(text, "options", "--cast", options->cast ? "yes" : "no");
    add(text, "options", "--raw", options->raw ? "yes" : "no");
    add_number(text, "options", "--compress", (uint64_t)options->compress);
    if (options->seed) /* outputs of earlier versions have none */
        add_number(text, "options", "--seed", options->seed);
    bad = ferror(text);
    if (fclose(text) || bad) {
        free(made);
        return NULL;
    }
    return made;
}

/* ---- comparing ---- */

/* One line, as pieces of the text. */
struct line {
    const char *field, *what, *value;
    int field_bytes, what_bytes, value_bytes;
};

/* The line at `text`; returns what follows it, NULL at the end. */
static const char *next_line(const char *text, struct line *line)
{
    const char *end = strchr(text, '\n'), *tab = strchr(text, '\t'), *second = tab ? strchr(tab + 1, '\t') : NULL;

    if (!end || !tab || !second || second > end)
        return NULL;
    *line =
        (struct line){text, tab + 1, second + 1, (int)(tab - text), (int)(second - tab - 1), (int)(end - second - 1)};
    return end + 1;
}

static bool same(const char *one, int one_bytes, const char *other, int other_bytes)
{
    return one_bytes == other_bytes && !memcmp(one, other, (size_t)one_bytes);
}

static bool find_line(const char *text, const struct line *wanted, struct line *found)
{
    while ((text = next_line(text, found)))
        if (same(found->what, found->what_bytes, wanted->what, wanted->what_bytes))
            return true;
    return false;
}

/* The bit of the line's field, 0: can't be accepted. */
static unsigned bit_of(const struct line *line)
{
    for (int k = 0; k < FIELDS; k++)
        if (same(line->field, line->field_bytes, fields[k].word, (int)strlen(fields[k].word)))
            return fields[k].bit;
    return 0;
}

static int shown(const struct line *line)
{
    return line->value_bytes < SHOWN_MOST ? line->value_bytes : SHOWN_MOST;
}

static int refuse(const struct identity_question *question, const struct line *was, const struct line *is,
                  struct error *error)
{
    const struct line *line = was ? was : is;
    const bool hash = line->value_bytes == HASH_BYTES - 1;
    char values[2 * SHOWN_MOST + 32] = "", advice[64] = "";

    if (was && is && !hash)
        snprintf(values, sizeof values, " from \"%.*s\" to \"%.*s\"", shown(was), was->value, shown(is), is->value);
    if (bit_of(line))
        snprintf(advice, sizeof advice, "--accept %.*s to go on, or ", line->field_bytes, line->field);
    return error_set(error, REFUSED, "%s: is %s, but %.*s has changed%s (give %s--overwrite to start afresh)",
                     question->name, question->what, line->what_bytes, line->what, values, advice);
}

/* The lines of texts[0] that are not the same in texts[1]. `forth`: the first is what was. */
static int compare_lines(const char *texts[2], bool forth, const struct identity_question *question, unsigned *changed,
                         struct error *error)
{
    const char *one = texts[0];
    struct line line, found;

    while ((one = next_line(one, &line))) {
        const bool there = find_line(texts[1], &line, &found);

        if (there && same(line.value, line.value_bytes, found.value, found.value_bytes))
            continue;
        if (*changed & ACCEPT_FLAGS && same(line.what, line.what_bytes, OBJECT, (int)strlen(OBJECT)))
            continue; /* other flags make another object */
        *changed |= bit_of(&line);
        if (bit_of(&line) & question->accept)
            continue;
        if (forth)
            return refuse(question, &line, there ? &found : NULL, error);
        return refuse(question, there ? &found : NULL, &line, error);
    }
    return OK;
}

int identity_compare(const char *was, const char *is, const struct identity_question *question, unsigned *changed,
                     struct error *error)
{
    *changed = 0;
    if (compare_lines((const char *[]){was, is}, true, question, changed, error))
        return error->code;
    return compare_lines((const char *[]){is, was}, false, question, changed, error);
}

bool identity_value(const char *text, const char *what, char *value, size_t bytes)
{
    const struct line wanted = {.what = what, .what_bytes = (int)strlen(what)};
    struct line found;

    if (!find_line(text, &wanted, &found))
        return false;
    snprintf(value, bytes, "%.*s", found.value_bytes, found.value);
    return true;
}

bool identity_number(const char *text, const char *what, uint64_t *number)
{
    const struct line wanted = {.what = what, .what_bytes = (int)strlen(what)};
    struct line found;

    if (!find_line(text, &wanted, &found))
        return false;
    *number = strtoull(found.value, NULL, 10);
    return true;
}
