/* FILE[:/DATASET] as the user types it. No HDF5. */
#ifndef DATA_LOCATION_H
#define DATA_LOCATION_H

#include "job.h"

struct location {
    char file[PATH_BYTES];
    char dataset[PATH_BYTES]; /* absolute, without a trailing '/'; "" none */
};

/* Split at the last ":/", unless a file of the whole name exists. REFUSED when too long or empty. */
int location_parse(const char *word, struct location *location, struct error *error);

/* Where OUTPUT goes: the file with its symbolic links resolved (the folder's, and the file's own if it is a link), and
 * the dataset. REFUSED when the folder does not exist or is no folder, or OUTPUT is a folder. */
int location_output(const char *word, struct location *location, struct error *error);

#endif
