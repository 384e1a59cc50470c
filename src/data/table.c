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

static int fail(const char *name, struct error *error)
{
    return hdf5_error(error, FAILED, "/h5map/%s", name);
}

/* A dataset that is being written. */
struct writing {
    const struct table *table;
    struct form form;
    hid_t dataset, type, space;
    struct error *error;
};

static int insert_column(const struct writing *w, int c)
{
    const struct column *column = &w->table->columns[c];
    const hid_t type = column->kind == COLUMN_TEXT ? types_text(w->form.bytes[c]) : H5Tcopy(number_type(column->kind));
    int code = OK;

    if (type < 0 || H5Tinsert(w->type, column->name, w->form.offset[c], type) < 0)
        code = fail(w->table->name, w->error);
    if (handles_close(&type, 1) && !code)
        code = fail(w->table->name, w->error);
    return code;
}

static int make_type(struct writing *w)
{
    int code = OK;

    w->type = H5Tcreate(H5T_COMPOUND, w->form.row_bytes);
    if (w->type < 0)
        return fail(w->table->name, w->error);
    for (int c = 0; c < w->table->column_count && !code; c++)
        code = insert_column(w, c);
    return code;
}

/* A dataset without a time of creation. */
static int create_dataset(hid_t group, const char *name, const hid_t form[2], hid_t *dataset, struct error *error)
{
    const hid_t plist = H5Pcreate(H5P_DATASET_CREATE);
    int code = OK;

    *dataset = H5I_INVALID_HID;
    if (plist < 0 || H5Pset_obj_track_times(plist, false) < 0 ||
        (*dataset = H5Dcreate2(group, name, form[0], form[1], H5P_DEFAULT, plist, H5P_DEFAULT)) < 0)
        code = fail(name, error);
    if (handles_close(&plist, 1) && !code)
        code = fail(name, error);
    return code;
}

static int write_block(const struct writing *w, hsize_t first, hsize_t count, const void *rows)
{
    const hid_t memory = H5Screate_simple(1, &count, NULL);
    int code = OK;

    if (memory < 0 || H5Sselect_hyperslab(w->space, H5S_SELECT_SET, &first, NULL, &count, NULL) < 0 ||
        H5Dwrite(w->dataset, w->type, memory, w->space, H5P_DEFAULT, rows) < 0)
        code = fail(w->table->name, w->error);
    if (handles_close(&memory, 1) && !code)
        code = fail(w->table->name, w->error);
    return code;
}

/* Write all rows, some at a time. */
static int write_rows(const struct writing *w)
{
    const struct table *table = w->table;
    const size_t row_bytes = w->form.row_bytes;
    unsigned char *block = malloc(row_bytes * BLOCK_ROWS);
    union cell cells[TABLE_COLUMNS_MAX];
    int code = OK;

    if (!block)
        return error_memory(w->error, table->name, (unsigned long long)row_bytes * BLOCK_ROWS);
    for (uint64_t first = 0; first < table->rows && !code; first += BLOCK_ROWS) {
        const uint64_t left = table->rows - first, count = left < BLOCK_ROWS ? left : BLOCK_ROWS;

        memset(block, 0, count * row_bytes);
        for (uint64_t r = 0; r < count; r++) {
            table->row(table->context, first + r, cells);
            for (int c = 0; c < table->column_count; c++)
                put_cell(table->columns[c].kind, cells[c], block + r * row_bytes + w->form.offset[c]);
        }
        code = write_block(w, first, count, block);
    }
    free(block);
    return code;
}

int table_write(hid_t group, const struct table *table, struct error *error)
{
    struct writing w = {table, {{0}, {0}, 0}, H5I_INVALID_HID, H5I_INVALID_HID, H5I_INVALID_HID, error};
    int code;

    find_form(table, &w.form);
    code = make_type(&w);
    if (!code && (w.space = H5Screate_simple(1, (const hsize_t[]){table->rows}, NULL)) < 0)
        code = fail(table->name, error);
    if (!code)
        code = create_dataset(group, table->name, (const hid_t[]){w.type, w.space}, &w.dataset, error);
    if (!code)
        code = write_rows(&w);
    if (handles_close((const hid_t[]){w.dataset, w.space, w.type}, 3) && !code)
        code = fail(table->name, error);
    return code;
}

int table_write_text(hid_t group, const char *name, const char *text, struct error *error)
{
    const hid_t type = types_text(strlen(text));
    hid_t space = H5I_INVALID_HID, dataset = H5I_INVALID_HID;
    int code = OK;

    if (type < 0 || (space = H5Screate(H5S_SCALAR)) < 0)
        code = fail(name, error);
    if (!code)
        code = create_dataset(group, name, (const hid_t[]){type, space}, &dataset, error);
    if (!code && H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, text) < 0)
        code = fail(name, error);
    if (handles_close((const hid_t[]){dataset, space, type}, 3) && !code)
        code = fail(name, error);
    return code;
}
