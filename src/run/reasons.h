/* Why items failed: written on the rank while the kernel runs, read on root. Records are struct reason (job.h). */
#ifndef RUN_REASONS_H
#define RUN_REASONS_H

#include "job.h"

#include <h5map/kernel.h>
#include <pthread.h>

/* Where a lane collects reasons. `calls` is what kernels see; it is first, so that note finds the rest. */
struct reasons {
    h5map_calls_t calls;
    pthread_mutex_t lock; /* kernels may call from several threads */
    char *records;        /* [capacity] */
    size_t capacity, bytes;
    char last[REASON_TEXT_MAX + 1]; /* text of the last record */
    bool any;
    char stop[REASON_TEXT_MAX + 1]; /* the reason of the first stop */
};

/* Room for `capacity` bytes of records. */
int reasons_open(struct reasons *reasons, size_t capacity, struct error *error);
void reasons_close(struct reasons *reasons);

/* Forget everything: a new batch. */
void reasons_clear(struct reasons *reasons);

/* Add one; what does not fit any more is dropped. Safe from several threads. */
void reasons_add(struct reasons *reasons, uint64_t index, const char *text);

/* Write one record, of item `index`, to `to`; at most REASON_RECORD_MAX bytes. Returns how many. */
#define REASON_RECORD_MAX (sizeof(struct reason) + REASON_TEXT_MAX + 8)
size_t reasons_write(char *to, uint64_t index, const char *text);

/* The records of a batch in order of index, to look items up. */
struct reason_index {
    int count;
    struct reason_entry {
        uint64_t index;
        uint32_t order; /* of the record: the first of an item counts */
        uint32_t text_bytes;
        const char *text; /* in the records, no NUL */
    } entry[REASONS_BYTES / sizeof(struct reason)];
};

/* Read `bytes` of records, which must stay while the index is used. */
void reasons_index(const char *records, size_t bytes, struct reason_index *index);

/* Why the item failed, into text; "" where no reason was kept. */
void reasons_find(const struct reason_index *index, uint64_t item, char text[REASON_TEXT_MAX + 1]);

#endif
