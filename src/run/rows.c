#include "run/rows.h"
#include "codec/crc.h"
#include "run/heap.h"

#include <stdlib.h>

#define WINDOW_BYTES (1u << 20)

/* Rows on their way, gathered until there are enough to be written. */
struct mover {
    const struct rows_copy *copy;
    uint64_t row_bytes;
    char *window; /* [room] */
    size_t room, gathered;
};

static int flush(struct mover *mover, struct error *error)
{
    const struct rows_copy *copy = mover->copy;

    if (copy->place && mover->gathered) {
        if (place_put(copy->place, *copy->end, mover->window, mover->gathered, error))
            return error->code;
        *copy->end += mover->gathered;
    }
    mover->gathered = 0;
    return OK;
}

static int move_item(struct mover *mover, struct ref *ref, uint32_t *crc, bool *sound, struct error *error)
{
    const struct rows_copy *copy = mover->copy;
    uint64_t left, at = ref->at;
    uint32_t own = 0;

    *sound = !__builtin_mul_overflow(ref->rows, mover->row_bytes, &left);
    ref->at = ref->rows && copy->place ? *copy->end + mover->gathered : 0;
    while (left && *sound && !error->code) {
        const size_t room = mover->room - mover->gathered, part = left < room ? left : room - room % mover->row_bytes;
        char *to = mover->window + mover->gathered;

        if (base_rows(copy->base, &(struct row_bytes){copy->result, at, part}, to, sound, error) || !*sound)
            break;
        own = crc_add(own, to, part);
        mover->gathered += part;
        at += part;
        left -= part;
        if (mover->room - mover->gathered < mover->room / 2)
            flush(mover, error);
    }
    *crc = heap_crc(*crc, ref->rows, own);
    return error->code;
}

int rows_copy(const struct rows_copy *copy, struct ref_run *items, bool *sound, struct error *error)
{
    struct mover mover = {.copy = copy, .row_bytes = copy->base->past.head.row_bytes[copy->result]};

    *sound = true;
    mover.room =
        mover.row_bytes > WINDOW_BYTES / 2 ? 2 * mover.row_bytes : WINDOW_BYTES; /* a row fits after each flush */
    mover.window = malloc(mover.room);
    if (!mover.window)
        return error_memory(error, "rows of a result", mover.room);
    for (uint64_t k = 0; k < items->count && *sound && !error->code; k++)
        move_item(&mover, &items->of[k], items->crc, sound, error);
    if (*sound && !error->code)
        flush(&mover, error);
    free(mover.window);
    return error->code;
}
