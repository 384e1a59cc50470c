/* One dataset of an input file. Local; calls HDF5. `name` is the input's, for messages. */
#ifndef DATA_DATASET_H
#define DATA_DATASET_H

#include "job.h"

#include <hdf5.h>

/* Open bound->dataset in `file`, with a chunk cache of cache_bytes (0: HDF5's own choice); *dataset is the caller's to
 * close. External raw files are looked for beside the file. REFUSED, with the file's datasets, when there is none. */
int dataset_open(hid_t file, const char *name, const struct bound *bound, uint64_t cache_bytes, hid_t *dataset,
                 struct error *error);

/* Fill in rank, shape, the chunks and, where members_bind has not, type_name and wire. REFUSED: a null dataspace, more
 * dims than fit, a type that is no number, sizes whose product overflows. */
int dataset_describe(hid_t dataset, const char *name, struct bound *bound, struct error *error);

/* The shape as text: "(5, 3)", "()" of a scalar; returns text. */
const char *dataset_shape_text(const uint64_t *shape, int rank, char *text, size_t text_bytes);

/* Up to eight datasets below `file` that kernels can take, as text: "/pos, /mass, ..."; "" none. Looks at a bounded
 * number of links. Returns text. */
const char *dataset_candidates(hid_t file, char *text, size_t text_bytes);

#endif
