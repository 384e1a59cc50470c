/* Inputs that are strings or compounds: what is stored against what kernels take, by the names of fields. Local; calls
 * HDF5. */
#ifndef DATA_MEMBERS_H
#define DATA_MEMBERS_H

#include "job.h"

#include <hdf5.h>

/* What one is bound to, and by which rules. */
struct members {
    const struct port *port;
    struct bound *bound; /* its file and dataset are known */
    struct field *field; /* the binding's pool */
    bool cast;
};

/* Fill in the wire type of a port of TYPE_STRING or TYPE_COMPOUND (bound: wire, element, type_name, stored_bytes; the
 * wire parts of its fields). On the wire there is, of a compound, what the kernel takes, laid out as C would the struct
 * of these types; of a string its bytes and a NUL (bound->vlen: each its own; of variable length in a compound: an
 * address until members_scan, data/members_texts.h). REFUSED: another kind of type, a field that is missing (with those
 * that are there), of another kind, or that takes --cast. */
int members_bind(hid_t dataset, const struct members *members, struct error *error);

/* Lay out a compound anew after wire_bytes of its texts were changed. REFUSED: it is too large. */
int members_lay_out(const struct members *members, struct error *error);

/* The type to read `stored` with, for bound's wire; what is no string or compound is types_memory's. The caller's to
 * close; negative on failure. */
hid_t members_memory(hid_t stored, const struct bound *bound, const struct port *port, const struct field *field);

#endif
