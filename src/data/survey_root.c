#include "data/survey_root.h"

#include "data/dataset.h"
#include "data/hdf5_error.h"
#include "data/input_file.h"
#include "data/offer.h"
#include "data/survey.h"
#include "data/survey_look.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CANDIDATES_BYTES 400
#define LOOKED_AT_MOST 64 /* datasets at the root */

/* Datasets at the root, in order of their names. */
struct found {
    int count;
    struct specimen of[LOOKED_AT_MOST];
};

/* Why it is no input, once it was looked at. */
static const char *why_not(const struct specimen *specimen, int code)
{
    if (!code)
        return "an array of strings";
    if (specimen->bound.wire == TYPE_NONE)
        return specimen->bound.type_name[0] ? specimen->bound.type_name : "no values";
    if (survey_is_ragged(specimen) && specimen->bound.rank > 1)
        return "more than one dim of sequences";
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
    specimen->named = survey_name_after(specimen->bound.dataset, specimen->name);
    memcpy(left, visit->survey->left, sizeof left);
    code = survey_look(root, visit->survey, specimen, &error);
    memcpy(visit->survey->left, left, sizeof left); /* its fields are looked at again where it is chosen */
    visit->survey->field_count = 0;
    if (!code && !survey_is_text_array(specimen))
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

int survey_root(const char *path, struct survey *survey, struct error *error)
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
