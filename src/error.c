#include "error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

int error_set(struct error *error, int code, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(error->text, sizeof error->text, format, arguments);
    va_end(arguments);
    for (char *c = error->text; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = '?';
    return error->code = code;
}

int error_memory(struct error *error, const char *what, unsigned long long bytes)
{
    return error_set(error, FAILED, "%s: no memory for %llu bytes", what, bytes);
}

void error_clear(struct error *error)
{
    free(error->detail);
    *error = (struct error){0};
}
