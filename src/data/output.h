/* The output file as HDF5: made and closed before computing, completed after it. Root only. Never open in between. */
#ifndef DATA_OUTPUT_H
#define DATA_OUTPUT_H

#include "job.h"

/* The file to write: where it is, and what messages call it. */
struct target {
    const char *path, *name;
};

/* Who made this: what /h5map records. Text is UTF-8; pointers stay the caller's. */
struct record {
    const char *kernel, *signature, *source /* or NULL */, *object_hash, *compiler, *flags, *command_line, *version;
    const struct signature *ports;
    const struct scalar *param;
    const struct binding *binding;
};

/* Make the file (truncating it): the results contiguous, allocated, with their fill values, shape leading dims
 * of the selection + the port's dims; /h5map with the record. Closed and checked before it returns; it is not synced.
 */
int output_create(const struct target *target, const struct record *record, const struct plan *plan,
                  struct layout *layout, struct error *error);

/* What is known when all items are done. */
struct ending {
    const char *host;
    double start_s, end_s; /* Unix time */
    uint64_t items, failed;
    const char *kernel_version; /* the object's hash */
    const struct share *shares; /* [ranks] */
    int ranks;
    const struct failure *failures; /* [failure_count], sorted by index */
    int failure_count;
};

/* Open the file again and add /h5map/runs, /h5map/ranks, /h5map/failures; closed and checked. */
int output_complete(const struct target *target, const struct ending *ending, struct error *error);

#endif
