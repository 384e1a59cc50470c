/* The place sink: bytes at known offsets of a file that HDF5 has made and closed. POSIX only; local. */
#ifndef STORE_PLACE_H
#define STORE_PLACE_H

#include "job.h"

struct place;

/* Open the file, hold its lock, take the room on disk (a full disk shows now). */
int place_open(const char *path, uint64_t file_bytes, struct place **place, struct error *error);

/* Write bytes at the offset, all of them; what is written goes to disk in the background. FAILED: disk full, I/O error.
 */
int place_put(struct place *place, uint64_t offset, const void *data, size_t bytes, struct error *error);

/* Set bits first .. of the bitmap at `offset` of the file where `bits` has them (bit k & 7 of byte k / 8 is bit first +
 * k). */
int place_mark(struct place *place, uint64_t offset, uint64_t first, uint64_t count, const unsigned char *bits,
               struct error *error);

/* Close; the close result counts. NULL is fine. */
int place_close(struct place *place, struct error *error);

/* Sync the finished file, give it its name, sync the folder. The name then holds the whole file or what it held before.
 */
int place_finish(const char *part, const char *path, struct error *error);

/* Is another process writing this file? (place_open holds a lock on it.) */
bool place_busy(const char *path);

#endif
