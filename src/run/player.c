/* Dynamic dealing, the side of every rank but root: take tickets, have them mapped, send the results. */
#include "buffers.h"
#include "parallel/mail.h"
#include "parallel/patience.h"
#include "run/crew.h"
#include "run/hand.h"
#include "run/image.h"

#include <stdlib.h>

#define SLEEP_NS 1000000
#define FULL_NS 50000000
#define IDLE_SLOW 7 /* a lane that has nothing to do lends its CPU to who looks for its next ticket */

struct player {
    struct crew *crew;
    struct mail *mail;
    struct slot *slots;     /* [slots]; ticket NULL: free */
    char *results;          /* theirs */
    struct batch **waiting; /* [slots] tickets that found no free slot */
    int waiting_count;
    struct batch *gave_up; /* [slots] answers for tickets that were given up */
    int gave_up_count;
    uint64_t received, promised; /* tickets; promised UINT64_MAX: no word yet */
    struct batch *synced;        /* the answer to a sync */
    bool syncing;
    double mapped_s, item_s; /* what the last ticket took, and an item of it as root counts it */
    struct slot **streams;   /* [slots] slots whose payload goes to root, the first of them now */
    int stream_count;
    uint64_t streamed;   /* bytes of it that are on the way */
    struct batch *round; /* a part of it; NULL: no result is ragged */
    bool round_out;
};

static bool told_to_stop(const struct player *player)
{
    return player->promised != UINT64_MAX;
}

/* Answer a ticket that will not be mapped; which one does not matter to root. */
static void give_up(struct player *player)
{
    struct batch *answer = &player->gave_up[player->gave_up_count++];

    *answer = (struct batch){.verb = VERB_GAVE_UP, .rank = team_rank(player->crew->team)};
    mail_send(player->mail, 0, answer, sizeof *answer);
}

static bool start_waiting(struct player *player)
{
    struct slot *slot = player->slots;

    if (player->waiting_count == 0 || told_to_stop(player))
        return false;
    while (slot < player->slots + player->crew->plan->slots && slot->ticket)
        slot++;
    if (slot == player->slots + player->crew->plan->slots)
        return false;
    slot->ticket = player->waiting[0];
    for (int k = 1; k < player->waiting_count; k++)
        player->waiting[k - 1] = player->waiting[k];
    player->waiting_count--;
    lane_start(player->crew->lane, slot);
    return true;
}

static bool take_mail(struct player *player)
{
    struct batch *ticket = mail_received(player->mail);

    if (!ticket)
        return false;
    if (ticket->verb == VERB_STOP) {
        player->promised = ticket->count;
        mail_again(player->mail, ticket);
        return true;
    }
    player->received++;
    if (ticket->verb == VERB_SYNC) {
        mail_again(player->mail, ticket);
        syncer_start(player->crew->syncer);
        player->syncing = true;
        return true;
    }
    player->waiting[player->waiting_count++] = ticket;
    return true;
}

/* The sync that root asked for has come to its end. */
static bool take_synced(struct player *player)
{
    struct error error = {0};

    if (!player->crew->syncer || !syncer_done(player->crew->syncer, &error))
        return false;
    player->syncing = false;
    *player->synced = (struct batch){.verb = VERB_SYNC, .rank = team_rank(player->crew->team)};
    if (error.code)
        crew_say(player->crew, &error, player->synced);
    mail_send(player->mail, 0, player->synced, image_result_bytes(player->crew->plan, player->synced));
    return true;
}

static bool take_done(struct player *player)
{
    struct slot *slot = lane_done(player->crew->lane);

    if (!slot)
        return false;
    mail_again(player->mail, slot->ticket);
    player->mapped_s = slot->result->busy_s;
    player->item_s =
        (player->mapped_s - slot->result->pack_s) / (double)(slot->result->count ? slot->result->count : 1);
    slot->result->rank = team_rank(player->crew->team);
    if (slot->result->payload_bytes)
        player->streams[player->stream_count++] = slot;
    else
        mail_send(player->mail, 0, slot->result, image_result_bytes(player->crew->plan, slot->result));
    return true;
}

/* The next of the payload that is to go before a result, or that result. */
static bool send_stream(struct player *player)
{
    const struct plan *plan = player->crew->plan;
    const size_t room = plan->image_out_bytes - sizeof(struct batch);
    struct slot *slot = player->stream_count ? player->streams[0] : NULL;
    struct batch *round = player->round;

    if (!slot || player->round_out)
        return false;
    if (player->streamed < slot->result->payload_bytes) {
        const uint64_t left = slot->result->payload_bytes - player->streamed;

        *round = *slot->result;
        round->verb = VERB_PAYLOAD;
        round->count = left < room ? left : room;
        round->payload_at = player->streamed;
        heap_copy(&slot->heap, player->streamed, round->count, (char *)(round + 1));
        player->streamed += round->count;
        player->round_out = true;
        mail_send(player->mail, 0, round, image_result_bytes(plan, round));
        return true;
    }
    mail_send(player->mail, 0, slot->result, image_result_bytes(plan, slot->result));
    player->streamed = 0;
    for (int k = 1; k < player->stream_count; k++)
        player->streams[k - 1] = player->streams[k];
    player->stream_count--;
    return true;
}

static bool free_sent(struct player *player)
{
    const struct batch *image = mail_sent(player->mail);

    if (image && image == player->round)
        player->round_out = false;
    for (int k = 0; image && k < player->crew->plan->slots; k++)
        if (player->slots[k].result == image)
            player->slots[k].ticket = NULL;
    return image != NULL;
}

