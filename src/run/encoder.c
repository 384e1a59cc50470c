#include "run/encoder.h"
#include "codec/crc.h"
#include "codec/deflate.h"
#include "element.h"
#include "run/clock.h"
#include "run/cutting.h"
#include "run/image.h"

#include <stdlib.h>
#include <string.h>

struct encoder {
    const struct plan *plan;
    struct deflate *deflate;
    struct entry *entries; /* of the image at hand */
    size_t entry_count;
    char *next;            /* where the next bytes go */
    void *fill[PORTS_MAX]; /* an element of each result that holds the fill value */
};

static size_t largest_chunk(const struct plan *plan)
{
    uint64_t most = 0;

    for (int k = 0; k < plan->out_count; k++)
        if (plan->out[k].cutting.chunk_bytes > most)
            most = plan->out[k].cutting.chunk_bytes;
    return most;
}

uint64_t encoder_bytes(const struct plan *plan)
{
    return plan->compress && largest_chunk(plan) ? deflate_memory(largest_chunk(plan)) : 0;
}

static int make_fills(struct encoder *e, struct error *error)
{
    for (int k = 0; k < e->plan->out_count; k++) {
        const struct yield *yield = &e->plan->out[k];
        const uint64_t bytes = element_bytes(yield->type, yield->element);

        if (!(e->fill[k] = malloc(bytes)))
            return error_memory(error, "the encoder", bytes);
        element_fill(e->plan->field, yield->type, yield->element, e->fill[k]);
    }
    return OK;
}

int encoder_open(const struct plan *plan, struct encoder **encoder, struct error *error)
{
    const size_t entries_bytes = image_entries_most(plan, plan->slice) * sizeof(struct entry);
    struct encoder *e;

    *encoder = NULL;
    if (!plan->compress || !largest_chunk(plan))
        return OK;
    e = calloc(1, sizeof *e);
    if (!e || !(e->entries = malloc(entries_bytes))) {
        encoder_close(e);
        return error_memory(error, "the encoder", entries_bytes);
    }
    e->plan = plan;
    if (make_fills(e, error) || deflate_open(plan->compress, largest_chunk(plan), &e->deflate, error)) {
        encoder_close(e);
        return error->code;
    }
    *encoder = e;
    return OK;
}

void encoder_close(struct encoder *encoder)
{
    if (!encoder)
        return;
    deflate_close(encoder->deflate);
    for (int k = 0; k < PORTS_MAX; k++)
        free(encoder->fill[k]);
    free(encoder->entries);
    free(encoder);
}

/* A whole chunk takes the place of its bytes if that makes it smaller. */
static void add_chunk(struct encoder *e, const struct yield *yield, const void *data, size_t bytes)
{
    const struct chunk_shape shape = {yield->cutting.chunk_bytes, element_bytes(yield->type, yield->element),
                                      e->fill[yield - e->plan->out]};
    struct entry *entry = &e->entries[e->entry_count++];
    const void *packed;
    const size_t packed_bytes = deflate_chunk(e->deflate, &shape, data, bytes, &packed);

    *entry = (struct entry){0};
    if (packed_bytes == 0 || packed_bytes >= bytes) {
        memmove(e->next, data, bytes);
        e->next += bytes;
        return;
    }
    *entry = (struct entry){(uint32_t)packed_bytes, crc_add(0, packed, packed_bytes)};
    memcpy(e->next, packed, packed_bytes);
    e->next += packed_bytes;
}

/* The items of a result move up behind what is packed already. */
static void add_result(struct encoder *e, const struct yield *yield, const struct batch *image, const char *data)
{
    const uint64_t first = image->first * yield->bytes, end = first + image->count * yield->bytes;
    struct segment segment;

    if (!yield->cutting.chunk_bytes) {
        memmove(e->next, data, end - first);
        e->next += end - first;
        return;
    }
    for (uint64_t at = first; at < end; at += segment.bytes, data += segment.bytes) {
        segment = cutting_at(&yield->cutting, at, end);
        if (cutting_is_whole(&segment)) {
            add_chunk(e, yield, data, segment.bytes);
            continue;
        }
        memmove(e->next, data, segment.bytes);
        e->next += segment.bytes;
    }
}

static void pack_results(struct encoder *e, struct batch *image)
{
    void *out[PORTS_MAX];

    image_results(e->plan, image->count, image, out);
    e->next = (char *)(image + 1);
    e->entry_count = 0;
    for (int k = 0; k < e->plan->out_count; k++)
        add_result(e, &e->plan->out[k], image, out[k]);
}

/* The entries come behind the results, then what was behind these. */
static void put_entries(struct encoder *e, struct batch *image)
{
    const char *behind = (const char *)image_bitmap(e->plan, image);
    const size_t behind_bytes = image_result_bytes(e->plan, image) - (size_t)(behind - (const char *)image);
    const size_t data_bytes = (size_t)(e->next - (char *)image), entries_bytes = e->entry_count * sizeof *e->entries;

    image->packed_bytes = image_packed_bytes(data_bytes, e->entry_count);
    memmove((char *)image + image->packed_bytes, behind, behind_bytes);
    memcpy((char *)image + image->packed_bytes - entries_bytes, e->entries, entries_bytes);
}

void encoder_pack(struct encoder *encoder, struct batch *image)
{
    const double start_s = clock_now_s();

    if (!encoder || image->verb != VERB_MAP || image->error || image_entry_count(encoder->plan, image) == 0)
        return;
    pack_results(encoder, image);
    put_entries(encoder, image);
    image->pack_s = clock_now_s() - start_s;
    image->busy_s += image->pack_s;
}
