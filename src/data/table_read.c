#include "data/handles.h"
#include "data/hdf5_error.h"
#include "data/table.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_ROWS 1024

/* A dataset that is being read. */
struct reading {
    const struct table_reader *table;
    hid_t dataset, stored, type, space; /* type: of a row in memory */
    size_t offset[TABLE_COLUMNS_MAX], row_bytes;
    hsize_t rows;
    struct error *error;
};

static int fail(const char *name, struct error *error)
{
    return hdf5_error(error, FAILED, "/h5map/%s can't be read", name);
}

static hid_t native_of(enum column_kind kind)
{
    return kind == COLUMN_INT32    ? H5T_NATIVE_INT32
           : kind == COLUMN_INT64  ? H5T_NATIVE_INT64
           : kind == COLUMN_UINT64 ? H5T_NATIVE_UINT64
                                   : H5T_NATIVE_DOUBLE;
}

/* Fixed-length text as it lies in memory: with room for a NUL. Negative: it is none, or too long. */
static hid_t text_in_memory(hid_t stored, size_t bytes_max)
{
    const size_t bytes = H5Tget_size(stored);
    hid_t type;

    if (H5Tget_class(stored) != H5T_STRING || H5Tis_variable_str(stored) || bytes == 0 || bytes > bytes_max)
        return H5I_INVALID_HID;
    type = H5Tcopy(stored);
    if (type < 0 || (H5Tset_size(type, bytes + 1) >= 0 && H5Tset_strpad(type, H5T_STR_NULLTERM) >= 0))
        return type;
    H5Tclose(type);
    return H5I_INVALID_HID;
}

/* The type of a column in memory; negative: what is stored is of another kind. */
static hid_t column_in_memory(hid_t stored, enum column_kind kind)
{
    if (kind == COLUMN_TEXT)
        return text_in_memory(stored, TABLE_TEXT_MAX);
    if (H5Tget_class(stored) != (kind == COLUMN_DOUBLE ? H5T_FLOAT : H5T_INTEGER))
        return H5I_INVALID_HID;
    return H5Tcopy(native_of(kind));
}

/* A damaged type may say that a member lies behind the end of its row, where HDF5 would go and read it. */
static bool members_are_within(hid_t stored)
{
    const size_t bytes = H5Tget_size(stored);

    for (int k = H5Tget_nmembers(stored); k-- > 0;) {
        const hid_t member = H5Tget_member_type(stored, (unsigned)k);
        const size_t first = H5Tget_member_offset(stored, (unsigned)k), size = member < 0 ? 0 : H5Tget_size(member);

        if (handles_close(&member, 1) || size == 0 || size > bytes || first > bytes - size)
            return false;
    }
    return true;
}

/* The types of the columns in memory, from those stored; where each goes in a row. */
static int find_columns(struct reading *r, hid_t types[TABLE_COLUMNS_MAX])
{
    const struct table_reader *table = r->table;

    for (int c = 0; c < table->column_count; c++) {
        const int member = H5Tget_member_index(r->stored, table->columns[c].name);
        const hid_t stored = member < 0 ? H5I_INVALID_HID : H5Tget_member_type(r->stored, (unsigned)member);

        if (stored >= 0)
            types[c] = column_in_memory(stored, table->columns[c].kind);
        if (handles_close(&stored, 1) || types[c] < 0)
            return error_set(r->error, FAILED, "/h5map/%s can't be read: its column %s is missing or of another type",
                             table->name, table->columns[c].name);
        r->offset[c] = r->row_bytes;
        r->row_bytes += H5Tget_size(types[c]);
    }
    return OK;
}

static int make_type(struct reading *r)
{
    const struct table_reader *table = r->table;
    hid_t types[TABLE_COLUMNS_MAX];
    int code;

    for (int c = 0; c < TABLE_COLUMNS_MAX; c++)
        types[c] = H5I_INVALID_HID;
    code = find_columns(r, types);
    if (!code && (r->type = H5Tcreate(H5T_COMPOUND, r->row_bytes)) < 0)
        code = fail(table->name, r->error);
    for (int c = 0; c < table->column_count && !code; c++)
        if (H5Tinsert(r->type, table->columns[c].name, r->offset[c], types[c]) < 0)
            code = fail(table->name, r->error);
    if (handles_close(types, table->column_count) && !code)
        code = fail(table->name, r->error);
    return code;
}

