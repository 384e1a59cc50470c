/* SHA-256: known answers, pieces, frames. */
#include "codec/sha256.h"
#include "suite.h"

#include <stdlib.h>
#include <string.h>

#define EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static struct piece piece(const char *text)
{
    return (struct piece){text, strlen(text)};
}

static void known(void)
{
    const struct piece abc = piece("abc");
    char hex[HASH_BYTES];

    sha256_hex(&abc, 1, false, hex);
    CU_ASSERT_STRING_EQUAL(hex, ABC);
    sha256_hex(NULL, 0, false, hex);
    CU_ASSERT_STRING_EQUAL(hex, EMPTY);
    sha256_hex(&(struct piece){NULL, 0}, 1, false, hex);
    CU_ASSERT_STRING_EQUAL(hex, EMPTY);
}

/* FIPS 180-4's long example. */
static void million(void)
{
    const size_t bytes = 1000000;
    char hex[HASH_BYTES], *a = malloc(bytes);

    CU_ASSERT_PTR_NOT_NULL_FATAL(a);
    memset(a, 'a', bytes);
    sha256_hex(&(struct piece){a, bytes}, 1, false, hex);
    CU_ASSERT_STRING_EQUAL(hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    free(a);
}

static void pieces(void)
{
    const struct piece left[] = {piece("ab"), piece("c")}, right[] = {piece("a"), piece("bc")};
    const struct piece with_empty[] = {piece("ab"), piece(""), piece("c")};
    char hex[HASH_BYTES], other[HASH_BYTES];

    sha256_hex(left, 2, false, hex);
    CU_ASSERT_STRING_EQUAL(hex, ABC);
    sha256_hex(right, 2, false, hex);
    CU_ASSERT_STRING_EQUAL(hex, ABC);
    sha256_hex(left, 2, true, hex);
    sha256_hex(right, 2, true, other);
    CU_ASSERT_STRING_NOT_EQUAL(hex, other);
    sha256_hex(with_empty, 3, true, other);
    CU_ASSERT_STRING_NOT_EQUAL(hex, other);
}

/* A frame is the length in 8 bytes, the lowest first. */
static void frames(void)
{
    const struct piece framed[] = {piece("ab"), piece("c")};
    const struct piece by_hand = {"\2\0\0\0\0\0\0\0ab\1\0\0\0\0\0\0\0c", 19};
    char hex[HASH_BYTES], other[HASH_BYTES];

    sha256_hex(framed, 2, true, hex);
    sha256_hex(&by_hand, 1, false, other);
    CU_ASSERT_STRING_EQUAL(hex, other);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"known answers", known}, {"a million bytes", million}, {"pieces", pieces}, {"frames", frames},
        CU_TEST_INFO_NULL,
    };

    return suite_run("sha256", tests);
}
