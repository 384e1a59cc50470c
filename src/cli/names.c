/* Values that are names: one of some, several of some, NAME=VALUE. */
#include "cli/suggest.h"
#include "cli/values.h"

#include <stdio.h>
#include <string.h>

int parse_choice(const char *text, const char *option, const char *const names[], int *index, struct error *error)
{
    char list[128] = "";

    for (int k = 0; names[k]; k++) {
        if (!strcmp(text, names[k])) {
            *index = k;
            return OK;
        }
        strncat(list, k ? " or " : "", sizeof list - strlen(list) - 1);
        strncat(list, names[k], sizeof list - strlen(list) - 1);
    }
    return error_set(error, REFUSED, "%s %s: unknown word (give %s)", option, text, list);
}

/* The name of `length` characters at text, as its index; -1: none of them. */
static int find_name(const char *text, size_t length, const char *const names[])
{
    for (int k = 0; names[k]; k++)
        if (strlen(names[k]) == length && !memcmp(text, names[k], length))
            return k;
    return -1;
}

/* The whole value, and of it the name that is none. */
struct wrong_name {
    const char *option, *text, *name;
    size_t length;
};

static int refuse_field(const struct wrong_name *wrong, const char *const names[], struct error *error)
{
    char list[128] = "", name[NAME_BYTES], advice[NAME_BYTES] = "";
    const char *near;

    for (int k = 0; names[k]; k++) {
        strncat(list, k ? ", " : "", sizeof list - strlen(list) - 1);
        strncat(list, names[k], sizeof list - strlen(list) - 1);
    }
    if (wrong->length == 0)
        return error_set(error, REFUSED, "%s%s%s: a field is empty (the fields are %s)", wrong->option,
                         *wrong->text ? " " : "", wrong->text, list);
    snprintf(name, sizeof name, "%.*s", (int)wrong->length, wrong->name);
    near = suggest(name, names);
    if (near)
        snprintf(advice, sizeof advice, "did you mean %s? ", near);
    return error_set(error, REFUSED, "%s %s: unknown field %s (%sthe fields are %s)", wrong->option, wrong->text, name,
                     advice, list);
}

int parse_fields(const char *text, const char *option, const char *const names[], unsigned *set, struct error *error)
{
    const char *name = text;
    unsigned found = 0;

    for (bool more = true; more; name += more) {
        const size_t length = strcspn(name, ",");
        const int index = find_name(name, length, names);

        if (index < 0)
            return refuse_field(&(struct wrong_name){option, text, name, length}, names, error);
        found |= 1U << index;
        name += length;
        more = *name == ',';
    }
    *set |= found;
    return OK;
}

static const struct {
    const char *option, *form;
} kinds[] = {
    [VALUE_TEXT] = {"-p", "NAME=VALUE"},
    [VALUE_SOURCE] = {"-i", "NAME=[FILE:]/DATASET"},
    [VALUE_TARGET] = {"-o", "NAME=/DATASET"},
};

static bool is_identifier(const char *text, size_t length)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";

    return length > 0 && length < NAME_BYTES && strspn(text, letters) >= length && !(*text >= '0' && *text <= '9');
}

static bool is_value(const char *value, enum value_kind kind)
{
    switch (kind) {
    case VALUE_SOURCE:
        return *value == '/' || (*value != ':' && strstr(value, ":/"));
    case VALUE_TARGET:
        return *value == '/';
    default:
        return *value != '\0';
    }
}

int parse_assignment(const char *text, enum value_kind kind, struct assignments *list, struct error *error)
{
    const char *option = kinds[kind].option;
    const size_t length = strcspn(text, "=");
    struct assignment made = {0};

    if (!is_identifier(text, length) || text[length] != '=' || !is_value(text + length + 1, kind))
        return error_set(error, REFUSED, "%s %s: not %s", option, text, kinds[kind].form);
    memcpy(made.name, text, length);
    made.value = text + length + 1;
    for (int k = 0; k < list->count; k++)
        if (!strcmp(list->of[k].name, made.name))
            return error_set(error, REFUSED, "%s %s: %s is given twice", option, text, made.name);
    if (list->count == PORTS_MAX)
        return error_set(error, REFUSED, "%s %s: more than %d of them", option, text, PORTS_MAX);
    list->of[list->count++] = made;
    return OK;
}
