#include "data/survey.h"

#include "data/bind.h"
#include "data/dataset.h"
#include "data/hdf5_error.h"
#include "data/input_file.h"
#include "data/location.h"

#include <ctype.h>
#include <hdf5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOOKED_AT_MOST 64 /* datasets at the root */
#define CANDIDATES_BYTES 400

/* Datasets at the root, in order of their names. */
struct found {
    int count;
    struct specimen of[LOOKED_AT_MOST];
};

static bool is_packed(hid_t dataset)
{
    return H5Aexists(dataset, "scale_factor") > 0 || H5Aexists(dataset, "add_offset") > 0;
}

/* Letters, digits and '_', a letter or '_' first; true: that was not so before. */
static bool make_identifier(const char *dataset, char name[NAME_BYTES])
{
    const char *slash = strrchr(dataset, '/'), *last = slash ? slash + 1 : dataset;
    const bool digit = isdigit((unsigned char)*last);
    bool changed;

    snprintf(name, NAME_BYTES, "%s%.*s", digit || !*last ? "_" : "", NAME_BYTES - 2, last);
    for (char *c = name; *c; c++)
        if ((unsigned char)*c >= 0x80 || !isalnum((unsigned char)*c))
            *c = '_';
    changed = strcmp(name, last) != 0;
    return changed || strlen(dataset) != strlen(last) + 1; /* not at the root: to be bound by -i too */
}

static int look(hid_t file, struct specimen *specimen, struct error *error)
{
    const char *name = specimen->name;
    hid_t dataset;
    int code = dataset_open(file, name, &specimen->bound, 0, &dataset, error);

    if (!code)
        code = dataset_describe(dataset, name, &specimen->bound, error);
    if (!code)
        specimen->type =
            type_is_integer(specimen->bound.wire) && is_packed(dataset) ? TYPE_DOUBLE : specimen->bound.wire;
    if (!code && specimen->bound.rank == 0)
        code = error_set(error, REFUSED, "%s: %s in %s is a single value, it has no items (bind another dataset)", name,
                         specimen->bound.dataset, specimen->bound.file);
    if (dataset >= 0 && H5Dclose(dataset) < 0 && !code)
        code = hdf5_error(error, FAILED, "%s: %s in %s", name, specimen->bound.dataset, specimen->bound.file);
    return code;
}

/* One that was named; its file is opened for it alone. */
static int look_in_file(struct specimen *specimen, struct error *error)
{
    hid_t file = H5I_INVALID_HID;
    int code = input_file_look(&specimen->bound, error);

    if (!code)
        code = input_file_open(specimen->bound.file, &file, error);
    if (!code)
        code = look(file, specimen, error);
    if (file >= 0 && H5Fclose(file) < 0 && !code)
        code = hdf5_error(error, FAILED, "%s", specimen->bound.file);
    return code;
}

static void leave_out(struct survey *survey, const char *dataset, const char *why)
{
    const size_t used = strlen(survey->left);
    char more[SURVEY_LEFT];

    snprintf(more, sizeof more, "%s%s (%s)", used ? ", " : "", dataset, why);
    if (used + strlen(more) + 8 < SURVEY_LEFT)
        strcat(survey->left, more);
    else if (!strstr(survey->left, ", ..."))
        strcat(survey->left, ", ...");
}

/* What a callback of H5Literate gets. */
struct visit {
    const char *path;
    struct found *found;
    struct survey *survey;
};

static herr_t visit_link(hid_t root, const char *link, const H5L_info_t *info, void *data)
{
    struct visit *visit = data;
    struct specimen *specimen = &visit->found->of[visit->found->count];
    const hid_t object = H5Oopen(root, link, H5P_DEFAULT);
    const bool dataset = object >= 0 && H5Iget_type(object) == H5I_DATASET;
    struct error error = {0};

    (void)info;
    if (object >= 0)
        H5Oclose(object);
    if (!dataset || strlen(link) + 2 > PATH_BYTES)
        return 0;
    memset(specimen, 0, sizeof *specimen);
    snprintf(specimen->bound.file, PATH_BYTES, "%s", visit->path);
    snprintf(specimen->bound.dataset, PATH_BYTES, "/%s", link);
    specimen->named = make_identifier(specimen->bound.dataset, specimen->name);
    if (!look(root, specimen, &error))
        return ++visit->found->count == LOOKED_AT_MOST;
    leave_out(visit->survey, specimen->bound.dataset,
              specimen->bound.type_name[0] ? specimen->bound.type_name : "no values");
    error_clear(&error);
    return 0;
}

