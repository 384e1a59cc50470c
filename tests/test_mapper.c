/* A batch through a kernel: pieces, blocks, conversions, failures, reasons, the lane. */
#include "batches.h"
#include "codec/bundle.h"
#include "codec/crc.h"
#include "run/image.h"
#include "run/lane.h"
#include "run/plan.h"
#include "run/reasons.h"
#include "suite.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* y = 2 x; negative x fails; x = 1000 stops. */
static int twice(const h5map_item_t *item)
{
    const double x = *(const double *)item->in[0];

    if (x == 1000)
        return h5map_stop(item, "a thousand at %d", (int)item->index);
    if (x < 0)
        return h5map_fail(item, "negative: %g", x);
    *(double *)item->out[0] = 2 * x;
    return 0;
}
H5MAP_KERNEL(twice, .signature = "x: double -> y: double");

/* The size of the call that an item came in, and its index. */
static int sizes(const h5map_slice_t *slice)
{
    for (size_t k = 0; k < slice->count; k++) {
        ((uint64_t *)slice->out[0])[k] = slice->count;
        ((uint64_t *)slice->out[1])[k] = slice->index ? slice->index[k] : slice->first + k;
    }
    return 0;
}
H5MAP_SLICE_KERNEL(sizes, .signature = "x: double -> n: uint64, index: uint64");

/* Says stop at index 12, and goes on as if nothing were. */
static int mumbles(const h5map_item_t *item)
{
    if (item->index == 12)
        h5map_stop(item, "twelve");
    return 0;
}
H5MAP_KERNEL(mumbles, .signature = "x: double -> y: double");

static int asleep(const h5map_item_t *item)
{
    (void)item;
    nanosleep(&(struct timespec){0, 200000000}, NULL);
    return 0;
}
H5MAP_KERNEL(asleep, .signature = "x: double -> y: double");

/* y = x + table[index % m], by items and by slices. */
static int looks_up(const h5map_item_t *item)
{
    const double *x = item->in[0], *table = item->in[1];

    *(double *)item->out[0] = *x + table[item->index % item->dim[0]];
    return 0;
}
H5MAP_KERNEL(looks_up, .signature = "x: double, shared table: double[m] -> y: double");

static int looks_up_all(const h5map_slice_t *slice)
{
    const double *x = slice->in[0], *table = slice->in[1];

    for (size_t k = 0; k < slice->count; k++)
        ((double *)slice->out[0])[k] = x[k] + table[(slice->first + k) % slice->dim[0]] + (double)slice->in_bytes[1];
    return 0;
}
H5MAP_SLICE_KERNEL(looks_up_all, .signature = "x: double, shared table: double[m] -> y: double");

/* Init sees the table, and keeps its second element. */
static int sees(const h5map_job_t *job, void **state)
{
    const double *table = job->in[1];

    *state = (void *)(uintptr_t)table[job->dim[0] - 1];
    return job->in[0] ? h5map_refuse(job, "an input in init") : 0;
}

static int keeps(const h5map_item_t *item)
{
    (void)item;
    return 0;
}
H5MAP_KERNEL(keeps, .signature = "x: double, shared table: double[m] -> y: double", .init = sees);

static bool crcs_are_right(struct bench *bench)
{
    bool right = true;

    for (int k = 0; k < bench->plan.out_count; k++)
        right &= bench->slot.result->crc[k] ==
                 crc_add(0, bench_output(bench, k), bench->slot.result->count * bench->plan.out[k].bytes);
    return right;
}

static void maps_in_pieces(void)
{
    for (uint64_t piece = 1; piece < 40; piece += 6) {
        struct bench bench = {.plan = bench_plan(TYPE_DOUBLE, TYPE_DOUBLE, 1, piece)};

        bench_start(&bench, &h5map_kernel_twice, 5, 33);
        for (int k = 0; k < 33; k++)
            ((double *)bench_input(&bench))[k] = k;
        mapper_map(bench.mapper, bench.slot.ticket, bench.slot.result);
        CU_ASSERT(bench.slot.result->first == 5 && bench.slot.result->count == 33 && bench.slot.result->failed == 0);
        for (int k = 0; k < 33; k++)
            CU_ASSERT_EQUAL(((double *)bench_output(&bench, 0))[k], 2 * k);
        CU_ASSERT(crcs_are_right(&bench));
        bench_end(&bench);
    }
}

