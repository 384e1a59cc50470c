#include "codec/crc.h"

#include <isa-l.h>
#include <zlib.h>

uint32_t crc_add(uint32_t crc, const void *data, size_t bytes)
{
    return crc32_gzip_refl(crc, data, bytes);
}

uint32_t crc_join(uint32_t first, uint32_t second, uint64_t second_bytes)
{
    return (uint32_t)crc32_combine64(first, second, (z_off64_t)second_bytes);
}

/* crc32_combine moves the first CRC on by zero bytes and adds the second; a CRC starts as, and is added to, all ones.
 */
uint32_t crc_zeros(uint64_t bytes)
{
    return ~crc_join(UINT32_MAX, 0, bytes);
}
