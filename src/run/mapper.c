#include "run/mapper.h"
#include "buffers.h"
#include "codec/crc.h"
#include "element.h"
#include "run/calls.h"
#include "run/clock.h"
#include "run/decode.h"
#include "run/encoder.h"
#include "run/image.h"
#include "run/inputs.h"
#include "run/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct mapper {
    const struct plan *plan;
    struct calls calls;
    struct decode *decode;
    struct encoder *encoder;
    struct inputs inputs;
    const void *table[PORTS_MAX]; /* of shared inputs; the caller's */
    struct direct *direct;        /* NULL: items come in tickets */
    struct batch *whole;          /* the items of a ticket, where they are read at once */
    char *room;                   /* of these: */
    char *items, *results;        /* of a piece, where they are in no image; NULL: they are */
    bool crashed;
};

static int allocate_piece(struct mapper *mapper, struct error *error)
{
    const struct plan *plan = mapper->plan;
    void *none[PORTS_MAX];
    const bool items = plan->direct_in && !plan->direct_whole, results = plan->direct_out;
    const size_t in_bytes = items ? image_items_in(plan, plan->piece, NULL, none) : 0;
    const size_t out_bytes = results ? image_items_out(plan, plan->piece, NULL, none) : 0;
    const size_t whole_bytes = image_rooms_bytes(plan, plan->slice);

    if (plan->direct_whole && !(mapper->whole = buffers_alloc(1, whole_bytes, true)))
        return error_memory(error, "items", whole_bytes);
    if (!items && !results)
        return OK;
    mapper->room = buffers_alloc(1, in_bytes + out_bytes, true);
    if (!mapper->room)
        return error_memory(error, "items and results", in_bytes + out_bytes);
    if (items)
        mapper->items = mapper->room;
    if (results)
        mapper->results = memset(mapper->room + in_bytes, 0, out_bytes);
    return OK;
}

static int mapper_allocate(struct mapper *mapper, const h5map_kernel_t *kernel, struct error *error)
{
    const struct plan *plan = mapper->plan;

    if (calls_open(&mapper->calls, plan, kernel, error) || decode_open(plan, &mapper->decode, error) ||
        encoder_open(plan, &mapper->encoder, error) || inputs_open(&mapper->inputs, plan, error))
        return error->code;
    return allocate_piece(mapper, error);
}

int mapper_open(const struct plan *plan, const h5map_kernel_t *kernel, void *state, struct mapper **mapper_out,
                struct error *error)
{
    struct mapper *mapper = calloc(1, sizeof *mapper);

    if (!mapper)
        return error_memory(error, "the mapper", sizeof *mapper);
    mapper->plan = plan;
    if (mapper_allocate(mapper, kernel, error)) {
        mapper_close(mapper);
        return error->code;
    }
    mapper->calls.state = state;
    *mapper_out = mapper;
    return OK;
}

void mapper_close(struct mapper *mapper)
{
    if (!mapper)
        return;
    inputs_close(&mapper->inputs);
    decode_close(mapper->decode);
    free(mapper->whole);
    free(mapper->room);
    calls_close(&mapper->calls);
    encoder_close(mapper->encoder);
    free(mapper);
}

void mapper_use(struct mapper *mapper, struct direct *direct)
{
    mapper->direct = direct;
}

void mapper_use_tables(struct mapper *mapper, const void *const table[PORTS_MAX])
{
    memcpy(mapper->table, table, sizeof mapper->table);
}

void mapper_use_heap(struct mapper *mapper, struct heap *heap)
{
    mapper->calls.heap = heap;
}

bool mapper_crashed(const struct mapper *mapper)
{
    return mapper->crashed;
}

static void put_fill(const struct plan *plan, const struct part *part, uint64_t item)
{
    for (int r = 0; r < plan->out_count; r++) {
        const struct yield *yield = &plan->out[r];
        const uint64_t element = element_bytes(yield->type, yield->element);
        char *to = (char *)part->out[r] + item * yield->bytes;

        if (yield->ragged) {
            memset(to, 0, sizeof(struct ref));
            continue;
        }
        for (uint64_t e = 0; e < yield->elements; e++)
            element_fill(plan->field, yield->type, yield->element, to + e * element);
    }
}

