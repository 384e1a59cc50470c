#include "cli/form.h"

#include "cli/option.h"
#include "cli/suggest.h"

#include <string.h>

#define RUN_USAGE "h5map run KERNEL INPUT OUTPUT [options]"

static const int of_kernels[] = {OPT_CFLAGS, OPT_LIBS, 'q', 'v', 0};
static const int of_template[] = {'i', 'q', 'v', 0};

static const struct form forms[] = {
    {"run", COMMAND_RUN, RUN_USAGE, {"KERNEL", "INPUT", "OUTPUT"}, 3, NULL},
    {"kernels", COMMAND_KERNELS, "h5map kernels [KERNEL] [options]", {"KERNEL"}, 0, of_kernels},
    {"template", COMMAND_TEMPLATE, "h5map template INPUT [-i NAME=[FILE:]/DATASET ...]", {"INPUT"}, 1, of_template},
};
#define FORMS (sizeof forms / sizeof *forms)

static const char *const later[] = {"check", "verify", "report"};

const struct form *form_find(const char *name)
{
    for (size_t k = 0; k < FORMS; k++)
        if (!strcmp(forms[k].name, name))
            return &forms[k];
    return NULL;
}

int form_words(const struct form *form)
{
    int words = 0;

    while (words < FORM_WORDS_MAX && form->words[words])
        words++;
    return words;
}

bool form_takes(const struct form *form, int option)
{
    const int *known = form->options;

    while (known && *known && *known != option)
        known++;
    return !known || *known;
}

int form_refuse(const char *name, struct error *error)
{
    const char *names[FORMS + 1] = {NULL}, *near;

    for (size_t k = 0; k < sizeof later / sizeof *later; k++)
        if (!strcmp(later[k], name))
            return error_set(error, REFUSED, "%s: not in this version (see h5map --help)", name);
    for (size_t k = 0; k < FORMS; k++)
        names[k] = forms[k].name;
    near = suggest(name, names);
    if (near)
        return error_set(error, REFUSED, "%s: unknown command (did you mean %s?)", name, near);
    return error_set(error, REFUSED, "%s: unknown command (" RUN_USAGE ")", name);
}
