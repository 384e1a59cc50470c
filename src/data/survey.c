#include "data/survey.h"

#include "data/bind.h"
#include "data/dataset.h"
#include "data/hdf5_error.h"
#include "data/input_file.h"
#include "data/location.h"
#include "data/offer.h"
#include "data/ragged.h"
#include "data/storage.h"
#include "element.h"

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

/* A name for the dataset; true: it is not the dataset's own, at the root. */
static bool name_after(const char *dataset, char name[NAME_BYTES])
{
    const char *slash = strrchr(dataset, '/'), *last = slash ? slash + 1 : dataset;

    offer_identifier(last, name);
    return strcmp(name, last) != 0 || strlen(dataset) != strlen(last) + 1;
}

/* Where its items begin, VALUES@OFFSETS. */
static int look_at_offsets(hid_t file, const struct survey *survey, struct specimen *specimen, struct error *error)
{
    struct port port = {.ragged = true, .rank = specimen->bound.rank};

    memcpy(port.name, specimen->name, sizeof port.name);
    if (port.rank > PORT_DIMS_MAX || element_has_text(survey->field, specimen->type, specimen->element))
        return error_set(error, REFUSED, "%s: %s in %s %s, and is no ragged input (bind another dataset)",
                         specimen->name, specimen->bound.dataset, specimen->bound.file,
                         port.rank > PORT_DIMS_MAX ? "has more than 8 dims" : "holds strings");
    return ragged_scan(file, &port, &specimen->bound, error);
}

static int look(hid_t file, struct survey *survey, struct specimen *specimen, struct error *error)
{
    const char *name = specimen->name;
    hid_t dataset;
    int code = dataset_open(file, name, &specimen->bound, 0, &dataset, error);

    if (!code) {
        offer_look(dataset, survey, specimen);
        code = dataset_describe(dataset, name, &specimen->bound, error);
    }
    if (code == REFUSED && specimen->bound.type_name[0] && specimen->bound.wire == TYPE_NONE)
        code = error_set(error, REFUSED, "%s: %s in %s holds %s, which no kernel can take (bind another dataset)", name,
                         specimen->bound.dataset, specimen->bound.file, specimen->bound.type_name);
    if (!code)
        code = storage_check(dataset, name, &specimen->bound, error);
    if (!code)
        specimen->type =
            type_is_integer(specimen->bound.wire) && is_packed(dataset) ? TYPE_DOUBLE : specimen->bound.wire;
    if (!code && specimen->bound.rank == 0)
        code = error_set(error, REFUSED, "%s: %s in %s is a single value, it has no items (bind another dataset)", name,
                         specimen->bound.dataset, specimen->bound.file);
    if (!code && specimen->bound.offsets[0])
        code = look_at_offsets(file, survey, specimen, error);
    if (dataset >= 0 && H5Dclose(dataset) < 0 && !code)
        code = hdf5_error(error, FAILED, "%s: %s in %s", name, specimen->bound.dataset, specimen->bound.file);
    return code;
}

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
        code = look(file, survey, specimen, error);
    if (code == REFUSED && survey->left[left])
        code = error_set(error, REFUSED, "%s: no field of %s in %s can be an input: %s", specimen->name,
                         specimen->bound.dataset, specimen->bound.file, survey->left + left);
    if (file >= 0 && H5Fclose(file) < 0 && !code)
        code = hdf5_error(error, FAILED, "%s", specimen->bound.file);
    return code;
}

/* An input has no string for each element: where there are others, its dims would be the loop's. */
static bool is_text_array(const struct specimen *specimen)
{
    return specimen->type == TYPE_STRING && specimen->bound.rank > 1;
}

