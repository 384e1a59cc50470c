/* The values of options, from text. Pure; local. Each returns OK, or REFUSED with one line that starts with `option`.
 */
#ifndef CLI_VALUES_H
#define CLI_VALUES_H

#include "job.h"

/* A whole number from min to max, decimal digits only. */
struct bounds {
    uint64_t min, max;
};
int parse_whole(const char *text, const char *option, struct bounds bounds, uint64_t *value, struct error *error);

/* One of the names (NULL ends them), as its index. */
int parse_choice(const char *text, const char *option, const char *const names[], int *index, struct error *error);

/* "kernel,flags": names (NULL ends them, at most 32) with commas between them; of each its bit, 1 << index, is added to
 * *set. What is none is refused with the list and the nearest one. */
int parse_fields(const char *text, const char *option, const char *const names[], unsigned *set, struct error *error);

/* "64M", "2G", "1048576": 1024-based, whole. */
int parse_size(const char *text, const char *option, uint64_t *bytes, struct error *error);

/* "90s", "1.5h", "M:SS" or "[D-]HH:MM:SS", as seconds from 0 to 10 years. Seconds and minutes are below 60 and hours
 * below 24 where something stands before them. */
int parse_duration(const char *text, const char *option, double *seconds, struct error *error);

/* "START:STOP[:STEP]"; START or STOP may be left out; START <= STOP, STEP >= 1. */
int parse_items(const char *text, struct items_range *items, struct error *error);

/* "N" or "P%", P from 0 to 100, with a fraction or without. */
int parse_limit(const char *text, struct failure_limit *limit, struct error *error);

/* What may stand behind the '=' of NAME=VALUE. */
enum value_kind {
    VALUE_TEXT,   /* anything, but not nothing */
    VALUE_SOURCE, /* [FILE:]/DATASET */
    VALUE_TARGET  /* /DATASET */
};

/* "NAME=VALUE", added to the list. NAME is an identifier that the list does not hold yet. */
int parse_assignment(const char *text, enum value_kind kind, struct assignments *list, struct error *error);

#endif
