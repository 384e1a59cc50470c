/* What came of it: progress, shares, failures, which run made which items. */
#ifndef OUTCOME_H
#define OUTCOME_H

#include "sizes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Progress so far, handed to the progress callback. */
struct tally {
    uint64_t items, done, failed;
    uint64_t kept; /* of those done, the items that were there at the start */
    int ranks;
    double elapsed_s;
};

/* One rank's share. */
struct share {
    int rank;
    char host[64];
    uint64_t items;
    double busy_s, waiting_s;
};

struct failure {
    uint64_t index;
    int32_t rank;
    char reason[REASON_TEXT_MAX + 1];
};

/* Items first .. first + count - 1 (positions), mapped by one run, in place: what a checkpoint records. */
struct extent {
    uint64_t first, count;
    uint64_t failed;
    uint32_t run;            /* index into the job's runs */
    uint32_t failed_crc;     /* of a byte an item, 1: failed */
    uint32_t crc[PORTS_MAX]; /* of each result's items; [out_count] */
};

/* One run of a job; a job that was stopped and went on has several. */
struct run_info {
    double start_s, end_s; /* Unix time; end: of its last checkpoint or of the job */
    char host[64];
    char job[64];    /* the scheduler's: "17", or "17 restart 2", or "" */
    char nodes[256]; /* the scheduler's, of the job: "n[1-3]", or "" */
    int32_t ranks;
    char kernel_version[HASH_BYTES]; /* the hash of the kernel's object */
    uint64_t items, failed;          /* that it mapped and that stayed */
};

/* Items first .. first + count - 1 (positions) were mapped by run `run`. */
struct made {
    uint64_t first, count;
    uint32_t run;
};

#define MADE_KEPT 65536 /* the first of these listed in the output */

struct outcome {
    struct tally tally;
    double busy_share; /* time the lanes were busy, of ranks * elapsed */
    char output[PATH_BYTES];
    bool finished; /* the output is in place */
    bool nothing;  /* it was in place before: nothing was done */
};

#endif
