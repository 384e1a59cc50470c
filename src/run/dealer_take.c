/* Dynamic dealing, root's side: what comes back, from its own lane and from other ranks. */
#include "run/clock.h"
#include "run/dealer.h"
#include "run/image.h"

/* Root's lane, which has no way to go, is the first to show how long an item takes: the others need not wait for their
 * first results. */
static void tell_pace(struct dealer *dealer)
{
    if (dealer->known || !hand_is_known(&dealer->hands[0]))
        return;
    dealer->known = true;
    for (int rank = 1; rank < team_size(dealer->crew->team); rank++) {
        hand_learn(&dealer->hands[rank], &dealer->hands[0]);
        if (dealer_has_room(dealer, rank))
            dealer_queue(dealer, rank);
    }
}

/* The rank's ticket has come back, and its payload is in the log. */
static void take(struct dealer *dealer, int rank, struct batch *result, uint64_t at)
{
    hand_unbook(&dealer->hands[rank], result, clock_now_s());
    tell_pace(dealer);
    inflight_remove(&dealer->inflight, rank, result->first);
    if (dealer_is_failing(dealer) || result->verb != VERB_MAP)
        return;
    if (result->count > dealer->returned)
        dealer->returned = result->count;
    if (result->payload_bytes)
        results_place(dealer->crew->results, result, at);
    results_take(dealer->crew->results, result, dealer->error);
}

bool dealer_take_own(struct dealer *dealer)
{
    struct slot *slot = lane_done(dealer->crew->lane);
    uint64_t at = 0;

    if (!slot)
        return false;
    slot->ticket->slot = -1;
    if (slot->result->verb == VERB_MAP && slot->result->payload_bytes && !dealer_is_failing(dealer))
        results_put_heap(dealer->crew->results, &slot->heap, &at, dealer->error);
    take(dealer, 0, slot->result, at);
    return true;
}

/* The rank has synced what it had written. */
static void take_sync(struct dealer *dealer, const struct batch *answer)
{
    dealer->syncing--;
    if (!dealer_is_failing(dealer))
        results_take(dealer->crew->results, answer, dealer->error);
}

/* The stream that the image belongs to, new where its first part is seen; *stream NULL: it needs none. */
static int find_stream(struct dealer *dealer, const struct batch *image, struct stream **stream)
{
    const int slots = dealer->crew->plan->slots;
    struct stream *mine = dealer->streams ? &dealer->streams[image->rank * slots] : NULL, *found = NULL;

    *stream = NULL;
    if (!mine || !image->payload_bytes || (image->verb != VERB_MAP && image->verb != VERB_PAYLOAD))
        return OK;
    for (int k = 0; k < slots; k++)
        if (mine[k].used && mine[k].first == image->first)
            found = &mine[k];
    if (!found && dealer_is_failing(dealer))
        return OK;
    for (int k = 0; k < slots && !found; k++)
        if (!mine[k].used) {
            found = &mine[k];
            *found = (struct stream){.used = true, .first = image->first};
            found->at = results_reserve(dealer->crew->results, image->payload_bytes);
        }
    *stream = found;
    return found ? OK : error_set(dealer->error, FAILED, "rank %d: sent more than it was asked for", image->rank);
}

static void take_result(struct dealer *dealer, struct batch *result, uint64_t at)
{
    const int rank = result->rank;

    dealer->outstanding--;
    if (result->verb == VERB_SYNC)
        take_sync(dealer, result);
    else
        take(dealer, rank, result, at);
    if (dealer_has_room(dealer, rank))
        dealer_queue(dealer, rank);
    mail_again(dealer->mail, result);
}

/* A round of a payload goes into the log; a result waits until all of them are there. */
static void take_part(struct dealer *dealer, struct stream *stream, struct batch *image)
{
    if (image->verb == VERB_PAYLOAD) {
        if (!dealer_is_failing(dealer))
            results_put_payload(dealer->crew->results, stream->at + image->payload_at, image, dealer->error);
        stream->bytes += image->count;
        mail_again(dealer->mail, image);
    } else {
        stream->result = image;
    }
    image = stream->result;
    if (!image || (stream->bytes < image->payload_bytes && !dealer_is_failing(dealer)))
        return;
    stream->used = false;
    take_result(dealer, image, stream->at);
}

bool dealer_take_others(struct dealer *dealer)
{
    struct batch *result = mail_received(dealer->mail);
    struct stream *stream;

    if (!result)
        return false;
    if (!find_stream(dealer, result, &stream) && stream)
        take_part(dealer, stream, result);
    else if (result->verb == VERB_PAYLOAD)
        mail_again(dealer->mail, result);
    else
        take_result(dealer, result, 0);
    return true;
}
