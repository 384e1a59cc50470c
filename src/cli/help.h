/* --help and --version. */
#ifndef CLI_HELP_H
#define CLI_HELP_H

/* The text for `h5map --help` (topic NULL) or `h5map TOPIC --help`; static, ends in a newline. */
const char *help_text(const char *topic);

/* "h5map 0.1.0 (Open MPI 4.1.4, HDF5 1.10.8)\n..." from the build; static, ends in a newline. */
const char *help_version(void);

#endif
