/* Compiled objects by key, in $XDG_CACHE_HOME/h5map, else ~/.cache/h5map. Local. A cache that can't be used (no home, a
 * folder of somebody else or one that others may write to, a full disk) is no error: nothing is found in it then. */
#ifndef KERNEL_CACHE_H
#define KERNEL_CACHE_H

#include "kernel/file.h"

/* The object stored under the key; false where there is none or where it is not what was stored. The caller frees
 * object->bytes. */
bool cache_get(const char key[HASH_BYTES], struct content *object);

/* Store the object under the key, in one step: other processes see all of it or nothing. False if it was not stored. */
bool cache_put(const char key[HASH_BYTES], const struct content *object);

#endif
