#include "run/image.h"
#include "run/cutting.h"

#include "codec/bundle.h"
#include "codec/ragged.h"

#include <string.h>

#define PAYLOAD_BYTES (256 * 1024) /* a round of a ticket's payload has so much room at least */

static size_t aligned(size_t bytes)
{
    return (bytes + BATCH_ALIGN - 1) / BATCH_ALIGN * BATCH_ALIGN;
}

size_t image_items_in(const struct plan *plan, uint64_t count, void *start, void *in[PORTS_MAX])
{
    size_t place = 0;

    for (int k = 0; k < plan->in_count; k++) {
        in[k] = plan->in[k].param || !start ? NULL : (char *)start + place;
        if (!plan->in[k].param)
            place += aligned(count * plan->in[k].wire_bytes);
    }
    return place;
}

size_t image_items_out(const struct plan *plan, uint64_t count, void *start, void *out[PORTS_MAX])
{
    size_t place = 0;

    for (int k = 0; k < plan->out_count; k++) {
        out[k] = start ? (char *)start + place : NULL;
        place += aligned(count * plan->out[k].bytes);
    }
    return place;
}

/* The most that a part takes. */
static size_t room(const struct feed *feed, uint64_t count)
{
    const size_t bytes = count * feed->wire_bytes;

    if (feed->param)
        return 0;
    if (feed->ragged)
        return aligned(ragged_room(feed, count));
    return aligned(feed->bundled ? bundle_room(bytes) : bytes);
}

/* What the part of input k takes, which is at `place`. */
static size_t part_bytes(const struct plan *plan, const struct batch *ticket, int k, const void *place)
{
    if (plan->in[k].param)
        return 0;
    if (ticket->bundled >> k & 1)
        return aligned(((const struct bundle *)place)->bytes);
    if (plan->in[k].ragged)
        return aligned(ragged_bytes(&plan->in[k], place, ticket->count));
    return aligned(ticket->count * plan->in[k].wire_bytes);
}

void image_rooms(const struct plan *plan, uint64_t count, void *image, void *in[PORTS_MAX])
{
    char *place = (char *)image + sizeof(struct batch);

    for (int k = 0; k < plan->in_count; k++) {
        in[k] = plan->in[k].param ? NULL : place;
        place += room(&plan->in[k], count);
    }
}

size_t image_rooms_bytes(const struct plan *plan, uint64_t count)
{
    size_t bytes = sizeof(struct batch);

    for (int k = 0; k < plan->in_count; k++)
        bytes += room(&plan->in[k], count);
    return bytes;
}

void image_close_up(const struct plan *plan, struct batch *ticket)
{
    char *from = (char *)(ticket + 1), *to = from;

    for (int k = 0; k < plan->in_count; k++) {
        const size_t bytes = part_bytes(plan, ticket, k, from);

        if (from != to)
            memmove(to, from, bytes);
        to += bytes;
        from += room(&plan->in[k], ticket->count);
    }
}

void image_inputs(const struct plan *plan, const struct batch *ticket, const void *in[PORTS_MAX])
{
    const char *place = (const char *)(ticket + 1);

    for (int k = 0; k < plan->in_count; k++) {
        in[k] = plan->in[k].param ? NULL : place;
        place += part_bytes(plan, ticket, k, place);
    }
}

size_t image_ticket_bytes(const struct plan *plan, const struct batch *ticket)
{
    const char *place = (const char *)(ticket + 1);

    for (int k = 0; k < plan->in_count && !plan->direct_in; k++)
        place += part_bytes(plan, ticket, k, place);
    return (size_t)(place - (const char *)ticket);
}

void image_results(const struct plan *plan, uint64_t count, void *image, void *out[PORTS_MAX])
{
    image_items_out(plan, count, (char *)image + sizeof(struct batch), out);
}

