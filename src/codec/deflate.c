#include "codec/deflate.h"

#include "codec/shuffle.h"

#include <isa-l.h>
#include <libdeflate.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ISAL_LEVEL_MAX 3
#define ISAL_BLOCK_BYTES \
    65535                   /* what can't be made smaller is stored in blocks of so many, each with 5 bytes before it */
#define ISAL_FRAME_BYTES 64 /* more than the zlib format's header and checksum */

struct deflate {
    struct libdeflate_compressor *compressor; /* NULL: ISA-L */
    int level;
    struct isal_zstream stream; /* all zero before its first use: ISA-L's own init leaves hist_bits as it is */
    unsigned char *work;
    unsigned char *filled, *shuffled, *packed;
    size_t packed_bytes; /* of the buffer */
};

static size_t work_bytes(int level)
{
    return level == 1 ? ISAL_DEF_LVL1_DEFAULT : level == 2 ? ISAL_DEF_LVL2_DEFAULT : ISAL_DEF_LVL3_DEFAULT;
}

static size_t isal_bound(size_t bytes)
{
    return bytes + 5 * (bytes / ISAL_BLOCK_BYTES + 1) + ISAL_FRAME_BYTES;
}

size_t deflate_memory(size_t bytes_max)
{
    return 2 * bytes_max + isal_bound(bytes_max) + work_bytes(ISAL_LEVEL_MAX);
}

/* false: no memory. */
static bool open_compressor(struct deflate *d, size_t bytes_max)
{
    if (d->level <= ISAL_LEVEL_MAX) {
        d->work = malloc(work_bytes(d->level));
        d->packed_bytes = isal_bound(bytes_max);
        return d->work != NULL;
    }
    d->compressor = libdeflate_alloc_compressor(d->level);
    if (d->compressor)
        d->packed_bytes = libdeflate_zlib_compress_bound(d->compressor, bytes_max);
    return d->compressor != NULL;
}

int deflate_open(int level, size_t bytes_max, struct deflate **deflate, struct error *error)
{
    struct deflate *d = calloc(1, sizeof *d);

    *deflate = NULL;
    if (!d)
        return error_memory(error, "the compressor", sizeof *d);
    d->level = level;
    if (!open_compressor(d, bytes_max) || !(d->filled = malloc(bytes_max)) || !(d->shuffled = malloc(bytes_max)) ||
        !(d->packed = malloc(d->packed_bytes))) {
        deflate_close(d);
        return error_memory(error, "the compressor", 3 * (unsigned long long)bytes_max);
    }
    *deflate = d;
    return OK;
}

static size_t isal_pack(struct deflate *d, const void *data, size_t bytes)
{
    struct isal_zstream *stream = &d->stream;

    isal_deflate_stateless_init(stream);
    stream->level = (uint32_t)d->level;
    stream->level_buf = d->work;
    stream->level_buf_size = (uint32_t)work_bytes(d->level);
    stream->gzip_flag = IGZIP_ZLIB;
    stream->end_of_stream = 1;
    stream->flush = NO_FLUSH;
    stream->next_in = (uint8_t *)(uintptr_t)data;
    stream->avail_in = (uint32_t)bytes;
    stream->next_out = d->packed;
    stream->avail_out = (uint32_t)d->packed_bytes;
    return isal_deflate_stateless(stream) == COMP_OK ? stream->total_out : 0;
}

size_t deflate_pack(struct deflate *deflate, const void *data, size_t bytes, size_t element_bytes, const void **packed)
{
    const void *from = data;

    if (element_bytes > 1) {
        shuffle_bytes(data, bytes, element_bytes, deflate->shuffled);
        from = deflate->shuffled;
    }
    *packed = deflate->packed;
    if (!deflate->compressor)
        return isal_pack(deflate, from, bytes);
    return libdeflate_zlib_compress(deflate->compressor, from, bytes, deflate->packed, deflate->packed_bytes);
}

size_t deflate_chunk(struct deflate *deflate, const struct chunk_shape *shape, const void *data, size_t bytes,
                     const void **packed)
{
    if (bytes == shape->bytes)
        return deflate_pack(deflate, data, bytes, shape->element_bytes, packed);
    memcpy(deflate->filled, data, bytes);
    for (size_t at = bytes; at < shape->bytes; at += shape->element_bytes)
        memcpy(deflate->filled + at, shape->fill, shape->element_bytes);
    return deflate_pack(deflate, deflate->filled, shape->bytes, shape->element_bytes, packed);
}

void deflate_close(struct deflate *deflate)
{
    if (!deflate)
        return;
    libdeflate_free_compressor(deflate->compressor);
    free(deflate->work);
    free(deflate->filled);
    free(deflate->shuffled);
    free(deflate->packed);
    free(deflate);
}
