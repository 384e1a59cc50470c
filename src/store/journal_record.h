/* A record as it lies in a journal. */
#ifndef STORE_JOURNAL_RECORD_H
#define STORE_JOURNAL_RECORD_H

#include "codec/crc.h"

#include <stddef.h>

#define RECORD_MAGIC 0x6c6e6a35u     /* "5jnl" in the byte order of the machine that wrote it */
#define RECORD_BYTES_MOST (1u << 30) /* of a payload */

/* Before the payload, which is padded to 8 bytes with zeros. */
struct record_head {
    uint32_t magic, type;
    uint64_t bytes;
    uint32_t payload_crc, crc; /* crc: of what is before it */
};

static inline uint32_t record_crc(const struct record_head *head)
{
    return crc_add(0, head, offsetof(struct record_head, crc));
}

static inline size_t record_padded(size_t bytes)
{
    return (bytes + 7) / 8 * 8;
}

#endif
