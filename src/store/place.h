/* The place sink: bytes at known offsets of a file that HDF5 has made and closed. POSIX only; root only. */
#ifndef STORE_PLACE_H
#define STORE_PLACE_H

#include "job.h"

struct place;

/* The file next to the output: OUTPUT.part until it is complete; a copy that is to become it; the compressed file that
 * is made from it. */
#define PLACE_PART ".part"
#define PLACE_PACK ".pack"

/* Which output: its path, what messages call it, and one of the suffixes above. */
struct place_spec {
    const char *path, *name, *suffix;
};

/* The suffix of a copy that is to become OUTPUT.part once the journal of this attempt, which tells of it, is published:
 * with a journal of that number it counts, without one it is a leftover. */
#define PLACE_COPY_BYTES 24
void place_copy_suffix(unsigned attempt, char suffix[PLACE_COPY_BYTES]);

/* Make the file, new and empty: one that was there is unlinked first, so that whoever still writes to it harms nothing.
 * REFUSED where it can't be made. */
int place_make(const struct place_spec *spec, struct place **place, struct error *error);

/* Open the file that is there. *place NULL: there is none. REFUSED where it is no regular file. */
int place_open(const struct place_spec *spec, struct place **place, struct error *error);

/* Remove the file, if there is one; another run's leftover. */
void place_discard(const struct place_spec *spec);

/* Remove all copies (place_copy_suffix), as far as that can be done. `path` and `name` as in a place_spec. */
void place_discard_copies(const char *path, const char *name);

/* Where the file is, for HDF5 to fill. */
const char *place_path(const struct place *place);

/* The file has been made: take its room on disk (a full disk shows now). FAILED where there is not enough. */
int place_reserve(struct place *place, uint64_t file_bytes, struct error *error);

/* Take room behind the offset, which may be behind the file's end, for a time when the disk is full: place_cut there
 * gives it back. Nothing where the file system can't. FAILED where there is not enough. */
int place_spare(struct place *place, uint64_t offset, uint64_t bytes, struct error *error);

/* Give back what place_spare took there: the file keeps its length. */
void place_unspare(struct place *place, uint64_t offset, uint64_t bytes);

/* Bytes of the file, 0 where they can't be seen. */
uint64_t place_bytes(const struct place *place);

/* Write bytes at the offset, all of them; what is written goes to disk in the background. FAILED: disk full, I/O error.
 */
int place_put(struct place *place, uint64_t offset, const void *data, size_t bytes, struct error *error);

/* Read them back, all of them. FAILED: I/O error, or the file is too short. */
int place_get(const struct place *place, uint64_t offset, void *data, size_t bytes, struct error *error);

/* Set bits first .. of the bitmap at `offset` of the file where `bits` has them (bit k & 7 of byte k / 8 is bit first +
 * k). */
int place_mark(struct place *place, uint64_t offset, uint64_t first, uint64_t count, const unsigned char *bits,
               struct error *error);

/* Clear bits first .. first + count - 1 of it; what is zero is not written. */
int place_unmark(struct place *place, uint64_t offset, uint64_t first, uint64_t count, struct error *error);

/* Cut the file to so many bytes, or make it so long. */
int place_cut(struct place *place, uint64_t bytes, struct error *error);

/* Have everything on disk that was put before the call. Safe beside place_put in another thread. After a failure each
 * further call fails: the system forgets what it could not write. */
int place_sync(struct place *place, struct error *error);

/* The same, with what only matters to those who look at the file from outside. */
int place_sync_all(struct place *place, struct error *error);

/* Have the file's name on disk. */
int place_sync_name(const struct place *place, struct error *error);

/* Give the file another suffix (and the name that goes with it), replacing what has it; sync the folder. */
int place_become(struct place *place, const char *suffix, struct error *error);

/* Give the file, which place_sync_all has synced, the output's name; sync the folder. The name then holds the whole
 * file or what it held before; FAILED also where the output has appeared meanwhile and `replace` is not set. */
int place_finish(struct place *place, bool replace, struct error *error);

/* Has it the output's name? Also where place_finish failed after that. */
bool place_is_finished(const struct place *place);

/* Remove the file, unless it has become the output. */
void place_remove(struct place *place);

/* Let go; the file stays. NULL is fine. */
void place_close(struct place *place);

#endif
