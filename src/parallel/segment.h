/* Memory that processes of one host share. POSIX; local. */
#ifndef PARALLEL_SEGMENT_H
#define PARALLEL_SEGMENT_H

#include "job.h"

#define SEGMENT_NAME_BYTES 64

/* All zero: there is none. */
struct segment {
    void *start;
    size_t bytes;                  /* mapped: whole pages */
    char name[SEGMENT_NAME_BYTES]; /* by which others find it; "": it has none (any more) */
    int fd;                        /* where it was made under a name, and has no room yet */
};

/* Make one of at least `bytes` bytes, to be written by this process. Under a name of its own it takes no room before
 * segment_reserve; without (`named` false) it is plain memory, of this process alone. */
int segment_make(uint64_t bytes, bool named, struct segment *segment, struct error *error);

/* Map what another process has made, to be read alone. */
int segment_join(const char *name, uint64_t bytes, struct segment *segment, struct error *error);

/* Who made it: nobody finds it any more. It goes when the last process unmaps it or ends. */
void segment_forget(struct segment *segment);

/* Who made it: take the room. FAILED where there is not enough, naming the host: a page that finds no room when it is
 * first written would end the program. */
int segment_reserve(struct segment *segment, struct error *error);

/* From here on this process can't write it either. */
int segment_protect(struct segment *segment, struct error *error);

void segment_free(struct segment *segment);

#endif
