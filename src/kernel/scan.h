/* A cursor on a signature's text: tokens, and errors that show where. Pure; local. */
#ifndef KERNEL_SCAN_H
#define KERNEL_SCAN_H

#include "job.h"

/* All functions but scan_error and scan_column pass over blanks first. */
struct scan {
    const char *kernel; /* that messages name */
    const char *text;   /* the whole signature */
    const char *at;     /* the cursor */
    struct error *error;
};

/* REFUSED with `KERNEL: signature "...": WHY at column N (HINT)`; where points into the text. */
int scan_error(const struct scan *scan, const char *where, const char *hint, const char *why, ...)
    __attribute__((format(printf, 4, 5)));

/* The column of a place in the text, from 1. */
size_t scan_column(const struct scan *scan, const char *where);

/* REFUSED: something else than `what` stands at the cursor. */
int scan_expected(struct scan *scan, const char *what, const char *hint);

void scan_blanks(struct scan *scan);

/* Does the token come next? Takes it if so. */
bool scan_take(struct scan *scan, const char *token);

/* The token comes next, or REFUSED as scan_expected says. */
int scan_need(struct scan *scan, const char *token, const char *what, const char *hint);

/* Does the word (an identifier, whole) come next, with another identifier behind it? Takes the first if so. */
bool scan_take_keyword(struct scan *scan, const char *word);

/* Does an identifier, a number, come next? */
bool scan_at_name(struct scan *scan);
bool scan_at_number(struct scan *scan);

/* An identifier. REFUSED where none comes (`what` says what was expected) or it is too long. */
int scan_name(struct scan *scan, const char *what, char name[NAME_BYTES]);

/* A decimal number from 1 to INT64_MAX. */
int scan_size(struct scan *scan, uint64_t *size);

#endif
