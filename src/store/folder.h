/* The folder that a file is in. Local. */
#ifndef STORE_FOLDER_H
#define STORE_FOLDER_H

#include "error.h"

/* Have on disk which names are in the folder of the file `path`. Returns 0, or errno. */
int folder_try_sync(const char *path);

/* The same; messages call the file `name`. FAILED: I/O error. */
int folder_sync(const char *path, const char *name, struct error *error);

#endif
