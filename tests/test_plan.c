/* The plan: shapes to sizes, and buffers that stay within --memory whatever the job. */
#include "run/image.h"
#include "run/plan.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct job {
    struct options options;
    struct signature signature;
    struct scalar param[PORTS_MAX];
    struct binding binding;
    struct plan_input input;
};

/* x: double[n] (stored as `wire`) -> y: double; `items` of n elements. */
static struct job *job_of(enum type wire, uint64_t n, uint64_t items, int ranks)
{
    struct job *job = calloc(1, sizeof *job);

    job->options.memory_bytes = 48 << 20;
    job->options.max_failures = (struct failure_limit){true, 1};
    job->signature.in_count = job->signature.out_count = job->signature.dim_count = 1;
    job->signature.in[0] = (struct port){.name = "x", .type = TYPE_DOUBLE, .rank = 1};
    job->signature.out[0] = (struct port){.name = "y", .type = TYPE_DOUBLE};
    job->binding.in[0].wire = wire;
    strcpy(job->binding.in[0].dataset, "/x");
    job->binding.loop_rank = 1;
    job->binding.loop_shape[0] = job->binding.rows = items;
    job->binding.step = 1;
    job->binding.dim[0] = n;
    job->input = (struct plan_input){&job->options, &job->signature, job->param, &job->binding, 1, ranks, 1, false};
    return job;
}

/* Of root, or of another rank, which receives into two images more than it has slots. */
static uint64_t buffers(const struct plan *plan)
{
    const uint64_t in = plan->image_in_bytes, out = plan->image_out_bytes, slots = (uint64_t)plan->slots;
    const uint64_t root = (slots + (uint64_t)plan->pool) * (in + out);
    const uint64_t other = plan->schedule == SCHEDULE_DYNAMIC && plan->pool ? (slots + 2) * in + slots * out : 0;

    return (root > other ? root : other) + plan->cache_bytes;
}

/* What a rank gets first, of blocks of that many items. */
static uint64_t first_items(uint64_t block, int crowd)
{
    struct job *job = job_of(TYPE_DOUBLE, 3, 1000000, 64);
    struct error error = {0};
    struct plan plan;

    job->input.block = block;
    job->input.crowd = crowd;
    CU_ASSERT_EQUAL(plan_make(&job->input, &plan, &error), OK);
    free(job);
    return plan.first_items;
}

static void begins_with_a_block_or_two(void)
{
    CU_ASSERT_EQUAL(first_items(1, 15), 1);
    CU_ASSERT_EQUAL(first_items(1, 16), 2);
    CU_ASSERT_EQUAL(first_items(10, 15), 10);
    CU_ASSERT_EQUAL(first_items(10, 32), 20);
}

static void stays_within_memory(void)
{
    for (uint64_t n = 1; n < 3000000; n = n * 5 + 1)
        for (int ranks = 1; ranks <= 4096; ranks *= 8)
            for (int schedule = 0; schedule < 2; schedule++) {
                struct job *job = job_of(TYPE_DOUBLE, n, 1000000000, ranks);
                struct error error = {0};
                struct plan plan;

                job->options.schedule = (enum schedule)schedule;
                if (plan_make(&job->input, &plan, &error) == OK) {
                    CU_ASSERT(buffers(&plan) <= job->options.memory_bytes);
                    CU_ASSERT(plan.slice >= 1 && plan.piece >= 1 && plan.piece <= plan.slice && plan.slots >= 1);
                    CU_ASSERT(ranks == 1 || plan.pool >= 1);
                    CU_ASSERT(image_inputs_bytes(&plan, plan.slice) <= plan.image_in_bytes);
                } else {
                    CU_ASSERT(n * 8 > (48 << 20) / 6);
                }
                free(job);
            }
}

/* Tickets that end where pages of results do are no larger than their images, however small the memory. */
static void ends_direct_tickets_with_pages(void)
{
    for (uint64_t n = 1; n < 100000; n *= 3)
        for (uint64_t memory = 1 << 20; memory <= 64 << 20; memory *= 2) {
            struct job *job = job_of(TYPE_DOUBLE, n, 1000000, 2);
            struct error error = {0};
            struct plan plan;

            job->signature.out[0].type = TYPE_INT8;
            job->input.direct = true;
            job->options.memory_bytes = memory;
            if (plan_make(&job->input, &plan, &error) == OK) {
                CU_ASSERT(plan.direct_out && plan.grain.every <= plan.slice);
                CU_ASSERT(memory < 64 << 20 || n > 1 || plan.grain.every == 4096);
            }
            free(job);
        }
}

