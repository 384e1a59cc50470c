#include "codec/sha256.h"

#include <openssl/evp.h>

#define DIGEST_BYTES ((HASH_BYTES - 1) / 2)

/* The length as 8 bytes, the lowest first, so that a hash is the same on every machine. */
static int update_length(EVP_MD_CTX *context, size_t bytes)
{
    const uint64_t length = bytes;
    unsigned char low_first[8];

    for (int k = 0; k < 8; k++)
        low_first[k] = (unsigned char)(length >> (8 * k));
    return EVP_DigestUpdate(context, low_first, sizeof low_first);
}

static bool hash_pieces(EVP_MD_CTX *context, const struct piece *pieces, int count, bool framed)
{
    for (int k = 0; k < count; k++) {
        if (framed && !update_length(context, pieces[k].bytes))
            return false;
        if (pieces[k].bytes && !EVP_DigestUpdate(context, pieces[k].data, pieces[k].bytes))
            return false;
    }
    return true;
}

int sha256_hex(const struct piece *pieces, int count, bool framed, char hex[HASH_BYTES], struct error *error)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char digest[EVP_MAX_MD_SIZE];
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    unsigned bytes = 0;
    int code = FAILED;

    hex[0] = '\0';
    if (!context || !EVP_DigestInit_ex(context, EVP_sha256(), NULL) || !hash_pieces(context, pieces, count, framed) ||
        !EVP_DigestFinal_ex(context, digest, &bytes) || bytes != DIGEST_BYTES) {
        code = error_set(error, FAILED, "SHA-256: libcrypto can't hash (check the installation of OpenSSL)");
        goto out;
    }
    for (unsigned k = 0; k < DIGEST_BYTES; k++) {
        hex[2 * k] = digits[digest[k] >> 4];
        hex[2 * k + 1] = digits[digest[k] & 15];
    }
    hex[HASH_BYTES - 1] = '\0';
    code = OK;
out:
    EVP_MD_CTX_free(context);
    return code;
}
