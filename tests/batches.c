#include "batches.h"
#include "run/image.h"
#include "run/reasons.h"
#include "suite.h"

#include <stdlib.h>

struct plan bench_plan(enum type wire, enum type type, int results, uint64_t piece)
{
    struct plan plan = {.step = 1, .inner = 1, .in_count = 1, .out_count = results, .block = 1};

    plan.piece = piece;
    plan.reasons_bytes = 256;
    plan.in[0] = (struct feed){.convert = wire != type, .wire = wire, .type = type, .elements = 1};
    plan.in[0].wire_bytes = type_bytes(wire);
    plan.in[0].bytes = type_bytes(type);
    for (int k = 0; k < results; k++)
        plan.out[k] = (struct yield){.type = TYPE_DOUBLE, .elements = 1, .bytes = 8, .fill = type_fill(TYPE_DOUBLE)};
    return plan;
}

void bench_start(struct bench *bench, const h5map_kernel_t *kernel, uint64_t first, uint64_t count)
{
    struct error error = {0};

    CU_ASSERT_EQUAL_FATAL(mapper_open(&bench->plan, kernel, NULL, &bench->mapper, &error), OK);
    bench->slot.ticket = aligned_alloc(BATCH_ALIGN, image_inputs_bytes(&bench->plan, count));
    bench->slot.result = aligned_alloc(BATCH_ALIGN, image_results_bytes_max(&bench->plan, count));
    *bench->slot.ticket = (struct batch){.first = first, .count = count};
}

void *bench_input(struct bench *bench)
{
    void *in[PORTS_MAX];

    image_rooms(&bench->plan, bench->slot.ticket->count, bench->slot.ticket, in);
    return in[0];
}

void *bench_output(struct bench *bench, int k)
{
    void *out[PORTS_MAX];

    image_results(&bench->plan, bench->slot.ticket->count, bench->slot.result, out);
    return out[k];
}

bool bench_failed(struct bench *bench, uint64_t k)
{
    return image_bitmap(&bench->plan, bench->slot.result)[k / 8] >> (k & 7) & 1;
}

void bench_end(struct bench *bench)
{
    mapper_close(bench->mapper);
    free(bench->slot.ticket);
    free(bench->slot.result);
}

/* The first reason of the batch that started at this index. */
void bench_reason(struct bench *bench, uint64_t index, char text[REASON_TEXT_MAX + 1])
{
    struct reason_index *found = malloc(sizeof *found);

    reasons_index(image_reasons(&bench->plan, bench->slot.result), bench->slot.result->reason_bytes, found);
    reasons_find(found, index, text);
    free(found);
}