/* Numbers 0, 1 .. 9 of 12 in chunks of 4 without deflate, as a bundle in the ticket; the last chunk is cut short by
 * `less` bytes. */
static void put_bundle(struct bench *bench, uint32_t less)
{
    const struct chunking chunking = {.rank = 1, .element_bytes = 8, .shape = {12}, .chunk = {4}, .grid = {3}};
    const struct bundle_box box = {.count = {10}};
    const size_t room = bundle_room(10 * sizeof(double));
    struct bundle *bundle = bench_input(bench);
    double data[4];

    CU_ASSERT_FATAL(bundle_begin(bundle, room, &chunking, &box, 1));
    snprintf(bundle->name, sizeof bundle->name, "x: /x in in.h5");
    for (uint32_t k = 0; k < 3; k++) {
        const struct bundle_chunk chunk = {.number = k, .bytes = k == 2 ? 32 - less : 32, .mask = 1};

        for (uint32_t e = 0; e < 4; e++)
            data[e] = 4 * k + e;
        memcpy(bundle_next(bundle, room, chunk.bytes), data, chunk.bytes);
        bundle_add(bundle, &chunk);
    }
    bench->slot.ticket->bundled = 1;
    image_close_up(&bench->plan, bench->slot.ticket);
}

static void gives_shared_tables(void)
{
    static const double numbers[3] = {0.5, 10, 200};
    const h5map_kernel_t *const kernels[] = {&h5map_kernel_looks_up, &h5map_kernel_looks_up_all};
    const void *const table[PORTS_MAX] = {NULL, numbers};

    for (int k = 0; k < 2; k++)
        for (uint64_t piece = 2; piece < 40; piece += 7) {
            struct bench bench = {.plan = bench_plan(TYPE_DOUBLE, TYPE_DOUBLE, 1, piece)};

            bench.plan.in_count = 2;
            bench.plan.in[1] = (struct feed){
                .shared = true, .wire = TYPE_DOUBLE, .type = TYPE_DOUBLE, .elements = 3, .table_bytes = 24};
            bench.plan.dim_count = 1;
            bench.plan.dim[0] = 3;
            bench_start(&bench, kernels[k], 5, 33);
            mapper_use_tables(bench.mapper, table);
            for (int i = 0; i < 33; i++)
                ((double *)bench_input(&bench))[i] = 1000 * i;
            mapper_map(bench.mapper, bench.slot.ticket, bench.slot.result);
            CU_ASSERT(bench.slot.result->count == 33 && bench.slot.result->failed == 0);
            for (int i = 0; i < 33; i++)
                CU_ASSERT_EQUAL(((double *)bench_output(&bench, 0))[i], 1000 * i + numbers[(5 + i) % 3]);
            bench_end(&bench);
        }
}

static void shows_tables_to_init(void)
{
    static const double numbers[3] = {0.5, 10, 200};
    const void *const table[PORTS_MAX] = {NULL, numbers};
    struct plan plan = bench_plan(TYPE_DOUBLE, TYPE_DOUBLE, 1, 10);
    struct error error = {0};
    void *state = NULL;

    plan.in_count = 2;
    plan.in[1] = (struct feed){.shared = true};
    plan.dim_count = 1;
    plan.dim[0] = 3;
    CU_ASSERT_EQUAL(calls_init_kernel(&plan, &h5map_kernel_keeps, table, &state, &error), OK);
    CU_ASSERT_EQUAL((uintptr_t)state, 200);
}

static void decodes_bundles(void)
{
    for (uint32_t less = 0; less < 2; less++) {
        struct bench bench = {.plan = bench_plan(TYPE_DOUBLE, TYPE_DOUBLE, 1, 4)};
        char text[REASON_TEXT_MAX + 1];

        bench.plan.in[0].bundled = true;
        bench.plan.slice = 10;
        bench.plan.chunk_bytes = 32;
        bench_start(&bench, &h5map_kernel_twice, 30, 10);
        put_bundle(&bench, less);
        CU_ASSERT(image_ticket_bytes(&bench.plan, bench.slot.ticket) <= image_inputs_bytes(&bench.plan, 10));
        mapper_map(bench.mapper, bench.slot.ticket, bench.slot.result);
        CU_ASSERT(bench.slot.result->error == (less ? FAILED : OK) &&
                  bench.slot.result->cause == (less ? CAUSE_INPUT : CAUSE_STOP));
        for (int k = 0; k < 10 && !less; k++)
            CU_ASSERT_EQUAL(((double *)bench_output(&bench, 0))[k], 2 * k);
        bench_reason(&bench, 30, text);
        CU_ASSERT_STRING_EQUAL(text, less ? "x: /x in in.h5: the chunk at [8] is damaged" : "");
        bench_end(&bench);
    }
}

