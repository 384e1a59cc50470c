#include "kernel/template_parts.h"

#include <stdlib.h>
#include <string.h>

static bool is_among(const char *name, const char *const *words, size_t count)
{
    for (size_t k = 0; k < count; k++)
        if (!strcmp(words[k], name))
            return true;
    return false;
}

static bool ends_with(const char *name, const char *end)
{
    const size_t length = strlen(name), end_length = strlen(end);

    return length >= end_length && !strcmp(name + length - end_length, end);
}

/* Words of C, and macros of its headers. */
static bool is_word_of_c(const char *name)
{
    static const char *const words[] = {
        "asm",    "auto",     "bool",   "break",    "case",     "char",     "const",    "continue", "default",
        "do",     "double",   "else",   "enum",     "extern",   "false",    "float",    "for",      "goto",
        "if",     "inline",   "int",    "long",     "register", "restrict", "return",   "short",    "signed",
        "sizeof", "static",   "struct", "switch",   "true",     "typedef",  "typeof",   "union",    "unsigned",
        "void",   "volatile", "while",  "complex",  "I",        "unix",     "linux",    "NAN",      "INFINITY",
        "NULL",   "MAXFLOAT", "errno",  "HUGE_VAL", "HUGE",     "OVERFLOW", "UNDERFLOW"};

    return is_among(name, words, sizeof words / sizeof *words) || strstr(name, "__") || ends_with(name, "_MAX") ||
           ends_with(name, "_MIN") || !strncmp(name, "M_", 2) || !strncmp(name, "FP_", 3);
}

/* Words that have another meaning in the kernel. */
static bool is_reserved(const char *name)
{
    static const char *const words[] = {"item", "total", "sum", "param", "shared", "creal", "strlen", "size_t"};
    const bool integer = (!strncmp(name, "int", 3) || !strncmp(name, "uint", 4)) && ends_with(name, "_t");

    return is_word_of_c(name) || is_among(name, words, sizeof words / sizeof *words) || integer ||
           !strncmp(name, "h5map_", 6) || !strncmp(name, "H5MAP_", 6) ||
           (name[0] == 'k' && strspn(name + 1, "0123456789") == strlen(name + 1));
}

static bool is_taken(const struct template *template, int count, const char *name)
{
    for (int k = 0; k < count; k++)
        if (!strcmp(template->name[k], name))
            return true;
    return is_reserved(name);
}

/* Another name, longer by a letter; what can't be, `spare` and a number. */
static void rename_it(char name[NAME_BYTES], char spare, int number)
{
    const size_t length = strlen(name);

    if (strstr(name, "__") || length + 3 > NAME_BYTES)
        snprintf(name, NAME_BYTES, "%c%d", spare, number);
    else
        strcat(name, length && name[length - 1] == '_' ? "x" : "_");
}

/* ---- inputs and fields ---- */

static void name_inputs(struct template *template)
{
    const struct survey *survey = template->survey;

    for (int k = 0; k < survey->count; k++) {
        char *name = template->name[k];

        snprintf(name, NAME_BYTES, "%s", survey->of[k].name);
        template->bound[k] = survey->of[k].named;
        while (is_taken(template, k, name)) {
            rename_it(name, 'x', k);
            template->bound[k] = true;
        }
    }
}

/* Does a field before it, in the compound, have its name? */
static bool is_second(const struct field *pool, int first, int field)
{
    for (int f = first; f != field; f = pool[f].next)
        if (!strcmp(pool[f].name, pool[field].name))
            return true;
    return false;
}

static void name_fields(struct field *pool, int first)
{
    for (int f = first; f >= 0; f = pool[f].next) {
        while (is_word_of_c(pool[f].name) || is_second(pool, first, f))
            rename_it(pool[f].name, 'f', f);
        if (pool[f].type == TYPE_COMPOUND)
            name_fields(pool, pool[f].element.field);
    }
}

/* ---- dims ---- */

/* "n", "m", ..., then "n1", ...: the next that is no input's name. */
static void name_dim(struct template *template, int number)
{
    static const char letters[] = "nmlpqrstuvwxyz";
    const int count = (int)strlen(letters);
    char *name = template->dims.name[number];

    for (int k = 0;; k++) {
        bool taken = false;

        if (k < count)
            snprintf(name, NAME_BYTES, "%c", letters[k]);
        else
            snprintf(name, NAME_BYTES, "n%d", k - count + 1);
        for (int d = 0; d < number; d++)
            taken = taken || !strcmp(template->dims.name[d], name);
        if (!taken && !is_taken(template, template->survey->count, name))
            return;
    }
}

static bool same_offsets(const struct bound *one, const struct bound *other)
{
    if (one == other)
        return one;
    return one && other && !one->vlen && !other->vlen && !strcmp(one->file, other->file) &&
           !strcmp(one->offsets, other->offsets);
}

/* The dim of this size or, where `ragged` is given, of its offsets; -1: there is no room for it. */
static int find_dim(struct template *template, uint64_t size, const struct bound *ragged)
{
    struct dims *dims = &template->dims;

    for (int d = 0; d < dims->count; d++)
        if (ragged ? same_offsets(dims->ragged[d], ragged) : !dims->ragged[d] && dims->size[d] == size)
            return d;
    if (dims->count == DIM_NAMES_MAX)
        return -1;
    dims->size[dims->count] = size;
    dims->ragged[dims->count] = ragged;
    name_dim(template, dims->count);
    return dims->count++;
}

/* Axes that are the item's: all but the first, at most the last PORT_DIMS_MAX; none of strings, all of tables. */
static int first_dim(const struct specimen *specimen)
{
    const int most = specimen->bound.rank - PORT_DIMS_MAX;

    if (specimen->type == TYPE_STRING)
        return specimen->bound.rank;
    if (specimen->shared)
        return 0;
    return most > 1 ? most : 1;
}

int template_dims(struct template *template, int input, int dim[PORT_DIMS_MAX])
{
    const struct specimen *specimen = &template->survey->of[input];
    int count = 0;

    if (specimen->bound.offsets[0] || (specimen->bound.vlen && specimen->type != TYPE_STRING))
        dim[count++] = find_dim(template, 0, &specimen->bound);
    for (int d = first_dim(specimen); d < specimen->bound.rank; d++)
        dim[count++] = find_dim(template, specimen->bound.shape[d], NULL);
    return count;
}

int template_name(struct template *template, struct error *error)
{
    const struct survey *survey = template->survey;

    memcpy(template->field, survey->field, sizeof template->field);
    name_inputs(template);
    for (int k = 0; k < survey->count; k++) {
        int dim[PORT_DIMS_MAX];
        const int count = template_dims(template, k, dim);

        if (survey->of[k].type == TYPE_COMPOUND)
            name_fields(template->field, survey->of[k].element.field);
        for (int d = 0; d < count; d++)
            if (dim[d] < 0)
                return error_set(error, REFUSED, "template: more than %d different sizes of dims (choose with -i)",
                                 DIM_NAMES_MAX);
    }
    return OK;
}
