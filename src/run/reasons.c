#include "run/reasons.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int note(const h5map_calls_t *calls, int status, uint64_t index, const char *format, va_list arguments)
{
    struct reasons *reasons = (struct reasons *)(uintptr_t)calls;
    char text[REASON_TEXT_MAX + 1];

    vsnprintf(text, sizeof text, format, arguments);
    if (status == H5MAP_STOPPED) {
        pthread_mutex_lock(&reasons->lock);
        if (!reasons->stop[0])
            memcpy(reasons->stop, text, sizeof text);
        pthread_mutex_unlock(&reasons->lock);
    } else {
        reasons_add(reasons, index, text);
    }
    return status;
}

int reasons_open(struct reasons *reasons, size_t capacity, struct error *error)
{
    *reasons = (struct reasons){.calls = {.note = note}, .capacity = capacity};
    reasons->records = malloc(capacity + 1);
    if (!reasons->records)
        return error_memory(error, "failure reasons", capacity);
    pthread_mutex_init(&reasons->lock, NULL);
    return OK;
}

void reasons_close(struct reasons *reasons)
{
    if (!reasons->records)
        return;
    pthread_mutex_destroy(&reasons->lock);
    free(reasons->records);
    reasons->records = NULL;
}

void reasons_clear(struct reasons *reasons)
{
    reasons->bytes = 0;
    reasons->any = false;
    reasons->stop[0] = 0;
}

static size_t padded(size_t bytes)
{
    return (bytes + 7) / 8 * 8;
}

size_t reasons_write(char *to, uint64_t index, const char *text)
{
    const struct reason record = {.index = index, .text_bytes = (uint32_t)strnlen(text, REASON_TEXT_MAX)};

    memcpy(to, &record, sizeof record);
    memcpy(to + sizeof record, text, record.text_bytes);
    return sizeof record + padded(record.text_bytes);
}

void reasons_add(struct reasons *reasons, uint64_t index, const char *text)
{
    struct reason record = {.index = index};
    size_t need;

    pthread_mutex_lock(&reasons->lock);
    record.same = reasons->any && strcmp(reasons->last, text) == 0;
    record.text_bytes = record.same ? 0 : (uint32_t)strnlen(text, REASON_TEXT_MAX);
    need = sizeof record + padded(record.text_bytes);
    if (need <= reasons->capacity - reasons->bytes) {
        char *to = reasons->records + reasons->bytes;

        memcpy(to, &record, sizeof record);
        memcpy(to + sizeof record, text, record.text_bytes);
        if (!record.same) {
            memcpy(reasons->last, text, record.text_bytes);
            reasons->last[record.text_bytes] = 0;
        }
        reasons->any = true;
        reasons->bytes += need;
    }
    pthread_mutex_unlock(&reasons->lock);
}

static int by_index(const void *a, const void *b)
{
    const struct reason_entry *x = a, *y = b;

    if (x->index != y->index)
        return x->index < y->index ? -1 : 1;
    return (x->order > y->order) - (x->order < y->order);
}

void reasons_index(const char *records, size_t bytes, struct reason_index *index)
{
    const uint32_t most = sizeof index->entry / sizeof index->entry[0];
    struct reason_entry entry = {.text = ""};
    uint32_t count = 0;

    for (size_t place = 0; count < most && place + sizeof(struct reason) <= bytes; count++) {
        struct reason record;

        memcpy(&record, records + place, sizeof record);
        entry.index = record.index;
        entry.order = count;
        if (!record.same) {
            entry.text = records + place + sizeof record;
            entry.text_bytes = record.text_bytes;
        }
        index->entry[count] = entry;
        place += sizeof record + padded(record.text_bytes);
    }
    index->count = (int)count;
    qsort(index->entry, count, sizeof index->entry[0], by_index);
}

void reasons_find(const struct reason_index *index, uint64_t item, char text[REASON_TEXT_MAX + 1])
{
    int low = 0, high = index->count;

    while (low < high) {
        const int middle = (low + high) / 2;

        if (index->entry[middle].index < item)
            low = middle + 1;
        else
            high = middle;
    }
    text[0] = 0;
    if (low == index->count || index->entry[low].index != item)
        return;
    const struct reason_entry *entry = &index->entry[low];
    const size_t bytes = entry->text_bytes < REASON_TEXT_MAX ? entry->text_bytes : REASON_TEXT_MAX;

    memcpy(text, entry->text, bytes);
    text[bytes] = 0;
}
