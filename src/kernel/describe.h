/* `h5map kernels`: kernels as text for people. Local; root only, without MPI. */
#ifndef KERNEL_DESCRIBE_H
#define KERNEL_DESCRIBE_H

#include "job.h"

/* The built-in kernels, a line each, or, where options->kernel is given, that kernel or all of its file: what it takes
 * and gives, and a command that runs it. *text is malloc'ed. REFUSED as object_prepare, object_load and signature_parse
 * say. */
int describe_kernels(const struct options *options, char **text, struct error *error);

#endif
