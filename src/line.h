/* A text that is appended to in a buffer of fixed size. Pure; local. */
#ifndef LINE_H
#define LINE_H

#include <stddef.h>

struct line {
    char *text; /* always ends with a NUL */
    size_t text_bytes;
    int size; /* what the text would take in full, as snprintf counts */
};

void line_add(struct line *line, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
