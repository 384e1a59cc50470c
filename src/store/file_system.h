/* What kind of file system an open file is on. Local. */
#ifndef STORE_FILE_SYSTEM_H
#define STORE_FILE_SYSTEM_H

#include <stdbool.h>

/* Is the file on a file system that only this machine writes to? */
bool file_system_is_local(int fd);

#endif
