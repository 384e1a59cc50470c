/* A kernel from the word the user typed to a loaded, checked struct.
 *
 *   object_prepare   root, before MPI_Init: find, compile if it is source, read the bytes
 *   (the engine sends the object's bytes to the other ranks)
 *   object_list      the same for all kernels of a file
 *   object_load      every rank: built-in by name, or the bytes through memfd and dlopen
 */
#ifndef KERNEL_OBJECT_H
#define KERNEL_OBJECT_H

#include "kernel/symbols.h"

#include <h5map/kernel.h>

/* What root knows of the kernel; owned by the caller, released with object_release. All text is NUL-terminated. */
struct object {
    bool builtin;
    char name[NAME_BYTES]; /* of the kernel: what follows h5map_kernel_ */
    char file[PATH_BYTES]; /* source or shared object as typed; "" built in */
    unsigned char *bytes;  /* the shared object; NULL built in */
    size_t bytes_count;
    char *source;          /* text of a .c, of a built-in too; NULL for a .so */
    char hash[HASH_BYTES]; /* SHA-256 of the bytes; of the source text for a built-in */
    char compiler[256];    /* "cc (Debian 12.2.0-14) 12.2.0", "" where nothing was compiled */
    char flags[4096];      /* "-O3 -march=native -fPIC -shared ..." */
    bool cached;           /* the object came from the cache */
};

/* How source is compiled. */
struct recipe {
    const char *cflags, *libs; /* NULL: none */
    bool debug;                /* --debug-kernel: with checks, see sanitize.h */
};

/* Find the kernel: a built-in's name, FILE.so[:NAME], FILE.c[:NAME]; a word with '/', ".c" or ".so" in it is a file.
 * Source is compiled ($CC, else cc; -O3 -march=native -fPIC -shared CFLAGS FILE LIBS -lm) unless the cache
 * ($XDG_CACHE_HOME/h5map, else ~/.cache/h5map, mode 0700) has it; a cache that can't be used is no error. The
 * h5map_kernel_* symbols are read with libelf, nothing of the object is run. REFUSED: no such file or built-in (with
 * the candidates), a compiler error (its output, whole, is error->detail), no kernel in it, several and no NAME
 * (listed), no such NAME. */
int object_prepare(const char *word, const struct recipe *recipe, struct object *object, struct error *error);

/* The same, and which kernels are meant: the one that the word names, else all of the file, at least one. object->name
 * is the first's. The caller frees kernels->of. */
int object_list(const char *word, const struct recipe *recipe, struct object *object, struct kernels *kernels,
                struct error *error);

/* The struct of the kernel `name`: from bytes through memfd_create and dlopen (never closed), or a built-in where bytes
 * is NULL. REFUSED: undefined symbols, another ABI version, a kernel without signature or map. */
int object_load(const char *name, const void *bytes, size_t bytes_count, const h5map_kernel_t **kernel,
                struct error *error);

/* Tell `report` what the kernel, compiled with recipe.debug, finds wrong with itself; it must not come back. */
void object_report(const h5map_kernel_t *kernel, void (*report)(const char *file, unsigned line, const char *what));

void object_release(struct object *object);

#endif
