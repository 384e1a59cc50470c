/* Whole small files: sources, objects, cache entries. Local. */
#ifndef KERNEL_FILE_H
#define KERNEL_FILE_H

#include "job.h"

/* bytes[count] is NUL; malloc'ed, released with free(bytes). */
struct content {
    unsigned char *bytes;
    size_t count;
};

/* The whole of a regular file. REFUSED when it can't be opened or is no regular file, FAILED when reading fails. */
int file_read(const char *path, struct content *content, struct error *error);

/* All bytes to a descriptor; 0, or errno. */
int file_write_all(int fd, const void *bytes, size_t count);

#endif