/* A table takes nothing of --memory, however large, chunked or converted. */
static void tables_are_beside_the_memory(void)
{
    struct job *job = job_of(TYPE_DOUBLE, 3, 1000000, 4);
    struct plan plain, with;
    struct error error = {0};

    CU_ASSERT_EQUAL(plan_make(&job->input, &plain, &error), OK);
    job->signature.in_count = job->signature.dim_count = 2;
    job->signature.in[1] =
        (struct port){.name = "lut", .role = ROLE_SHARED, .type = TYPE_DOUBLE, .rank = 1, .dim = {{.name = 1}}};
    job->binding.dim[1] = 1ull << 33;
    job->binding.in[1] = (struct bound){
        .wire = TYPE_FLOAT, .chunk_rows = 1 << 28, .chunk_bytes = 1 << 30, .row_chunks = 1, .bundles = true};
    CU_ASSERT_EQUAL(plan_make(&job->input, &with, &error), OK);
    CU_ASSERT(with.in[1].shared && with.in[1].table_bytes == 8ull << 33 && with.in[1].elements == 1ull << 33);
    CU_ASSERT(with.in[1].bytes == 0 && with.in[1].wire_bytes == 0 && !with.in[1].convert && !with.in[1].bundled);
    CU_ASSERT(with.slice == plain.slice && with.piece == plain.piece && with.cache_bytes == plain.cache_bytes);
    CU_ASSERT(with.image_in_bytes == plain.image_in_bytes && with.pool == plain.pool);
    job->binding.dim[1] = 1ull << 50;
    CU_ASSERT_EQUAL(plan_make(&job->input, &with, &error), REFUSED);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.text, "lut: the table has more than"));
    free(job);
}

static void refuses_an_item_that_does_not_fit(void)
{
    struct job *job = job_of(TYPE_DOUBLE, 20 << 20, 10, 2);
    struct error error = {0};
    struct plan plan;
    uint64_t memory = 0;

    CU_ASSERT_EQUAL(plan_make(&job->input, &plan, &error), REFUSED);
    CU_ASSERT_PTR_NOT_NULL(
        strstr(error.text, "x: an item of 167772160 bytes does not fit in --memory 48M (give --memory "));
    CU_ASSERT_EQUAL(sscanf(strstr(error.text, "(give --memory ") + 15, "%luM)", &memory), 1);
    job->options.memory_bytes = memory << 20;
    CU_ASSERT_EQUAL(plan_make(&job->input, &plan, &error), OK);
    job->options.memory_bytes = (memory - 1) << 20;
    CU_ASSERT_EQUAL(plan_make(&job->input, &plan, &error), REFUSED);
    free(job);
}

static void refuses_a_chunk_that_does_not_fit(void)
{
    struct job *job = job_of(TYPE_DOUBLE, 1, 10, 1);
    struct error error = {0};
    struct plan plan;

    job->binding.in[0].chunk_bytes = 100 << 20;
    job->binding.in[0].row_chunks = 1;
    CU_ASSERT_EQUAL(plan_make(&job->input, &plan, &error), REFUSED);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.text, "a chunk of /x is 104857600 bytes"));
    free(job);
}

static void caches_a_row_of_chunks(void)
{
    struct job *job = job_of(TYPE_DOUBLE, 64, 1000, 1);
    struct error error = {0};
    struct plan plan;

    job->binding.in[0].chunk_bytes = 1 << 20;
    job->binding.in[0].row_chunks = 4;
    CU_ASSERT_EQUAL(plan_make(&job->input, &plan, &error), OK);
    CU_ASSERT_EQUAL(plan.cache_bytes, 4 << 20);
    job->binding.in[0].row_chunks = 400;
    CU_ASSERT_EQUAL(plan_make(&job->input, &plan, &error), OK);
    CU_ASSERT_EQUAL(plan.cache_bytes, 24 << 20);
    free(job);
}

/* x: double[3] in chunks of `rows` items, which can travel as they are stored. */
static struct job *chunked_job(uint64_t rows, int ranks)
{
    struct job *job = job_of(TYPE_DOUBLE, 3, 10000000, ranks);
    struct bound *bound = &job->binding.in[0];

    bound->bundles = true;
    bound->chunk[0] = rows;
    bound->chunk[1] = 3;
    bound->chunk_bytes = rows * 24;
    bound->row_chunks = 1;
    return job;
}

