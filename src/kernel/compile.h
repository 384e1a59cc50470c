/* Kernel source into a shared object. Local; root only, before MPI_Init. */
#ifndef KERNEL_COMPILE_H
#define KERNEL_COMPILE_H

#include "kernel/object.h"

/* $CC (a command, words allowed; else cc) -O3 -march=native -fPIC -shared CFLAGS FILE LIBS -lm, with the program's own
 * h5map/kernel.h in a private folder that is gone afterwards. object->source is the file's text; fills bytes, compiler,
 * flags and cached of the object.
 *
 * The cache's key is made of the preprocessed text, with the macros that tell the compiler and the CPU, and of
 * compiler, flags and libraries. Files that the key can't see (libraries other than -lm, words that are files) mean no
 * cache. A manifest (manifest.h) leads to that key without starting the compiler, where nothing has changed. The same
 * input gives the same bytes, compiled again or not.
 *
 * With recipe->debug: -Og -gdwarf-4 and the compiler's checks of undefined behaviour, which call what is in sanitize.h.
 *
 * REFUSED: the compiler can't be started, or does not accept the file; error->detail is then all it said. */
int compile_source(const char *file, const struct recipe *recipe, struct object *object, struct error *error);

#endif
