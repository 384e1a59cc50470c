/* Compounds in and out: nested, array fields, names that are no identifiers, text, complex numbers, padding. */
#include <h5map/kernel.h>

#include <stdio.h>

typedef struct {
    uint8_t flag;
    double at[2];
    bool good;
} inner_t;

typedef struct {
    float ra;
    double bv; /* "B-V" */
    inner_t inner[2];
    double z[2]; /* complex128 */
    const char *name;
} star_t;

_Static_assert(sizeof(inner_t) == 32 && sizeof(star_t) == 104, "as the signature is laid out");

typedef struct {
    bool bright;
    double sum;
    char name[6];
    float z[2]; /* complex64 */
    struct {
        int16_t count;
        double at[2];
    } inner;
} result_t;

static int describe(const h5map_item_t *item)
{
    const star_t *star = item->in[0];
    result_t result;

    memset(&result, 0xa5, sizeof result); /* padding is not the kernel's to keep */
    if (star->ra < 0)
        return h5map_fail(item, "%s is nowhere", star->name);
    result.bright = star->bv > 1;
    result.sum = star->ra + star->bv;
    for (int k = 0; k < 2; k++)
        result.sum += star->inner[k].flag + star->inner[k].at[0] + star->inner[k].at[1] + star->inner[k].good;
    snprintf(result.name, sizeof result.name, "%.5s", star->name);
    result.z[0] = (float)star->z[0];
    result.z[1] = (float)-star->z[1];
    result.inner.count = (int16_t)strlen(star->name);
    memcpy(result.inner.at, star->inner[1].at, sizeof result.inner.at);
    *(result_t *)item->out[0] = result;
    return 0;
}

/* As it is stored, so that nothing has to be converted. */
static int plain(const h5map_item_t *item)
{
    const struct {
        int32_t a;
        double b;
    } *pair = item->in[0];

    *(double *)item->out[0] = pair[0].a * pair[0].b + pair[1].a * pair[1].b;
    return 0;
}

static int narrow(const h5map_item_t *item)
{
    const struct {
        uint8_t a;
        struct {
            int16_t b[2];
        } in;
    } *x = item->in[0];

    *(int32_t *)item->out[0] = x->a + x->in.b[0] + x->in.b[1];
    return 0;
}

#define INNER "{flag: uint8, at: double[2], good: bool}"

H5MAP_KERNEL(describe, .signature = "star: {ra: float, bv=\"B-V\": double, inner: " INNER
                                    "[2], z: complex128, name: string} -> "
                                    "y: {bright: bool, sum: double, name: string[6], z=\"Z value\": complex64, "
                                    "inner: {count: int16, at: double[2]}}");
H5MAP_KERNEL(plain, .signature = "pair: {a: int32, b: double}[2] -> y: double");
H5MAP_KERNEL(narrow, .signature = "x: {a: uint8, in: {b: int16[2]}} -> y: int32");
