#include "codec/inflate.h"

#include "codec/shuffle.h"

#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>

struct inflate {
    struct libdeflate_decompressor *decompressor;
    unsigned char *shuffled;
};

int inflate_open(size_t bytes_max, struct inflate **inflate, struct error *error)
{
    struct inflate *i = calloc(1, sizeof *i);

    *inflate = NULL;
    if (!i)
        return error_memory(error, "the decompressor", sizeof *i);
    i->decompressor = libdeflate_alloc_decompressor();
    i->shuffled = malloc(bytes_max + 1);
    if (!i->decompressor || !i->shuffled) {
        inflate_close(i);
        return error_memory(error, "the decompressor", bytes_max);
    }
    *inflate = i;
    return OK;
}

/* The data as it was before deflate; NULL: damaged. It is in `to` if it was inflated. */
static const void *plain(struct inflate *inflate, const struct filtered *filtered, void *to, size_t bytes)
{
    if (!filtered->deflated)
        return filtered->data_bytes == bytes ? filtered->data : NULL;
    if (libdeflate_zlib_decompress(inflate->decompressor, filtered->data, filtered->data_bytes, to, bytes, NULL) !=
        LIBDEFLATE_SUCCESS)
        return NULL;
    return to;
}

bool inflate_undo(struct inflate *inflate, const struct filtered *filtered, void *to, size_t bytes)
{
    const bool shuffled = filtered->shuffled > 1;
    const void *from = plain(inflate, filtered, shuffled ? inflate->shuffled : to, bytes);

    if (!from)
        return false;
    if (shuffled)
        unshuffle_bytes(from, bytes, filtered->shuffled, to);
    else if (from != to)
        memcpy(to, from, bytes);
    return true;
}

void inflate_close(struct inflate *inflate)
{
    if (!inflate)
        return;
    libdeflate_free_decompressor(inflate->decompressor);
    free(inflate->shuffled);
    free(inflate);
}
