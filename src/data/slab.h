/* Runs of flat positions as hyperslabs. Pure; local. */
#ifndef DATA_SLAB_H
#define DATA_SLAB_H

#include "job.h"

#include <hdf5.h>

#define SLAB_RANK_MAX (LOOP_DIMS_MAX + PORT_DIMS_MAX)

/* The axes that positions are flat over, row-major; none of length 0. */
struct grid {
    int rank;
    uint64_t shape[SLAB_RANK_MAX];
    uint64_t below[SLAB_RANK_MAX]; /* positions below one index of each axis */
};

/* A box of a grid. */
struct slab {
    hsize_t first[SLAB_RANK_MAX], count[SLAB_RANK_MAX];
};

void grid_make(int rank, const hsize_t *shape, struct grid *grid);

/* The largest box that is the positions from `first` on, `count` of them or fewer: the rest of a row, whole rows, or
 * the beginning of one. Returns how many (1 where the rank is 0); until count is used up, call again with what is left.
 */
uint64_t slab_next(const struct grid *grid, uint64_t first, uint64_t count, struct slab *slab);

#endif
