#include "run/mapper.h"
#include "codec/convert.h"
#include "codec/crc.h"
#include "run/clock.h"
#include "run/image.h"
#include "run/plan.h"
#include "run/reasons.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct mapper {
    const struct plan *plan;
    const h5map_kernel_t *kernel;
    void *state;
    size_t dim[DIM_NAMES_MAX];
    size_t in_bytes[PORTS_MAX], out_bytes[PORTS_MAX];
    void *converted[PORTS_MAX]; /* [piece][elements] of inputs that need it */
    int32_t *status;            /* [piece], all 0 between calls */
    uint64_t *index;            /* [piece] where indices are not consecutive, else NULL */
    struct reasons reasons;
};

/* One piece: some items of a batch, on the way from its inputs to its results. */
struct part {
    uint64_t offset, count; /* in the batch */
    const void *in[PORTS_MAX];
    void *out[PORTS_MAX];
};

static int mapper_allocate(struct mapper *mapper, struct error *error)
{
    const struct plan *plan = mapper->plan;
    const size_t piece = plan->piece;

    mapper->status = calloc(piece, sizeof *mapper->status);
    if (plan->step > 1)
        mapper->index = calloc(piece, sizeof *mapper->index);
    if (!mapper->status || (plan->step > 1 && !mapper->index))
        return error_memory(error, "item status", piece * sizeof *mapper->index);
    for (int k = 0; k < plan->in_count; k++) {
        if (!plan->in[k].convert)
            continue;
        mapper->converted[k] = malloc(piece * plan->in[k].bytes + 1);
        if (!mapper->converted[k])
            return error_memory(error, "converted inputs", piece * plan->in[k].bytes);
    }
    return reasons_open(&mapper->reasons, plan->reasons_bytes, error);
}

int mapper_open(const struct plan *plan, const h5map_kernel_t *kernel, void *state, struct mapper **mapper_out,
                struct error *error)
{
    struct mapper *mapper = calloc(1, sizeof *mapper);

    if (!mapper)
        return error_memory(error, "the mapper", sizeof *mapper);
    mapper->plan = plan;
    mapper->kernel = kernel;
    mapper->state = state;
    for (int k = 0; k < plan->dim_count; k++)
        mapper->dim[k] = plan->dim[k];
    for (int k = 0; k < plan->in_count; k++)
        mapper->in_bytes[k] = plan->in[k].param ? 0 : plan->in[k].bytes;
    for (int k = 0; k < plan->out_count; k++)
        mapper->out_bytes[k] = plan->out[k].bytes;
    if (mapper_allocate(mapper, error)) {
        mapper_close(mapper);
        return error->code;
    }
    *mapper_out = mapper;
    return OK;
}

void mapper_close(struct mapper *mapper)
{
    if (!mapper)
        return;
    for (int k = 0; k < PORTS_MAX; k++)
        free(mapper->converted[k]);
    reasons_close(&mapper->reasons);
    free(mapper->status);
    free(mapper->index);
    free(mapper);
}

/* Say why the items that were just marked failed: those of the piece whose status is set. */
static void explain_conversion(struct mapper *mapper, const struct feed *feed, const void *from, uint64_t first,
                               uint64_t count)
{
    char text[REASON_TEXT_MAX + 1];

    for (uint64_t k = 0; k < count; k++) {
        if (mapper->status[k] != H5MAP_FAILED)
            continue;
        convert_reason(feed, from, k, text, sizeof text);
        if (text[0])
            reasons_add(&mapper->reasons, plan_index(mapper->plan, first + k), text);
    }
}

/* Returns whether an item could not be converted: its status is set. */
static bool convert_inputs(struct mapper *mapper, struct part *part, uint64_t first)
{
    bool gaps = false;

    for (int k = 0; k < mapper->plan->in_count; k++) {
        const struct feed *feed = &mapper->plan->in[k];

        if (!feed->convert)
            continue;
        if (convert_items(feed, part->in[k], part->count, mapper->converted[k], mapper->status)) {
            explain_conversion(mapper, feed, part->in[k], first, part->count);
            gaps = true;
        }
        part->in[k] = mapper->converted[k];
    }
    return gaps;
}

/* One call of the kernel: items offset .. offset + count - 1 of the part. Returns what map returns. */
static int call_kernel(struct mapper *mapper, const struct part *part, uint64_t offset, uint64_t count, uint64_t first)
{
    const struct plan *plan = mapper->plan;
    const void *in[PORTS_MAX];
    void *out[PORTS_MAX];
    h5map_slice_t slice = {.in = in,
                           .out = out,
                           .dim = mapper->dim,
                           .first = plan_index(plan, first + offset),
                           .count = count,
                           .index = mapper->index ? mapper->index + offset : NULL,
                           .status = mapper->status + offset,
                           .state = mapper->state,
                           .calls = &mapper->reasons.calls,
                           .in_count = (size_t)plan->in_count,
                           .out_count = (size_t)plan->out_count,
                           .in_bytes = mapper->in_bytes,
                           .out_bytes = mapper->out_bytes};

    for (int k = 0; k < plan->in_count; k++)
        in[k] = (const char *)part->in[k] + offset * mapper->in_bytes[k];
    for (int k = 0; k < plan->out_count; k++)
        out[k] = (char *)part->out[k] + offset * mapper->out_bytes[k];
    return mapper->kernel->map(&slice);
}

