/* The inputs of a ticket, from the files into its image. Where they are read: root, or each rank for itself. */
#ifndef RUN_TICKET_H
#define RUN_TICKET_H

#include "data/source.h"

/* Fill in the items of the ticket, whose first and count are set: chunks as they are stored where the plan has them
 * bundled and they can be fetched, items elsewhere. The image has room for both (image_rooms). */
int ticket_read(const struct plan *plan, struct source *source, struct batch *ticket, struct error *error);

#endif