/* Why it is no input, once it was looked at. */
static const char *why_not(const struct specimen *specimen, int code)
{
    if (!code)
        return "an array of strings";
    if (specimen->bound.wire == TYPE_NONE)
        return specimen->bound.type_name[0] ? specimen->bound.type_name : "no values";
    return specimen->bound.rank ? "a filter or a file that it needs is not there" : "a single value";
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
    char left[SURVEY_LEFT];
    int code;

    (void)info;
    if (object >= 0)
        H5Oclose(object);
    if (!dataset || strlen(link) + 2 > PATH_BYTES)
        return 0;
    memset(specimen, 0, sizeof *specimen);
    snprintf(specimen->bound.file, PATH_BYTES, "%s", visit->path);
    snprintf(specimen->bound.dataset, PATH_BYTES, "/%s", link);
    specimen->named = name_after(specimen->bound.dataset, specimen->name);
    memcpy(left, visit->survey->left, sizeof left);
    code = look(root, visit->survey, specimen, &error);
    memcpy(visit->survey->left, left, sizeof left); /* its fields are looked at again where it is chosen */
    visit->survey->field_count = 0;
    if (!code && !is_text_array(specimen))
        return ++visit->found->count == LOOKED_AT_MOST;
    offer_leave_out(visit->survey, specimen->bound.dataset, why_not(specimen, code));
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
static void name_apart(struct survey *survey, struct specimen *added)
{
    for (int k = 0; k < survey->count; k++)
        if (!strcmp(survey->of[k].name, added->name) && strlen(added->name) + 1 < NAME_BYTES) {
            strcat(added->name, "_");
            added->named = true;
            k = -1;
        }
}

static int add_specimen(hid_t file, const struct specimen *specimen, struct survey *survey, struct error *error)
{
    struct specimen *added = &survey->of[survey->count];
    hid_t dataset;

    *added = *specimen;
    name_apart(survey, added);
    if (added->type == TYPE_COMPOUND) {
        if (dataset_open(file, added->name, &added->bound, 0, &dataset, error))
            return error->code;
        added->type = TYPE_NONE;
        offer_look(dataset, survey, added);
        if (H5Dclose(dataset) < 0)
            return hdf5_error(error, FAILED, "%s: %s", added->bound.file, added->bound.dataset);
    }
    survey->count += added->type != TYPE_NONE;
    return OK;
}

static int choose(hid_t file, const struct found *found, struct survey *survey, struct error *error)
{
    const uint64_t items = usual_items(found);
    int code = OK;

    for (int k = 0; k < found->count && !code; k++) {
        const struct specimen *specimen = &found->of[k];

        if (specimen->bound.shape[0] != items)
            offer_leave_out(survey, specimen->bound.dataset, "another number of items");
        else if (survey->count == SURVEY_MOST)
            offer_leave_out(survey, specimen->bound.dataset, "one more");
        else
            code = add_specimen(file, specimen, survey, error);
    }
    return code;
}

static int refuse_root(hid_t file, const char *path, const char *left, struct error *error)
{
    char candidates[CANDIDATES_BYTES];
    const bool any = *dataset_candidates(file, candidates, sizeof candidates);

    if (!*left && !any)
        return error_set(error, REFUSED, "%s: no dataset in it can be an input (give another file)", path);
    return error_set(error, REFUSED, "%s: no dataset at its root can be an input%s%s (give %s%s)", path,
                     *left ? ": " : "", left, any ? "FILE:/DATASET; there are " : "another file", candidates);
}

static int survey_root(const char *path, struct survey *survey, struct error *error)
{
    struct found *found = calloc(1, sizeof *found);
    struct visit visit = {path, found, survey};
    struct bound bound = {.file = ""};
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
        code = choose(file, found, survey, error);
    if (!code && !survey->count)
        code = refuse_root(file, path, survey->left, error);
    if (file >= 0 && H5Fclose(file) < 0 && !code)
        code = hdf5_error(error, FAILED, "%s", path);
    free(found);
    return code;
}

static uint64_t items_of(const struct specimen *specimen)
{
    return specimen->bound.offsets[0] ? specimen->bound.items : specimen->bound.shape[0];
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
        code = code ? code : look_in_file(survey, specimen, error);
        survey->count++;
        if (!code && options->inputs.count > 1 && is_text_array(specimen))
            code = error_set(error, REFUSED, "%s: %s in %s is an array of strings (bind it alone)", specimen->name,
                             specimen->bound.dataset, specimen->bound.file);
        if (!code && items_of(specimen) != items_of(survey->of))
            code = error_set(error, REFUSED, "%s: %llu items, but %s has %llu (bind datasets of as many items)",
                             specimen->name, (unsigned long long)items_of(specimen), survey->of[0].name,
                             (unsigned long long)items_of(survey->of));
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
    name_after(location.dataset, only->name);
    survey->count = 1;
    return look_in_file(survey, only, error);
}
