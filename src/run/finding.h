/* What is wrong with a kernel under --debug-kernel, in words. Local. */
#ifndef RUN_FINDING_H
#define RUN_FINDING_H

#include "run/crash.h"
#include "run/guard.h"

#include <h5map/kernel.h>

/* "norm.c:14: reads element 3 of input 'x', which has 3, at item 12": of a call that did not come back. Without the
 * line where the object does not tell it. */
void finding_text(const struct crash *crash, const struct guard *guard, const h5map_kernel_t *kernel, char *text,
                  size_t bytes);

#endif
