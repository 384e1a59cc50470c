/* Results of several types, ragged ones and compounds among them, and items that fail: some always, some until CRASH_FIXED is set. CRASH_NAP_US makes it
 * slow. */
#include <h5map/kernel.h>
#include <math.h>
#include <stdlib.h>
#include <time.h>

#define TURNS 32    /* so many that all of them are pages, which ranks write themselves under --io direct */
#define NAP_ITEMS 8 /* naps are taken once in so many items: a short one takes long */

static void nap(const h5map_item_t *item)
{
    const char *text = getenv("CRASH_NAP_US");
    const long nap_us = text ? NAP_ITEMS * strtol(text, NULL, 10) : 0;
    const struct timespec time = {nap_us / 1000000, nap_us % 1000000 * 1000};

    if (nap_us && item->index % NAP_ITEMS == 0)
        nanosleep(&time, NULL);
}

static int mixed(const h5map_item_t *item)
{
    const double *x = item->in[0], scale = *(const double *)item->in[2];
    const int m = *(const int *)item->in[1];
    double *norm = item->out[0];
    int16_t *near = item->out[1];
    bool *even = item->out[2];
    float *turned = item->out[3];

    nap(item);
    *norm = scale * sqrt(x[0] * x[0] + x[1] * x[1] + x[2] * x[2]);
    for (int k = 0; k < 4; k++)
        near[k] = (int16_t)(m * (k + 1) % 30011);
    *even = m % 2 == 0;
    for (int k = 0; k < TURNS; k++) {
        turned[2 * k] = (float)(scale * x[1] + k);
        turned[2 * k + 1] = (float)(k - x[0]);
    }
    if (m % 37 == 5)
        return h5map_fail(item, "%d is of the wrong kind", m);
    if (m % 61 == 7 && !getenv("CRASH_FIXED"))
        return h5map_fail(item, "not yet");
    return 0;
}

/* Up to 12 rows an item. */
static int rows(const h5map_item_t *item)
{
    const double *x = item->in[0], scale = *(const double *)item->in[2];
    const int m = *(const int *)item->in[1];
    struct {
        int32_t m;
        char name[8];
        double norm;
    } *tag = item->out[1];

    nap(item);
    double *path = h5map_resize(item, 0, (size_t)(m * 7 % 13));
    int16_t *near = h5map_resize(item, 2, (size_t)(m % 5 == 0));

    if ((m * 7 % 13 && !path) || (m % 5 == 0 && !near))
        return h5map_stop(item, "no memory");
    for (int k = 0; k < m * 7 % 13; k++) {
        path[2 * k] = scale * x[0] * k;
        path[2 * k + 1] = x[1] - k;
    }
    if (m % 5 == 0)
        *near = (int16_t)m;
    tag->m = m;
    tag->norm = scale * x[2];
    tag->name[m % 8] = 'n';
    if (m % 37 == 5)
        return h5map_fail(item, "%d is of the wrong kind", m);
    if (m % 61 == 7 && !getenv("CRASH_FIXED"))
        return h5map_fail(item, "not yet");
    return 0;
}

H5MAP_KERNEL(rows, .signature = "x: double[3], m: int32, param scale: double = 1 -> path: double[*, 2], "
                                "tag: {m: int32, name: string[8], norm: double}, near: int16[*]");
H5MAP_KERNEL(mixed, .signature = "x: double[3], m: int32, param scale: double = 1 -> "
                                 "norm: double, near: int16[4], even: bool, turned: complex64[32]");
