#include "buffers.h"
#include "batch.h"

#include <stdlib.h>
#include <sys/mman.h>

#ifndef MADV_POPULATE_WRITE /* glibc before 2.35; Linux before 5.14 does without */
#define MADV_POPULATE_WRITE 23
#endif

#define HUGE_BYTES ((size_t)2 << 20)

void *buffers_alloc(size_t count, size_t bytes, bool whole)
{
    size_t all, room;
    void *buffers;

    if (__builtin_mul_overflow(count, bytes, &all) || __builtin_add_overflow(all, HUGE_BYTES, &room))
        return NULL;
    if (!whole || all < HUGE_BYTES / 2)
        return aligned_alloc(BATCH_ALIGN, (all / BATCH_ALIGN + 1) * BATCH_ALIGN);
    room -= room % HUGE_BYTES;
    buffers = aligned_alloc(HUGE_BYTES, room);
    if (!buffers)
        return NULL;
    madvise(buffers, room, MADV_HUGEPAGE); /* a system that has none goes without */
    madvise(buffers, all, MADV_POPULATE_WRITE);
    return buffers;
}
