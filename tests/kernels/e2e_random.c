/* Random numbers; no input. walk: an item's own; tally: the same of a slice, with a failed item in it. */
#include <h5map/kernel.h>

static int walk(const h5map_item_t *item)
{
    const int steps = *(const int *)item->in[0];
    double *even = item->out[0], *normal = item->out[1];
    h5map_rng_t rng = h5map_rng(item);

    for (int k = 0; k < steps; k++)
        *even += h5map_uniform(&rng);
    *normal = h5map_normal(&rng);
    return 0;
}

H5MAP_KERNEL(walk, .signature = "param steps: int32 = 3 -> even: double, normal: double");

static int tally(const h5map_slice_t *slice)
{
    const int steps = *(const int *)slice->in[0];
    double *even = slice->out[0], *normal = slice->out[1];

    for (size_t k = 0; k < slice->count; k++) {
        h5map_rng_t rng = h5map_rng_at(slice, k);

        for (int j = 0; j < steps; j++)
            even[k] += h5map_uniform(&rng);
        normal[k] = h5map_normal(&rng);
    }
    return 0;
}

H5MAP_SLICE_KERNEL(tally, .signature = "param steps: int32 = 3 -> even: double, normal: double");