/* Three inputs, the second a bundle that is smaller than its room. */
static void closes_tickets_up(void)
{
    struct plan plan = bench_plan(TYPE_DOUBLE, TYPE_DOUBLE, 1, 4);
    struct batch *ticket;
    const void *in[PORTS_MAX];
    void *to[PORTS_MAX];
    struct bundle *bundle;
    size_t room;

    plan.in_count = 4;
    plan.in[1] = plan.in[2] = plan.in[3] = plan.in[0];
    plan.in[1].bundled = true;
    plan.in[2].param = true;
    room = image_inputs_bytes(&plan, 1000);
    ticket = aligned_alloc(BATCH_ALIGN, room);
    *ticket = (struct batch){.count = 1000, .bundled = 2};
    image_rooms(&plan, 1000, ticket, to);
    CU_ASSERT_EQUAL((char *)to[3] + 8000, (char *)ticket + room);
    bundle = to[1];
    *bundle = (struct bundle){.bytes = sizeof *bundle};
    memset(to[0], 1, 8000);
    memset(to[3], 3, 8000);
    image_close_up(&plan, ticket);
    image_inputs(&plan, ticket, in);
    CU_ASSERT(in[0] == to[0] && in[1] == to[1] && in[2] == NULL && in[3] < (const void *)to[3]);
    CU_ASSERT(((const struct bundle *)in[1])->bytes == sizeof *bundle);
    CU_ASSERT(((const char *)in[0])[7999] == 1 && ((const char *)in[3])[0] == 3 && ((const char *)in[3])[7999] == 3);
    CU_ASSERT_EQUAL(image_ticket_bytes(&plan, ticket), room - (size_t)((const char *)to[3] - (const char *)in[3]));
    ticket->bundled = 0;
    CU_ASSERT(image_ticket_bytes(&plan, ticket) <= room);
    free(ticket);
}

static void marks_and_explains_failures(void)
{
    struct bench bench = {.plan = bench_plan(TYPE_DOUBLE, TYPE_DOUBLE, 1, 4)};
    struct reason_index *index = malloc(sizeof *index);
    char text[REASON_TEXT_MAX + 1];

    bench_start(&bench, &h5map_kernel_twice, 100, 20);
    for (int k = 0; k < 20; k++)
        ((double *)bench_input(&bench))[k] = k % 7 == 3 ? -k : k;
    mapper_map(bench.mapper, bench.slot.ticket, bench.slot.result);
    CU_ASSERT_EQUAL(bench.slot.result->failed, 3);
    CU_ASSERT(crcs_are_right(&bench));
    reasons_index(image_reasons(&bench.plan, bench.slot.result), bench.slot.result->reason_bytes, index);
    for (uint64_t k = 0; k < 20; k++) {
        CU_ASSERT_EQUAL(bench_failed(&bench, k), k % 7 == 3);
        CU_ASSERT_EQUAL(isnan(((double *)bench_output(&bench, 0))[k]) != 0, k % 7 == 3);
        reasons_find(index, 100 + k, text);
        CU_ASSERT_EQUAL(text[0] != 0, k % 7 == 3);
    }
    reasons_find(index, 110, text);
    CU_ASSERT_STRING_EQUAL(text, "negative: -10");
    free(index);
    bench_end(&bench);
}

static void drops_reasons_that_find_no_room(void)
{
    struct bench bench = {.plan = bench_plan(TYPE_DOUBLE, TYPE_DOUBLE, 1, 64)};

    bench_start(&bench, &h5map_kernel_twice, 0, 500);
    for (int k = 0; k < 500; k++)
        ((double *)bench_input(&bench))[k] = -1 - k;
    mapper_map(bench.mapper, bench.slot.ticket, bench.slot.result);
    CU_ASSERT_EQUAL(bench.slot.result->failed, 500);
    CU_ASSERT(bench.slot.result->reason_bytes > 0 && bench.slot.result->reason_bytes <= bench.plan.reasons_bytes);
    bench_end(&bench);
}

