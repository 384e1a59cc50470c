/* Small tables of text and numbers as one-dimensional compound datasets, in the group /h5map. Local; calls HDF5. */
#ifndef DATA_TABLE_H
#define DATA_TABLE_H

#include "error.h"

#include <hdf5.h>
#include <stdint.h>

#define TABLE_COLUMNS_MAX 12
#define TABLE_TEXT_MAX 4096 /* bytes of a text that is read back */
#define COLUMN_COUNT(columns) (int)(sizeof(columns) / sizeof *(columns))

enum column_kind { COLUMN_TEXT, COLUMN_INT32, COLUMN_INT64, COLUMN_UINT64, COLUMN_DOUBLE };

struct column {
    const char *name;
    enum column_kind kind;
};

/* One value: text is UTF-8 and NUL-terminated; `integer` is of COLUMN_INT32 and COLUMN_INT64. */
union cell {
    const char *text;
    int64_t integer;
    uint64_t whole;
    double real;
};

/* A table and where its rows come from: `row` fills in one cell a column; it is asked for each row twice, in order. */
struct table {
    const char *name;
    const struct column *columns;
    int column_count; /* TABLE_COLUMNS_MAX at most */
    uint64_t rows;
    void (*row)(const void *context, uint64_t row, union cell *cells);
    const void *context;
};

/* Make the dataset table->name in the group, contiguous; text columns are fixed-length, as long as their longest
 * text. A few MiB of memory at most, whatever the number of rows. FAILED where it can't be written. */
int table_write(hid_t group, const struct table *table, struct error *error);

/* Make a scalar dataset that holds the text. */
int table_write_text(hid_t group, const char *name, const char *text, struct error *error);

/* A table that is read back: columns that it must have, among others and in any order, and where its rows go. */
struct table_reader {
    const char *name;
    const struct column *columns;
    int column_count; /* TABLE_COLUMNS_MAX at most */
    uint64_t rows_max;
    /* It has so many rows: make room. Nonzero, and the error, where there is none. */
    int (*begin)(void *context, uint64_t rows, struct error *error);
    /* The next row, one cell a column; texts end with it. */
    void (*row)(void *context, const union cell *cells);
    void *context;
};

/* Read the dataset reader->name of the group. Numbers are converted to their column's kind; texts may be padded with
 * NULs, or end with one, or with spaces. FAILED where it is not there, can't be read, lacks a column, holds another
 * kind of data in it, texts of more than TABLE_TEXT_MAX bytes, or has more than rows_max rows. */
int table_read(hid_t group, const struct table_reader *reader, struct error *error);

/* Read a scalar dataset that is text of at most bytes_max bytes; *text is malloc'ed. */
int table_read_text(hid_t group, const char *name, size_t bytes_max, char **text, struct error *error);

#endif
