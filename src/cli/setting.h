/* What an option sets in struct options. Pure; local. Each returns OK, or REFUSED with one line that starts with the
 * option. */
#ifndef CLI_SETTING_H
#define CLI_SETTING_H

#include "job.h"

/* An option of option_known that is more than a word about the command line itself (-h, --version, -j are), with its
 * value `text`, NULL where it takes none. *options keeps the pointer. */
int setting_take(int option, const char *text, struct options *options, struct error *error);

/* Do the options go together? --overwrite starts afresh, --retry-failed and --accept go on with what is there. */
int settings_agree(const struct options *options, struct error *error);

#endif
