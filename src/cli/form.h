/* The commands there are: their words, and the options that each takes. */
#ifndef CLI_FORM_H
#define CLI_FORM_H

#include "job.h"

#define FORM_WORDS_MAX 3 /* words of a command */

struct form {
    const char *name;
    enum command command;
    const char *usage;                 /* "h5map run KERNEL INPUT OUTPUT [options]" */
    const char *words[FORM_WORDS_MAX]; /* what its words stand for; NULL behind the last */
    int needed;                        /* so many of them must be there */
    const int *options;                /* those it takes, ended by 0; NULL: all */
};

/* The form of the command `name`, or NULL. */
const struct form *form_find(const char *name);

/* How many words it has at most. */
int form_words(const struct form *form);

bool form_takes(const struct form *form, int option);

/* REFUSED: there is no such command; which one may be meant. */
int form_refuse(const char *name, struct error *error);

#endif
