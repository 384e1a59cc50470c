/* CRC-32 (the one of gzip): checks of results in place. Pure. */
#ifndef CODEC_CRC_H
#define CODEC_CRC_H

#include <stddef.h>
#include <stdint.h>

/* The CRC of what `crc` is of (0: nothing yet), followed by the bytes. */
uint32_t crc_add(uint32_t crc, const void *data, size_t bytes);

/* The CRC of one run of bytes followed by another, of `second_bytes`, from the CRCs of both. */
uint32_t crc_join(uint32_t first, uint32_t second, uint64_t second_bytes);

/* The CRC of so many zero bytes. */
uint32_t crc_zeros(uint64_t bytes);

#endif
