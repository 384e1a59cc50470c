#include "run/crew.h"
#include "parallel/mail.h"
#include "run/image.h"

#include <stdlib.h>
#include <string.h>

int crew_read(struct crew *crew, uint64_t first, uint64_t count, struct batch *ticket, struct error *error)
{
    void *in[PORTS_MAX];

    *ticket = (struct batch){.first = first, .count = count, .verb = VERB_MAP};
    image_inputs(crew->plan, count, ticket, in);
    return source_read(crew->source, first, count, in, error);
}

int crew_look(struct crew *crew, struct error *error)
{
    if (watch_look(crew->watch))
        return error_set(error, STOPPED, "stopped by SIG%s", sigabbrev_np(crew->watch->signal));
    return crew->results->files ? keeper_look(crew->results->files->keeper, error) : OK;
}

struct batch *crew_image(const struct crew *crew, uint64_t bytes)
{
    return aligned_alloc(BATCH_ALIGN, mail_image_bytes(bytes, crew->plan->count_limit));
}

struct batch *crew_headers(const struct crew *crew, size_t count, uint64_t image_bytes)
{
    return aligned_alloc(BATCH_ALIGN,
                         count * sizeof(struct batch) + mail_block_bytes(image_bytes, crew->plan->count_limit));
}
