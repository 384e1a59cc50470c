#include "data/account_read.h"

#include "data/handles.h"
#include "data/hdf5_error.h"
#include "data/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IDENTITY_MAX (16 * 1024 * 1024) /* bytes of text */
#define RUNS_MAX (1024 * 1024)

/* The attribute as a number. */
static int read_number(hid_t group, const char *name, uint64_t *number, struct error *error)
{
    const hid_t attribute = H5Aopen(group, name, H5P_DEFAULT);
    hid_t type = H5I_INVALID_HID, space = H5I_INVALID_HID;
    int code = OK;

    if (attribute < 0 || (type = H5Aget_type(attribute)) < 0 || (space = H5Aget_space(attribute)) < 0)
        code = hdf5_error(error, FAILED, "/h5map: attribute %s can't be read", name);
    else if (H5Tget_class(type) != H5T_INTEGER || H5Sget_simple_extent_npoints(space) != 1)
        code = error_set(error, FAILED, "/h5map: attribute %s can't be read: it is no integer", name);
    else if (H5Aread(attribute, H5T_NATIVE_UINT64, number) < 0)
        code = hdf5_error(error, FAILED, "/h5map: attribute %s can't be read", name);
    if (handles_close((const hid_t[]){space, type, attribute}, 3) && !code)
        code = hdf5_error(error, FAILED, "/h5map: attribute %s can't be read", name);
    return code;
}

/* Rows on their way into an array. */
struct list {
    const char *name;
    size_t row_bytes;
    void *rows;
    uint64_t count, room;
};

static int list_begin(void *context, uint64_t rows, struct error *error)
{
    struct list *list = context;

    list->room = rows;
    list->rows = calloc(rows + 1, list->row_bytes);
    return list->rows ? OK : error_memory(error, list->name, (unsigned long long)rows * list->row_bytes);
}

static void *list_next(struct list *list)
{
    return (char *)list->rows + list->count++ * list->row_bytes;
}

static void run_row(void *context, const union cell *cells)
{
    struct run_info *run = list_next(context);

    run->start_s = cells[0].real;
    run->end_s = cells[1].real;
    snprintf(run->host, sizeof run->host, "%s", cells[2].text);
    snprintf(run->job, sizeof run->job, "%s", cells[3].text);
    snprintf(run->nodes, sizeof run->nodes, "%s", cells[4].text);
    run->ranks = (int32_t)cells[5].integer;
    snprintf(run->kernel_version, sizeof run->kernel_version, "%s", cells[6].text);
    run->items = cells[7].whole;
    run->failed = cells[8].whole;
}

static void made_row(void *context, const union cell *cells)
{
    struct made *made = list_next(context);

    *made = (struct made){cells[0].whole, cells[1].whole, (uint32_t)cells[2].integer};
}

static void failure_row(void *context, const union cell *cells)
{
    struct failure *failure = list_next(context);

    failure->index = cells[0].whole;
    failure->rank = (int32_t)cells[1].integer;
    snprintf(failure->reason, sizeof failure->reason, "%s", cells[2].text);
}

static int read_runs(hid_t group, struct account *account, struct error *error)
{
    static const struct column columns[] = {
        {"start_s", COLUMN_DOUBLE}, {"end_s", COLUMN_DOUBLE}, {"host", COLUMN_TEXT},           {"job", COLUMN_TEXT},
        {"nodes", COLUMN_TEXT},     {"ranks", COLUMN_INT32},  {"kernel_version", COLUMN_TEXT}, {"items", COLUMN_UINT64},
        {"failed", COLUMN_UINT64}};
    struct list list = {.name = "runs", .row_bytes = sizeof *account->runs};
    const struct table_reader reader = {"runs", columns, COLUMN_COUNT(columns), RUNS_MAX, list_begin, run_row, &list};
    const int code = table_read(group, &reader, error);

    account->runs = list.rows;
    account->run_count = (uint32_t)list.count;
    return code;
}

static int read_made(hid_t group, struct account *account, struct error *error)
{
    static const struct column columns[] = {{"first", COLUMN_UINT64}, {"count", COLUMN_UINT64}, {"run", COLUMN_INT32}};
    struct list list = {.name = "made", .row_bytes = sizeof *account->made};
    const struct table_reader reader = {"made", columns, COLUMN_COUNT(columns), MADE_KEPT, list_begin, made_row, &list};
    const int code = table_read(group, &reader, error);

    account->made = list.rows;
    account->made_count = list.count;
    return code;
}

static int read_failures(hid_t group, struct account *account, struct error *error)
{
    static const struct column columns[] = {{"index", COLUMN_UINT64}, {"rank", COLUMN_INT32}, {"reason", COLUMN_TEXT}};
    struct list list = {.name = "failures", .row_bytes = sizeof *account->failures};
    const struct table_reader reader = {"failures",  columns, COLUMN_COUNT(columns), FAILURES_KEPT, list_begin,
                                        failure_row, &list};
    const int code = table_read(group, &reader, error);

    account->failures = list.rows;
    account->failure_count = (int)list.count;
    return code;
}

static int check(const struct account *account, struct error *error)
{
    const uint64_t items = account->items;

    if (account->failed > items)
        return error_set(error, FAILED, "/h5map: %llu items of %llu failed: can't be",
                         (unsigned long long)account->failed, (unsigned long long)items);
    for (uint64_t k = 0; k < account->made_count; k++) {
        const struct made *made = &account->made[k];

        if (made->first > items || made->count > items - made->first || made->run >= account->run_count)
            return error_set(error, FAILED, "/h5map/made: row %llu has items or a run that there are not",
                             (unsigned long long)k);
    }
    return OK;
}

int account_read(hid_t group, struct account *account, struct error *error)
{
    int code;

    *account = (struct account){0};
    code = table_read_text(group, "identity", IDENTITY_MAX, &account->identity, error);
    if (!code)
        code = read_number(group, "items", &account->items, error);
    if (!code)
        code = read_number(group, "failed", &account->failed, error);
    if (!code)
        code = read_runs(group, account, error);
    if (!code)
        code = read_made(group, account, error);
    if (!code)
        code = read_failures(group, account, error);
    if (!code)
        code = check(account, error);
    if (code)
        account_free(account);
    return code;
}

void account_free(struct account *account)
{
    free(account->identity);
    free(account->runs);
    free(account->made);
    free(account->failures);
    *account = (struct account){0};
}
