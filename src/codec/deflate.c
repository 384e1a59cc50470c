#include "codec/deflate.h"

#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>

struct deflate {
    struct libdeflate_compressor *compressor;
    unsigned char *shuffled, *packed;
    size_t packed_bytes; /* of the buffer */
};

void deflate_shuffle(const void *from, size_t bytes, size_t element_bytes, void *to)
{
    const size_t count = bytes / element_bytes, tail = bytes % element_bytes;
    const unsigned char *element = from;
    unsigned char *next = to;

    for (size_t b = 0; b < element_bytes; b++)
        for (size_t i = 0; i < count; i++)
            *next++ = element[i * element_bytes + b];
    memcpy(next, element + bytes - tail, tail);
}

int deflate_open(int level, size_t bytes_max, struct deflate **deflate, struct error *error)
{
    struct deflate *d = calloc(1, sizeof *d);

    *deflate = NULL;
    if (!d)
        return error_memory(error, "the compressor", sizeof *d);
    d->compressor = libdeflate_alloc_compressor(level);
    if (d->compressor)
        d->packed_bytes = libdeflate_zlib_compress_bound(d->compressor, bytes_max);
    d->shuffled = malloc(bytes_max);
    d->packed = malloc(d->packed_bytes);
    if (!d->compressor || !d->shuffled || !d->packed) {
        deflate_close(d);
        return error_memory(error, "the compressor", 2 * (unsigned long long)bytes_max);
    }
    *deflate = d;
    return OK;
}

size_t deflate_pack(struct deflate *deflate, const void *data, size_t bytes, size_t element_bytes, const void **packed)
{
    const void *from = data;

    if (element_bytes > 1) {
        deflate_shuffle(data, bytes, element_bytes, deflate->shuffled);
        from = deflate->shuffled;
    }
    *packed = deflate->packed;
    return libdeflate_zlib_compress(deflate->compressor, from, bytes, deflate->packed, deflate->packed_bytes);
}

void deflate_close(struct deflate *deflate)
{
    if (!deflate)
        return;
    libdeflate_free_compressor(deflate->compressor);
    free(deflate->shuffled);
    free(deflate->packed);
    free(deflate);
}
