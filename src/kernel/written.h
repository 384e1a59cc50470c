/* A type as a signature writes it: a name, {field: type, ...}, string, string[16]. Pure; local. */
#ifndef KERNEL_WRITTEN_H
#define KERNEL_WRITTEN_H

#include "kernel/scan.h"

struct written {
    enum type type; /* TYPE_NONE: a compound or a string */
    bool string;
};

/* Parse the type at the cursor, without the dims behind it. REFUSED for an unknown name, a compound or a string that is
 * not closed, fields without name or type. */
int written_parse(struct scan *scan, struct written *written);

#endif
