/* CF packing: the attributes of a dataset that say what its stored values mean. Local; calls HDF5. */
#ifndef DATA_PACKING_H
#define DATA_PACKING_H

#include "job.h"

#include <hdf5.h>

/* Read scale_factor, add_offset, _FillValue, missing_value and _Unsigned of the dataset that feeds the port, into
 * bound->packing (and bound->wire, made unsigned by _Unsigned) where the kernel takes floating numbers; append a line
 * to notes where there are any. Complex and bool data are never packed; attributes that are not numbers are ignored.
 * REFUSED when an attribute can't be read, or lists more missing values than fit. */
int packing_bind(hid_t dataset, const struct port *port, struct bound *bound, struct binding *binding,
                 struct error *error);

/* "scale_factor 0.01, add_offset 273.15, missing -32768", "" where nothing is packed; returns text. */
const char *packing_text(const struct bound *bound, char *text, size_t text_bytes);

#endif
