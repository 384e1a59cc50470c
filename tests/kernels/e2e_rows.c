/* Ragged results, in the ways that kernels ask for their rows. */
#include <h5map/kernel.h>
#include <stdlib.h>
#include <unistd.h>

/* 0 to 7 rows; seven fail. */
static size_t rows_of(uint32_t x)
{
    return (x * 2654435761u >> 16) % 8;
}

static void nap(void)
{
    const char *nap = getenv("E2E_NAP_US");

    if (nap)
        usleep((unsigned)atoi(nap));
}

static int ragged(const h5map_item_t *item)
{
    const uint32_t x = *(const uint32_t *)item->in[0];
    const size_t count = rows_of(x);
    double *peaks = h5map_resize(item, 0, count);
    int16_t *triples = h5map_resize(item, 2, 2 * count);

    nap();
    if (!peaks || !triples)
        return h5map_stop(item, "no memory");
    for (size_t k = 0; k < count; k++)
        peaks[k] = x + k / 8.0;
    if (count == 7)
        return h5map_fail(item, "seven of %u", x);
    for (size_t k = 0; k < 6 * count; k += 2)
        triples[k] = (int16_t)(x + k);
    *(double *)item->out[1] = sqrt(x);
    return 0;
}

/* The same, from the last item to the first, each asked for twice. */
static int ragged_slice(const h5map_slice_t *slice)
{
    for (size_t k = slice->count; k-- > 0;) {
        const uint32_t x = ((const uint32_t *)slice->in[0])[k];
        const size_t count = rows_of(x);
        double *peaks = h5map_resize_at(slice, k, 0, 9);
        int16_t *triples = h5map_resize_at(slice, k, 2, 2 * count);

        if (!peaks || !triples)
            return H5MAP_STOPPED;
        for (size_t j = 0; j < 9; j++)
            peaks[j] = -1;
        peaks = h5map_resize_at(slice, k, 0, count);
        for (size_t j = 0; j < count; j++)
            peaks[j] += x + j / 8.0;
        for (size_t j = 0; j < 6 * count; j += 2)
            triples[j] = (int16_t)(x + j);
        ((double *)slice->out[1])[k] = sqrt(x);
        if (count == 7)
            h5map_fail_at(slice, k, "seven of %u", x);
    }
    return 0;
}

/* Items of n * 1000 rows: far larger than a ticket. */
static int large(const h5map_item_t *item)
{
    const uint32_t x = *(const uint32_t *)item->in[0];
    const size_t count = x * (size_t)1000;
    uint32_t *rows = h5map_resize(item, 0, count);

    if (!rows)
        return h5map_stop(item, "no memory");
    for (size_t k = 0; k < count; k++)
        rows[k] = (uint32_t)(x + k);
    return 0;
}

/* What is no ragged result has no rows, and more than there is can't be had. */
static int none(const h5map_item_t *item)
{
    *(int *)item->out[1] = !h5map_resize(item, 1, 1) && !h5map_resize(item, 2, 1) && !h5map_resize(item, 0, SIZE_MAX) &&
                           !h5map_resize(item, 0, SIZE_MAX / 16);
    return 0;
}

#define KINDS "x: uint32 -> peaks: double[*], root: double, triples: int16[*k, 3]"

H5MAP_KERNEL(ragged, .signature = KINDS);
H5MAP_SLICE_KERNEL(ragged_slice, .signature = KINDS);
H5MAP_KERNEL(large, .signature = "x: uint32 -> rows: uint32[*]");
H5MAP_KERNEL(none, .signature = "x: uint32 -> rows: double[*], right: int32");
