#include "run/cutting.h"

struct segment cutting_at(const struct cutting *cutting, uint64_t first, uint64_t end)
{
    const uint64_t row = first / cutting->row_bytes, within = first % cutting->row_bytes;
    const uint64_t column = within / cutting->chunk_bytes, left = cutting->row_bytes - column * cutting->chunk_bytes;
    struct segment segment = {.first = first};

    segment.chunk = row * cutting_chunks(cutting, cutting->row_bytes) + column;
    segment.chunk_first = row * cutting->row_bytes + column * cutting->chunk_bytes;
    segment.chunk_bytes = left < cutting->chunk_bytes ? left : cutting->chunk_bytes;
    segment.bytes = segment.chunk_first + segment.chunk_bytes - first;
    if (segment.bytes > end - first)
        segment.bytes = end - first;
    return segment;
}

bool cutting_is_whole(const struct segment *segment)
{
    return segment->bytes == segment->chunk_bytes;
}

uint64_t cutting_chunks(const struct cutting *cutting, uint64_t bytes)
{
    const uint64_t each = (cutting->row_bytes - 1) / cutting->chunk_bytes + 1;

    return bytes / cutting->row_bytes * each;
}

uint64_t cutting_most(const struct cutting *cutting, uint64_t bytes)
{
    if (!cutting->chunk_bytes)
        return 0;
    return bytes / cutting->chunk_bytes + bytes / cutting->row_bytes + 2; /* a row's last may be short */
}
