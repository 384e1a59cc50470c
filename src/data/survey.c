#include "data/survey.h"

#include "data/bind.h"
#include "data/hdf5_error.h"
#include "data/input_file.h"
#include "data/location.h"
#include "data/ragged.h"
#include "data/survey_look.h"
#include "data/survey_root.h"
#include "element.h"

#include <hdf5.h>
#include <stdio.h>
#include <string.h>

/* One that was named, as DATASET or VALUES@OFFSETS; its file is opened for it alone. */
static int look_in_file(struct survey *survey, struct specimen *specimen, struct error *error)
{
    const struct port port = {.ragged = strstr(specimen->bound.dataset, "@/") != NULL};
    const size_t left = strlen(survey->left);
    hid_t file = H5I_INVALID_HID;
    int code = ragged_split(&port, &specimen->bound, error);

    if (!code)
        code = input_file_look(&specimen->bound, error);
    if (!code)
        code = input_file_open(specimen->bound.file, &file, error);
    if (!code)
        code = survey_look(file, survey, specimen, error);
    if (code == REFUSED && survey->left[left])
        code = error_set(error, REFUSED, "%s: no field of %s in %s can be an input: %s", specimen->name,
                         specimen->bound.dataset, specimen->bound.file, survey->left + left);
    if (file >= 0 && H5Fclose(file) < 0 && !code)
        code = hdf5_error(error, FAILED, "%s", specimen->bound.file);
    return code;
}

static uint64_t items_of(const struct specimen *specimen)
{
    return specimen->bound.offsets[0] ? specimen->bound.items : specimen->bound.shape[0];
}

static int check_table(const struct survey *survey, const struct specimen *specimen, struct error *error)
{
    const struct bound *bound = &specimen->bound;
    const char *why = NULL;

    if (element_has_text(survey->field, specimen->type, specimen->element))
        why = "holds strings";
    else if (bound->rank > PORT_DIMS_MAX)
        why = "has more than 8 dims";
    for (int d = 0; d < bound->rank && !why; d++)
        why = bound->shape[d] ? NULL : "has no elements";
    if (!why)
        return OK;
    return error_set(error, REFUSED, "%s: %s in %s has not as many items as %s, %llu, and is no shared table: it %s",
                     specimen->name, bound->dataset, bound->file, survey->of[0].name,
                     (unsigned long long)items_of(survey->of), why);
}

/* What has not as many items as the first is a shared table. */
static int compare_with_first(const struct survey *survey, struct specimen *specimen, struct error *error)
{
    const bool ragged = survey_is_ragged(specimen) || specimen->bound.vlen, other = items_of(specimen) != items_of(survey->of);

    specimen->shared = specimen != survey->of && !ragged && (specimen->bound.rank == 0 || other);
    if (specimen->shared)
        return check_table(survey, specimen, error);
    if (survey_is_text_array(specimen))
        return error_set(error, REFUSED, "%s: %s in %s is an array of strings (bind it alone)", specimen->name,
                         specimen->bound.dataset, specimen->bound.file);
    if (other)
        return error_set(error, REFUSED, "%s: %llu items, but %s has %llu (bind datasets of as many items)",
                         specimen->name, (unsigned long long)items_of(specimen), survey->of[0].name,
                         (unsigned long long)items_of(survey->of));
    return OK;
}

/* -i NAME=[FILE:]/DATASET */
static int survey_named(const struct options *options, struct survey *survey, struct error *error)
{
    struct location location;
    int code = OK;

    for (int k = 0; k < options->inputs.count && !code; k++) {
        const struct assignment *given = &options->inputs.of[k];
        struct specimen *specimen = &survey->of[k];

        snprintf(specimen->name, sizeof specimen->name, "%s", given->name);
        specimen->named = true;
        snprintf(location.file, sizeof location.file, "%s", options->input);
        snprintf(location.dataset, sizeof location.dataset, "%s", given->value);
        if (given->value[0] != '/')
            code = location_parse(given->value, &location, error);
        memcpy(specimen->bound.file, location.file, PATH_BYTES);
        memcpy(specimen->bound.dataset, location.dataset, PATH_BYTES);
        specimen->shared = k > 0;
        code = code ? code : look_in_file(survey, specimen, error);
        survey->count++;
        if (!code && options->inputs.count > 1)
            code = compare_with_first(survey, specimen, error);
    }
    return code;
}

int survey_make(const struct options *options, struct survey *survey, struct error *error)
{
    struct location location;
    struct specimen *only = &survey->of[0];
    char *at;

    memset(survey, 0, sizeof *survey);
    if (hdf5_start(error) || location_parse(options->input, &location, error))
        return error->code;
    if (options->inputs.count && location.dataset[0])
        return error_set(error, REFUSED, "%s: names a dataset, and so does -i (give FILE alone with -i)",
                         options->input);
    if (options->inputs.count)
        return survey_named(options, survey, error);
    if (!location.dataset[0])
        return survey_root(location.file, survey, error);
    memcpy(only->bound.file, location.file, PATH_BYTES);
    memcpy(only->bound.dataset, location.dataset, PATH_BYTES);
    at = strstr(location.dataset, "@/");
    if (at)
        *at = '\0';
    survey_name_after(location.dataset, only->name);
    survey->count = 1;
    return look_in_file(survey, only, error);
}