struct edges image_edges(const struct yield *yield, uint64_t first, uint64_t count)
{
    const uint64_t begin = first * yield->bytes, behind = (first + count) * yield->bytes;
    const uint64_t pages = (begin + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
    const uint64_t pages_behind = behind / PAGE_BYTES * PAGE_BYTES;

    if (!yield->paged || pages >= pages_behind)
        return (struct edges){.begin = begin, .pages = behind, .pages_behind = behind, .behind = behind};
    return (struct edges){begin, pages, pages_behind, behind};
}

static size_t edges_bytes(const struct yield *yield, const struct batch *image)
{
    const struct edges edges = image_edges(yield, image->first, image->count);

    return aligned(edges.pages - edges.begin) + aligned(edges.behind - edges.pages_behind);
}

void image_edge(const struct plan *plan, const struct batch *image, int result, struct edge *edge)
{
    const struct edges edges = image_edges(&plan->out[result], image->first, image->count);
    char *place = (char *)(uintptr_t)image + sizeof *image;

    for (int k = 0; k < result; k++)
        place += edges_bytes(&plan->out[k], image);
    edge->edges = edges;
    edge->head = place;
    edge->tail = place + aligned(edges.pages - edges.begin);
}

size_t image_inputs_bytes(const struct plan *plan, uint64_t count)
{
    return plan->direct_in ? sizeof(struct batch) : image_rooms_bytes(plan, count);
}

/* Header and results. */
static size_t results_bytes(const struct plan *plan, const struct batch *image)
{
    void *out[PORTS_MAX];
    size_t bytes = sizeof *image;

    if (!plan->direct_out)
        return bytes + image_items_out(plan, image->count, NULL, out);
    for (int k = 0; k < plan->out_count; k++)
        bytes += edges_bytes(&plan->out[k], image);
    return bytes;
}

/* The same as it is in this image. */
static size_t bytes_before_bitmap(const struct plan *plan, const struct batch *image)
{
    return image->packed_bytes ? image->packed_bytes : results_bytes(plan, image);
}

unsigned char *image_bitmap(const struct plan *plan, const struct batch *image)
{
    return (unsigned char *)image + bytes_before_bitmap(plan, image);
}

static size_t whole_chunks(const struct yield *yield, const struct batch *image)
{
    const uint64_t first = image->first * yield->bytes, end = first + image->count * yield->bytes;
    struct segment segment;
    size_t count = 0;

    if (!yield->cutting.chunk_bytes)
        return 0;
    for (uint64_t at = first; at < end; at += segment.bytes) {
        segment = cutting_at(&yield->cutting, at, end);
        count += cutting_is_whole(&segment);
    }
    return count;
}

size_t image_entry_count(const struct plan *plan, const struct batch *image)
{
    size_t count = 0;

    for (int k = 0; k < plan->out_count; k++)
        count += whole_chunks(&plan->out[k], image);
    return count;
}

const struct entry *image_entries(const struct plan *plan, const struct batch *image)
{
    return (const struct entry *)image_bitmap(plan, image) - image_entry_count(plan, image);
}

size_t image_packed_bytes(size_t data_bytes, size_t entry_count)
{
    return aligned(data_bytes + entry_count * sizeof(struct entry));
}

size_t image_entries_most(const struct plan *plan, uint64_t count)
{
    size_t most = 0;

    for (int k = 0; k < plan->out_count; k++)
        most += cutting_most(&plan->out[k].cutting, count * plan->out[k].bytes);
    return most;
}

char *image_reasons(const struct plan *plan, const struct batch *image)
{
    return (char *)image_bitmap(plan, image) + aligned((image->count + 7) / 8);
}

size_t image_result_bytes(const struct plan *plan, const struct batch *image)
{
    if (image->verb == VERB_GAVE_UP)
        return sizeof *image;
    if (image->verb == VERB_PAYLOAD)
        return sizeof *image + image->count;
    if (!image->failed && !image->reason_bytes)
        return bytes_before_bitmap(plan, image);
    return bytes_before_bitmap(plan, image) + aligned((image->count + 7) / 8) + aligned(image->reason_bytes);
}

/* The most bytes of `count` items of a result that are sent. */
static size_t most_sent(const struct plan *plan, const struct yield *yield, uint64_t count)
{
    const size_t all = aligned(count * yield->bytes), edges = 2 * PAGE_BYTES;

    return plan->direct_out && yield->paged && all > edges ? edges : all;
}

size_t image_results_bytes_max(const struct plan *plan, uint64_t count)
{
    size_t bytes = sizeof(struct batch);

    for (int k = 0; k < plan->out_count; k++)
        bytes += most_sent(plan, &plan->out[k], count);
    bytes += aligned(image_entries_most(plan, count) * sizeof(struct entry));
    bytes += aligned((count + 7) / 8) + aligned(plan->reasons_bytes);
    return plan->ragged && bytes < PAYLOAD_BYTES ? PAYLOAD_BYTES : bytes;
}
