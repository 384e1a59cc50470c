/* The bytes of OUTPUT.part that are no results: HDF5's own, from the making of the file. With them back in place it is
 * a sound file again, whatever happened to it while its last tables were written. Root only. */
#ifndef RUN_SKELETON_H
#define RUN_SKELETON_H

#include "job.h"
#include "store/place.h"

#define SKELETON_PARTS_MAX (PORTS_MAX + 2)

struct skeleton {
    int count;
    struct skeleton_part {
        uint64_t offset, bytes;
        char *data;
    } of[SKELETON_PARTS_MAX];
};

/* Read it from a file that has just been made. */
int skeleton_read(const struct place *place, const struct plan *plan, const struct layout *layout,
                  struct skeleton *skeleton, struct error *error);

/* Add a part, copying its bytes. FAILED: no memory, or too many. */
int skeleton_add(struct skeleton *skeleton, uint64_t offset, const void *data, size_t bytes, struct error *error);

/* Put it back, and cut the file to `file_bytes`. */
int skeleton_restore(const struct skeleton *skeleton, struct place *place, uint64_t file_bytes, struct error *error);

void skeleton_free(struct skeleton *skeleton);

#endif
