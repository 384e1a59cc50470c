/* `h5map template`: a kernel to start from. Pure; local. */
#ifndef KERNEL_TEMPLATE_H
#define KERNEL_TEMPLATE_H

#include "job.h"

/* C source of a kernel that compiles and runs as it is, sums up an item of these inputs, and has the command to run it
 * in its head. *text is malloc'ed. REFUSED: more dims than a kernel can have; FAILED: no memory. */
int template_make(const struct survey *survey, const char *input, char **text, struct error *error);

#endif
