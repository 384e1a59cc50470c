#include "run/base.h"
#include "codec/crc.h"
#include "run/extents.h"
#include "run/rows.h"

#include <stdlib.h>
#include <string.h>

#define WINDOW_BYTES (1u << 20)
#define WINDOW_BITS (8u * 4096)

int base_open_staged(struct base *base, struct error *error)
{
    base->place_bytes = place_bytes(base->place);
    return staging_open(base->place, &base->past.head.layout, &base->staged, error);
}

int base_read(const struct base *base, const struct base_range *range, void *to, struct error *error)
{
    const struct head *head = &base->past.head;
    const uint64_t bytes = head->out_bytes[range->result];
    const struct stretch stretch = {range->result, range->first * bytes, range->count * bytes};
    bool sound;

    if (base->finished)
        return finished_read(base->finished, range->result, range->first, range->count, to, error);
    if (!staging_read(base->staged, &stretch, to, &sound, error) && !sound)
        return error_set(error, FAILED, "%s: can't read back: it is damaged", place_path(base->place));
    return error->code;
}

int base_rows(const struct base *base, const struct row_bytes *which, void *to, bool *sound, struct error *error)
{
    uint64_t behind;

    *sound = true;
    if (base->finished)
        return finished_rows(base->finished, which->result, which->at, which->bytes, to, error);
    *sound = !__builtin_add_overflow(which->at, which->bytes, &behind) && behind <= base->place_bytes;
    return *sound ? place_get(base->place, which->at, to, which->bytes, error) : OK;
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

static int check_result(const struct base *base, const struct extent *extent, int result, bool *same,
                        struct error *error)
{
    const uint64_t item_bytes = base->past.head.out_bytes[result];
    const uint64_t first = extent->first * item_bytes, bytes = extent->count * item_bytes;
    const struct rows_copy copy = {.base = base, .result = result};
    char *window = malloc(WINDOW_BYTES);
    uint32_t crc = 0;

    *same = true;
    if (!window)
        return error_memory(error, "checking what is there", WINDOW_BYTES);
    for (uint64_t done = 0; done < bytes && *same && !error->code; done += WINDOW_BYTES) {
        const uint64_t part = bytes - done < WINDOW_BYTES ? bytes - done : WINDOW_BYTES;

        if (staging_read(base->staged, &(struct stretch){result, first + done, part}, window, same, error) || !*same)
            continue;
        if (base->past.head.ragged >> result & 1)
            rows_copy(&copy, &(struct ref_run){(struct ref *)(void *)window, part / sizeof(struct ref), &crc}, same,
                      error);
        else
            crc = crc_add(crc, window, part);
    }
    *same &= crc == extent->crc[result];
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
        if (check_result(base, extent, k, same, error))
            return error->code;
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
    staging_close(base->staged);
    place_close(base->place);
    finished_close(base->finished);
    history_free(&base->past);
    *base = (struct base){0};
}