/* Call the kernel for the part in calls of at most a block (or all at once), leaving out items that could not be
 * converted. Returns 0 where every status is known to be 0. */
static int call_part(struct mapper *mapper, const struct part *part, uint64_t first, bool gaps)
{
    const uint64_t block = mapper->plan->block > 1 ? mapper->plan->block : part->count;
    int any = gaps;

    for (uint64_t begin = 0; begin < part->count; begin += block) {
        const uint64_t end = begin + block < part->count ? begin + block : part->count;

        for (uint64_t k = begin; k < end;) {
            uint64_t run = gaps ? 0 : end - k;

            while (gaps && k + run < end && !mapper->status[k + run])
                run++;
            if (run)
                any |= call_kernel(mapper, part, k, run, first);
            k += run ? run : 1;
            if (mapper->reasons.stop[0])
                return 1;
        }
    }
    return any;
}

static void put_fill(const struct plan *plan, const struct part *part, uint64_t item)
{
    for (int r = 0; r < plan->out_count; r++) {
        const size_t element = type_bytes(plan->out[r].type);
        char *to = (char *)part->out[r] + item * plan->out[r].bytes;

        for (uint64_t e = 0; e < plan->out[r].elements; e++)
            memcpy(to + e * element, plan->out[r].fill.bytes, element);
    }
}

/* Turn the statuses of the part into fill values and bits; they are 0 again afterwards. */
static void settle(struct mapper *mapper, const struct part *part, struct batch *result)
{
    unsigned char *bitmap = image_bitmap(mapper->plan, result);

    for (uint64_t k = 0; k < part->count; k++) {
        const int32_t status = mapper->status[k];
        const uint64_t item = part->offset + k;

        if (!status)
            continue;
        mapper->status[k] = 0;
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

static void map_part(struct mapper *mapper, struct part *part, struct batch *result)
{
    const struct plan *plan = mapper->plan;
    const uint64_t first = result->first + part->offset;
    const bool gaps = convert_inputs(mapper, part, first);

    for (uint64_t k = 0; mapper->index && k < part->count; k++)
        mapper->index[k] = plan_index(plan, first + k);
    for (int r = 0; r < plan->out_count; r++)
        memset(part->out[r], 0, part->count * plan->out[r].bytes);
    if (call_part(mapper, part, first, gaps))
        settle(mapper, part, result);
    if (mapper->reasons.stop[0]) /* said, whatever the kernel returned */
        result->error = FAILED;
    for (int r = 0; r < plan->out_count; r++)
        result->crc[r] = crc_add(result->crc[r], part->out[r], part->count * plan->out[r].bytes);
}

/* Append the reasons to the image; a stop's reason is the only one. */
static void put_reasons(struct mapper *mapper, struct batch *result)
{
    struct reasons *reasons = &mapper->reasons;

    if (result->error) {
        reasons->bytes = 0;
        reasons->any = false;
        reasons_add(reasons, result->first, reasons->stop[0] ? reasons->stop : "the kernel said stop");
    }
    result->reason_bytes = reasons->bytes;
    if (reasons->bytes)
        memcpy(image_reasons(mapper->plan, result), reasons->records, reasons->bytes);
}

void mapper_map(struct mapper *mapper, const struct batch *ticket, struct batch *result)
{
    const struct plan *plan = mapper->plan;
    const double start_s = clock_now_s();
    void *in[PORTS_MAX], *out[PORTS_MAX];

    *result = (struct batch){.first = ticket->first, .count = ticket->count, .verb = VERB_MAP, .slot = ticket->slot};
    image_inputs(plan, ticket->count, (void *)(uintptr_t)ticket, in);
    image_results(plan, ticket->count, result, out);
    reasons_clear(&mapper->reasons);
    for (uint64_t done = 0; done < ticket->count && !result->error; done += plan->piece) {
        struct part part = {.offset = done};

        part.count = ticket->count - done < plan->piece ? ticket->count - done : plan->piece;
        for (int k = 0; k < plan->in_count; k++)
            part.in[k] = plan->in[k].param ? (const void *)&plan->in[k].value
                                           : (const char *)in[k] + done * plan->in[k].wire_bytes;
        for (int k = 0; k < plan->out_count; k++)
            part.out[k] = (char *)out[k] + done * plan->out[k].bytes;
        map_part(mapper, &part, result);
    }
    put_reasons(mapper, result);
    result->busy_s = clock_now_s() - start_s;
}

int mapper_init_kernel(const struct plan *plan, const h5map_kernel_t *kernel, void **state, struct error *error)
{
    const void *in[PORTS_MAX] = {NULL};
    size_t dim[DIM_NAMES_MAX];
    struct reasons reasons;
    h5map_job_t job = {.in = in, .dim = dim, .items = plan->items};
    int code = OK;

    *state = NULL;
    if (!kernel->init)
        return OK;
    if (reasons_open(&reasons, sizeof(struct reason), error))
        return error->code;
    for (int k = 0; k < plan->in_count; k++)
        in[k] = plan->in[k].param ? &plan->in[k].value : NULL;
    for (int k = 0; k < plan->dim_count; k++)
        dim[k] = plan->dim[k];
    job.calls = &reasons.calls;
    if (kernel->init(&job, state))
        code = error_set(error, REFUSED, "%s: %s", kernel->name, reasons.stop[0] ? reasons.stop : "init failed");
    reasons_close(&reasons);
    return code;
}
