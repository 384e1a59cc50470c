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
    const char *identity; /* what decides whether another run would make the same, as text of some KiB */
    const struct signature *ports;
    const struct scalar *param;
    const struct binding *binding;
};

/* Make the file (truncating it): the results contiguous, allocated, with their fill values, shape leading dims
 * of the selection + the port's dims; /h5map with the record. Closed and checked before it returns; it is not synced.
 */
int output_create(const struct target *target, const struct record *record, const struct plan *plan,
                  struct layout *layout, struct error *error);

/* How result k is cut where it is compressed, its chunks whole blocks of items where they can be; record: its ports and
 * binding. */
void output_cutting(const struct record *record, int k, uint64_t block, struct cutting *cutting);

/* What is known when all items are done. */
struct ending {
    const struct run_info *runs; /* [run_count] */
    uint32_t run_count;
    const struct made *made; /* [made_count], MADE_KEPT at most, sorted */
    uint64_t made_count;
    const struct share *shares; /* [ranks], of the last run */
    int ranks;
    const struct failure *failures; /* [failure_count], FAILURES_KEPT at most, sorted by index */
    int failure_count;
    uint64_t failed; /* items, of all runs */
};

/* Open the file again and add /h5map/runs, /h5map/made, /h5map/ranks, /h5map/failures and how many items failed; closed
 * and checked. */
int output_complete(const struct target *target, const struct ending *ending, struct error *error);

#endif
