/* Looking through the ports of a signature. Pure; local. */
#ifndef DATA_PORTS_H
#define DATA_PORTS_H

#include "job.h"

#include <stddef.h>

/* Index of the port of that name, or -1. */
int ports_find(const struct port *ports, int count, const char *name);

/* How many have the role, and the first of them (-1: none). */
int ports_count(const struct port *ports, int count, enum role role);
int ports_first(const struct port *ports, int count, enum role role);

/* Is it fed by a dataset: an input, or a shared table? */
bool ports_has_dataset(const struct port *port);

/* Their names: "lon, lat"; "none". Returns text. */
const char *ports_names(const struct port *ports, int count, enum role role, char *text, size_t text_bytes);

/* The names of all that are fed by datasets, in the same way. */
const char *ports_dataset_names(const struct port *ports, int count, char *text, size_t text_bytes);

/* The type and dims of a port as its signature has them: "double[n, 3]". Returns text. */
const char *ports_type_text(const struct signature *signature, const struct port *port, char *text, size_t text_bytes);

#endif
