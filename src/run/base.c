#include "run/base.h"
#include "codec/crc.h"
#include "run/extents.h"

#include <stdlib.h>
#include <string.h>

#define WINDOW_BYTES (1u << 20)
#define WINDOW_BITS (8u * 4096)

int base_read(const struct base *base, const struct base_range *range, void *to, struct error *error)
{
    const struct head *head = &base->past.head;
    const uint64_t bytes = head->out_bytes[range->result];

    if (base->finished)
        return finished_read(base->finished, range->result, range->first, range->count, to, error);
    return place_get(base->place, head->layout.result_offset[range->result] + range->first * bytes, to,
                     range->count * bytes, error);
}

/* The bits of whole bytes of the bitmap. */
static int read_bytes(const struct base *base, uint64_t first, uint64_t count, unsigned char *bits, struct error *error)
{
    return place_get(base->place, base->past.head.layout.failed_offset + first / 8, bits, (count + 7) / 8, error);
}

int base_failed_bits(const struct base *base, uint64_t first, uint64_t count, unsigned char *bits, struct error *error)
{
    unsigned char window[4096 + 1];
    const unsigned shift = first & 7;

    if (base->finished)
        return finished_failed(base->finished, first, count, bits, error);
    for (uint64_t done = 0; done < count; done += WINDOW_BITS) {
        const uint64_t part = count - done < WINDOW_BITS ? count - done : WINDOW_BITS;

        if (read_bytes(base, first - shift + done, shift + part, window, error))
            return error->code;
        for (uint64_t k = 0; k < (part + 7) / 8; k++) {
            const unsigned next = shift && 8 * (k + 1) < shift + part ? window[k + 1] : 0;

            bits[done / 8 + k] = (unsigned char)(window[k] >> shift | next << (8 - shift));
        }
    }
    return OK;
}

static int crc_of_result(const struct base *base, const struct extent *extent, int result, uint32_t *crc,
                         struct error *error)
{
    const uint64_t bytes = base->past.head.out_bytes[result] * extent->count;
    const uint64_t offset =
        base->past.head.layout.result_offset[result] + extent->first * base->past.head.out_bytes[result];
    char *window = malloc(WINDOW_BYTES);

    *crc = 0;
    if (!window)
        return error_memory(error, "checking what is there", WINDOW_BYTES);
    for (uint64_t done = 0; done < bytes && !error->code; done += WINDOW_BYTES) {
        const uint64_t part = bytes - done < WINDOW_BYTES ? bytes - done : WINDOW_BYTES;

        if (!place_get(base->place, offset + done, window, part, error))
            *crc = crc_add(*crc, window, part);
    }
    free(window);
    return error->code;
}

static int crc_of_failed(const struct base *base, const struct extent *extent, uint32_t *crc, struct error *error)
{
    unsigned char bits[4096];

    *crc = 0;
    for (uint64_t done = 0; done < extent->count; done += WINDOW_BITS) {
        const uint64_t part = extent->count - done < WINDOW_BITS ? extent->count - done : WINDOW_BITS;

        if (base_failed_bits(base, extent->first + done, part, bits, error))
            return error->code;
        *crc = extents_failed_crc(*crc, bits, 0, part);
    }
    return OK;
}

int base_check(const struct base *base, const struct extent *extent, bool *same, struct error *error)
{
    const struct head *head = &base->past.head;
    uint32_t crc;

    *same = extent->count > 0 && extent->first < head->items && extent->count <= head->items - extent->first &&
            extent->run < head->run_count;
    for (int k = 0; k < head->out_count && *same; k++) {
        if (head->layout.result_offset[k] == UINT64_MAX)
            continue;
        if (crc_of_result(base, extent, k, &crc, error))
            return error->code;
        *same = crc == extent->crc[k];
    }
    if (!*same)
        return OK;
    if (crc_of_failed(base, extent, &crc, error))
        return error->code;
    *same = crc == extent->failed_crc;
    return OK;
}

void base_close(struct base *base)
{
    journal_end(base->reader);
    place_close(base->place);
    finished_close(base->finished);
    history_free(&base->past);
    *base = (struct base){0};
}
