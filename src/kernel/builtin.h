/* The kernels that come with the program. */
#ifndef KERNEL_BUILTIN_H
#define KERNEL_BUILTIN_H

#include <h5map/kernel.h>

struct builtin {
    const h5map_kernel_t *kernel;
    const char *source; /* its text, embedded at build time */
};

/* The list, `*count` long, in alphabetical order; static. */
const struct builtin *builtin_list(int *count);

/* The text of include/h5map/kernel.h, embedded at build time. */
const char *builtin_header(void);

/* The text of sanitize.h. */
const char *builtin_sanitize(void);

#endif
