/* What was compiled before, found without starting the compiler: the model is ccache's direct mode. Local.
 *
 * A manifest is an entry of the cache. Its key is made of all that can be seen before the compiler runs: the source,
 * the words of the command, the folder, the compiler's file, the environment variables that compilers heed, this
 * program's kernel header, and the CPU as -march=native sees it (a home folder may be shared by different machines). It
 * names the object that was made of that and lists the files that were read then, with size and times; it holds as long
 * as none of them has changed.
 *
 * Like ccache's it can't see everything: a new header that hides one found later on the way through the folders is
 * noticed beside the source and in the folders of -I and the like, not elsewhere. */
#ifndef KERNEL_MANIFEST_H
#define KERNEL_MANIFEST_H

#include "kernel/words.h"

/* What is to be compiled, and how. */
struct manifest_view {
    const char *file, *source; /* the path as typed, the text */
    const struct words *compiler, *flags, *libs;
};

/* What a manifest tells: the object's key in the cache, and struct object's compiler. */
struct manifest {
    char object_key[HASH_BYTES];
    char compiler[256];
};

/* What the compiler read. */
struct manifest_reads {
    const char *rule;   /* file with the make rule of -MD, its target one word */
    const char *folder; /* private: files in it are left out */
    int64_t start_ns;   /* of the compiler, since the epoch */
};

/* The manifest's key; false where there can be none: no compiler or CPU to be seen, flags that write make rules, a
 * source that holds the time of day. */
bool manifest_key(const struct manifest_view *view, char key[HASH_BYTES]);

/* The manifest of that key, if it is there, whole, and no file has changed. */
bool manifest_get(const char key[HASH_BYTES], struct manifest *manifest);

/* Store a manifest, in one step. False if it was not stored: the cache can't be used, or a file was so new (2 s), or is
 * named so oddly, that it can't be told whether the compiler saw it as it is now. */
bool manifest_put(const char key[HASH_BYTES], const struct manifest *manifest, const struct manifest_view *view,
                  const struct manifest_reads *reads);

#endif
