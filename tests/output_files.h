/* What the tests of outputs share: a record and an ending, and an output whose results are known. */
#ifndef OUTPUT_FILES_H
#define OUTPUT_FILES_H

#include "data/output.h"
#include "data_files.h"

/* Who made it: kernel "k" and so on; of the request. */
struct record record_for(const struct request *request);

/* How it ended: two runs, two ranks, these failures; and if there are any, 14 items made by both runs. */
struct ending ending_for(const struct failure *failures, int count);

/* The bytes of each result and of the bitmap, as they are in the file. */
struct filled {
    unsigned char *result[PORTS_MAX], *failed;
    size_t bytes[PORTS_MAX], failed_bytes;
    struct layout layout;
};

/* Make out.part for the bound request and put values into every result and the bitmap; fills in request->plan.out. */
void filled_make(struct request *request, struct filled *filled);
void filled_free(struct filled *filled);

/* How it ended: with two failures of the items, if there are 14. */
struct ending filled_ending(const struct request *request);

/* For struct staged: no chunk is encoded already. */
int filled_no_chunk(void *self, int k, uint64_t first, void *to, size_t *bytes, struct error *error);

/* Complete out.part with that. */
void filled_complete(struct request *request);

#endif
