/* argv -> struct options. Pure; local; the same on every rank. */
#ifndef CLI_PARSE_H
#define CLI_PARSE_H

#include "job.h"

/* Parse the command line, GNU style: options anywhere, "--" ends them, unambiguous beginnings will do. --help, then
 * --version win over everything else. REFUSED with one line for anything that is not in --help: unknown command or
 * option (with the nearest one, or that it is not in this version), missing or surplus words, values out of range or
 * without their unit, a NAME given twice, options that exclude each other; options with one value may be repeated, the
 * last one counts, those with a list add up. The word after -j is its N only if it is all digits. The pointers in
 * *options are argv's. Uses getopt's global state: not thread-safe. */
int options_parse(int argc, const char *const argv[], struct options *options, struct error *error);

#endif
