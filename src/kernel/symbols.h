/* Which kernels a shared object holds, read from its dynamic symbols without running anything of it. Pure. */
#ifndef KERNEL_SYMBOLS_H
#define KERNEL_SYMBOLS_H

#include "job.h"

#define SYMBOL_PREFIX "h5map_kernel_"

/* What follows h5map_kernel_, in alphabetical order; malloc'ed, released with free(of). */
struct kernels {
    char (*of)[NAME_BYTES];
    int count;
};

/* List the defined h5map_kernel_* data objects. `file` is what messages name. REFUSED for what is no shared object, is
 * damaged, or has a kernel name of NAME_BYTES or more; none is no error. */
int symbols_kernels(const void *bytes, size_t count, const char *file, struct kernels *kernels, struct error *error);

#endif
