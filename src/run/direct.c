#include "run/direct.h"
#include "run/ticket.h"
#include "store/place.h"

#include <string.h>

/* The lane is another thread than the one that opened the source. */
static int enter(struct direct *direct, struct error *error)
{
    if (!direct->begun && source_enter(error))
        return error->code;
    direct->begun = true;
    return OK;
}

int direct_read(struct direct *direct, const struct part *part, void *const to[PORTS_MAX], struct error *error)
{
    return enter(direct, error) ? error->code : source_read(direct->source, part->first, part->count, to, error);
}

int direct_read_whole(struct direct *direct, const struct batch *ticket, struct batch *image, struct error *error)
{
    *image = *ticket;
    return enter(direct, error) ? error->code : ticket_read(direct->plan, direct->source, image, error);
}

/* Bytes of a result: where they lie in it, and in memory. */
struct run {
    uint64_t begin, behind;
    const char *data;
};

/* What of the run lies in begin .. behind - 1. */
static struct run cut(const struct run *run, uint64_t begin, uint64_t behind)
{
    struct run some = {run->begin > begin ? run->begin : begin, run->behind < behind ? run->behind : behind, NULL};

    if (some.begin >= some.behind)
        return (struct run){0};
    some.data = run->data + (some.begin - run->begin);
    return some;
}

static void keep(const struct run *run, char *edge, uint64_t edge_begin)
{
    if (run->data)
        memcpy(edge + (run->begin - edge_begin), run->data, run->behind - run->begin);
}

int direct_put(struct direct *direct, const struct part *part, struct batch *image, struct error *error)
{
    const struct plan *plan = direct->plan;

    for (int k = 0; k < plan->out_count; k++) {
        const uint64_t bytes = plan->out[k].bytes;
        const struct run all = {part->first * bytes, (part->first + part->count) * bytes, part->out[k]};
        struct run head, pages, tail;
        struct edge edge;

        image_edge(plan, image, k, &edge);
        head = cut(&all, edge.edges.begin, edge.edges.pages);
        pages = cut(&all, edge.edges.pages, edge.edges.pages_behind);
        tail = cut(&all, edge.edges.pages_behind, edge.edges.behind);
        keep(&head, edge.head, edge.edges.begin);
        keep(&tail, edge.tail, edge.edges.pages_behind);
        if (pages.data && place_put(direct->place, direct->layout.result_offset[k] + pages.begin, pages.data,
                                    pages.behind - pages.begin, error))
            return error->code;
    }
    return OK;
}

void direct_close(struct direct *direct)
{
    syncer_close(direct->syncer);
    place_close(direct->place);
    source_close(direct->source);
    *direct = (struct direct){0};
}
