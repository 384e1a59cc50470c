#include "kernel/words.h"

#include <stdlib.h>
#include <string.h>

int words_add(struct words *words, const char *word, struct error *error)
{
    size_t bytes = ((size_t)words->count + 2) * sizeof *words->of;
    char **of = realloc(words->of, bytes), *copy;

    if (!of)
        return error_memory(error, word, bytes);
    words->of = of;
    copy = strdup(word);
    of[words->count] = copy;
    if (!copy)
        return error_memory(error, word, strlen(word) + 1);
    of[++words->count] = NULL;
    return OK;
}

int words_append(struct words *words, const struct words *more, struct error *error)
{
    int code = OK;

    for (int k = 0; !code && k < more->count; k++)
        code = words_add(words, more->of[k], error);
    return code;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Is the character behind a backslash taken for itself here? */
static bool is_escaped(char quote, char next)
{
    return next && (!quote || (quote == '"' && strchr("\"\\$`", next)));
}

/* Copy one word from *at, without its quotes, and move *at behind it. False: a quote is not closed. */
static bool take_word(const char **at, char *word)
{
    const char *c = *at;
    char quote = '\0';

    for (; *c && (quote || !is_blank(*c)); c++) {
        if (*c == '\\' && is_escaped(quote, c[1]))
            *word++ = *++c;
        else if (quote && *c == quote)
            quote = '\0';
        else if (!quote && (*c == '\'' || *c == '"'))
            quote = *c;
        else
            *word++ = *c;
    }
    *word = '\0';
    *at = c;
    return !quote;
}

int words_split(struct words *words, const char *text, const char *what, struct error *error)
{
    const char *at = text ? text : "";
    char *word = malloc(strlen(at) + 1);
    int code = OK;

    if (!word)
        return error_memory(error, what, strlen(at) + 1);
    while (!code) {
        while (is_blank(*at))
            at++;
        if (!*at)
            break;
        if (take_word(&at, word))
            code = words_add(words, word, error);
        else
            code = error_set(error, REFUSED, "%s: a quote is not closed in: %s (close it)", what, text);
    }
    free(word);
    return code;
}

void words_release(struct words *words)
{
    for (int k = 0; k < words->count; k++)
        free(words->of[k]);
    free(words->of);
    *words = (struct words){NULL, 0};
}
