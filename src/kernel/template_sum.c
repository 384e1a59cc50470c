#include "kernel/template_parts.h"

#include <string.h>

#define ELEMENT_TEXT 2048 /* "star[k].inner[k1].at[k2]" at its deepest */

static const char *scalar_type(enum type type, char text[TEMPLATE_TYPE_BYTES])
{
    if (type_is_integer(type))
        snprintf(text, TEMPLATE_TYPE_BYTES, "%s_t", type_name(type));
    else if (type_is_complex(type))
        snprintf(text, TEMPLATE_TYPE_BYTES, "%s complex", type == TYPE_COMPLEX64 ? "float" : "double");
    else
        snprintf(text, TEMPLATE_TYPE_BYTES, "%s", type == TYPE_STRING ? "const char *" : type_name(type));
    return text;
}

const char *template_c_type(const struct template *template, int input, char type[TEMPLATE_TYPE_BYTES])
{
    const enum type its = template->survey->of[input].type;

    if (its == TYPE_COMPOUND)
        snprintf(type, TEMPLATE_TYPE_BYTES, "struct %s", template->name[input]);
    else
        scalar_type(its == TYPE_STRING ? TYPE_NONE : its, type);
    return its == TYPE_STRING ? strcpy(type, "char") : type;
}

/* ---- structs ---- */

static void put_fields(FILE *text, const struct field *pool, int first, int depth)
{
    char type[TEMPLATE_TYPE_BYTES];

    for (int f = first; f >= 0; f = pool[f].next) {
        const struct field *field = &pool[f];

        if (field->type == TYPE_COMPOUND) {
            fprintf(text, "%*sstruct {\n", 4 * depth, "");
            put_fields(text, pool, field->element.field, depth + 1);
            fprintf(text, "%*s} %s", 4 * depth, "", field->name);
        } else {
            fprintf(text, "%*s%s%s%s", 4 * depth, "", scalar_type(field->type, type),
                    field->type == TYPE_STRING ? "" : " ", field->name);
        }
        for (int d = 0; d < field->rank; d++)
            fprintf(text, "[%u]", (unsigned)field->dim[d]);
        fputs(";\n", text);
    }
}

void template_put_structs(FILE *text, const struct template *template)
{
    for (int k = 0; k < template->survey->count; k++) {
        const struct specimen *specimen = &template->survey->of[k];
        const char *name = template->name[k];

        if (specimen->type != TYPE_COMPOUND)
            continue;
        fprintf(text, "struct %s {\n", name);
        put_fields(text, template->field, specimen->element.field, 1);
        fprintf(text, "};\n\n_Static_assert(sizeof(struct %s) == %u, \"laid out as the signature has it\");\n\n", name,
                (unsigned)specimen->element.bytes);
    }
}

/* ---- sums ---- */

static void put_sum(FILE *text, enum type type, int depth, const char *element)
{
    const char *before = type_is_complex(type) ? "creal(" : type == TYPE_STRING ? "(double)strlen(" : "";

    fprintf(text, "%*s*sum += %s%s%s;\n", 4 * depth, "", before, element, *before ? ")" : "");
}

/* The element at hand: where it is, and what was opened for it. */
struct element_at {
    char text[ELEMENT_TEXT];
    int indices, depth;
};

static void put_field_sums(FILE *text, const struct field *pool, int first, const struct element_at *whole);

/* One loop a dim. */
static void put_field_sum(FILE *text, const struct field *pool, const struct field *field, struct element_at *at)
{
    for (int d = 0; d < field->rank; d++) {
        const size_t length = strlen(at->text);
        const bool brace = field->type == TYPE_COMPOUND && d + 1 == field->rank;

        at->indices++;
        fprintf(text, "%*sfor (size_t k%d = 0; k%d < %u; k%d++)%s\n", 4 * at->depth++, "", at->indices, at->indices,
                (unsigned)field->dim[d], at->indices, brace ? " {" : "");
        snprintf(at->text + length, sizeof at->text - length, "[k%d]", at->indices);
    }
    if (field->type != TYPE_COMPOUND) {
        put_sum(text, field->type, at->depth, at->text);
        return;
    }
    strcat(at->text, ".");
    put_field_sums(text, pool, field->element.field, at);
    if (field->rank)
        fprintf(text, "%*s}\n", 4 * (at->depth - 1), "");
}

/* `whole` ends with what comes before a field's name. */
static void put_field_sums(FILE *text, const struct field *pool, int first, const struct element_at *whole)
{
    const size_t length = strlen(whole->text);

    for (int f = first; f >= 0; f = pool[f].next) {
        struct element_at at = *whole;

        snprintf(at.text + length, sizeof at.text - length, "%s", pool[f].name);
        put_field_sum(text, pool, &pool[f], &at);
    }
}

/* What k goes over: the elements of an item; one of a shared table. */
static void put_open(FILE *text, const struct template *template, int input, const int *dim, int count)
{
    const struct specimen *specimen = &template->survey->of[input];

    fputs(specimen->shared ? "    {\n        const size_t k = item->index % " : "    for (size_t k = 0; k < ", text);
    fputs(specimen->shared && count > 1 ? "(" : "", text);
    for (int d = 0; d < count; d++)
        fprintf(text, "%s%s", d ? " * " : "", template->dims.name[dim[d]]);
    if (specimen->shared)
        fprintf(text, "%s; /* one element of the table */\n\n", count > 1 ? ")" : "");
    else
        fputs(specimen->type == TYPE_COMPOUND ? "; k++) {\n" : "; k++)\n", text);
}

void template_put_sums(FILE *text, struct template *template)
{
    for (int k = 0; k < template->survey->count; k++) {
        const struct specimen *specimen = &template->survey->of[k];
        const bool compound = specimen->type == TYPE_COMPOUND, text_itself = specimen->type == TYPE_STRING;
        struct element_at at = {.indices = 0};
        int dim[PORT_DIMS_MAX];
        const int count = template_dims(template, k, dim);

        at.depth = count ? 2 : 1;
        if (count)
            put_open(text, template, k, dim, count);
        snprintf(at.text, sizeof at.text, "%s%s%s", count || compound || text_itself ? "" : "*", template->name[k],
                 count ? "[k]" : "");
        if (compound) {
            strcat(at.text, count ? "." : "->");
            put_field_sums(text, template->field, specimen->element.field, &at);
        } else {
            put_sum(text, specimen->type, at.depth, at.text);
        }
        if (count && (compound || specimen->shared))
            fputs("    }\n", text);
    }
}