static int open_dataset(hid_t group, struct reading *r)
{
    const struct table_reader *table = r->table;

    if ((r->dataset = H5Dopen2(group, table->name, H5P_DEFAULT)) < 0 || (r->stored = H5Dget_type(r->dataset)) < 0 ||
        (r->space = H5Dget_space(r->dataset)) < 0)
        return fail(table->name, r->error);
    if (H5Tget_class(r->stored) != H5T_COMPOUND || H5Sget_simple_extent_ndims(r->space) != 1 ||
        !members_are_within(r->stored))
        return error_set(r->error, FAILED, "/h5map/%s can't be read: it is no table", table->name);
    if (H5Sget_simple_extent_dims(r->space, &r->rows, NULL) < 0)
        return fail(table->name, r->error);
    if (r->rows > table->rows_max)
        return error_set(r->error, FAILED, "/h5map/%s can't be read: it has %llu rows, more than %llu", table->name,
                         (unsigned long long)r->rows, (unsigned long long)table->rows_max);
    return OK;
}

static int read_block(const struct reading *r, hsize_t first, hsize_t count, void *rows)
{
    const hid_t memory = H5Screate_simple(1, &count, NULL);
    int code = OK;

    if (memory < 0 || H5Sselect_hyperslab(r->space, H5S_SELECT_SET, &first, NULL, &count, NULL) < 0 ||
        H5Dread(r->dataset, r->type, memory, r->space, H5P_DEFAULT, rows) < 0)
        code = fail(r->table->name, r->error);
    if (handles_close(&memory, 1) && !code)
        code = fail(r->table->name, r->error);
    return code;
}

static union cell get_cell(enum column_kind kind, const unsigned char *from)
{
    union cell cell = {.text = (const char *)from};
    int32_t narrow;

    if (kind == COLUMN_INT32) {
        memcpy(&narrow, from, sizeof narrow);
        cell.integer = narrow;
    } else if (kind != COLUMN_TEXT) {
        memcpy(&cell, from, sizeof cell.whole);
    }
    return cell;
}

static int read_rows(const struct reading *r)
{
    const struct table_reader *table = r->table;
    unsigned char *block = malloc(r->row_bytes * BLOCK_ROWS);
    union cell cells[TABLE_COLUMNS_MAX];
    int code = OK;

    if (!block)
        return error_memory(r->error, table->name, (unsigned long long)r->row_bytes * BLOCK_ROWS);
    for (uint64_t first = 0; first < r->rows && !code; first += BLOCK_ROWS) {
        const uint64_t left = r->rows - first, count = left < BLOCK_ROWS ? left : BLOCK_ROWS;

        code = read_block(r, first, count, block);
        for (uint64_t k = 0; k < count && !code; k++) {
            for (int c = 0; c < table->column_count; c++)
                cells[c] = get_cell(table->columns[c].kind, block + k * r->row_bytes + r->offset[c]);
            table->row(table->context, cells);
        }
    }
    free(block);
    return code;
}

int table_read(hid_t group, const struct table_reader *reader, struct error *error)
{
    struct reading r = {.table = reader,
                        .dataset = H5I_INVALID_HID,
                        .stored = H5I_INVALID_HID,
                        .type = H5I_INVALID_HID,
                        .space = H5I_INVALID_HID,
                        .error = error};
    int code = open_dataset(group, &r);

    if (!code)
        code = make_type(&r);
    if (!code)
        code = reader->begin(reader->context, r.rows, error);
    if (!code)
        code = read_rows(&r);
    if (handles_close((const hid_t[]){r.type, r.space, r.stored, r.dataset}, 4) && !code)
        code = fail(reader->name, error);
    return code;
}

/* Read the one text of the dataset. */
static int read_text(hid_t dataset, const char *name, size_t bytes_max, char **text, struct error *error)
{
    const hid_t stored = H5Dget_type(dataset);
    hid_t type = H5I_INVALID_HID, space = H5I_INVALID_HID;
    int code = OK;

    if (stored < 0 || (space = H5Dget_space(dataset)) < 0)
        code = fail(name, error);
    else if (H5Sget_simple_extent_type(space) != H5S_SCALAR || (type = text_in_memory(stored, bytes_max)) < 0)
        code = error_set(error, FAILED, "/h5map/%s can't be read: it is no text of at most %zu bytes", name, bytes_max);
    else if (!(*text = calloc(1, H5Tget_size(type))))
        code = error_memory(error, name, H5Tget_size(type));
    else if (H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, *text) < 0)
        code = fail(name, error);
    if (handles_close((const hid_t[]){type, space, stored}, 3) && !code)
        code = fail(name, error);
    return code;
}

int table_read_text(hid_t group, const char *name, size_t bytes_max, char **text, struct error *error)
{
    const hid_t dataset = H5Dopen2(group, name, H5P_DEFAULT);
    int code;

    *text = NULL;
    if (dataset < 0)
        return fail(name, error);
    code = read_text(dataset, name, bytes_max, text, error);
    if (handles_close(&dataset, 1) && !code)
        code = fail(name, error);
    if (code) {
        free(*text);
        *text = NULL;
    }
    return code;
}
