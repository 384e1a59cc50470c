/* The place sink: bytes at known offsets of a file that HDF5 has made and closed. POSIX only; local. */
#ifndef STORE_PLACE_H
#define STORE_PLACE_H

#include "job.h"

struct place;

/* Take OUTPUT.part for the output file `path`, which messages call `name`: create it, lock it until the end. REFUSED
 * where another run holds it, where the output exists and `overwrite` is not set, or where OUTPUT.part is no regular
 * file. */
int place_begin(const char *path, const char *name, bool overwrite, struct place **place, struct error *error);

/* The path of OUTPUT.part, for HDF5 to fill. */
const char *place_path(const struct place *place);

/* The file has been made: take its room on disk (a full disk shows now). */
int place_reserve(struct place *place, uint64_t file_bytes, struct error *error);

/* Write bytes at the offset, all of them; what is written goes to disk in the background. FAILED: disk full, I/O error.
 */
int place_put(struct place *place, uint64_t offset, const void *data, size_t bytes, struct error *error);

/* Set bits first .. of the bitmap at `offset` of the file where `bits` has them (bit k & 7 of byte k / 8 is bit first +
 * k). */
int place_mark(struct place *place, uint64_t offset, uint64_t first, uint64_t count, const unsigned char *bits,
               struct error *error);

/* Sync the file, give it its name, sync the folder, let go. The name then holds the whole file or what it held before;
 * FAILED also where the output has appeared meanwhile and is not to be overwritten. */
int place_finish(struct place *place, struct error *error);

/* Remove OUTPUT.part at once; safe at any time, done once. */
void place_remove(struct place *place);

/* Let go; OUTPUT.part goes unless place_finish succeeded. NULL is fine. */
void place_close(struct place *place);

#endif
