#include "codec/utf8.h"

/* How many bytes follow the first one, and from where to where the second may be; -1: it is no first byte. */
static int following(unsigned char first, unsigned char second[2])
{
    second[0] = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    second[1] = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    if (first < 0x80)
        return 0;
    if (first < 0xc2 || first > 0xf4)
        return -1;
    return first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
}

bool utf8_is_valid(const char *text, size_t bytes)
{
    const unsigned char *at = (const unsigned char *)text, *end = at + bytes;
    unsigned char second[2];

    while (at < end) {
        const int more = following(*at++, second);

        if (more < 0 || more > end - at || (more && (*at < second[0] || *at > second[1])))
            return false;
        for (int k = 1; k < more; k++)
            if ((at[k] & 0xc0) != 0x80)
                return false;
        at += more;
    }
    return true;
}
