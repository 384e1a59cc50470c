/* HDF5's error stack as one line. Local; from the thread that called HDF5. */
#ifndef DATA_HDF5_ERROR_H
#define DATA_HDF5_ERROR_H

#include "error.h"

#include <stdbool.h>

#define HDF5_REASON_BYTES 256

/* The innermost description that the last failed HDF5 call left on the stack, into text; returns text. To be called
 * before any other HDF5 call: each one empties the stack. */
const char *hdf5_reason(char text[HDF5_REASON_BYTES]);

/* Does any description on the stack contain `part`? The same holds. */
bool hdf5_said(const char *part);

/* Fill error with the formatted text, ": " and the reason. Returns the code. The same holds. */
int hdf5_error(struct error *error, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
