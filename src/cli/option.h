/* The options there are, as getopt_long takes them, and what to say about others. */
#ifndef CLI_OPTION_H
#define CLI_OPTION_H

#include "error.h"

#include <getopt.h>

/* Options without a letter; OPT_LATER: a word of a later version. */
enum {
    OPT_VERSION = 256,
    OPT_CFLAGS,
    OPT_LIBS,
    OPT_DEBUG_KERNEL,
    OPT_ITEMS,
    OPT_FAILURES,
    OPT_CHECKPOINT,
    OPT_TIME_LIMIT,
    OPT_ACCEPT,
    OPT_COMPRESS,
    OPT_MEMORY,
    OPT_SLICE,
    OPT_SCHEDULE,
    OPT_IO,
    OPT_SEED,
    OPT_PROGRESS,
    OPT_CAST,
    OPT_RAW,
    OPT_OVERWRITE,
    OPT_RETRY,
    OPT_LATER
};

extern const char option_letters[];
extern const struct option option_known[]; /* ended by a name of NULL */

/* What to say when getopt_long answered '?' or ':' and left optopt; `word` is argv[optind - 1]. Returns REFUSED. */
int option_refuse(const char *word, int answer, struct error *error);

#endif
