/* What the tests of kernel objects share: a place on disk of their own, and short forms of prepare and load. */
#ifndef KERNEL_PLACE_H
#define KERNEL_PLACE_H

#include "kernel/object.h"

#ifndef H5MAP_SOURCE_DIR
#define H5MAP_SOURCE_DIR "."
#endif
#define KERNELS H5MAP_SOURCE_DIR "/tests/kernels/"

/* A folder for one test; the cache and TMPDIR are in it. */
struct place {
    char folder[64], cache[80], tmp[80];
};

/* Make it; TMPDIR and XDG_CACHE_HOME point into it, CC is not set. */
void place_make(struct place *place);

/* Remove it; asserts that nothing was left in TMPDIR. */
void place_remove(const struct place *place);

void write_text(const char *path, const char *text);

/* The path of the only file in the folder; "" where there is none or there are several. */
void only_file(const char *folder, char path[PATH_BYTES]);

/* A compiler run by the test itself: COMPILER -shared -fPIC -Iinclude OPTION SOURCE -o OBJECT. */
void make_object(const char *compiler, const char *source, const char *object, const char *option);

/* object_prepare without --cflags and --libs. */
int prepare(const char *word, struct object *object, struct error *error);

/* Asserts that the word is refused with this line, and that nothing is left in the object. */
void check_refused(const char *word, const char *cflags, const char *libs, const char *line);

/* Asserts that the object can be loaded. */
const h5map_kernel_t *load(const struct object *object);

/* What the kernel makes of one int32; -1 where it fails. */
int32_t map_int(const h5map_kernel_t *kernel, int32_t x);

#endif
