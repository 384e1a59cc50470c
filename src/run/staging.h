/* Results in OUTPUT.part: each item at its result's place, or with others in an encoded chunk (job.h, struct slots).
 * Any rank may put; neither way of lying there is ever written over the other, and the same items always give the same
 * bytes, so that a run that was cut off and still writes harms nothing. */
#ifndef RUN_STAGING_H
#define RUN_STAGING_H

#include "job.h"
#include "store/place.h"

/* Add the slots of what the plan cuts to a layout that output_create has made. */
void staging_layout(const struct plan *plan, struct layout *layout);

struct staging {
    struct place *place;
    const struct layout *layout;
    const struct plan *plan;
};

/* The results of an image that was mapped, packed or not, to where they belong. FAILED: disk full, I/O error. */
int staging_put(const struct staging *staging, const struct batch *image, struct error *error);

/* Have no encoded chunk with any of items first .. first + count - 1: what they are will be put anew. */
int staging_clear(const struct staging *staging, uint64_t first, uint64_t count, struct error *error);

/* ---- reading; the same thread as those who put ---- */

struct staging_reader;

/* Read what lies in the place; both stay the caller's. FAILED: no memory. */
int staging_open(const struct place *place, const struct layout *layout, struct staging_reader **reader,
                 struct error *error);

/* Bytes of a result. */
struct stretch {
    int result;
    uint64_t first, bytes;
};

/* Read them, decoded. *sound false: an encoded chunk of them is damaged, and what `to` holds is undefined. FAILED: I/O
 * error, or the file is too short. Stretches that go on from each other are read fastest. */
int staging_read(struct staging_reader *reader, const struct stretch *stretch, void *to, bool *sound,
                 struct error *error);

/* The encoded chunk that begins at byte `first` of a result, as it is, into `to`, which has room for the chunk's bytes.
 * *bytes 0: it is not encoded. FAILED: I/O error, or it is damaged. */
int staging_chunk(struct staging_reader *reader, int result, uint64_t first, void *to, size_t *bytes,
                  struct error *error);

/* NULL is fine. */
void staging_close(struct staging_reader *reader);

#endif
