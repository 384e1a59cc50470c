/* What a journal tells of an unfinished job: who it is, where its results lie, its runs, and, checkpoint by checkpoint,
 * which items are in place and which failed. Root only. */
#ifndef RUN_HISTORY_H
#define RUN_HISTORY_H

#include "job.h"
#include "run/skeleton.h"
#include "store/journal.h"

#define HEAD_REPLACES 1u   /* it is to replace an output that is there */
#define HEAD_OVERWRITES 2u /* it was started by --overwrite */
#define HEAD_RETRIES 4u    /* it was started by --retry-failed */

/* What the positions and places in it mean. */
struct head {
    uint32_t version, skeleton_parts;
    uint32_t run_count;
    int32_t out_count;
    uint64_t items, start, step, inner, block; /* as in struct plan */
    uint64_t out_bytes[PORTS_MAX];             /* per item */
    uint64_t row_bytes[PORTS_MAX];             /* of a ragged result */
    struct layout layout;
    uint32_t mode;   /* HEAD_..., or'ed */
    uint32_t ragged; /* bit k: result k is */
};

/* Result k is stored like this. */
void head_result(struct head *head, int k, const struct yield *yield);

struct history {
    const char *path, *name; /* of the output, and what messages call it; the caller's */
    unsigned attempt;
    struct head head;
    char *identity; /* (identity.h) */
    struct skeleton skeleton;
    struct run_info *runs; /* [head.run_count]; the last is the one that writes the journal */
};

/* Add a run. */
int history_add_run(struct history *history, const struct run_info *run, struct error *error);

/* Make the journal of history->attempt and put all of the above into it; neither synced nor published. */
int history_begin(const struct history *history, struct journal **journal, struct error *error);

int history_put_extent(struct journal *journal, const struct extent *extent, int out_count, struct error *error);
int history_put_failure(struct journal *journal, const struct failure *failure, struct error *error);

/* What is known of a run by now. */
int history_put_run(struct journal *journal, uint32_t number, const struct run_info *run, struct error *error);

/* Read the newest journal of history->path up to its first checkpoint. *reader NULL: there is none (history->attempt
 * 0), or what there is can't be used. */
int history_open(struct history *history, struct journal_reader **reader, struct error *error);

enum entry_kind { ENTRY_END, ENTRY_EXTENT, ENTRY_FAILURE };

/* The next entry; extents and failures have room for one each. What else there is goes into history. */
enum entry_kind history_next(struct history *history, struct journal_reader *reader, struct extent *extent,
                             struct failure *failure, struct error *error);

void history_free(struct history *history);

#endif
