/* SHA-256 by libmd, which needs no start-up of its own. */
#ifndef CODEC_SHA256_H
#define CODEC_SHA256_H

#include "job.h"

struct piece {
    const void *data;
    size_t bytes;
};

/* The hash of the pieces one after the other, in hexadecimal. Each piece's length is hashed before it if `framed`, so
 * that {"ab","c"} and {"a","bc"} differ. */
void sha256_hex(const struct piece *pieces, int count, bool framed, char hex[HASH_BYTES]);

#endif
