/* A batch of items of one number each, to be mapped in tests. */
#ifndef BATCHES_H
#define BATCHES_H

#include "run/lane.h"

struct bench {
    struct plan plan;
    struct mapper *mapper;
    struct slot slot;
};

/* A plan of one input, read as `wire` and taken as `type`, and so many results of type double. */
struct plan bench_plan(enum type wire, enum type type, int results, uint64_t piece);

/* A mapper for bench->plan, and a ticket of these items, which are not set yet. */
void bench_start(struct bench *bench, const h5map_kernel_t *kernel, uint64_t first, uint64_t count);
void bench_end(struct bench *bench);

/* The items of the ticket; result k; did item k fail? */
void *bench_input(struct bench *bench);
void *bench_output(struct bench *bench, int k);
bool bench_failed(struct bench *bench, uint64_t k);

/* Why the item of this index failed, as the result says. */
void bench_reason(struct bench *bench, uint64_t index, char text[REASON_TEXT_MAX + 1]);

#endif
