#include "kernel/template_parts.h"

#include <string.h>

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
    char binding[NAME_BYTES + 3 * PATH_BYTES + 4];

    fputs(" *   h5map run total.c ", text);
    put_word(text, template->input);
    fputs(" OUTPUT.h5", text);
    for (int k = 0; k < survey->count; k++) {
        const struct bound *bound = &survey->of[k].bound;
        const bool other = strncmp(template->input, bound->file, strlen(bound->file)) != 0;

        if (!template->bound[k] || strstr(template->input, ":/"))
            continue;
        snprintf(binding, sizeof binding, "%s=%s%s%s%s%s", template->name[k], other ? bound->file : "",
                 other ? ":" : "", bound->dataset, bound->offsets[0] ? "@" : "", bound->offsets);
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

/* "pos: double[n]  is /pos, double, 1000 x 3" */
static void put_input(FILE *text, struct template *template, int input)
{
    const struct specimen *specimen = &template->survey->of[input];
    const bool compound = specimen->type == TYPE_COMPOUND;

    fprintf(text, " *   %s%s: %s%s", specimen->shared ? "shared " : "", template->name[input],
            compound ? "struct " : "", compound ? template->name[input] : type_name(specimen->type));
    template_put_dims(text, template, input);
    fputs("  is ", text);
    put_text(text, specimen->bound.dataset);
    fprintf(text, ", %s%s", compound ? "compound" : specimen->bound.type_name, specimen->bound.rank ? ", " : "");
    put_shape(text, &specimen->bound);
    if (specimen->bound.offsets[0]) {
        fprintf(text, ", %llu items by ", (unsigned long long)specimen->bound.items);
        put_text(text, specimen->bound.offsets);
    }
    fputc('\n', text);
}

void template_put_head(FILE *text, struct template *template)
{
    const struct survey *survey = template->survey;

    fputs("/* A kernel to start from: it sums up an item. Save it as total.c, change it, and run it:\n *\n", text);
    put_command(text, template);
    fputs(" *\n * Its inputs:\n", text);
    for (int k = 0; k < survey->count; k++)
        put_input(text, template, k);
    if (survey->left[0]) {
        fputs(" * Left out: ", text);
        put_text(text, survey->left);
        fputc('\n', text);
    }
    fputs(" */\n", text);
}
