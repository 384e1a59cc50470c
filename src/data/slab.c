#include "data/slab.h"

void grid_make(int rank, const hsize_t *shape, struct grid *grid)
{
    uint64_t below = 1;

    grid->rank = rank;
    for (int k = rank - 1; k >= 0; k--) {
        grid->shape[k] = shape[k];
        grid->below[k] = below;
        below *= shape[k];
    }
}

uint64_t slab_next(const struct grid *grid, uint64_t first, uint64_t count, struct slab *slab)
{
    int axis = 0; /* whose indices the box takes, with all below them */

    if (grid->rank == 0)
        return 1;
    while (first % grid->below[axis] || count < grid->below[axis])
        axis++;
    for (int k = 0; k < grid->rank; k++) {
        slab->first[k] = k <= axis ? first / grid->below[k] % grid->shape[k] : 0;
        slab->count[k] = k < axis ? 1 : grid->shape[k];
    }
    slab->count[axis] -= slab->first[axis];
    if (slab->count[axis] > count / grid->below[axis])
        slab->count[axis] = count / grid->below[axis];
    return slab->count[axis] * grid->below[axis];
}
