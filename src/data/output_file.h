/* A file that is being written by HDF5, from its making to its close. Root only; calls HDF5. */
#ifndef DATA_OUTPUT_FILE_H
#define DATA_OUTPUT_FILE_H

#include "data/output.h"

#include <hdf5.h>

enum opening {
    OPENING_NEW,         /* make the file, truncating it */
    OPENING_NEW_ALIGNED, /* the same; large datasets in it start at whole pages */
    OPENING_AGAIN        /* it is there */
};

/* Open the file for writing. *file is to be closed by output_file_close, even where datasets and groups in it are still
 * open. FAILED where it can't be. */
int output_file_open(const struct target *target, enum opening opening, hid_t *file, struct error *error);

/* What a stage that only knows of datasets says, with the file's name before it. Returns code. */
int output_file_name(const struct target *target, int code, struct error *error);

/* Close the file, whatever `code` came of it; a failed close is FAILED where code is 0. After that HDF5 knows nothing
 * of the file that can be used. Returns code. */
int output_file_close(const struct target *target, hid_t file, int code, struct error *error);

#endif
