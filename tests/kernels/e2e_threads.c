/* How many threads OpenMP takes, and that they all come. */
#include <h5map/kernel.h>
#include <omp.h>

static int threads(const h5map_item_t *item)
{
    int32_t count = 0;

#pragma omp parallel reduction(+ : count)
    count++;
    *(int32_t *)item->out[0] = count;
    return 0;
}

H5MAP_KERNEL(threads, .signature = "x: double -> count: int32");
