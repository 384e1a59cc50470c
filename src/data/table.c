#include "data/table.h"

#include "data/handles.h"
#include "data/hdf5_error.h"
#include "data/types.h"

#include <stdlib.h>
#include <string.h>

#define BLOCK_ROWS 1024

/* How a row lies in the file. */
struct form {
    size_t offset[TABLE_COLUMNS_MAX], bytes[TABLE_COLUMNS_MAX], row_bytes;
};

static size_t number_bytes(enum column_kind kind)
{
    return kind == COLUMN_INT32 ? sizeof(int32_t) : sizeof(int64_t);
}

static void find_form(const struct table *table, struct form *form)
{
    union cell cells[TABLE_COLUMNS_MAX];

    *form = (struct form){0};
    for (int c = 0; c < table->column_count; c++)
        form->bytes[c] = table->columns[c].kind == COLUMN_TEXT ? 1 : number_bytes(table->columns[c].kind);
    for (uint64_t r = 0; r < table->rows; r++) {
        table->row(table->context, r, cells);
        for (int c = 0; c < table->column_count; c++)
            if (table->columns[c].kind == COLUMN_TEXT && strlen(cells[c].text) > form->bytes[c])
                form->bytes[c] = strlen(cells[c].text);
    }
    for (int c = 0; c < table->column_count; c++) {
        form->offset[c] = form->row_bytes;
        form->row_bytes += form->bytes[c];
    }
}

static void put_cell(enum column_kind kind, union cell cell, unsigned char *to)
{
    const int32_t narrow = (int32_t)cell.integer;

    switch (kind) {
    case COLUMN_TEXT:
        memcpy(to, cell.text, strlen(cell.text));
        break;
    case COLUMN_INT32:
        memcpy(to, &narrow, sizeof narrow);
        break;
    default:
        memcpy(to, &cell, sizeof cell.whole);
    }
}

static hid_t number_type(enum column_kind kind)
{
    return kind == COLUMN_INT32    ? H5T_NATIVE_INT32
           : kind == COLUMN_INT64  ? H5T_NATIVE_INT64
           : kind == COLUMN_UINT64 ? H5T_NATIVE_UINT64
                                   : H5T_NATIVE_DOUBLE;
}

static hid_t row_type(const struct table *table, const struct form *form)
{
    hid_t made = H5Tcreate(H5T_COMPOUND, form->row_bytes);

    for (int c = 0; c < table->column_count && made >= 0; c++) {
        const struct column *column = &table->columns[c];
        const hid_t type =
            column->kind == COLUMN_TEXT ? types_text(form->bytes[c]) : H5Tcopy(number_type(column->kind));
        const herr_t inserted = type < 0 ? -1 : H5Tinsert(made, column->name, form->offset[c], type);

        if (type >= 0)
            H5Tclose(type);
        if (inserted < 0) {
            H5Tclose(made);
            made = H5I_INVALID_HID;
        }
    }
    return made;
}

static int write_block(hid_t dataset, hid_t type, hsize_t first, hsize_t count, const void *rows)
{
    const hid_t space = H5Dget_space(dataset), memory = H5Screate_simple(1, &count, NULL);
    const hid_t opened[] = {memory, space};

    if (space < 0 || memory < 0 || H5Sselect_hyperslab(space, H5S_SELECT_SET, &first, NULL, &count, NULL) < 0 ||
        H5Dwrite(dataset, type, memory, space, H5P_DEFAULT, rows) < 0)
        return -1; /* the run ends, and the error stays on HDF5's stack */
    return handles_close(opened, 2);
}

/* Write all rows, some at a time. 0, or -1 with the error on HDF5's stack. */
static int write_rows(hid_t dataset, hid_t type, const struct table *table, const struct form *form,
                      unsigned char *block)
{
    union cell cells[TABLE_COLUMNS_MAX];
    int result = 0;

    for (uint64_t first = 0; first < table->rows && result == 0; first += BLOCK_ROWS) {
        const uint64_t left = table->rows - first, count = left < BLOCK_ROWS ? left : BLOCK_ROWS;

        memset(block, 0, count * form->row_bytes);
        for (uint64_t r = 0; r < count; r++) {
            table->row(table->context, first + r, cells);
            for (int c = 0; c < table->column_count; c++)
                put_cell(table->columns[c].kind, cells[c], block + r * form->row_bytes + form->offset[c]);
        }
        result = write_block(dataset, type, first, count, block);
    }
    return result;
}

/* A dataset without a time of creation. */
static hid_t create_dataset(hid_t group, const char *name, hid_t type, hid_t space)
{
    const hid_t plist = H5Pcreate(H5P_DATASET_CREATE);
    hid_t dataset = H5I_INVALID_HID;

    if (plist >= 0 && H5Pset_obj_track_times(plist, false) >= 0)
        dataset = H5Dcreate2(group, name, type, space, H5P_DEFAULT, plist, H5P_DEFAULT);
    if (dataset >= 0 && handles_close(&plist, 1))
        return H5I_INVALID_HID;
    return dataset;
}

int table_write(hid_t group, const struct table *table, struct error *error)
{
    const hsize_t rows = table->rows;
    hid_t opened[3] = {H5I_INVALID_HID, H5I_INVALID_HID, H5I_INVALID_HID}; /* dataset, type, space */
    unsigned char *block = NULL;
    struct form form;
    int code = OK;

    find_form(table, &form);
    block = malloc(form.row_bytes * (rows < BLOCK_ROWS ? rows + 1 : BLOCK_ROWS));
    if (!block)
        return error_memory(error, table->name, (unsigned long long)form.row_bytes * BLOCK_ROWS);
    if ((opened[1] = row_type(table, &form)) < 0 || (opened[2] = H5Screate_simple(1, &rows, NULL)) < 0 ||
        (opened[0] = create_dataset(group, table->name, opened[1], opened[2])) < 0 ||
        write_rows(opened[0], opened[1], table, &form, block))
        code = hdf5_error(error, FAILED, "/h5map/%s", table->name);
    if (handles_close(opened, 3) && !code)
        code = hdf5_error(error, FAILED, "/h5map/%s", table->name);
    free(block);
    return code;
}

int table_write_text(hid_t group, const char *name, const char *text, struct error *error)
{
    const hid_t type = types_text(strlen(text)), space = H5Screate(H5S_SCALAR);
    const hid_t dataset = type < 0 || space < 0 ? H5I_INVALID_HID : create_dataset(group, name, type, space);
    const hid_t opened[] = {dataset, space, type};
    int code = OK;

    if (dataset < 0 || H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, text) < 0)
        code = hdf5_error(error, FAILED, "/h5map/%s", name);
    if (handles_close(opened, 3) && !code)
        code = hdf5_error(error, FAILED, "/h5map/%s", name);
    return code;
}