/* Turn the statuses of the part into fill values and bits; they are 0 again afterwards. */
static void settle(struct mapper *mapper, const struct part *part, struct batch *result)
{
    unsigned char *bitmap = image_bitmap(mapper->plan, result);

    for (uint64_t k = 0; k < part->count; k++) {
        const int32_t status = mapper->calls.status[k];
        const uint64_t item = part->first - result->first + k;

        if (!status)
            continue;
        mapper->calls.status[k] = 0;
        if (status == H5MAP_STOPPED) {
            result->error = FAILED;
            continue;
        }
        if (!result->failed)
            memset(bitmap, 0, (result->count + 7) / 8);
        result->failed++;
        bitmap[item / 8] |= (unsigned char)(1u << (item & 7));
        put_fill(mapper->plan, part, k);
    }
}

static void clear_results(const struct plan *plan, const struct part *part)
{
    for (int r = 0; r < plan->out_count; r++)
        memset(part->out[r], 0, part->count * plan->out[r].bytes);
}

/* What kernels leave as it comes must not make two runs differ. */
static void tidy_results(const struct plan *plan, const struct part *part)
{
    for (int r = 0; r < plan->out_count; r++) {
        const struct field whole = {.type = plan->out[r].type, .element = plan->out[r].element};

        if (plan->out[r].loose)
            element_tidy(plan->field, &whole, part->out[r], part->count * plan->out[r].elements);
    }
}

/* A ticket, and where its parts lie. */
struct whole {
    const struct batch *ticket;
    struct batch *result;
    const void *in[PORTS_MAX];
    void *out[PORTS_MAX];
};

static void map_part(struct mapper *mapper, struct part *part, struct batch *result)
{
    const struct plan *plan = mapper->plan;
    struct calls *calls = &mapper->calls;
    bool any;

    inputs_convert(&mapper->inputs, part, calls);
    for (uint64_t k = 0; calls->index && k < part->count; k++)
        calls->index[k] = plan_index(plan, part->first + k);
    if (!mapper->results)
        clear_results(plan, part);
    mapper->crashed = !calls_make(calls, part, &any);
    result->cause = mapper->crashed ? CAUSE_CRASH : CAUSE_STOP;
    if (any && !mapper->crashed)
        settle(mapper, part, result);
    if (!mapper->crashed)
        tidy_results(plan, part);
    if (calls->reasons.stop[0]) /* said, whatever the kernel returned */
        result->error = FAILED;
    for (int r = 0; r < plan->out_count; r++)
        result->crc[r] =
            plan->out[r].ragged
                ? heap_add_crc(&calls->heap->of[r], &(struct refs){part->out[r], part->count, plan->out[r].row_bytes},
                               result->crc[r])
                : crc_add(result->crc[r], part->out[r], part->count * plan->out[r].bytes);
}

static void fail(struct mapper *mapper, struct batch *result, const struct error *error, enum cause cause)
{
    struct reasons *reasons = &mapper->calls.reasons;

    result->error = error->code;
    result->cause = (int32_t)cause;
    snprintf(reasons->stop, sizeof reasons->stop, "%.*s", REASON_TEXT_MAX, error->text);
}

/* Where the part's items are and its results go: in the images, or in the mapper's own buffers. */
static void place_part(const struct mapper *mapper, const struct whole *whole, uint64_t done, struct part *part)
{
    const struct plan *plan = mapper->plan;
    void *in[PORTS_MAX], *out[PORTS_MAX];

    image_items_in(plan, part->count, mapper->items, in);
    image_items_out(plan, part->count, mapper->results, out);
    for (int k = 0; k < plan->in_count; k++)
        if (plan->in[k].param)
            part->in[k] = &plan->in[k].value;
        else if (plan->in[k].shared)
            part->in[k] = mapper->table[k];
        else if (plan->in[k].ragged)
            inputs_place_ragged(&mapper->inputs, k, whole->in[k], &(struct piece_at){whole->ticket->count, done}, part);
        else
            part->in[k] = mapper->items ? in[k] : (const char *)whole->in[k] + done * plan->in[k].wire_bytes;
    for (int k = 0; k < plan->out_count; k++)
        part->out[k] = mapper->results ? out[k] : (char *)whole->out[k] + done * plan->out[k].bytes;
}

