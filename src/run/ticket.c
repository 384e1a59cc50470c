#include "run/ticket.h"
#include "run/image.h"

int ticket_read(const struct plan *plan, struct source *source, struct batch *ticket, struct error *error)
{
    void *in[PORTS_MAX];

    image_rooms(plan, ticket->count, ticket, in);
    ticket->bundled = source_fetch(source, ticket->first, ticket->count, in);
    if (source_read(source, ticket->first, ticket->count, in, error))
        return error->code;
    image_close_up(plan, ticket);
    return OK;
}