static void stops(void)
{
    struct bench bench = {.plan = bench_plan(TYPE_DOUBLE, TYPE_DOUBLE, 1, 8)};
    char text[REASON_TEXT_MAX + 1];

    bench_start(&bench, &h5map_kernel_twice, 7, 30);
    for (int k = 0; k < 30; k++)
        ((double *)bench_input(&bench))[k] = k == 12 ? 1000 : k;
    mapper_map(bench.mapper, bench.slot.ticket, bench.slot.result);
    CU_ASSERT_EQUAL(bench.slot.result->error, FAILED);
    CU_ASSERT_EQUAL(bench.slot.result->cause, CAUSE_STOP);
    bench_reason(&bench, 7, text);
    CU_ASSERT_STRING_EQUAL(text, "a thousand at 19");
    CU_ASSERT_FALSE(mapper_crashed(bench.mapper));
    bench_end(&bench);
}

static void stops_whatever_is_returned(void)
{
    struct bench bench = {.plan = bench_plan(TYPE_DOUBLE, TYPE_DOUBLE, 1, 8)};

    bench_start(&bench, &h5map_kernel_mumbles, 0, 30);
    memset(bench_input(&bench), 0, 30 * 8);
    mapper_map(bench.mapper, bench.slot.ticket, bench.slot.result);
    CU_ASSERT_EQUAL(bench.slot.result->error, FAILED);
    bench_end(&bench);
}

static void calls_in_blocks(void)
{
    struct bench bench = {.plan = bench_plan(TYPE_DOUBLE, TYPE_DOUBLE, 2, 128)};

    bench.plan.block = 64;
    bench_start(&bench, &h5map_kernel_sizes, 640, 200);
    memset(bench_input(&bench), 0, 200 * 8);
    mapper_map(bench.mapper, bench.slot.ticket, bench.slot.result);
    for (int k = 0; k < 200; k++) {
        CU_ASSERT_EQUAL(((uint64_t *)bench_output(&bench, 0))[k], k < 192 ? 64 : 8);
        CU_ASSERT_EQUAL(((uint64_t *)bench_output(&bench, 1))[k], 640 + (uint64_t)k);
    }
    CU_ASSERT(crcs_are_right(&bench));
    bench_end(&bench);
}

static void indices_count_in_the_full_input(void)
{
    struct bench bench = {.plan = bench_plan(TYPE_DOUBLE, TYPE_DOUBLE, 2, 10)};

    bench.plan.start = 3; /* --items 3::4 of rows of 5 items */
    bench.plan.step = 4;
    bench.plan.inner = 5;
    bench_start(&bench, &h5map_kernel_sizes, 2, 30);
    memset(bench_input(&bench), 0, 30 * 8);
    mapper_map(bench.mapper, bench.slot.ticket, bench.slot.result);
    for (uint64_t k = 0; k < 30; k++)
        CU_ASSERT_EQUAL(((uint64_t *)bench_output(&bench, 1))[k], (3 + (2 + k) / 5 * 4) * 5 + (2 + k) % 5);
    bench_end(&bench);
}

/* An item that can't be converted fails and is not shown to the kernel. */
static void leaves_out_what_does_not_convert(void)
{
    struct bench bench = {.plan = bench_plan(TYPE_DOUBLE, TYPE_UINT8, 2, 16)};

    bench.plan.in[0].type = TYPE_UINT8;
    bench_start(&bench, &h5map_kernel_sizes, 0, 10);
    for (int k = 0; k < 10; k++)
        ((double *)bench_input(&bench))[k] = k == 4 ? 300 : k;
    mapper_map(bench.mapper, bench.slot.ticket, bench.slot.result);
    CU_ASSERT_EQUAL(bench.slot.result->failed, 1);
    CU_ASSERT(bench_failed(&bench, 4));
    CU_ASSERT_EQUAL(((uint64_t *)bench_output(&bench, 0))[3], 4);
    CU_ASSERT_EQUAL(((uint64_t *)bench_output(&bench, 0))[5], 5);
    CU_ASSERT(bench.slot.result->reason_bytes > 0);
    bench_end(&bench);
}