/* The run ends: the tickets in the lane get their answers, whatever the kernel is doing. */
static void leave_lane(struct player *player)
{
    for (int load = lane_load(player->crew->lane) + player->stream_count; load > 0; load--)
        give_up(player);
    player->stream_count = 0;
}

/* Wait for the tickets that are still on the way here, and until all answers are out. */
static void leave(struct player *player)
{
    struct patience patience = {.crowd = team_crowd(player->crew->team), .most_ns = SLEEP_NS};

    for (;;) {
        for (; player->waiting_count; player->waiting_count--)
            give_up(player);
        if (player->received == player->promised && mail_idle(player->mail) && !player->syncing)
            return;
        if (!take_mail(player) && !free_sent(player) && !take_synced(player))
            patience_wait(&patience);
    }
}

/* Work that follows what the lane is at, in seconds. Where the next ticket is still on the way, half of one. */
static double ahead(const struct player *player)
{
    const struct plan *plan = player->crew->plan;
    const int load = lane_load(player->crew->lane);
    const double ticket_s = player->mapped_s > 0 ? player->mapped_s : plan->ticket_s;

    if (load == 1 && (player->mapped_s == 0 || hand_takes_ahead(plan, player->item_s)))
        return ticket_s / 2;
    return load > 1 ? ticket_s : 0;
}

/* Has it all that it can hold, and nothing to send? Only its lane, which wakes this thread, has news then,
 * but for a sync or the stop. */
static bool is_full(const struct player *player)
{
    return lane_load(player->crew->lane) == player->crew->plan->slots && !player->syncing && mail_idle(player->mail);
}

/* The end: all that this rank has written is to be on disk. What went wrong before went to root as a result. */
static int sync_all(struct player *player, struct error *error)
{
    struct patience patience = {.crowd = team_crowd(player->crew->team), .most_ns = SLEEP_NS};

    if (!player->crew->syncer)
        return OK;
    syncer_start(player->crew->syncer);
    while (!syncer_done(player->crew->syncer, error))
        patience_wait(&patience);
    return error->code;
}

static int player_run(void *self, struct error *error)
{
    struct player *player = self;
    struct patience patience = {.crowd = team_crowd(player->crew->team), .most_ns = SLEEP_NS};

    while (!told_to_stop(player)) {
        bool any = take_mail(player);

        any |= start_waiting(player);
        any |= take_done(player);
        any |= send_stream(player);
        any |= take_synced(player);
        any |= free_sent(player);
        if (any)
            patience_reset(&patience);
        else
            crew_wait(player->crew, &patience);
        patience_beside(&patience, ahead(player));
        if (is_full(player))
            patience.most_ns = FULL_NS;
        patience.slow = lane_load(player->crew->lane) ? 0 : IDLE_SLOW;
    }
    leave_lane(player);
    leave(player);
    return sync_all(player, error);
}

static void player_close(void *self, bool busy)
{
    struct player *player = self;

    if (busy) /* the kernel still uses a ticket, which is the mail's, and the process ends soon */
        mail_withdraw(player->mail);
    else
        mail_close(player->mail);
    for (int k = 0; !busy && player->slots && k < player->crew->plan->slots; k++)
        heap_free(&player->slots[k].heap);
    if (!busy) {
        free(player->slots);
        free(player->results);
    }
    free(player->synced);
    free(player->round);
    free(player->streams);
    free(player->waiting);
    free(player->gave_up);
    free(player);
}

static int player_allocate(struct player *player)
{
    const struct plan *plan = player->crew->plan;
    const size_t slots = (size_t)plan->slots, out_bytes = crew_image_bytes(player->crew, plan->image_out_bytes);

    player->slots = calloc(slots, sizeof *player->slots);
    player->waiting = calloc(slots, sizeof *player->waiting);
    player->gave_up = crew_headers(player->crew, slots, plan->image_out_bytes);
    player->synced = crew_image(player->crew, plan->image_out_bytes);
    player->streams = calloc(slots, sizeof *player->streams);
    if (!player->streams || (plan->ragged && !(player->round = crew_image(player->crew, plan->image_out_bytes))))
        return FAILED;
    player->results = buffers_alloc(slots, out_bytes, !plan->direct_out);
    if (!player->slots || !player->waiting || !player->gave_up || !player->synced || !player->results)
        return FAILED;
    for (size_t k = 0; k < slots; k++)
        player->slots[k].result = (struct batch *)(void *)(player->results + k * out_bytes);
    return OK;
}

static int player_open(struct crew *crew, void **self, struct error *error)
{
    const struct plan *plan = crew->plan;
    const struct mail_spec spec = {.send_bytes = plan->image_out_bytes,
                                   .receive_bytes = plan->image_in_bytes,
                                   .sends = 2 * plan->slots + 2,
                                   .copies = plan->slots,
                                   .receives = plan->slots + 2, /* a sync and the stop, too */
                                   .count_limit = plan->count_limit};
    struct player *player = calloc(1, sizeof *player);

    if (!player)
        return error_memory(error, "buffers", sizeof *player);
    *self = player;
    player->crew = crew;
    player->promised = UINT64_MAX;
    if (player_allocate(player))
        return error_memory(error, "buffers", plan->image_out_bytes * (uint64_t)plan->slots);
    return mail_open(crew->team, &spec, &player->mail, error);
}

const struct dealing *dealing_dynamic_other(void)
{
    static const struct dealing dealing = {player_open, player_run, player_close};

    return &dealing;
}
