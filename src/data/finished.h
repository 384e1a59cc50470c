/* An output that is there already: did h5map make it, what does it say of itself, what does it hold? Root only; calls
 * HDF5, which must have been started (hdf5_start). */
#ifndef DATA_FINISHED_H
#define DATA_FINISHED_H

#include "data/account.h"
#include "data/output.h"

struct finished;

/* Open OUTPUT for reading; no lock of HDF5's is asked for. *finished NULL: it is not one that h5map has completed, and
 * may be anything. REFUSED where it can't be opened; where it is ours, and what it says of itself is damaged. */
int finished_open(const struct target *target, struct finished **finished, struct error *error);

/* What it says of itself; its own, until it is closed. */
const struct account *finished_account(const struct finished *finished);

/* Find result k (below PORTS_MAX; any number, to read it by): the dataset `path`, which must hold account->items times
 * yield->elements elements of yield->type. REFUSED where it does not. A path that was found before is let go. */
/* Before that: the fields that the yields' compounds have; the caller's. */
void finished_use(struct finished *finished, const struct field *field);

int finished_find(struct finished *finished, int k, const char *path, const struct yield *yield, struct error *error);

/* The same of a ragged result: `path` holds its rows, of yield->elements, and path_offsets account->items + 1 offsets.
 */
int finished_find_ragged(struct finished *finished, int k, const char *path, const struct yield *yield,
                         struct error *error);

/* Read bytes at .. at + bytes - 1 of the rows of a ragged result, whole elements. FAILED: there are none, I/O error. */
int finished_rows(struct finished *finished, int k, uint64_t at, uint64_t bytes, void *to, struct error *error);

/* Read the items at positions first .. first + count - 1 of result k: to is [count][elements] of its type, of a
 * ragged one [count] struct ref, with `at` for finished_rows. FAILED where
 * there are none, or they can't be read. Ranges that go on from each other are read fastest. */
int finished_read(struct finished *finished, int k, uint64_t first, uint64_t count, void *to, struct error *error);

/* Which of them failed: bit k & 7 of byte k / 8 is position first + k; bits is [(count + 7) / 8], what is left of the
 * last byte is 0. FAILED the same way. */
int finished_failed(struct finished *finished, uint64_t first, uint64_t count, unsigned char *bits,
                    struct error *error);

/* Close everything; NULL is fine. */
void finished_close(struct finished *finished);

#endif