static void ends_tickets_with_rows_of_chunks(void)
{
    static const uint64_t rows[] = {1, 1000, 32768, 40000, 100000};

    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++)
        for (int ranks = 1; ranks < 100; ranks = ranks * 3 + 1) {
            struct job *job = chunked_job(rows[k], ranks);
            struct error error = {0};
            struct plan plan;

            CU_ASSERT_EQUAL(plan_make(&job->input, &plan, &error), OK);
            CU_ASSERT(plan.in[0].bundled && plan.chunk_bytes == rows[k] * 24);
            CU_ASSERT(plan.grain.every == rows[k] && plan.slice >= rows[k] && plan.slice % rows[k] == 0);
            CU_ASSERT(buffers(&plan) + plan.slice * 24 + 2 * plan.chunk_bytes <= job->options.memory_bytes);
            CU_ASSERT(image_inputs_bytes(&plan, plan.slice) <= plan.image_in_bytes);
            free(job);
        }
}

/* Where a ticket can't hold a row of chunks, HDF5 reads with its cache. */
static void leaves_large_chunks_to_hdf5(void)
{
    struct job *job = chunked_job(1000000, 2);
    struct error error = {0};
    struct plan plan;

    CU_ASSERT_EQUAL(plan_make(&job->input, &plan, &error), OK);
    CU_ASSERT(!plan.in[0].bundled && plan.grain.every == 0 && plan.chunk_bytes == 0 && plan.slice == 32768);
    job->options.memory_bytes = 512 << 20;
    CU_ASSERT_EQUAL(plan_make(&job->input, &plan, &error), OK);
    CU_ASSERT(plan.in[0].bundled && plan.slice == 1000000);
    job->options.slice = 999999;
    CU_ASSERT_EQUAL(plan_make(&job->input, &plan, &error), OK);
    CU_ASSERT(!plan.in[0].bundled && plan.slice == 999999);
    job->options.slice = 1500000;
    CU_ASSERT_EQUAL(plan_make(&job->input, &plan, &error), OK);
    CU_ASSERT(plan.in[0].bundled && plan.slice == 1500000 && plan.grain.every == 0);
    job->options.slice = 0;
    job->binding.step = 2;
    CU_ASSERT_EQUAL(plan_make(&job->input, &plan, &error), OK);
    CU_ASSERT_FALSE(plan.in[0].bundled);
    free(job);
}

static void rounds_slices_to_blocks(void)
{
    struct job *job = job_of(TYPE_DOUBLE, 3, 1000, 2);
    struct error error = {0};
    struct plan plan;

    job->input.block = 64;
    CU_ASSERT_EQUAL(plan_make(&job->input, &plan, &error), OK);
    CU_ASSERT(plan.slice % 64 == 0 && plan.piece % 64 == 0);
    job->options.slice = 100;
    CU_ASSERT_EQUAL(plan_make(&job->input, &plan, &error), OK);
    CU_ASSERT(plan.slice == 64 && plan.slice_fixed);
    free(job);
}

static void refuses_a_slice_that_does_not_fit(void)
{
    struct job *job = job_of(TYPE_DOUBLE, 1000, 100000, 1);
    struct error error = {0};
    struct plan plan;

    job->options.slice = 100000;
    CU_ASSERT_EQUAL(plan_make(&job->input, &plan, &error), REFUSED);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.text, "--slice 100000: so many items do not fit in --memory 48M"));
    free(job);
}

/* 2^20 items of 2^44 bytes each are 2^64 bytes, which must not look like none. */
static void refuses_what_can_not_be_counted(void)
{
    struct job *job = job_of(TYPE_DOUBLE, (uint64_t)1 << 41, 5000000, 1);
    struct error error = {0};
    struct plan plan;

    job->options.slice = 1 << 20;
    CU_ASSERT_EQUAL(plan_make(&job->input, &plan, &error), REFUSED);
    job->options.slice = 0;
    job->input.block = 1 << 20;
    CU_ASSERT_EQUAL(plan_make(&job->input, &plan, &error), REFUSED);
    free(job);
}

static void cuts_a_slice_to_the_items(void)
{
    struct job *job = job_of(TYPE_DOUBLE, 3, 1000, 1);
    struct error error = {0};
    struct plan plan;

    job->options.slice = 1000000000000;
    CU_ASSERT_EQUAL(plan_make(&job->input, &plan, &error), OK);
    CU_ASSERT_EQUAL(plan.slice, 1000);
    free(job);
}

static void counts_failures_of_all_items(void)
{
    const struct {
        struct failure_limit limit;
        uint64_t items, most;
    } cases[] = {{{true, 1}, 1000, 10}, {{true, 1}, 1001, 11}, {{true, 0}, 1000, 0},
                 {{false, 7}, 10, 7},   {{true, 7}, 100, 7},   {{false, 0x1p64}, 10, UINT64_MAX},
                 {{true, 100}, 33, 33}, {{true, 1}, 0, 0},     {{true, 0.5}, 1000, 5}};

    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        struct job *job = job_of(TYPE_DOUBLE, 3, cases[k].items, 1);
        struct error error = {0};
        struct plan plan;

        job->options.max_failures = cases[k].limit;
        CU_ASSERT_EQUAL(plan_make(&job->input, &plan, &error), OK);
        CU_ASSERT_EQUAL(plan.failures_max, cases[k].most);
        free(job);
    }
}

