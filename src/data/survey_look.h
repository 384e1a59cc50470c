/* One dataset as a kernel may take it. Local; calls HDF5. */
#ifndef DATA_SURVEY_LOOK_H
#define DATA_SURVEY_LOOK_H

#include "job.h"

#include <hdf5.h>

/* Fill in what the specimen, whose file and dataset are known, is to be taken as; fields of compounds are added to the
 * survey's. A single value will do where it is shared. REFUSED: nothing that kernels take, or that can't be read. */
int survey_look(hid_t file, struct survey *survey, struct specimen *specimen, struct error *error);

/* A name for the dataset; true: it is not the dataset's own, at the root. */
bool survey_name_after(const char *dataset, char name[NAME_BYTES]);

/* Have its items lengths of their own? */
bool survey_is_ragged(const struct specimen *specimen);

/* An input has no string for each element: where there are others, its dims would be the loop's. */
bool survey_is_text_array(const struct specimen *specimen);

#endif
