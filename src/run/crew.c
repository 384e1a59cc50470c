#include "run/crew.h"
#include "parallel/mail.h"
#include "run/image.h"
#include "run/ticket.h"

#include <stdlib.h>

int crew_read(struct crew *crew, uint64_t first, uint64_t count, struct batch *ticket, struct error *error)
{
    *ticket = (struct batch){.first = first, .count = count, .verb = VERB_MAP};
    return crew->plan->direct_in ? OK : ticket_read(crew->plan, crew->source, ticket, error);
}

void crew_wait(const struct crew *crew, struct patience *patience)
{
    const long ns = patience_take_ns(patience);

    if (ns)
        lane_rest(crew->lane, ns);
}

int crew_look(struct crew *crew, struct error *error)
{
    return watch_look(crew->watch) == WISH_GO_ON ? OK : watch_stopped(crew->watch, error);
}

int crew_keep(struct crew *crew, struct error *error)
{
    return keeper_look(crew->results->files->keeper, error);
}

int crew_stop(struct crew *crew, const struct inflight *inflight, struct error *error)
{
    const bool doomed = crew->watch->doomed;

    watch_stopped(crew->watch, error);
    error->detail = inflight_text(inflight, crew->plan, doomed ? " (a rank may have died)" : "");
    if (doomed && crew->leave_at_once)
        crew->leave_at_once(crew->self, error);
    return error->code;
}

void crew_say(const struct crew *crew, const struct error *error, struct batch *answer)
{
    answer->error = error->code;
    answer->cause = CAUSE_RANK;
    answer->reason_bytes = reasons_write(image_reasons(crew->plan, answer), 0, error->text);
}

size_t crew_image_bytes(const struct crew *crew, uint64_t bytes)
{
    return mail_image_bytes(bytes, crew->plan->count_limit);
}

struct batch *crew_image(const struct crew *crew, uint64_t bytes)
{
    return aligned_alloc(BATCH_ALIGN, crew_image_bytes(crew, bytes));
}

struct batch *crew_headers(const struct crew *crew, size_t count, uint64_t image_bytes)
{
    return aligned_alloc(BATCH_ALIGN,
                         count * sizeof(struct batch) + mail_block_bytes(image_bytes, crew->plan->count_limit));
}
