/* Items that fail, with a reason and without, and results of every type to hold fill values. */
#include <h5map/kernel.h>

static int negative(const h5map_item_t *item)
{
    const double x = *(const double *)item->in[0];

    *(double *)item->out[0] = x;
    return x < 0 ? h5map_fail(item, "%g is negative", x) : 0;
}

static int silent(const h5map_item_t *item)
{
    const double x = *(const double *)item->in[0];

    *(double *)item->out[0] = x;
    return x < 0 ? 17 : 0;
}

static int wordy(const h5map_item_t *item)
{
    if (*(const double *)item->in[0] < 0)
        return h5map_fail(item, "two\nlines\tand %0*d digits", 400, 7);
    *(double *)item->out[0] = 1;
    return 0;
}

static int fills(const h5map_item_t *item)
{
    unsigned char *const *out = (unsigned char *const *)item->out;

    for (int k = 0; k < 12; k++)
        out[k][0] = 1;
    return *(const double *)item->in[0] < 0 ? h5map_fail(item, "no") : 0;
}

/* Up to 6 rows an item, and a compound. */
static int rows(const h5map_item_t *item)
{
    const double x = *(const double *)item->in[0];
    const size_t count = (size_t)fabs(4 * x) % 7;
    struct {
        int32_t k;
        char name[4];
    } *tag = item->out[1];
    double *row = h5map_resize(item, 0, count);

    if (count && !row)
        return h5map_stop(item, "out of memory");
    for (size_t k = 0; k < count; k++)
        row[k] = x + (double)k;
    tag->k = (int32_t)count;
    tag->name[count % 4] = 'n';
    return x < 0 ? h5map_fail(item, "%g is negative", x) : 0;
}

static int sequence(const h5map_item_t *item)
{
    const double *x = item->in[0];
    double *sum = item->out[0];

    for (size_t k = 0; k < item->dim[0]; k++)
        *sum += x[k];
    return *sum < 0 ? h5map_fail(item, "%g is negative", *sum) : 0;
}

H5MAP_KERNEL(rows, .signature = "x: double -> row: double[*], tag: {k: int32, name: string[4]}");
H5MAP_KERNEL(sequence, .signature = "x: double[*n] -> sum: double");
H5MAP_KERNEL(negative, .signature = "x: double -> y: double");
H5MAP_KERNEL(silent, .signature = "x: double -> y: double");
H5MAP_KERNEL(wordy, .signature = "x: double -> y: double");
H5MAP_KERNEL(fills, .signature = "x: double -> i8: int8, i16: int16, i32: int32, i64: int64, u8: uint8, u16: uint16, "
                                 "u32: uint32, u64: uint64, b: bool[2], f: float, d: double[2, 3], c: complex64, "
                                 "z: complex128");
