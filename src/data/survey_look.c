#include "data/survey_look.h"

#include "data/dataset.h"
#include "data/hdf5_error.h"
#include "data/offer.h"
#include "data/ragged.h"
#include "data/storage.h"
#include "element.h"

#include <string.h>

static bool is_packed(hid_t dataset)
{
    return H5Aexists(dataset, "scale_factor") > 0 || H5Aexists(dataset, "add_offset") > 0;
}

bool survey_name_after(const char *dataset, char name[NAME_BYTES])
{
    const char *slash = strrchr(dataset, '/'), *last = slash ? slash + 1 : dataset;

    offer_identifier(last, name);
    return strcmp(name, last) != 0 || strlen(dataset) != strlen(last) + 1;
}

bool survey_is_text_array(const struct specimen *specimen)
{
    return specimen->type == TYPE_STRING && specimen->bound.rank > 1;
}

bool survey_is_ragged(const struct specimen *specimen)
{
    return specimen->bound.offsets[0] || (specimen->bound.vlen && specimen->type != TYPE_STRING);
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

int survey_look(hid_t file, struct survey *survey, struct specimen *specimen, struct error *error)
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
    if (!code && specimen->bound.rank == 0 && !specimen->shared)
        code = error_set(error, REFUSED, "%s: %s in %s is a single value, it has no items (bind another dataset)", name,
                         specimen->bound.dataset, specimen->bound.file);
    if (!code && survey_is_ragged(specimen) && specimen->bound.vlen && specimen->bound.rank != 1)
        code = error_set(error, REFUSED, "%s: %s in %s has %d dims of sequences (bind another dataset)", name,
                         specimen->bound.dataset, specimen->bound.file, specimen->bound.rank);
    if (!code && specimen->bound.offsets[0])
        code = look_at_offsets(file, survey, specimen, error);
    if (dataset >= 0 && H5Dclose(dataset) < 0 && !code)
        code = hdf5_error(error, FAILED, "%s: %s in %s", name, specimen->bound.dataset, specimen->bound.file);
    return code;
}
