/* What a job goes on from: an unfinished run's journal and OUTPUT.part, or a finished output. Root only. */
#ifndef RUN_BASE_H
#define RUN_BASE_H

#include "data/finished.h"
#include "run/history.h"
#include "run/staging.h"

struct base {
    struct history past;           /* of a finished output: its head, identity and runs */
    struct journal_reader *reader; /* at the first checkpoint; NULL: not unfinished */
    struct place *place;           /* OUTPUT.part, of an unfinished one */
    uint64_t place_bytes;
    struct staging_reader *staged; /* what lies there */
    struct finished *finished;     /* NULL: not finished */
};

/* `count` items of result k, from position `first` of the base. */
struct base_range {
    int result;
    uint64_t first, count;
};

/* Some bytes of rows. */
struct row_bytes {
    int result;
    uint64_t at, bytes;
};

/* An unfinished one: past and place are there, read what lies there from now on. */
int base_open_staged(struct base *base, struct error *error);

/* Read them as they were made. */
int base_read(const struct base *base, const struct base_range *range, void *to, struct error *error);

/* Bytes of rows of a ragged result; those of an item begin where base_read says (struct ref). *sound false: there
 * are none. */
int base_rows(const struct base *base, const struct row_bytes *which, void *to, bool *sound, struct error *error);

/* Which of its items failed: bit k & 7 of byte k / 8 is position first + k. */
int base_failed_bits(const struct base *base, uint64_t first, uint64_t count, unsigned char *bits, struct error *error);

/* Does the base hold these items with these CRCs? *same tells; an error only where that can't be found out. */
int base_check(const struct base *base, const struct extent *extent, bool *same, struct error *error);

void base_close(struct base *base);

#endif
