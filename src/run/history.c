#include "run/history.h"

#include <stdlib.h>
#include <string.h>

#define VERSION 3

/* Types of records. */
enum { RECORD_HEAD = 1, RECORD_IDENTITY, RECORD_SKELETON, RECORD_RUN, RECORD_EXTENT, RECORD_FAILURE };

/* Records other than the head, identity and extents, as they are written. */
struct skeleton_record {
    uint64_t offset; /* the bytes follow */
};
struct run_record {
    uint64_t number;
    struct run_info run;
};

void head_result(struct head *head, int k, const struct yield *yield)
{
    head->out_bytes[k] = yield->bytes;
    head->row_bytes[k] = yield->row_bytes;
    if (yield->ragged)
        head->ragged |= 1u << k;
}

int history_add_run(struct history *history, const struct run_info *run, struct error *error)
{
    struct run_info *more = realloc(history->runs, (history->head.run_count + 1) * sizeof *more);

    if (!more)
        return error_memory(error, "the list of runs", sizeof *more);
    history->runs = more;
    history->runs[history->head.run_count++] = *run;
    return OK;
}

static size_t extent_bytes(int out_count)
{
    return offsetof(struct extent, crc) + (size_t)out_count * sizeof(uint32_t);
}

int history_put_extent(struct journal *journal, const struct extent *extent, int out_count, struct error *error)
{
    return journal_put(journal, RECORD_EXTENT, extent, extent_bytes(out_count), error);
}

int history_put_failure(struct journal *journal, const struct failure *failure, struct error *error)
{
    return journal_put(journal, RECORD_FAILURE, failure, sizeof *failure, error);
}

int history_put_run(struct journal *journal, uint32_t number, const struct run_info *run, struct error *error)
{
    struct run_record record;

    memset(&record, 0, sizeof record);
    record.number = number;
    record.run = *run;
    return journal_put(journal, RECORD_RUN, &record, sizeof record, error);
}

static int put_skeleton_part(struct journal *journal, const struct skeleton_part *part, struct error *error)
{
    const size_t bytes = sizeof(struct skeleton_record) + part->bytes;
    struct skeleton_record *record = malloc(bytes);

    if (!record)
        return error_memory(error, "the journal", bytes);
    record->offset = part->offset;
    memcpy(record + 1, part->data, part->bytes);
    journal_put(journal, RECORD_SKELETON, record, bytes, error);
    free(record);
    return error->code;
}

int history_begin(const struct history *history, struct journal **journal, struct error *error)
{
    struct head head = history->head;

    head.version = VERSION;
    head.skeleton_parts = (uint32_t)history->skeleton.count;
    if (journal_create(history->path, history->name, history->attempt, journal, error) ||
        journal_put(*journal, RECORD_HEAD, &head, sizeof head, error) ||
        journal_put(*journal, RECORD_IDENTITY, history->identity, strlen(history->identity) + 1, error))
        return error->code;
    for (int k = 0; k < history->skeleton.count; k++)
        if (put_skeleton_part(*journal, &history->skeleton.of[k], error))
            return error->code;
    for (uint32_t k = 0; k < head.run_count; k++)
        if (history_put_run(*journal, k, &history->runs[k], error))
            return error->code;
    return OK;
}

/* ---- reading ---- */

static int take_head(struct history *history, const void *data, size_t bytes, struct error *error)
{
    if (bytes != sizeof history->head)
        return OK;
    memcpy(&history->head, data, bytes);
    if (history->head.out_count < 0 || history->head.out_count > PORTS_MAX)
        history->head.version = 0;
    history->runs = calloc((size_t)history->head.run_count + 1, sizeof *history->runs);
    return history->runs ? OK : error_memory(error, "the list of runs", sizeof *history->runs);
}

static int take_identity(struct history *history, const char *text, size_t bytes, struct error *error)
{
    if (bytes == 0 || text[bytes - 1] || history->identity)
        return OK;
    history->identity = strdup(text);
    return history->identity ? OK : error_memory(error, "the journal", bytes);
}

static int take_skeleton(struct history *history, const void *data, size_t bytes, struct error *error)
{
    struct skeleton_record record;

    if (bytes < sizeof record)
        return OK;
    memcpy(&record, data, sizeof record);
    return skeleton_add(&history->skeleton, record.offset, (const char *)data + sizeof record, bytes - sizeof record,
                        error);
}

static void take_run(struct history *history, const void *data, size_t bytes)
{
    struct run_record record;

    if (bytes != sizeof record)
        return;
    memcpy(&record, data, sizeof record);
    if (history->runs && record.number < history->head.run_count)
        history->runs[record.number] = record.run;
}

static int take_base(struct history *history, uint32_t type, const void *data, size_t bytes, struct error *error)
{
    switch (type) {
    case RECORD_HEAD:
        return history->runs ? OK : take_head(history, data, bytes, error);
    case RECORD_IDENTITY:
        return take_identity(history, data, bytes, error);
    case RECORD_SKELETON:
        return take_skeleton(history, data, bytes, error);
    case RECORD_RUN:
        take_run(history, data, bytes);
        return OK;
    default:
        return OK;
    }
}

static bool is_whole(const struct history *history)
{
    return history->runs && history->head.version == VERSION && history->head.run_count > 0 && history->identity &&
           history->skeleton.count == (int)history->head.skeleton_parts;
}

int history_open(struct history *history, struct journal_reader **reader, struct error *error)
{
    const void *data;
    uint32_t type, runs = 0;
    size_t bytes;

    *reader = NULL;
    if (journal_newest(history->path, history->name, &history->attempt, error) || history->attempt == 0 ||
        journal_read(history->path, history->name, history->attempt, reader, error))
        return error->code;
    while (!(is_whole(history) && runs == history->head.run_count) &&
           journal_next(*reader, &type, &data, &bytes, error)) {
        runs += type == RECORD_RUN;
        if (take_base(history, type, data, bytes, error))
            break;
    }
    if (!error->code && is_whole(history) && runs == history->head.run_count)
        return OK;
    journal_end(*reader);
    *reader = NULL;
    return error->code;
}

enum entry_kind history_next(struct history *history, struct journal_reader *reader, struct extent *extent,
                             struct failure *failure, struct error *error)
{
    const void *data;
    uint32_t type;
    size_t bytes;

    while (journal_next(reader, &type, &data, &bytes, error)) {
        if (type == RECORD_EXTENT && bytes == extent_bytes(history->head.out_count)) {
            memset(extent, 0, sizeof *extent);
            memcpy(extent, data, bytes);
            return ENTRY_EXTENT;
        }
        if (type == RECORD_FAILURE && bytes == sizeof *failure) {
            memcpy(failure, data, bytes);
            failure->reason[REASON_TEXT_MAX] = '\0';
            return ENTRY_FAILURE;
        }
        if (type == RECORD_RUN)
            take_run(history, data, bytes);
    }
    return ENTRY_END;
}

void history_free(struct history *history)
{
    skeleton_free(&history->skeleton);
    free(history->identity);
    free(history->runs);
    history->identity = NULL;
    history->runs = NULL;
}
