/* The lines of a binding that the user is told. Local. */
#ifndef DATA_NOTES_H
#define DATA_NOTES_H

#include "job.h"

/* Append a formatted line to binding->notes; one that does not fit is left out. */
void notes_add(struct binding *binding, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
