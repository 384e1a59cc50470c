/* Lists of words: an argv in the making, and the words of --cflags, --libs and $CC. Pure. */
#ifndef KERNEL_WORDS_H
#define KERNEL_WORDS_H

#include "job.h"

/* of[count] is NULL once a word was added; released with words_release. */
struct words {
    char **of;
    int count;
};

/* Append a copy of a word. 0, or FAILED without memory. */
int words_add(struct words *words, const char *word, struct error *error);

/* Append copies of all words of `more`. */
int words_append(struct words *words, const struct words *more, struct error *error);

/* Append the words of a text (NULL: none), cut at blanks as a shell does, with its quotes and backslashes; nothing is
 * expanded. REFUSED for a quote that is not closed; `what` is what the message names ("--cflags"). */
int words_split(struct words *words, const char *text, const char *what, struct error *error);

void words_release(struct words *words);

#endif
