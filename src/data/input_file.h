/* Input files: open for reading, and what the file system says of them. Local; calls HDF5. */
#ifndef DATA_INPUT_FILE_H
#define DATA_INPUT_FILE_H

#include "job.h"

#include <hdf5.h>

/* Size and time of the last change of bound->file, into bound; REFUSED when it is missing, unreadable, no regular file,
 * or plainly something else than HDF5. */
int input_file_look(struct bound *bound, struct error *error);

/* Open for reading; *file is the caller's to close. REFUSED when it can't be opened: not HDF5, damaged, locked. */
int input_file_open(const char *path, hid_t *file, struct error *error);

/* Are both paths the same file? False where either does not exist. */
bool input_file_is(const char *path, const char *other);

#endif
