/* UTF-8. Pure; local. */
#ifndef CODEC_UTF8_H
#define CODEC_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Is a text of `bytes` bytes UTF-8, as RFC 3629 has it: nothing longer than need be, no surrogates, nothing beyond
 * U+10FFFF? */
bool utf8_is_valid(const char *text, size_t bytes);

#endif
