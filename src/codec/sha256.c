#include "codec/sha256.h"

#include <sha2.h>

_Static_assert(HASH_BYTES == SHA256_DIGEST_STRING_LENGTH, "a hash in hexadecimal");

/* The length as 8 bytes, the lowest first, so that a hash is the same on every machine. */
static void update_length(SHA2_CTX *context, size_t bytes)
{
    const uint64_t length = bytes;
    unsigned char low_first[8];

    for (int k = 0; k < 8; k++)
        low_first[k] = (unsigned char)(length >> (8 * k));
    SHA256Update(context, low_first, sizeof low_first);
}

void sha256_hex(const struct piece *pieces, int count, bool framed, char hex[HASH_BYTES])
{
    SHA2_CTX context;

    SHA256Init(&context);
    for (int k = 0; k < count; k++) {
        if (framed)
            update_length(&context, pieces[k].bytes);
        if (pieces[k].bytes)
            SHA256Update(&context, pieces[k].data, pieces[k].bytes);
    }
    SHA256End(&context, hex);
}
