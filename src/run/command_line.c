#include "run/command_line.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put_word(FILE *stream, const char *word)
{
    if (word[0] && !word[strcspn(word, " \t\n'\"\\$`&|;<>()*?[]#~!{}")]) {
        fputs(word, stream);
        return;
    }
    fputc('\'', stream);
    for (; *word; word++)
        fputs(*word == '\'' ? "'\\''" : (char[]){*word, 0}, stream);
    fputc('\'', stream);
}

char *command_line_text(const struct options *options)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *stream = open_memstream(&text, &bytes);

    if (!stream)
        return NULL;
    for (int k = 0; k < options->argc; k++) {
        if (k)
            fputc(' ', stream);
        put_word(stream, options->argv[k]);
    }
    if (!(ferror(stream) | fclose(stream)))
        return text;
    free(text);
    return NULL;
}
