/* OUTPUT.jnl.ATTEMPT: what has been finished, as a file of records that is only appended to. POSIX only; root only.
 *
 * A record is a type, a length and bytes, each record with a CRC of its own, so that one cut short by a crash is
 * noticed: reading ends before the first that is not whole. A run never appends to the journal of an earlier one, which
 * may still be written by a process that does not know it has been taken over: it makes its own, with the next
 * attempt's number, under the name OUTPUT.jnl.ATTEMPT.new until it is whole and on disk. */
#ifndef STORE_JOURNAL_H
#define STORE_JOURNAL_H

#include "error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct journal;

/* Make OUTPUT.jnl.ATTEMPT.new for the output file `path`, which messages call `name`; what was there goes. REFUSED: the
 * path is too long. FAILED: no permission, disk full, I/O error. */
int journal_create(const char *path, const char *name, unsigned attempt, struct journal **journal, struct error *error);

/* Add a record, of any bytes or none; kept in memory until there is some 64 KiB or journal_sync. FAILED: disk full, I/O
 * error, no memory, more than a journal takes. After a failure, of any call but journal_create, nothing more is
 * written, and each further put, sync and publish fails: what is in the file stays whole, and no record is left out
 * between others. */
int journal_put(struct journal *journal, uint32_t type, const void *data, size_t bytes, struct error *error);

/* Write what was added, and have it on disk (fdatasync). */
int journal_sync(struct journal *journal, struct error *error);

/* Sync it, give it its name, sync the folder. Once, before the first records that count. FAILED also where a run that
 * took over has put its own in this one's place. */
int journal_publish(struct journal *journal, struct error *error);

/* Has it its name? Also where journal_publish failed after that. */
bool journal_is_published(const struct journal *journal);

/* Remove it under whichever name it has, if that is not another run's by now; then only journal_close may follow. */
void journal_remove(struct journal *journal);

/* Let go of it; the file stays if it was published, else it goes. NULL is fine. */
void journal_close(struct journal *journal);

/* ---- reading ---- */

struct journal_reader;

/* The newest attempt that has a published journal, 0: none. FAILED: the folder can't be read. */
int journal_newest(const char *path, const char *name, unsigned *attempt, struct error *error);

int journal_read(const char *path, const char *name, unsigned attempt, struct journal_reader **reader,
                 struct error *error);

/* The next record; its bytes stay until the next call. false: no more, error->code set where reading failed. */
bool journal_next(struct journal_reader *reader, uint32_t *type, const void **data, size_t *bytes, struct error *error);

/* NULL is fine. */
void journal_end(struct journal_reader *reader);

/* Remove all journals of the output, .new ones too, but that of attempt `but` (0: all). FAILED where one can't be
 * removed. */
int journal_remove_others(const char *path, const char *name, unsigned but, struct error *error);

#endif
