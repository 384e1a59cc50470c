/* Source lines of machine code: the line table of a shared object (DWARF 2 to 4). Pure. */
#ifndef KERNEL_LINES_H
#define KERNEL_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LINES_FILE_BYTES 128

struct source_line {
    char file[LINES_FILE_BYTES]; /* without its folder */
    uint64_t line;
};

/* The line that the instruction at `address`, as the object numbers them, was made of; false: the object does not tell.
 */
bool lines_find(const void *object, size_t bytes, uint64_t address, struct source_line *line);

/* The same, of the object in a file. */
bool lines_of_file(const char *path, uint64_t address, struct source_line *line);

#endif
