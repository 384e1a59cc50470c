#include "data/attribute.h"

#include "data/hdf5_error.h"

#include <string.h>
#include <strings.h>

static int read_all(hid_t attribute, hid_t type, struct numbers *numbers)
{
    const H5T_class_t class = H5Tget_class(type);

    numbers->integer = class == H5T_INTEGER;
    numbers->is_signed = numbers->integer && H5Tget_sign(type) == H5T_SGN_2;
    if (H5Aread(attribute, H5T_NATIVE_DOUBLE, numbers->real) < 0)
        return -1;
    if (!numbers->integer)
        return 0;
    return H5Aread(attribute, numbers->is_signed ? H5T_NATIVE_INT64 : H5T_NATIVE_UINT64, numbers->whole);
}

static int refuse(const struct attributes *from, const char *attribute, struct error *error)
{
    return hdf5_error(error, REFUSED, "%s: %s in %s: can't read its attribute %s (--raw ignores it)", from->input,
                      from->bound->dataset, from->bound->file, attribute);
}

/* Open the attribute and its type; both -1 where there is none. */
static int open_attribute(const struct attributes *from, const char *name, hid_t *attribute, hid_t *type,
                          struct error *error)
{
    const htri_t there = H5Aexists(from->dataset, name);

    *attribute = *type = H5I_INVALID_HID;
    if (there == 0)
        return OK;
    if (there < 0 || (*attribute = H5Aopen(from->dataset, name, H5P_DEFAULT)) < 0 ||
        (*type = H5Aget_type(*attribute)) < 0)
        return refuse(from, name, error);
    return OK;
}

static void close_attribute(hid_t attribute, hid_t type)
{
    if (type >= 0)
        H5Tclose(type);
    if (attribute >= 0)
        H5Aclose(attribute);
}

static int attribute_count(hid_t attribute)
{
    const hid_t space = H5Aget_space(attribute);
    const hssize_t count = space >= 0 ? H5Sget_simple_extent_npoints(space) : 0;

    if (space >= 0)
        H5Sclose(space);
    return count > NUMBERS_MAX ? NUMBERS_MAX + 1 : (int)count;
}

int attribute_numbers(const struct attributes *from, const char *name, struct numbers *numbers, struct error *error)
{
    hid_t attribute, type;
    int code = open_attribute(from, name, &attribute, &type, error);
    const H5T_class_t class = type >= 0 ? H5Tget_class(type) : H5T_NO_CLASS;

    *numbers = (struct numbers){0};
    if (!code && (class == H5T_INTEGER || class == H5T_FLOAT)) {
        numbers->count = attribute_count(attribute);
        if (numbers->count > NUMBERS_MAX)
            code =
                error_set(error, REFUSED, "%s: %s in %s has more than %d values in its attribute %s (--raw ignores it)",
                          from->input, from->bound->dataset, from->bound->file, NUMBERS_MAX, name);
        else if (numbers->count > 0 && read_all(attribute, type, numbers) < 0)
            code = refuse(from, name, error);
    }
    close_attribute(attribute, type);
    return code;
}

/* "true", with spaces behind it at most. */
static bool says_true(const char *text)
{
    return text && !strncasecmp(text, "true", 4) && text[4 + strspn(text + 4, " ")] == '\0';
}

static int read_text(hid_t attribute, hid_t type, bool *is_true)
{
    char fixed[16] = "", *text = NULL;
    hid_t memory;
    int result = -1;

    if (H5Tis_variable_str(type) > 0) {
        result = H5Aread(attribute, type, &text) < 0 ? -1 : 0;
        *is_true = says_true(text);
        H5free_memory(text);
        return result;
    }
    memory = H5Tcopy(type);
    if (memory >= 0 && H5Tset_size(memory, sizeof fixed) >= 0 && H5Aread(attribute, memory, fixed) >= 0)
        result = 0;
    fixed[sizeof fixed - 1] = '\0';
    *is_true = says_true(fixed);
    if (memory >= 0)
        H5Tclose(memory);
    return result;
}

int attribute_is_true(const struct attributes *from, const char *name, bool *is_true, struct error *error)
{
    hid_t attribute, type;
    int code = open_attribute(from, name, &attribute, &type, error);

    *is_true = false;
    if (!code && type >= 0 && H5Tget_class(type) == H5T_STRING && attribute_count(attribute) == 1 &&
        read_text(attribute, type, is_true))
        code = refuse(from, name, error);
    close_attribute(attribute, type);
    return code;
}
