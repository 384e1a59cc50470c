/* HDF5's shuffle filter and its inverse. Pure; local. */
#ifndef CODEC_SHUFFLE_H
#define CODEC_SHUFFLE_H

#include <stddef.h>

/* The first bytes of all elements, then the second bytes, and so on; a tail that is no whole element is copied. `from`
 * and `to` hold `bytes` bytes each and do not overlap; neither need be aligned. Elements of 2, 4, 8 and 16 bytes go by
 * vectors where the compiler has them. */
void shuffle_bytes(const void *from, size_t bytes, size_t element_bytes, void *to);

/* The other way round: elements out of what shuffle_bytes made. */
void unshuffle_bytes(const void *from, size_t bytes, size_t element_bytes, void *to);

/* The same, byte by byte: for any compiler, any size of element, and the tests. */
void shuffle_bytes_plainly(const void *from, size_t bytes, size_t element_bytes, void *to);
void unshuffle_bytes_plainly(const void *from, size_t bytes, size_t element_bytes, void *to);

#endif
