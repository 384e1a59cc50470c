/* Text in and out. */
#include <h5map/kernel.h>

#include <ctype.h>
#include <stdio.h>

/* In capitals, its length before it. */
static int shout(const h5map_item_t *item)
{
    const char *text = item->in[0];
    char *to = item->out[0];

    if (!*text)
        return h5map_fail(item, "no text");
    snprintf(to, 12, "%zu:%s", strlen(text), text);
    memset(to + strlen(to) + 1, 'x', 12 - strlen(to) - 1); /* behind its end */
    for (size_t k = 0; to[k]; k++)
        to[k] = (char)toupper((unsigned char)to[k]);
    *(uint64_t *)item->out[1] = strlen(text);
    return 0;
}

/* Text beside numbers, several texts an item. */
static int join(const h5map_item_t *item)
{
    const char *a = item->in[0], *b = item->in[2];
    const double x = *(const double *)item->in[1];
    char(*to)[8] = item->out[0];

    snprintf(to[0], 8, "%s", a);
    snprintf(to[1], 8, "%s", b);
    snprintf(to[2], 8, "%g", x);
    return 0;
}

static int measure(const h5map_slice_t *slice)
{
    for (size_t k = 0; k < slice->count; k++)
        ((uint64_t *)slice->out[0])[k] = strlen(h5map_text(slice, 1, k)) + 1000 * (uint64_t)((const int8_t *)slice->in[0])[k];
    return 0;
}

static int beyond(const h5map_item_t *item)
{
    const char *text = item->in[0];

    *(int32_t *)item->out[0] = text[strlen(text) + 1];
    return 0;
}

H5MAP_KERNEL(shout, .signature = "s: string -> t: string[12], length: uint64");
H5MAP_KERNEL(join, .signature = "a: string, x: double, b: string -> t: {p: string[8], q: string[8], r: string[8]}");
H5MAP_SLICE_KERNEL(measure, .signature = "x: int8, s: string -> length: uint64");
H5MAP_KERNEL(beyond, .signature = "s: string -> y: int32");
