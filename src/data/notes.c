#include "data/notes.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void notes_add(struct binding *binding, const char *format, ...)
{
    const size_t length = strlen(binding->notes), room = sizeof binding->notes - length;
    char *line = binding->notes + length + (length > 0);
    va_list arguments;
    int needed;

    if (room < 2)
        return;
    va_start(arguments, format);
    needed = vsnprintf(line, room - (length > 0), format, arguments);
    va_end(arguments);
    if (needed < 0 || (size_t)needed >= room - (length > 0)) {
        binding->notes[length] = '\0';
        return;
    }
    if (length > 0)
        binding->notes[length] = '\n';
    for (; *line; line++)
        if ((unsigned char)*line < 0x20 || *line == 0x7f)
            *line = '?';
}
