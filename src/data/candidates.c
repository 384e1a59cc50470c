#include "data/dataset.h"
#include "data/types.h"

#include <stdio.h>
#include <string.h>

#define SHOWN_MAX 8
#define VISITED_MAX 1000

struct list {
    char *text;
    size_t text_bytes, length;
    int shown, visited;
};

static bool takes(hid_t dataset)
{
    const hid_t type = H5Dget_type(dataset), space = H5Dget_space(dataset);
    const H5T_class_t class = type < 0 ? H5T_NO_CLASS : H5Tget_class(type);
    struct stored_type look = {0};

    if (type >= 0 && space >= 0 && H5Sget_simple_extent_type(space) != H5S_NULL)
        types_look(type, &look);
    if (type >= 0)
        H5Tclose(type);
    if (space >= 0)
        H5Sclose(space);
    return look.wire != TYPE_NONE || (look.name[0] && (class == H5T_COMPOUND || class == H5T_STRING));
}

static bool is_candidate(hid_t root, const char *path)
{
    const hid_t object = H5Oopen(root, path, H5P_DEFAULT);
    const bool found = object >= 0 && H5Iget_type(object) == H5I_DATASET && takes(object);

    if (object >= 0)
        H5Oclose(object);
    return found;
}

static herr_t visit(hid_t root, const char *path, const H5L_info_t *info, void *data)
{
    struct list *list = data;
    const char *before = list->shown ? ", " : "";

    (void)info;
    if (++list->visited > VISITED_MAX)
        return 1;
    if (!strncmp(path, "h5map/", 6) || !is_candidate(root, path))
        return 0;
    if (list->shown == SHOWN_MAX || list->length + strlen(before) + strlen(path) + 8 > list->text_bytes) {
        snprintf(list->text + list->length, list->text_bytes - list->length, "%s...", before);
        return 1;
    }
    list->length += (size_t)snprintf(list->text + list->length, list->text_bytes - list->length, "%s/%s", before, path);
    list->shown++;
    return 0;
}

const char *dataset_candidates(hid_t file, char *text, size_t text_bytes)
{
    struct list list = {.text = text, .text_bytes = text_bytes};

    *text = '\0';
    if (H5Lvisit(file, H5_INDEX_NAME, H5_ITER_INC, visit, &list) < 0 && !list.shown)
        *text = '\0';
    return text;
}
