#include "data/ending.h"

#include "data/handles.h"
#include "data/hdf5_error.h"
#include "data/record.h"
#include "data/table.h"

#include <time.h>

/* The runs, and the texts of the row at hand. */
struct run_rows {
    const struct run_info *runs;
    char (*utc)[32];
};

/* 2024-01-31T23:59:59Z */
static void utc(double seconds, char text[32])
{
    const time_t whole = (time_t)seconds;
    struct tm broken;

    if (!gmtime_r(&whole, &broken) || !strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", &broken))
        *text = '\0';
}

static void run_row(const void *context, uint64_t row, union cell *cells)
{
    const struct run_rows *rows = context;
    const struct run_info *run = &rows->runs[row];

    utc(run->start_s, rows->utc[0]);
    utc(run->end_s, rows->utc[1]);
    cells[0].text = rows->utc[0];
    cells[1].text = rows->utc[1];
    cells[2].real = run->start_s;
    cells[3].real = run->end_s;
    cells[4].text = run->host;
    cells[5].text = run->job;
    cells[6].text = run->nodes;
    cells[7].integer = run->ranks;
    cells[8].text = run->kernel_version;
    cells[9].whole = run->items;
    cells[10].whole = run->failed;
}

static int write_runs(hid_t group, const struct ending *ending, struct error *error)
{
    static const struct column columns[] = {
        {"start", COLUMN_TEXT},          {"end", COLUMN_TEXT},     {"start_s", COLUMN_DOUBLE}, {"end_s", COLUMN_DOUBLE},
        {"host", COLUMN_TEXT},           {"job", COLUMN_TEXT},     {"nodes", COLUMN_TEXT},     {"ranks", COLUMN_INT32},
        {"kernel_version", COLUMN_TEXT}, {"items", COLUMN_UINT64}, {"failed", COLUMN_UINT64}};
    char texts[2][32];
    const struct run_rows rows = {ending->runs, texts};
    const struct table table = {"runs", columns, COLUMN_COUNT(columns), ending->run_count, run_row, &rows};

    return table_write(group, &table, error);
}

static void made_row(const void *context, uint64_t row, union cell *cells)
{
    const struct made *made = (const struct made *)context + row;

    cells[0].whole = made->first;
    cells[1].whole = made->count;
    cells[2].integer = made->run;
}

static int write_made(hid_t group, const struct ending *ending, struct error *error)
{
    static const struct column columns[] = {{"first", COLUMN_UINT64}, {"count", COLUMN_UINT64}, {"run", COLUMN_INT32}};
    const struct table table = {"made", columns, COLUMN_COUNT(columns), ending->made_count, made_row, ending->made};

    return table_write(group, &table, error);
}

static void rank_row(const void *context, uint64_t row, union cell *cells)
{
    const struct share *share = (const struct share *)context + row;

    cells[0].integer = share->rank;
    cells[1].text = share->host;
    cells[2].whole = share->items;
    cells[3].real = share->busy_s;
    cells[4].real = share->waiting_s;
}

static int write_ranks(hid_t group, const struct ending *ending, struct error *error)
{
    static const struct column columns[] = {{"rank", COLUMN_INT32},
                                            {"host", COLUMN_TEXT},
                                            {"items", COLUMN_UINT64},
                                            {"busy_s", COLUMN_DOUBLE},
                                            {"waiting_s", COLUMN_DOUBLE}};
    const struct table table = {"ranks",  columns,       COLUMN_COUNT(columns), (uint64_t)ending->ranks,
                                rank_row, ending->shares};

    return table_write(group, &table, error);
}

static void failure_row(const void *context, uint64_t row, union cell *cells)
{
    const struct failure *failure = (const struct failure *)context + row;

    cells[0].whole = failure->index;
    cells[1].integer = failure->rank;
    cells[2].text = failure->reason;
}

static int write_failures(hid_t group, const struct ending *ending, struct error *error)
{
    static const struct column columns[] = {{"index", COLUMN_UINT64}, {"rank", COLUMN_INT32}, {"reason", COLUMN_TEXT}};
    const struct table table = {"failures",  columns,         COLUMN_COUNT(columns), (uint64_t)ending->failure_count,
                                failure_row, ending->failures};

    return table_write(group, &table, error);
}

int ending_write(hid_t file, const struct ending *ending, struct error *error)
{
    const hid_t group = H5Gopen2(file, "/h5map", H5P_DEFAULT);
    int code;

    if (group < 0)
        return hdf5_error(error, FAILED, "/h5map");
    code = write_runs(group, ending, error);
    if (!code)
        code = write_made(group, ending, error);
    if (!code)
        code = write_ranks(group, ending, error);
    if (!code)
        code = write_failures(group, ending, error);
    if (!code)
        code = record_number(group, "failed", ending->failed, error);
    if (handles_close(&group, 1) && !code)
        code = hdf5_error(error, FAILED, "/h5map");
    return code;
}
