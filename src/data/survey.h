/* What an input file offers to a kernel that is not written yet. Local; calls HDF5. */
#ifndef DATA_SURVEY_H
#define DATA_SURVEY_H

#include "job.h"

#define SURVEY_MOST 8 /* inputs that a kernel is offered without -i */

/* The datasets of options->inputs (-i NAME=[FILE:]/DATASET), of which those with other items than the first are shared
 * tables, or FILE:/DATASET, or else those at the root of FILE that
 * most agree on axis 0, in order of names, at most SURVEY_MOST. REFUSED: a file or dataset is missing, or holds nothing
 * that kernels take; none fits. */
int survey_make(const struct options *options, struct survey *survey, struct error *error);

#endif
