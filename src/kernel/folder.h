/* The private folder of one compile. Local. */
#ifndef KERNEL_FOLDER_H
#define KERNEL_FOLDER_H

#include "job.h"

#define FOLDER_BYTES 1024 /* its path at most */

/* Make it, in $TMPDIR or else /tmp, with the program's own h5map/kernel.h and
 * h5map/sanitize.h in it, so that it can be given with -I. Its
 * path goes to `folder` as soon as there is something to remove. REFUSED: TMPDIR is too long; FAILED otherwise. */
int folder_make(char folder[FOLDER_BYTES], struct error *error);

/* Remove it and all in it; nothing to do for "". */
void folder_remove(const char folder[FOLDER_BYTES]);

#endif
