/* Several inputs and results, parameters among them and as dims, the order of dim[]. */
#include <h5map/kernel.h>
#include <string.h>

/* head: the first k values; sizes: dim[] as it is. */
static int head(const h5map_item_t *item)
{
    const double *x = item->in[0];
    const int32_t k = *(const int32_t *)item->in[1];
    uint64_t *sizes = item->out[1];

    if ((size_t)k > item->dim[0])
        return h5map_fail(item, "%d of %zu values", k, item->dim[0]);
    memcpy(item->out[0], x, (size_t)k * sizeof *x);
    sizes[0] = item->dim[0];
    sizes[1] = item->dim[1];
    return 0;
}

/* Inputs of several types and shapes, a parameter between them. */
static int zip(const h5map_item_t *item)
{
    const int32_t a = *(const int32_t *)item->in[0];
    const float *b = item->in[1];
    const double s = *(const double *)item->in[2];
    const double *c = item->in[3];
    const bool up = *(const bool *)item->in[4];
    float *pair = item->out[1];
    double *turned = item->out[3];

    *(double *)item->out[0] = s * a + b[0] + b[1] + b[2];
    for (int row = 0; row < 2; row++)
        for (int k = 0; k < 3; k++)
            pair[row * 3 + k] = row ? -b[k] : b[k];
    *(bool *)item->out[2] = !up;
    turned[0] = -c[1];
    turned[1] = c[0];
    return 0;
}

/* Two inputs of one shape, and a matrix and a vector that share a dim. */
static int product(const h5map_item_t *item)
{
    const double *m = item->in[0], *v = item->in[1];
    double *to = item->out[0];

    for (size_t row = 0; row < item->dim[0]; row++)
        for (size_t k = 0; k < item->dim[1]; k++)
            to[row] += m[row * item->dim[1] + k] * v[k];
    return 0;
}

static int plus(const h5map_item_t *item)
{
    *(double *)item->out[0] = *(const double *)item->in[0] + *(const double *)item->in[1];
    return 0;
}

static int params(const h5map_item_t *item)
{
    double *to = item->out[0];

    to[0] = *(const double *)item->in[1];
    to[1] = *(const bool *)item->in[2];
    to[2] = *(const uint8_t *)item->in[3];
    to[3] = (double)*(const int64_t *)item->in[4];
    to[4] = *(const float *)item->in[5];
    to[5] = ((const double *)item->in[6])[0];
    to[6] = ((const double *)item->in[6])[1];
    return 0;
}

H5MAP_KERNEL(head, .signature = "x: double[n], param k: int32 = 3 -> top: double[k], sizes: uint64[2]");
H5MAP_KERNEL(zip, .signature = "a: int32, b: float[3], param s: double = 2, c: complex128, up: bool -> "
                               "sum: double, pair: float[2, 3], down: bool, turned: complex128");
H5MAP_KERNEL(product, .signature = "m: double[h, w], v: double[w] -> p: double[h]");
H5MAP_KERNEL(plus, .signature = "a: double, b: double -> sum: double");
H5MAP_KERNEL(params,
             .signature = "x: double, param d: double, param b: bool = true, param u: uint8 = 255, "
                          "param i: int64 = -9, param f: float = 1e-3, param z: complex128 = 1+2i -> v: double[7]");
