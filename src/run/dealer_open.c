/* Dynamic dealing, root's side: its buffers, from open to close, and what is asked of it everywhere. */
#include "buffers.h"
#include "run/clock.h"
#include "run/dealer.h"

#include <stdlib.h>

#define STOPS_AT_A_TIME 16
#define COPIES_MOST 256

bool dealer_is_failing(const struct dealer *dealer)
{
    return dealer->error->code != OK;
}

bool dealer_has_room(const struct dealer *dealer, int rank)
{
    return hand_has_room(&dealer->hands[rank], dealer->crew->plan, clock_now_s());
}

void dealer_queue(struct dealer *dealer, int rank)
{
    const int size = team_size(dealer->crew->team) + 1;

    if (dealer->hands[rank].queued)
        return;
    dealer->hands[rank].queued = true;
    dealer->ring[(dealer->ring_first + dealer->ring_count++) % size] = rank;
}

/* Root's slots, and the pool for the others. */
static int open_images(struct dealer *dealer)
{
    const struct plan *plan = dealer->crew->plan;
    const size_t in_bytes = crew_image_bytes(dealer->crew, plan->image_in_bytes);
    const size_t out_bytes = crew_image_bytes(dealer->crew, plan->image_out_bytes);
    const size_t room = (size_t)(plan->slots + plan->pool) * in_bytes + (size_t)plan->slots * out_bytes;
    char *next = buffers_alloc(1, room, !plan->direct_out);

    dealer->images = next;
    dealer->slots = calloc((size_t)plan->slots, sizeof *dealer->slots);
    dealer->pool = calloc((size_t)plan->pool + 1, sizeof *dealer->pool);
    if (!dealer->images || !dealer->slots || !dealer->pool)
        return FAILED;
    for (int k = 0; k < plan->slots; k++, next += in_bytes + out_bytes) {
        dealer->slots[k].ticket = (struct batch *)(void *)next;
        dealer->slots[k].result = (struct batch *)(void *)(next + in_bytes);
        dealer->slots[k].ticket->slot = -1;
    }
    for (; dealer->pool_free < plan->pool; next += in_bytes)
        dealer->pool[dealer->pool_free++] = (struct batch *)(void *)next;
    return OK;
}

static int open_mail(struct dealer *dealer, struct error *error)
{
    const struct plan *plan = dealer->crew->plan;
    const struct mail_spec spec = {.send_bytes = plan->image_in_bytes,
                                   .receive_bytes = plan->image_out_bytes,
                                   .sends = plan->pool + STOPS_AT_A_TIME,
                                   .copies = team_size(dealer->crew->team) < COPIES_MOST ? team_size(dealer->crew->team)
                                                                                         : COPIES_MOST,
                                   .receives = plan->pool,
                                   .sparse = plan->direct_out,
                                   .count_limit = plan->count_limit};

    return mail_open(dealer->crew->team, &spec, &dealer->mail, error);
}

void dealer_close(void *self, bool busy)
{
    struct dealer *dealer = self;

    mail_close(dealer->mail);
    for (int k = 0; !busy && dealer->slots && k < dealer->crew->plan->slots; k++)
        heap_free(&dealer->slots[k].heap);
    free(dealer->pool);
    if (!busy) { /* else the kernel still uses them, and the process ends soon */
        free(dealer->slots);
        free(dealer->images);
    }
    free(dealer->streams);
    free(dealer->stops);
    free(dealer->syncs);
    free(dealer->ring);
    free(dealer->hands);
    inflight_close(&dealer->inflight);
    free(dealer);
}

int dealer_open(struct crew *crew, void **self, struct error *error)
{
    const struct plan *plan = crew->plan;
    const int ranks = team_size(crew->team);
    struct dealer *dealer = calloc(1, sizeof *dealer);

    if (!dealer)
        return error_memory(error, "buffers", sizeof *dealer);
    *self = dealer;
    dealer->crew = crew;
    dealer->sync_next = 1;
    dealer->hands = calloc((size_t)ranks, sizeof *dealer->hands);
    dealer->ring = calloc((size_t)ranks + 1, sizeof *dealer->ring);
    dealer->stops = crew_headers(crew, (size_t)ranks, plan->image_in_bytes);
    dealer->syncs = crew_headers(crew, (size_t)ranks, plan->image_in_bytes);
    if (!dealer->hands || !dealer->ring || !dealer->stops || !dealer->syncs || open_images(dealer))
        return error_memory(error, "buffers", plan->image_in_bytes + plan->image_out_bytes);
    if (plan->ragged && !(dealer->streams = calloc((size_t)ranks * (size_t)plan->slots, sizeof *dealer->streams)))
        return error_memory(error, "buffers", (uint64_t)ranks * sizeof *dealer->streams);
    if (inflight_open(&dealer->inflight, ranks, plan->slots, error))
        return error->code;
    for (int rank = 1; rank < ranks; rank++)
        dealer_queue(dealer, rank);
    return ranks > 1 ? open_mail(dealer, error) : OK;
}
