#include "codec/shuffle.h"

#include <string.h>

/* Element k of `count` is element[k * element_bytes + b], and plane[b * count + k]; b below element_bytes. */

static void to_planes(const unsigned char *element, size_t first, size_t count, size_t element_bytes,
                      unsigned char *plane)
{
    for (size_t b = 0; b < element_bytes; b++)
        for (size_t k = first; k < count; k++)
            plane[b * count + k] = element[k * element_bytes + b];
}

static void to_elements(const unsigned char *plane, size_t first, size_t count, size_t element_bytes,
                        unsigned char *element)
{
    for (size_t b = 0; b < element_bytes; b++)
        for (size_t k = first; k < count; k++)
            element[k * element_bytes + b] = plane[b * count + k];
}

static void copy_tail(const void *from, size_t bytes, size_t element_bytes, void *to)
{
    const size_t tail = bytes % element_bytes;

    memcpy((unsigned char *)to + bytes - tail, (const unsigned char *)from + bytes - tail, tail);
}

void shuffle_bytes_plainly(const void *from, size_t bytes, size_t element_bytes, void *to)
{
    to_planes(from, 0, bytes / element_bytes, element_bytes, to);
    copy_tail(from, bytes, element_bytes, to);
}

void unshuffle_bytes_plainly(const void *from, size_t bytes, size_t element_bytes, void *to)
{
    to_elements(from, 0, bytes / element_bytes, element_bytes, to);
    copy_tail(from, bytes, element_bytes, to);
}

#ifdef __has_builtin
#if __has_builtin(__builtin_shufflevector)
#define HAS_VECTORS
#endif
#endif

#ifdef HAS_VECTORS

#define WIDTH 16 /* bytes of a vector, and elements that are moved at a time */
#define WIDTH_BITS 4

typedef unsigned char vector __attribute__((vector_size(WIDTH)));

/* Riffle n vectors like a deck of cards, `rounds` times: the bytes of the first half go between those of the second. A
 * byte's index, of b bits, is rotated by a bit each time: element and byte of a plane's index change places. */
static inline __attribute__((always_inline)) void riffle(vector *v, int n, int rounds)
{
    vector w[WIDTH];

    for (int round = 0; round < rounds; round++) {
        for (int k = 0; k < n / 2; k++) {
            const vector a = v[k], b = v[k + n / 2];

            w[2 * k] = __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
            w[2 * k + 1] = __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
        }
        for (int k = 0; k < n; k++)
            v[k] = w[k];
    }
}

/* Both return how many elements they moved: whole vectors. */
static inline __attribute__((always_inline)) size_t vectors_to_planes(const unsigned char *element, size_t count, int n,
                                                                      unsigned char *plane)
{
    size_t k = 0;

    for (; k + WIDTH <= count; k += WIDTH) {
        vector v[WIDTH];

        for (size_t b = 0; b < (size_t)n; b++)
            memcpy(&v[b], element + k * (size_t)n + b * WIDTH, sizeof *v);
        riffle(v, n, WIDTH_BITS);
        for (int b = 0; b < n; b++)
            memcpy(plane + (size_t)b * count + k, &v[b], sizeof *v);
    }
    return k;
}

static inline __attribute__((always_inline)) size_t vectors_to_elements(const unsigned char *plane, size_t count, int n,
                                                                        int n_bits, unsigned char *element)
{
    size_t k = 0;

    for (; k + WIDTH <= count; k += WIDTH) {
        vector v[WIDTH];

        for (int b = 0; b < n; b++)
            memcpy(&v[b], plane + (size_t)b * count + k, sizeof *v);
        riffle(v, n, n_bits);
        for (size_t b = 0; b < (size_t)n; b++)
            memcpy(element + k * (size_t)n + b * WIDTH, &v[b], sizeof *v);
    }
    return k;
}

static size_t fast_to_planes(const unsigned char *element, size_t count, size_t element_bytes, unsigned char *plane)
{
    switch (element_bytes) { /* constants, so that the compiler keeps all vectors in registers */
    case 2:
        return vectors_to_planes(element, count, 2, plane);
    case 4:
        return vectors_to_planes(element, count, 4, plane);
    case 8:
        return vectors_to_planes(element, count, 8, plane);
    case 16:
        return vectors_to_planes(element, count, 16, plane);
    default:
        return 0;
    }
}

static size_t fast_to_elements(const unsigned char *plane, size_t count, size_t element_bytes, unsigned char *element)
{
    switch (element_bytes) {
    case 2:
        return vectors_to_elements(plane, count, 2, 1, element);
    case 4:
        return vectors_to_elements(plane, count, 4, 2, element);
    case 8:
        return vectors_to_elements(plane, count, 8, 3, element);
    case 16:
        return vectors_to_elements(plane, count, 16, 4, element);
    default:
        return 0;
    }
}

#else

static size_t fast_to_planes(const unsigned char *element, size_t count, size_t element_bytes, unsigned char *plane)
{
    (void)element, (void)count, (void)element_bytes, (void)plane;
    return 0;
}

static size_t fast_to_elements(const unsigned char *plane, size_t count, size_t element_bytes, unsigned char *element)
{
    (void)element, (void)count, (void)element_bytes, (void)plane;
    return 0;
}

#endif

void shuffle_bytes(const void *from, size_t bytes, size_t element_bytes, void *to)
{
    const size_t count = bytes / element_bytes;
    const size_t done = fast_to_planes(from, count, element_bytes, to);

    to_planes(from, done, count, element_bytes, to);
    copy_tail(from, bytes, element_bytes, to);
}

void unshuffle_bytes(const void *from, size_t bytes, size_t element_bytes, void *to)
{
    const size_t count = bytes / element_bytes;
    const size_t done = fast_to_elements(from, count, element_bytes, to);

    to_elements(from, done, count, element_bytes, to);
    copy_tail(from, bytes, element_bytes, to);
}
