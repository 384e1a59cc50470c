#include "kernel/template.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TYPE_BYTES 24

/* Named dims, one for each size. */
struct dims {
    int count;
    uint64_t size[DIM_NAMES_MAX];
    char name[DIM_NAMES_MAX][NAME_BYTES];
};

/* What is made of a survey. */
struct template
{
    const struct survey *survey;
    const char *input;
    char name[PORTS_MAX][NAME_BYTES]; /* of the inputs */
    bool bound[PORTS_MAX];            /* by -i */
    struct dims dims;
};

/* Names that mean something else in the kernel. */
static bool is_reserved(const char *name)
{
    static const char *const words[] = {
        "asm",    "auto",     "bool",   "break",  "case",     "char",     "const",   "continue", "default",
        "do",     "double",   "else",   "enum",   "extern",   "false",    "float",   "for",      "goto",
        "if",     "inline",   "int",    "long",   "register", "restrict", "return",  "short",    "signed",
        "sizeof", "static",   "struct", "switch", "true",     "typedef",  "typeof",  "union",    "unsigned",
        "void",   "volatile", "while",  "item",   "total",    "sum",      "k",       "complex",  "I",
        "param",  "shared",   "creal",  "unix",   "linux",    "NAN",      "INFINITY"};

    for (size_t k = 0; k < sizeof words / sizeof *words; k++)
        if (!strcmp(words[k], name))
            return true;
    return false;
}

static bool is_taken(const struct template *template, int count, const char *name)
{
    for (int k = 0; k < count; k++)
        if (!strcmp(template->name[k], name))
            return true;
    return is_reserved(name) || !strncmp(name, "h5map_", 6) || !strncmp(name, "H5MAP_", 6) || strstr(name, "__");
}

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

static int find_dim(struct template *template, uint64_t size)
{
    struct dims *dims = &template->dims;

    for (int d = 0; d < dims->count; d++)
        if (dims->size[d] == size)
            return d;
    if (dims->count == DIM_NAMES_MAX)
        return -1;
    dims->size[dims->count] = size;
    name_dim(template, dims->count);
    return dims->count++;
}

/* Axes that are the item's: all but the first, at most the last PORT_DIMS_MAX. */
static int first_dim(const struct specimen *specimen)
{
    const int most = specimen->bound.rank - PORT_DIMS_MAX;

    return most > 1 ? most : 1;
}

/* Names that C takes; in order of first appearance, the dims. */
static int prepare(struct template *template, struct error *error)
{
    const struct survey *survey = template->survey;

    for (int k = 0; k < survey->count; k++) {
        char *name = template->name[k];

        snprintf(name, NAME_BYTES, "%s", survey->of[k].name);
        template->bound[k] = survey->of[k].named;
        while (is_taken(template, k, name)) {
            if (strstr(name, "__") || strlen(name) + 3 > NAME_BYTES)
                snprintf(name, NAME_BYTES, "x%d", k);
            else
                strcat(name, name[strlen(name) - 1] == '_' ? "x" : "_");
            template->bound[k] = true;
        }
    }
    for (int k = 0; k < survey->count; k++)
        for (int d = first_dim(&survey->of[k]); d < survey->of[k].bound.rank; d++)
            if (find_dim(template, survey->of[k].bound.shape[d]) < 0)
                return error_set(error, REFUSED, "template: more than %d different sizes of dims (choose with -i)",
                                 DIM_NAMES_MAX);
    return OK;
}

static const char *c_type(enum type type, char text[TYPE_BYTES])
{
    if (type_is_integer(type))
        snprintf(text, TYPE_BYTES, "%s_t", type_name(type));
    else if (type_is_complex(type))
        snprintf(text, TYPE_BYTES, "%s complex", type == TYPE_COMPLEX64 ? "float" : "double");
    else
        snprintf(text, TYPE_BYTES, "%s", type_name(type));
    return text;
}

/* The item's dims of an input, `between` them. */
static void put_dims(FILE *text, struct template *template, int input, const char *between)
{
    const struct specimen *specimen = &template->survey->of[input];
    const int first = first_dim(specimen);

    for (int d = first; d < specimen->bound.rank; d++)
        fprintf(text, "%s%s", d > first ? between : "",
                template->dims.name[find_dim(template, specimen->bound.shape[d])]);
}

/* "pos: double[n, m]" */
static void put_port(FILE *text, struct template *template, int input)
{
    const struct specimen *specimen = &template->survey->of[input];
    const bool dims = specimen->bound.rank > first_dim(specimen);

    fprintf(text, "%s: %s%s", template->name[input], type_name(specimen->type), dims ? "[" : "");
    put_dims(text, template, input, ", ");
    fputs(dims ? "]" : "", text);
}

/* Within a comment, which it must not end. */
static void put_text(FILE *text, const char *line)
{
    for (const char *c = line; *c; c++) {
        const bool mark = (*c == '/' && c > line && c[-1] == '*') || (*c == '*' && c[1] == '/');

        fputc(mark || (unsigned char)*c < 0x20 ? '?' : *c, text);
    }
}

