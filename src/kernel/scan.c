#include "kernel/scan.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHOWN_BEFORE 160 /* bytes of a long signature that a message shows before the place, and from it on */
#define SHOWN_AFTER 80

/* The locale plays no part in what an identifier is. */
static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static size_t name_length(const char *text)
{
    size_t length = 0;

    if (is_letter(*text))
        while (is_letter(text[length]) || is_digit(text[length]))
            length++;
    return length;
}

size_t scan_column(const struct scan *scan, const char *where)
{
    return (size_t)(where - scan->text) + 1;
}

int scan_error(const struct scan *scan, const char *where, const char *hint, const char *why, ...)
{
    const size_t offset = (size_t)(where - scan->text), rest = strlen(where);
    const size_t before = offset > SHOWN_BEFORE ? SHOWN_BEFORE : offset;
    const size_t after = rest > SHOWN_AFTER ? SHOWN_AFTER : rest;
    char shown[SHOWN_BEFORE + SHOWN_AFTER + 1], reason[384];
    va_list arguments;

    va_start(arguments, why);
    vsnprintf(reason, sizeof reason, why, arguments);
    va_end(arguments);
    memcpy(shown, where - before, before + after);
    shown[before + after] = '\0';
    for (char *c = shown; *c; c++)
        if (is_blank(*c))
            *c = ' ';
    return error_set(scan->error, REFUSED, "%s: signature \"%s%s%s\": %s at column %zu (%s)", scan->kernel,
                     before < offset ? "..." : "", shown, after < rest ? "..." : "", reason, scan_column(scan, where),
                     hint);
}

/* How many bytes of what stands at the cursor a message shows: a word, a number, or one character of UTF-8. */
static int token_length(const char *text)
{
    size_t length = 1;

    if (!strncmp(text, "->", 2))
        length = 2;
    else if (is_letter(*text) || is_digit(*text))
        while (length < NAME_BYTES && (is_letter(text[length]) || is_digit(text[length])))
            length++;
    else
        while (length < 4 && ((unsigned char)text[length] & 0xc0) == 0x80)
            length++;
    return (int)length;
}

int scan_expected(struct scan *scan, const char *what, const char *hint)
{
    scan_blanks(scan);
    if (!*scan->at)
        return scan_error(scan, scan->at, hint, "expected %s, found the end", what);
    return scan_error(scan, scan->at, hint, "expected %s, found '%.*s'", what, token_length(scan->at), scan->at);
}

void scan_blanks(struct scan *scan)
{
    while (is_blank(*scan->at))
        scan->at++;
}

bool scan_take(struct scan *scan, const char *token)
{
    const size_t length = strlen(token);

    scan_blanks(scan);
    if (strncmp(scan->at, token, length))
        return false;
    scan->at += length;
    return true;
}

int scan_need(struct scan *scan, const char *token, const char *what, const char *hint)
{
    return scan_take(scan, token) ? OK : scan_expected(scan, what, hint);
}

bool scan_take_keyword(struct scan *scan, const char *word)
{
    const char *behind;

    scan_blanks(scan);
    if (name_length(scan->at) != strlen(word) || strncmp(scan->at, word, strlen(word)))
        return false;
    for (behind = scan->at + strlen(word); is_blank(*behind);)
        behind++;
    if (!is_letter(*behind))
        return false;
    scan->at = behind;
    return true;
}

bool scan_at_name(struct scan *scan)
{
    scan_blanks(scan);
    return is_letter(*scan->at);
}

bool scan_at_number(struct scan *scan)
{
    scan_blanks(scan);
    return is_digit(*scan->at);
}

int scan_name(struct scan *scan, const char *what, char name[NAME_BYTES])
{
    size_t length;

    scan_blanks(scan);
    length = name_length(scan->at);
    if (length == 0)
        return scan_expected(scan, what, "letters, digits and _, a letter or _ first");
    if (length >= NAME_BYTES)
        return scan_error(scan, scan->at, "use a shorter one", "a name of %zu characters, more than %d", length,
                          NAME_BYTES - 1);
    memcpy(name, scan->at, length);
    name[length] = '\0';
    scan->at += length;
    return OK;
}

int scan_size(struct scan *scan, uint64_t *size)
{
    unsigned long long number;
    char *end;

    if (!scan_at_number(scan))
        return scan_expected(scan, "a number", "a decimal number from 1");
    errno = 0;
    number = strtoull(scan->at, &end, 10);
    if (number == 0)
        return scan_error(scan, scan->at, "sizes are from 1", "a size of 0");
    if (errno || number > INT64_MAX)
        return scan_error(scan, scan->at, "sizes are below 2^63", "a size that is too large");
    if (is_letter(*end))
        return scan_error(scan, scan->at, "names start with a letter", "'%.*s' is no size", token_length(scan->at),
                          scan->at);
    *size = number;
    scan->at = end;
    return OK;
}
