/* Tables that every item sees. */
#include <h5map/kernel.h>
#include <stdlib.h>
#include <time.h>

static int lookup(const h5map_item_t *item)
{
    const double *x = item->in[0], *lut = item->in[1];

    if (!(*x >= 0 && *x < (double)item->dim[0]))
        return h5map_fail(item, "%g is beyond the table", *x);
    *(double *)item->out[0] = lut[(size_t)*x];
    return 0;
}

/* y = W x, with the table before the input, and another behind it. */
static int weigh(const h5map_item_t *item)
{
    const double *w = item->in[0], *x = item->in[1], *bias = item->in[2];
    const float scale = *(const float *)item->in[3];
    const size_t rows = item->dim[0], columns = item->dim[1];
    double *y = item->out[0];

    for (size_t r = 0; r < rows; r++) {
        y[r] = bias[r];
        for (size_t c = 0; c < columns; c++)
            y[r] += scale * w[r * columns + c] * x[c];
    }
    return 0;
}

static int lookup_all(const h5map_slice_t *slice)
{
    const double *x = slice->in[0], *lut = slice->in[1];
    double *y = slice->out[0];

    if (slice->in_bytes[1] != 0)
        return H5MAP_FAILED;
    for (size_t k = 0; k < slice->count; k++)
        if (x[k] >= 0 && x[k] < (double)slice->dim[0])
            y[k] = lut[(size_t)x[k]];
        else
            h5map_fail_at(slice, k, "%g is beyond the table", x[k]);
    return 0;
}

/* A table of compounds, as it is stored or not. */
static int lookup_entry(const h5map_item_t *item)
{
    const double *x = item->in[0];
    const struct {
        double at[2];
        int16_t id;
        bool good;
    } *entry = item->in[1];
    const size_t k = (size_t)*x;

    if (k >= item->dim[0] || !entry[k].good)
        return h5map_fail(item, "%g is not in the table", *x);
    *(double *)item->out[0] = entry[k].at[0] + entry[k].at[1] * entry[k].id;
    return 0;
}

/* Without an input: count:N. */
static int draw(const h5map_item_t *item)
{
    h5map_rng_t rng = h5map_rng(item);
    const double *lut = item->in[0];

    *(double *)item->out[0] = lut[(size_t)(h5map_uniform(&rng) * (double)item->dim[0])];
    return 0;
}

/* Init makes the running sums of the table; finish looks whether the table is as it was. */
struct sums {
    const double *lut;
    size_t count;
    double first, sum[];
};

static int sums_begin(const h5map_job_t *job, void **state)
{
    const double *lut = job->in[1];
    const size_t count = job->dim[0];
    struct sums *sums = malloc(sizeof *sums + count * sizeof *sums->sum);

    if (!sums || count == 0)
        return h5map_refuse(job, "the table is empty");
    sums->lut = lut;
    sums->count = count;
    sums->first = lut[0];
    for (size_t k = 0; k < count; k++)
        sums->sum[k] = (k ? sums->sum[k - 1] : 0) + lut[k];
    *state = sums;
    return 0;
}

static void sums_end(void *state)
{
    const struct sums *sums = state;

    if (sums->lut[0] != sums->first)
        abort();
    free(state);
}

static int up_to(const h5map_item_t *item)
{
    const struct sums *sums = item->state;

    if (sums->lut != item->in[1])
        return h5map_fail(item, "another table than in init");
    *(double *)item->out[0] = sums->sum[(size_t) * (const double *)item->in[0]];
    return 0;
}

/* Not allowed. */
static int scribble(const h5map_item_t *item)
{
    ((double *)item->in[1])[item->dim[0] - 1] = 1;
    return 0;
}

/* Looks at every page of the table, then naps. */
static int dwell(const h5map_item_t *item)
{
    const double *lut = item->in[1];
    double sum = 0;

    for (size_t k = 0; k < item->dim[0]; k += 512)
        sum += lut[k];
    *(double *)item->out[0] = sum;
    nanosleep(&(struct timespec){0, 100000000}, NULL);
    return 0;
}

/* Never ends, and never stops reading. */
static int spin(const h5map_item_t *item)
{
    const volatile double *lut = item->in[1];

    for (size_t k = 0; *(const double *)item->in[0] >= 0; k++)
        if (lut[k % item->dim[0]] < 0)
            return H5MAP_FAILED;
    return 0;
}

static int bytes(const h5map_item_t *item)
{
    const uint8_t *lut = item->in[1];

    *(double *)item->out[0] = lut[(size_t) * (const double *)item->in[0]];
    return 0;
}

#define LOOKUP "x: double, shared lut: double[m] -> y: double"

H5MAP_KERNEL(lookup, .signature = LOOKUP);
H5MAP_SLICE_KERNEL(lookup_all, .signature = LOOKUP);
H5MAP_KERNEL(weigh, .signature = "shared w: double[r, c], x: double[c], shared bias: double[r], param scale: float = 1"
                                 " -> y: double[r]");
H5MAP_KERNEL(lookup_entry,
             .signature = "x: double, shared lut: {at: double[2], id=\"the id\": int16, good: bool}[m] -> y: double");
H5MAP_KERNEL(draw, .signature = "shared lut: double[m] -> y: double");
H5MAP_KERNEL(up_to, .signature = LOOKUP, .init = sums_begin, .finish = sums_end);
H5MAP_KERNEL(scribble, .signature = LOOKUP);
H5MAP_KERNEL(dwell, .signature = LOOKUP);
H5MAP_KERNEL(spin, .signature = LOOKUP);
H5MAP_KERNEL(bytes, .signature = "x: double, shared lut: uint8[m] -> y: double");