/* A word for the shell, within a comment. */
static void put_word(FILE *text, const char *word)
{
    static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=.,:/@%";

    if (*word && !word[strspn(word, safe)]) {
        put_text(text, word);
        return;
    }
    fputc('\'', text);
    while (*word) {
        const size_t length = strcspn(word, "'");
        char part[PATH_BYTES];

        snprintf(part, sizeof part, "%.*s", (int)length, word);
        put_text(text, part);
        fputs(word[length] ? "'\\''" : "", text);
        word += length + (word[length] != 0);
    }
    fputc('\'', text);
}

static void put_command(FILE *text, const struct template *template)
{
    const struct survey *survey = template->survey;
    char binding[NAME_BYTES + 2 * PATH_BYTES];

    fputs(" *   h5map run total.c ", text);
    put_word(text, template->input);
    fputs(" OUTPUT.h5", text);
    for (int k = 0; k < survey->count; k++) {
        const struct bound *bound = &survey->of[k].bound;
        const bool other = strncmp(template->input, bound->file, strlen(bound->file)) != 0;

        if (!template->bound[k] || strstr(template->input, ":/"))
            continue;
        snprintf(binding, sizeof binding, "%s=%s%s%s", template->name[k], other ? bound->file : "", other ? ":" : "",
                 bound->dataset);
        fputs(" -i ", text);
        put_word(text, binding);
    }
    fputc('\n', text);
}

/* "1000 x 3" */
static void put_shape(FILE *text, const struct bound *bound)
{
    for (int d = 0; d < bound->rank; d++)
        fprintf(text, "%s%llu", d ? " x " : "", (unsigned long long)bound->shape[d]);
}

static void put_head(FILE *text, struct template *template)
{
    const struct survey *survey = template->survey;

    fputs("/* A kernel to start from: it sums up an item. Save it as total.c, change it, and run it:\n *\n", text);
    put_command(text, template);
    fputs(" *\n * Its inputs:\n", text);
    for (int k = 0; k < survey->count; k++) {
        fputs(" *   ", text);
        put_port(text, template, k);
        fputs("  is ", text);
        put_text(text, survey->of[k].bound.dataset);
        fprintf(text, ", %s, ", survey->of[k].bound.type_name);
        put_shape(text, &survey->of[k].bound);
        fputc('\n', text);
    }
    if (survey->left[0]) {
        fputs(" * Left out: ", text);
        put_text(text, survey->left);
        fputc('\n', text);
    }
    fputs(" */\n", text);
}

static void put_includes(FILE *text, const struct survey *survey)
{
    bool complex = false;

    for (int k = 0; k < survey->count; k++)
        complex = complex || type_is_complex(survey->of[k].type);
    fprintf(text, "%s#include <h5map/kernel.h>\n\n", complex ? "#include <complex.h>\n" : "");
}

static void put_variables(FILE *text, const struct template *template)
{
    char type[TYPE_BYTES];

    for (int k = 0; k < template->survey->count; k++)
        fprintf(text, "    const %s *%s = item->in[%d];\n", c_type(template->survey->of[k].type, type),
                template->name[k], k);
    for (int d = 0; d < template->dims.count; d++)
        fprintf(text, "    const size_t %s = item->dim[%d];\n", template->dims.name[d], d);
    fputs("    double *sum = item->out[0]; /* 0 when the function is called */\n\n", text);
}

static void put_sums(FILE *text, struct template *template)
{
    for (int k = 0; k < template->survey->count; k++) {
        const struct specimen *specimen = &template->survey->of[k];
        const bool complex = type_is_complex(specimen->type), dims = specimen->bound.rank > first_dim(specimen);

        if (dims) {
            fputs("    for (size_t k = 0; k < ", text);
            put_dims(text, template, k, " * ");
            fputs("; k++)\n    ", text);
        }
        fprintf(text, "    *sum += %s%s%s%s%s;\n", complex ? "creal(" : "", dims ? "" : "*", template->name[k],
                dims ? "[k]" : "", complex ? ")" : "");
    }
}

static void put_kernel(FILE *text, struct template *template)
{
    put_head(text, template);
    put_includes(text, template->survey);
    fputs("static int total(const h5map_item_t *item)\n{\n", text);
    put_variables(text, template);
    put_sums(text, template);
    fputs("    return 0;\n}\n\nH5MAP_KERNEL(total,\n    .signature = \"", text);
    for (int k = 0; k < template->survey->count; k++) {
        fputs(k ? ", " : "", text);
        put_port(text, template, k);
    }
    fputs(" -> sum: double\",\n    .summary = \"Sum of all values of an item\");\n", text);
}

int template_make(const struct survey *survey, const char *input, char **text, struct error *error)
{
    struct template *template = calloc(1, sizeof *template);
    FILE *stream = NULL;
    size_t bytes;
    int code = template ? OK : error_memory(error, "the template", sizeof *template);

    if (!code) {
        template->survey = survey;
        template->input = input;
        code = prepare(template, error);
    }
    if (!code && !(stream = open_memstream(text, &bytes)))
        code = error_memory(error, "the template", sizeof *template);
    if (!code)
        put_kernel(stream, template);
    if (stream && (ferror(stream) | fclose(stream))) {
        free(*text);
        *text = NULL;
        code = error_memory(error, "the template", bytes);
    }
    free(template);
    return code;
}
