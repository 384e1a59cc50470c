/* The bits of a bitmap in the file. */
#include "store/place.h"

int place_mark(struct place *place, uint64_t offset, uint64_t first, uint64_t count, const unsigned char *bits,
               struct error *error)
{
    unsigned char window[4096];
    const uint64_t most = sizeof window * 8 - 8;

    for (uint64_t done = 0; done < count;) {
        const uint64_t bit = first + done, part = count - done < most ? count - done : most;
        const size_t bytes = (size_t)((bit % 8 + part + 7) / 8);

        if (place_get(place, offset + bit / 8, window, bytes, error))
            return error->code;
        for (uint64_t k = 0; k < part; k++)
            if (bits[(done + k) / 8] >> ((done + k) & 7) & 1)
                window[(bit % 8 + k) / 8] |= (unsigned char)(1u << ((bit + k) & 7));
        if (place_put(place, offset + bit / 8, window, bytes, error))
            return error->code;
        done += part;
    }
    return OK;
}

int place_unmark(struct place *place, uint64_t offset, uint64_t first, uint64_t count, struct error *error)
{
    unsigned char window[4096];
    const uint64_t most = sizeof window * 8 - 8;

    for (uint64_t done = 0; done < count;) {
        const uint64_t bit = first + done, part = count - done < most ? count - done : most;
        const size_t bytes = (size_t)((bit % 8 + part + 7) / 8);
        bool any = false;

        if (place_get(place, offset + bit / 8, window, bytes, error))
            return error->code;
        for (uint64_t k = bit % 8; k < bit % 8 + part; k++) {
            any |= window[k / 8] >> (k & 7) & 1;
            window[k / 8] &= (unsigned char)~(1u << (k & 7));
        }
        if (any && place_put(place, offset + bit / 8, window, bytes, error))
            return error->code;
        done += part;
    }
    return OK;
}
