#include "line.h"

#include <stdarg.h>
#include <stdio.h>

void line_add(struct line *line, const char *format, ...)
{
    const size_t used = (size_t)line->size < line->text_bytes ? (size_t)line->size : line->text_bytes;
    va_list arguments;
    int added;

    va_start(arguments, format);
    added = vsnprintf(line->text + used, line->text_bytes - used, format, arguments);
    va_end(arguments);
    if (added > 0)
        line->size += added;
}
