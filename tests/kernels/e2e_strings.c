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

H5MAP_KERNEL(shout, .signature = "s: string -> t: string[12], length: uint64");
H5MAP_KERNEL(join, .signature = "a: string, x: double, b: string -> t: {p: string[8], q: string[8], r: string[8]}");