static void counts_items_of_a_selection(void)
{
    struct job *job = job_of(TYPE_DOUBLE, 3, 100, 1);
    struct error error = {0};
    struct plan plan;

    job->binding.loop_rank = 3;
    job->binding.loop_shape[1] = 4;
    job->binding.loop_shape[2] = 5;
    job->binding.start = 10;
    job->binding.step = 3;
    job->binding.rows = 7;
    CU_ASSERT_EQUAL(plan_make(&job->input, &plan, &error), OK);
    CU_ASSERT_EQUAL(plan.items, 7 * 20);
    CU_ASSERT_EQUAL(plan_index(&plan, 0), 200);
    CU_ASSERT_EQUAL(plan_index(&plan, 19), 219);
    CU_ASSERT_EQUAL(plan_index(&plan, 20), 260);
    CU_ASSERT_EQUAL(plan_index(&plan, 139), 28 * 20 + 19);
    free(job);
}

static void marks_what_needs_conversion(void)
{
    struct job *job = job_of(TYPE_INT16, 3, 100, 1);
    struct error error = {0};
    struct plan plan;

    CU_ASSERT_EQUAL(plan_make(&job->input, &plan, &error), OK);
    CU_ASSERT(plan.in[0].convert && plan.in[0].wire_bytes == 6 && plan.in[0].bytes == 24);
    job->binding.in[0].wire = TYPE_DOUBLE;
    CU_ASSERT_EQUAL(plan_make(&job->input, &plan, &error), OK);
    CU_ASSERT_FALSE(plan.in[0].convert);
    job->binding.in[0].packing.given = true;
    CU_ASSERT_EQUAL(plan_make(&job->input, &plan, &error), OK);
    CU_ASSERT(plan.in[0].convert);
    free(job);
}

static void counts_beyond_32_bits(void)
{
    struct job *job = job_of(TYPE_DOUBLE, 1, 3000000000, 2);
    struct error error = {0};
    struct plan plan;
    uint64_t position = 0;

    job->binding.loop_rank = 2; /* rows 5000000001, 5000000008, ... of 3 items each */
    job->binding.loop_shape[1] = 3;
    job->binding.start = 5000000001;
    job->binding.step = 7;
    CU_ASSERT_EQUAL(plan_make(&job->input, &plan, &error), OK);
    CU_ASSERT_EQUAL(plan.items, 9000000000);
    CU_ASSERT_EQUAL(plan.failures_max, 90000000);
    CU_ASSERT_EQUAL(plan_index(&plan, 8999999999), 3 * (5000000001 + 7 * 2999999999ull) + 2);
    CU_ASSERT(plan_position(&plan, 3 * (5000000001 + 7 * 2999999999ull) + 2, &position) && position == 8999999999);
    CU_ASSERT_FALSE(plan_position(&plan, 3 * (5000000001 + 7 * 3000000000ull), &position));
    CU_ASSERT(buffers(&plan) <= job->options.memory_bytes);
    free(job);
}

int main(void)
{
    CU_TestInfo tests[] = {{"stays within memory", stays_within_memory},
                           {"begins with a block or two", begins_with_a_block_or_two},
                           {"ends direct tickets with pages", ends_direct_tickets_with_pages},
                           {"tables are beside the memory", tables_are_beside_the_memory},
                           {"refuses an item that does not fit", refuses_an_item_that_does_not_fit},
                           {"refuses a chunk that does not fit", refuses_a_chunk_that_does_not_fit},
                           {"caches a row of chunks", caches_a_row_of_chunks},
                           {"ends tickets with rows of chunks", ends_tickets_with_rows_of_chunks},
                           {"leaves large chunks to HDF5", leaves_large_chunks_to_hdf5},
                           {"rounds slices to blocks", rounds_slices_to_blocks},
                           {"refuses a slice that does not fit", refuses_a_slice_that_does_not_fit},
                           {"refuses what can't be counted", refuses_what_can_not_be_counted},
                           {"cuts a slice to the items", cuts_a_slice_to_the_items},
                           {"counts failures of all items", counts_failures_of_all_items},
                           {"counts items of a selection", counts_items_of_a_selection},
                           {"counts beyond 32 bits", counts_beyond_32_bits},
                           {"marks what needs conversion", marks_what_needs_conversion},
                           CU_TEST_INFO_NULL};

    return suite_run("plan", tests);
}