static void runs_in_a_lane(void)
{
    struct bench bench = {.plan = bench_plan(TYPE_DOUBLE, TYPE_DOUBLE, 1, 8)};
    struct error error = {0};
    struct lane *lane = NULL;
    struct slot *done = NULL;

    bench_start(&bench, &h5map_kernel_twice, 0, 30);
    for (int k = 0; k < 30; k++)
        ((double *)bench_input(&bench))[k] = k;
    CU_ASSERT_EQUAL_FATAL(lane_open(bench.mapper, 2, &lane, &error), OK);
    for (int turn = 0; turn < 100; turn++) {
        CU_ASSERT_PTR_NULL(lane_done(lane));
        lane_start(lane, &bench.slot);
        CU_ASSERT_EQUAL(lane_load(lane), 1);
        while (!(done = lane_done(lane)))
            ;
        CU_ASSERT_PTR_EQUAL(done, &bench.slot);
        CU_ASSERT_EQUAL(((double *)bench_output(&bench, 0))[29], 58);
    }
    CU_ASSERT_EQUAL(lane_load(lane), 0);
    CU_ASSERT(lane_close(lane, 1));
    bench_end(&bench);
}

static double now_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* The kernel sleeps 0.2 s: a rest of a minute ends with it. */
static void rests_until_a_slot_is_done(void)
{
    struct bench bench = {.plan = bench_plan(TYPE_DOUBLE, TYPE_DOUBLE, 1, 1)};
    struct error error = {0};
    struct lane *lane = NULL;
    double start_s;

    bench_start(&bench, &h5map_kernel_asleep, 0, 1);
    *(double *)bench_input(&bench) = 0;
    CU_ASSERT_EQUAL_FATAL(lane_open(bench.mapper, 1, &lane, &error), OK);
    start_s = now_s();
    lane_rest(lane, 10000000);
    CU_ASSERT(now_s() - start_s >= 0.01);
    lane_start(lane, &bench.slot);
    lane_rest(lane, 60000000000);
    CU_ASSERT(now_s() - start_s < 30);
    CU_ASSERT_PTR_EQUAL(lane_done(lane), &bench.slot);
    lane_start(lane, &bench.slot);
    nanosleep(&(struct timespec){0, 400000000}, NULL);
    lane_rest(lane, 60000000000); /* it is done already */
    CU_ASSERT(now_s() - start_s < 30);
    CU_ASSERT_PTR_EQUAL(lane_done(lane), &bench.slot);
    CU_ASSERT(lane_close(lane, 1));
    bench_end(&bench);
}

static void is_left_while_a_kernel_runs(void)
{
    struct bench bench = {.plan = bench_plan(TYPE_DOUBLE, TYPE_DOUBLE, 1, 1)};
    struct error error = {0};
    struct lane *lane = NULL;

    bench_start(&bench, &h5map_kernel_asleep, 0, 1);
    *(double *)bench_input(&bench) = 0;
    CU_ASSERT_EQUAL_FATAL(lane_open(bench.mapper, 1, &lane, &error), OK);
    lane_start(lane, &bench.slot);
    nanosleep(&(struct timespec){0, 20000000}, NULL);
    CU_ASSERT_FALSE(lane_close(lane, 0.01));
    nanosleep(&(struct timespec){0, 400000000}, NULL); /* the kernel still uses its images until here */
    bench_end(&bench);
    (void)lane; /* left to the process's end, as in a run */
}

int main(void)
{
    CU_TestInfo tests[] = {{"maps in pieces", maps_in_pieces},
                           {"gives shared tables", gives_shared_tables},
                           {"shows tables to init", shows_tables_to_init},
                           {"decodes bundles", decodes_bundles},
                           {"closes tickets up", closes_tickets_up},
                           {"marks and explains failures", marks_and_explains_failures},
                           {"drops reasons that find no room", drops_reasons_that_find_no_room},
                           {"stops", stops},
                           {"stops whatever is returned", stops_whatever_is_returned},
                           {"calls in blocks", calls_in_blocks},
                           {"indices count in the full input", indices_count_in_the_full_input},
                           {"leaves out what does not convert", leaves_out_what_does_not_convert},
                           {"runs in a lane", runs_in_a_lane},
                           {"rests until a slot is done", rests_until_a_slot_is_done},
                           {"is left while a kernel runs", is_left_while_a_kernel_runs},
                           CU_TEST_INFO_NULL};

    return suite_run("mapper", tests);
}
