#include "kernel/template.h"

#include "element.h"
#include "kernel/template_parts.h"

#include <stdlib.h>
#include <string.h>

#define LINE_MOST 116 /* columns of the signature's lines */

void template_put_dims(FILE *text, struct template *template, int input)
{
    int dim[PORT_DIMS_MAX];
    const int count = template_dims(template, input, dim);

    for (int d = 0; d < count; d++)
        fprintf(text, "%s%s%s%s", d ? ", " : "[", template->dims.ragged[dim[d]] ? "*" : "", template->dims.name[dim[d]],
                d + 1 < count ? "" : "]");
}

char *template_type_text(const struct template *template, int input)
{
    const struct specimen *specimen = &template->survey->of[input];
    const int length = element_text(template->field, specimen->type, specimen->element, NULL, 0);
    char *type = length < 0 ? NULL : malloc((size_t)length + 1);

    if (type)
        element_text(template->field, specimen->type, specimen->element, type, (size_t)length + 1);
    return type;
}

static void put_includes(FILE *text, const struct template *template)
{
    const struct survey *survey = template->survey;
    bool complex = false;

    for (int k = 0; k < survey->count; k++)
        complex = complex || type_is_complex(survey->of[k].type);
    for (int f = 0; f < survey->field_count; f++)
        complex = complex || type_is_complex(survey->field[f].type);
    fprintf(text, "%s#include <h5map/kernel.h>\n\n", complex ? "#include <complex.h>\n" : "");
}

static void put_variables(FILE *text, const struct template *template)
{
    char type[TEMPLATE_TYPE_BYTES];

    for (int k = 0; k < template->survey->count; k++)
        fprintf(text, "    const %s *%s = item->in[%d];\n", template_c_type(template, k, type), template->name[k], k);
    for (int d = 0; d < template->dims.count; d++)
        fprintf(text, "    const size_t %s = item->dim[%d];\n", template->dims.name[d], d);
    fputs("    double *sum = item->out[0]; /* 0 when the function is called */\n\n", text);
}

/* Within double quotes, without trigraphs; they are closed and opened again where the line would be too long. */
static void put_literal(FILE *text, const char *line)
{
    static const char indent[] = "                 ";
    size_t column = sizeof indent;

    for (const char *c = line; *c; c++, column++) {
        if (*c == '"' || *c == '\\' || (*c == '?' && c > line && c[-1] == '?'))
            fputc('\\', text);
        fputc(*c, text);
        if (*c == ' ' && column + strcspn(c + 1, " ") > LINE_MOST) {
            fprintf(text, "\"\n%s\"", indent);
            column = sizeof indent - 1;
        }
    }
}

/* The signature; malloc'ed, NULL: no memory. */
static char *make_signature(struct template *template)
{
    char *line = NULL;
    size_t bytes;
    FILE *text = open_memstream(&line, &bytes);
    bool whole = text != NULL;

    if (!text)
        return NULL;
    for (int k = 0; k < template->survey->count; k++) {
        char *type = template_type_text(template, k);

        whole = whole && type;
        fprintf(text, "%s%s%s: %s", k ? ", " : "", template->survey->of[k].shared ? "shared " : "", template->name[k],
                type ? type : "");
        template_put_dims(text, template, k);
        free(type);
    }
    fputs(" -> sum: double", text);
    whole = !ferror(text) && whole;
    if (fclose(text) || !whole) {
        free(line);
        return NULL;
    }
    return line;
}

static void put_kernel(FILE *text, struct template *template, const char *signature)
{
    template_put_head(text, template);
    put_includes(text, template);
    template_put_structs(text, template);
    fputs("static int total(const h5map_item_t *item)\n{\n", text);
    put_variables(text, template);
    template_put_sums(text, template);
    fputs("    return 0;\n}\n\nH5MAP_KERNEL(total,\n    .signature = \"", text);
    put_literal(text, signature);
    fputs("\",\n    .summary = \"Sum of all values of an item\");\n", text);
}

int template_make(const struct survey *survey, const char *input, char **text, struct error *error)
{
    struct template *template = calloc(1, sizeof *template);
    char *signature = NULL;
    FILE *stream = NULL;
    size_t bytes = 0;
    int code = template ? OK : error_memory(error, "the template", sizeof *template);

    if (!code) {
        template->survey = survey;
        template->input = input;
        code = template_name(template, error);
    }
    if (!code && (!(signature = make_signature(template)) || !(stream = open_memstream(text, &bytes))))
        code = error_memory(error, "the template", sizeof *template);
    if (!code)
        put_kernel(stream, template, signature);
    if (stream && (ferror(stream) | fclose(stream))) {
        free(*text);
        *text = NULL;
        code = error_memory(error, "the template", bytes);
    }
    free(signature);
    free(template);
    return code;
}