/* Read its items where they are to be read, map them, put their results where they are to be put. */
static void map_piece(struct mapper *mapper, const struct whole *whole, uint64_t done)
{
    const struct plan *plan = mapper->plan;
    const uint64_t left = whole->ticket->count - done;
    struct part part = {.first = whole->ticket->first + done, .count = left < plan->piece ? left : plan->piece};
    struct error error = {0};
    void *to[PORTS_MAX];

    place_part(mapper, whole, done, &part);
    memcpy(to, part.in, sizeof to);
    if (!mapper->items || !direct_read(mapper->direct, &part, to, &error))
        map_part(mapper, &part, whole->result);
    if (plan->direct_out && !error.code && !whole->result->error)
        direct_put(mapper->direct, &part, whole->result, &error);
    if (plan->direct_out)
        clear_results(plan, &part); /* for the next piece, while they are in the cache */
    if (error.code)
        fail(mapper, whole->result, &error, CAUSE_RANK);
}

/* The items of the ticket, decoded. */
static int find_items(struct mapper *mapper, struct whole *whole, struct error *error)
{
    const struct batch *image = mapper->whole ? mapper->whole : whole->ticket;

    image_inputs(mapper->plan, image, whole->in);
    return decode_inputs(mapper->decode, image, whole->in, error);
}

/* Append the reasons to the image; a stop's reason is the only one. */
static void put_reasons(struct mapper *mapper, struct batch *result)
{
    struct reasons *reasons = &mapper->calls.reasons;

    if (result->error) {
        reasons->bytes = 0;
        reasons->any = false;
        reasons_add(reasons, result->first, reasons->stop[0] ? reasons->stop : "the kernel said stop");
    }
    result->reason_bytes = reasons->bytes;
    if (reasons->bytes)
        memcpy(image_reasons(mapper->plan, result), reasons->records, reasons->bytes);
}

/* From places in the rows of a result to places in the payload of the ticket. Returns the payload's bytes. */
static uint64_t settle_refs(const struct mapper *mapper, const struct whole *whole)
{
    uint64_t before = 0;

    for (int r = 0; r < mapper->plan->out_count; r++) {
        if (!mapper->plan->out[r].ragged)
            continue;
        refs_move(whole->out[r], whole->ticket->count, before);
        before += mapper->calls.heap->of[r].used;
    }
    return before;
}

void mapper_map(struct mapper *mapper, const struct batch *ticket, struct batch *result)
{
    const struct plan *plan = mapper->plan;
    const double start_s = clock_now_s();
    struct whole whole = {.ticket = ticket, .result = result};
    struct error error = {0};

    *result = (struct batch){.first = ticket->first, .count = ticket->count, .verb = VERB_MAP, .slot = ticket->slot};
    if (mapper->crashed) {
        result->verb = VERB_GAVE_UP;
        return;
    }
    image_results(plan, ticket->count, result, whole.out);
    reasons_clear(&mapper->calls.reasons);
    if (plan->ragged)
        heap_clear(mapper->calls.heap);
    if (plan->direct_whole && direct_read_whole(mapper->direct, ticket, mapper->whole, &error))
        fail(mapper, result, &error, CAUSE_RANK);
    else if (!mapper->items && find_items(mapper, &whole, &error))
        fail(mapper, result, &error, CAUSE_INPUT);
    for (uint64_t done = 0; done < ticket->count && !result->error; done += plan->piece)
        map_piece(mapper, &whole, done);
    if (plan->ragged && !result->error)
        result->payload_bytes = settle_refs(mapper, &whole);
    put_reasons(mapper, result);
    result->busy_s = clock_now_s() - start_s;
    encoder_pack(mapper->encoder, result);
}
