/* Small tables of text and numbers as one-dimensional compound datasets. Local; calls HDF5. */
#ifndef DATA_TABLE_H
#define DATA_TABLE_H

#include "error.h"

#include <hdf5.h>
#include <stdint.h>

#define TABLE_COLUMNS_MAX 12

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

#endif
