/* A type as a signature writes it: a name, {field: type, ...}, string, string[16]. Pure; local. */
#ifndef KERNEL_WRITTEN_H
#define KERNEL_WRITTEN_H

#include "kernel/scan.h"

struct written {
    enum role role; /* of the port; the caller's: string is for inputs, string[N] for results */
    enum type type;
    struct element element;
};

/* Parse the type at the cursor, without the dims behind it; the fields of compounds are added to the signature. REFUSED
 * for an unknown name, a compound or a string that is not closed, fields without name or type, of one name, too many.
 */
int written_parse(struct scan *scan, struct signature *signature, struct written *written);

#endif
