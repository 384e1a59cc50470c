#include "data/record.h"

#include "data/dataset.h"
#include "data/handles.h"
#include "data/hdf5_error.h"
#include "data/packing.h"
#include "data/ports.h"
#include "data/table.h"
#include "data/types.h"

#include <stdlib.h>
#include <string.h>

#define ATTRIBUTE_MAX 60000 /* bytes of text; an attribute of more than 64 KiB can't be made */

/* One value of the type, which is closed. */
static int write_attribute(hid_t group, const char *name, hid_t type, const void *value, struct error *error)
{
    hid_t space = H5I_INVALID_HID, attribute = H5I_INVALID_HID;
    int code = OK;

    if (type < 0 || (space = H5Screate(H5S_SCALAR)) < 0 ||
        (attribute = H5Acreate2(group, name, type, space, H5P_DEFAULT, H5P_DEFAULT)) < 0 ||
        H5Awrite(attribute, type, value) < 0)
        code = hdf5_error(error, FAILED, "/h5map: attribute %s", name);
    if (handles_close((const hid_t[]){attribute, space, type}, 3) && !code)
        code = hdf5_error(error, FAILED, "/h5map: attribute %s", name);
    return code;
}

int record_number(hid_t group, const char *name, uint64_t number, struct error *error)
{
    return write_attribute(group, name, H5Tcopy(H5T_NATIVE_UINT64), &number, error);
}

static int write_texts(hid_t group, const struct record *record, struct error *error)
{
    const struct {
        const char *name, *text;
    } texts[] = {{"version", record->version},          {"kernel", record->kernel},
                 {"signature", record->signature},      {"object_sha256", record->object_hash},
                 {"compiler", record->compiler},        {"flags", record->flags},
                 {"command_line", record->command_line}};
    int code = OK;

    for (size_t k = 0; k < sizeof texts / sizeof *texts && !code; k++) {
        const char *text = texts[k].text ? texts[k].text : "";

        if (strlen(text) > ATTRIBUTE_MAX)
            code = table_write_text(group, texts[k].name, text, error);
        else
            code = write_attribute(group, texts[k].name, types_text(strlen(text)), text, error);
    }
    if (!code)
        code = table_write_text(group, "identity", record->identity, error);
    if (!code && record->source)
        code = table_write_text(group, "source", record->source, error);
    return code;
}

/* The texts of the inputs, made once. */
struct input_rows {
    const struct record *record;
    int port[PORTS_MAX];
    struct {
        char file[PATH_BYTES], shape[1024], packing[1024];
    } text[PORTS_MAX];
};

static uint64_t make_input_rows(const struct record *record, struct input_rows *rows)
{
    uint64_t count = 0;

    rows->record = record;
    for (int k = 0; k < record->ports->in_count; k++) {
        const struct bound *bound = &record->binding->in[k];

        if (!ports_has_dataset(&record->ports->in[k]))
            continue;
        rows->port[count] = k;
        if (!realpath(bound->file, rows->text[count].file))
            memcpy(rows->text[count].file, bound->file, sizeof bound->file);
        dataset_shape_text(bound->shape, bound->rank, rows->text[count].shape, sizeof rows->text[count].shape);
        packing_text(bound, rows->text[count].packing, sizeof rows->text[count].packing);
        count++;
    }
    return count;
}

static void input_row(const void *context, uint64_t row, union cell *cells)
{
    const struct input_rows *rows = context;
    const int k = rows->port[row];
    const struct bound *bound = &rows->record->binding->in[k];

    cells[0].text = rows->record->ports->in[k].name;
    cells[1].text = rows->text[row].file;
    cells[2].text = bound->dataset;
    cells[3].text = bound->type_name;
    cells[4].text = rows->text[row].shape;
    cells[5].whole = bound->file_bytes;
    cells[6].integer = bound->mtime_ns;
    cells[7].text = rows->text[row].packing;
}

static int write_inputs(hid_t group, const struct record *record, struct error *error)
{
    static const struct column columns[] = {
        {"name", COLUMN_TEXT},  {"file", COLUMN_TEXT},   {"dataset", COLUMN_TEXT},   {"type", COLUMN_TEXT},
        {"shape", COLUMN_TEXT}, {"size", COLUMN_UINT64}, {"mtime_ns", COLUMN_INT64}, {"packing", COLUMN_TEXT}};
    struct input_rows *rows = calloc(1, sizeof *rows);
    struct table table = {"inputs", columns, COLUMN_COUNT(columns), 0, input_row, rows};
    int code;

    if (!rows)
        return error_memory(error, "/h5map/inputs", sizeof *rows);
    table.rows = make_input_rows(record, rows);
    code = table_write(group, &table, error);
    free(rows);
    return code;
}

struct param_rows {
    int port[PORTS_MAX];
    const struct port *ports;
    char value[PORTS_MAX][64];
};

static void param_row(const void *context, uint64_t row, union cell *cells)
{
    const struct param_rows *rows = context;
    const struct port *port = &rows->ports[rows->port[row]];

    cells[0].text = port->name;
    cells[1].text = type_name(port->type);
    cells[2].text = rows->value[row];
}

static int write_params(hid_t group, const struct record *record, struct error *error)
{
    static const struct column columns[] = {{"name", COLUMN_TEXT}, {"type", COLUMN_TEXT}, {"value", COLUMN_TEXT}};
    struct param_rows rows = {.ports = record->ports->in};
    struct table table = {"parameters", columns, COLUMN_COUNT(columns), 0, param_row, &rows};

    for (int k = 0; k < record->ports->in_count; k++) {
        if (record->ports->in[k].role != ROLE_PARAM)
            continue;
        rows.port[table.rows] = k;
        scalar_format(record->param[k], record->ports->in[k].type, rows.value[table.rows], sizeof *rows.value);
        table.rows++;
    }
    return table_write(group, &table, error);
}

int record_write(hid_t file, const struct record *record, uint64_t items, struct error *error)
{
    const hid_t group = H5Gcreate2(file, "/h5map", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    int code;

    if (group < 0)
        return hdf5_error(error, FAILED, "/h5map");
    code = write_texts(group, record, error);
    if (!code)
        code = record_number(group, "items", items, error);
    if (!code)
        code = write_inputs(group, record, error);
    if (!code)
        code = write_params(group, record, error);
    if (handles_close(&group, 1) && !code)
        code = hdf5_error(error, FAILED, "/h5map");
    return code;
}
