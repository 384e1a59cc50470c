/* What going on in place and in a copy share. */
#ifndef RUN_RESUME_PARTS_H
#define RUN_RESUME_PARTS_H

#include "run/resume.h"

/* Ask whether to go on. */
int resume_look(const struct resume *resume, struct error *error);

/* These items are in place: record and count them. */
int resume_keep(const struct resume *resume, const struct extent *extent, struct error *error);

/* Of those found, keep the failures of items that are kept, and record them. */
int resume_keep_failures(const struct resume *resume, struct failures *found, struct error *error);

typedef int resume_take(const struct resume *resume, const struct extent *extent, struct error *error);

/* Each extent of the base's journal to `take`, each failure to `failures`. */
int resume_entries(const struct resume *resume, resume_take *take, struct failures *failures, struct error *error);

#endif
