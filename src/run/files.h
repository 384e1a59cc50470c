/* Root's files, from the first look at OUTPUT to its name: the lock, OUTPUT.part, the journal, and how they end. */
#ifndef RUN_FILES_H
#define RUN_FILES_H

#include "data/output.h"
#include "run/claim.h"
#include "run/keeper.h"
#include "run/resume.h"

/* Where an output is made afresh at the end, so much is kept free for the journal behind the layout's staged_bytes. */
#define FILES_SPARE_BYTES (1u << 20)

/* What is asked for; all of it the caller's, and must stay. */
struct files_request {
    const char *path, *name; /* of the output, and what messages call it */
    const struct options *options;
    const struct plan *plan;
    const struct record *record;
    struct run_info run; /* this one, as it begins */
    void *self;
    int (*look)(void *self, struct error *error); /* called often while much is read or written: STOPPED ends it */
    bool others_write;                            /* other ranks put results into place, too */
};

struct files {
    struct files_request request;
    struct claim claim;
    struct layout layout;
    struct place *place;
    struct staging_reader *staged; /* what is in the place, at the end */
    struct history history;
    uint64_t
        log_end; /* behind the rows of ragged results that are kept, which begin behind the layout's staged_bytes */
    struct keeper *keeper;
    struct kept kept; /* at the start */
    char copy_suffix[PLACE_COPY_BYTES];
    bool copy_counts; /* its journal is published */
    bool open;        /* files_open has succeeded, and they have not come to their end */
};

/* Lock the output and decide what is to be done: files->claim.verdict. REFUSED: nothing has been changed. */
int files_claim(struct files *files, const struct files_request *request, struct error *error);

/* Make or open OUTPUT.part, and start the keeper. Not where the verdict was VERDICT_NOTHING. */
int files_open(struct files *files, struct error *error);

/* All items are done: complete the output and give it its name. `ending` has its runs and made rows filled in here. */
int files_finish(struct files *files, struct ending *ending, struct error *error);

/* The run ends unfinished, for the reason in error: keep what is finished, and say in the error what is kept. */
void files_give_up(struct files *files, struct error *error);

/* Nothing of this run's files stays. */
void files_remove(struct files *files);

/* Let go. */
void files_close(struct files *files);

#endif
