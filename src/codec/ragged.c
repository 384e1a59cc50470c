#include "codec/ragged.h"

#include "codec/convert.h"

size_t ragged_rows_at(uint64_t count)
{
    return ((count + 1) * sizeof(uint64_t) + BATCH_ALIGN - 1) / BATCH_ALIGN * BATCH_ALIGN;
}

size_t ragged_bytes(const struct feed *feed, const void *part, uint64_t count)
{
    return ragged_rows_at(count) + ((const uint64_t *)part)[count] * feed->wire_row_bytes;
}

size_t ragged_room(const struct feed *feed, uint64_t count)
{
    return ragged_rows_at(count) + count * feed->wire_bytes;
}

struct feed ragged_item(const struct feed *feed, const uint64_t *offset, uint64_t k)
{
    struct feed one = *feed;

    one.elements = (offset[k + 1] - offset[k]) * feed->row_elements;
    one.wire_bytes = (offset[k + 1] - offset[k]) * feed->wire_row_bytes;
    one.bytes = (offset[k + 1] - offset[k]) * feed->row_bytes;
    return one;
}

size_t ragged_convert(const struct feed *feed, const uint64_t *offset, const void *from, uint64_t count, void *to,
                      int32_t *status)
{
    size_t failed = 0;

    for (uint64_t k = 0; k < count; k++) {
        const struct feed one = ragged_item(feed, offset, k);

        failed += convert_items(&one, (const char *)from + offset[k] * feed->wire_row_bytes, 1,
                                (char *)to + offset[k] * feed->row_bytes, &status[k]);
    }
    return failed;
}

void ragged_reason(const struct feed *feed, const uint64_t *offset, const void *from, uint64_t k, char *text,
                   size_t text_bytes)
{
    const struct feed one = ragged_item(feed, offset, k);

    convert_reason(&one, (const char *)from + offset[k] * feed->wire_row_bytes, 0, text, text_bytes);
}
