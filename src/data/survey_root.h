/* The datasets at the root of a file that a kernel may take together. Local; calls HDF5. */
#ifndef DATA_SURVEY_ROOT_H
#define DATA_SURVEY_ROOT_H

#include "job.h"

/* Those that most agree on axis 0, in order of names, at most SURVEY_MOST; what is left out is noted. REFUSED: the file
 * can't be read, or has none. */
int survey_root(const char *path, struct survey *survey, struct error *error);

#endif
