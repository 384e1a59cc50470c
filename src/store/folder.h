/* The folder that a file is in. Local. */
#ifndef STORE_FOLDER_H
#define STORE_FOLDER_H

#include "error.h"

#include <stdbool.h>

/* Have on disk which names are in the folder of the file `path`. Returns 0, or errno. */
int folder_try_sync(const char *path);

/* The same; messages call the file `name`. FAILED: I/O error. */
int folder_sync(const char *path, const char *name, struct error *error);

/* Files beside `path` that are called as it, with a word, a number from 1 on and perhaps a tail behind: OUTPUT.jnl.2,
 * OUTPUT.jnl.2.new. tail NULL: none have one. Messages call the path `name`. */
struct folder_kin {
    const char *path, *name, *word, *tail;
};

/* Called for each of them; `file` is its path. */
typedef int folder_see(void *self, const char *file, unsigned number, bool tail, struct error *error);

/* Call it until it fails; its failure is returned. REFUSED: the folder may not be read. FAILED: it can't be. */
int folder_each(const struct folder_kin *kin, folder_see *see, void *self, struct error *error);

#endif
