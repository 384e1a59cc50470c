/* What makes the results of a job what they are, as text, so that what goes on from an earlier run, or is finished
 * already, can be told from what only has the same name. Pure. */
#ifndef RUN_IDENTITY_H
#define RUN_IDENTITY_H

#include "job.h"

struct identity_parts {
    const struct options *options;
    const char *kernel;      /* its name */
    const char *source_hash; /* of its source, "" where there is none */
    const char *object_hash; /* of its object, or of a built-in's source */
    const char *flags;       /* that it was compiled with, "" none */
    const struct signature *signature;
    const struct scalar *param; /* [in_count] */
    const struct binding *binding;
    const struct plan *plan;
};

/* Lines of "FIELD<TAB>WHAT<TAB>VALUE\n", FIELD being a word of --accept or "-" for what can't be accepted. The caller
 * frees it; NULL: no memory. The path of an input and the number of ranks are no part of it. */
char *identity_text(const struct identity_parts *parts);

/* Compare what was with what is. OK where nothing differs that is not in `accept` (enum accept, or'ed); *changed holds
 * what differs. REFUSED: `name`, the first difference and the option to give. `what` is what was found: "unfinished" or
 * "finished". */
struct identity_question {
    const char *name, *what;
    unsigned accept;
};
int identity_compare(const char *was, const char *is, const struct identity_question *question, unsigned *changed,
                     struct error *error);

/* The value on the line of WHAT, cut to the room there is; false: there is none. */
#define IDENTITY_RESULT "the dataset of result %s"
bool identity_value(const char *text, const char *what, char *value, size_t bytes);

/* The number on the line of WHAT; false: there is none. */
#define IDENTITY_START "the start of --items"
#define IDENTITY_STEP "the step of --items"
#define IDENTITY_INNER "the items of an index of axis 0"
bool identity_number(const char *text, const char *what, uint64_t *number);

#endif
