/* One input, parameter or result of a signature in the making. Pure; local. */
#ifndef KERNEL_PORT_H
#define KERNEL_PORT_H

#include "kernel/scan.h"

struct parser {
    struct scan scan;
    struct signature *signature;
    const char *dim_at[DIM_NAMES_MAX]; /* where each named dim appears first */
    bool dim_in[DIM_NAMES_MAX];        /* does an input have it? */
    const char *later;                 /* the first thing that parses but can't be mapped yet: "compound", or NULL */
    const char *later_hint;            /* what to use instead */
    enum role later_role;
    char later_name[NAME_BYTES];
};

/* Parse `name: type[dims]`, and `= literal` behind a parameter, at the cursor into port, which is of the role and in no
 * list yet. Named dims are added to the signature. REFUSED as signature_parse says. */
int port_parse(struct parser *parser, enum role role, struct port *port);

/* Remember that the port is something that can't be mapped yet, if it is the first. */
void port_later(struct parser *parser, const struct port *port, const char *kind, const char *hint);

#endif