/* The size of axis 0 that most have; the larger one, if two sizes are as frequent. */
static uint64_t usual_items(const struct found *found)
{
    uint64_t usual = 0;
    int most = 0;

    for (int k = 0; k < found->count; k++) {
        const uint64_t items = found->of[k].bound.shape[0];
        int same = 0;

        for (int other = 0; other < found->count; other++)
            same += found->of[other].bound.shape[0] == items;
        if (same > most || (same == most && items > usual)) {
            most = same;
            usual = items;
        }
    }
    return usual;
}

/* Names are made unique by underscores behind them. */
static void add_specimen(struct survey *survey, const struct specimen *specimen)
{
    struct specimen *added = &survey->of[survey->count];

    *added = *specimen;
    for (int k = 0; k < survey->count; k++)
        if (!strcmp(survey->of[k].name, added->name) && strlen(added->name) + 1 < NAME_BYTES) {
            strcat(added->name, "_");
            added->named = true;
            k = -1;
        }
    survey->count++;
}

static void choose(const struct found *found, struct survey *survey)
{
    const uint64_t items = usual_items(found);

    for (int k = 0; k < found->count; k++) {
        const struct specimen *specimen = &found->of[k];

        if (specimen->bound.shape[0] != items)
            leave_out(survey, specimen->bound.dataset, "another number of items");
        else if (survey->count == SURVEY_MOST)
            leave_out(survey, specimen->bound.dataset, "one more");
        else
            add_specimen(survey, specimen);
    }
}

static int survey_root(const char *path, struct survey *survey, struct error *error)
{
    struct found *found = calloc(1, sizeof *found);
    struct visit visit = {path, found, survey};
    struct bound bound = {.file = ""};
    char candidates[CANDIDATES_BYTES];
    hid_t file = H5I_INVALID_HID;
    hsize_t at = 0;
    int code;

    if (!found)
        return error_memory(error, path, sizeof *found);
    snprintf(bound.file, sizeof bound.file, "%s", path);
    code = input_file_look(&bound, error);
    if (!code)
        code = input_file_open(path, &file, error);
    if (!code && H5Literate(file, H5_INDEX_NAME, H5_ITER_INC, &at, visit_link, &visit) < 0)
        code = hdf5_error(error, REFUSED, "%s: can't be listed", path);
    if (!code)
        choose(found, survey);
    if (!code && !survey->count)
        code = error_set(error, REFUSED, "%s: no dataset with items at its root (give FILE:/DATASET; there are %s)",
                         path, *dataset_candidates(file, candidates, sizeof candidates) ? candidates : "none");
    if (file >= 0 && H5Fclose(file) < 0 && !code)
        code = hdf5_error(error, FAILED, "%s", path);
    free(found);
    return code;
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
        code = code ? code : look_in_file(specimen, error);
        survey->count++;
        if (!code && specimen->bound.shape[0] != survey->of[0].bound.shape[0])
            code = error_set(error, REFUSED, "%s: %llu items, but %s has %llu (bind datasets of as many items)",
                             specimen->name, (unsigned long long)specimen->bound.shape[0], survey->of[0].name,
                             (unsigned long long)survey->of[0].bound.shape[0]);
    }
    return code;
}

int survey_make(const struct options *options, struct survey *survey, struct error *error)
{
    struct location location;
    struct specimen *only = &survey->of[0];

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
    make_identifier(location.dataset, only->name);
    survey->count = 1;
    return look_in_file(only, error);
}
