/* The command line as text, for the record. */
#ifndef RUN_COMMAND_LINE_H
#define RUN_COMMAND_LINE_H

#include "job.h"

/* The words as they could be typed again, those with blanks or the shell's own characters quoted. To be freed; NULL: no
 * memory. */
char *command_line_text(const struct options *options);

#endif
