/* Where chunks end, and tickets with them. */
#include "run/grain.h"
#include "suite.h"

#include <stdlib.h>

/* An input of these leading dims and chunks. */
static struct grain grain_of(int rank, const uint64_t *shape, const uint64_t *chunk, uint64_t start)
{
    struct binding *binding = calloc(1, sizeof *binding);
    struct grain grain;

    binding->loop_rank = rank;
    binding->start = start;
    binding->in[0].rank = rank;
    binding->in[0].chunk_bytes = 8;
    for (int d = 0; d < rank; d++) {
        binding->loop_shape[d] = binding->in[0].shape[d] = shape[d];
        binding->in[0].chunk[d] = chunk[d];
    }
    grain = grain_of_input(binding, 0);
    free(binding);
    return grain;
}

static void is(struct grain grain, uint64_t every, uint64_t period, uint64_t offset)
{
    CU_ASSERT_EQUAL(grain.every, every);
    CU_ASSERT_EQUAL(grain.period, period);
    CU_ASSERT_EQUAL(grain.offset, offset);
}

static void is_a_row_of_chunks_on_the_first_axis_that_is_cut(void)
{
    static const uint64_t shape[] = {100, 20, 30};

    is(grain_of(1, shape, (uint64_t[]){7}, 0), 7, 0, 0);
    is(grain_of(1, shape, (uint64_t[]){1000}, 5), 100, 0, 5);
    is(grain_of(3, shape, (uint64_t[]){7, 3, 3}, 0), 7 * 600, 0, 0);
    is(grain_of(3, shape, (uint64_t[]){1, 3, 30}, 2), 3 * 30, 600, 1200);
    is(grain_of(3, shape, (uint64_t[]){1, 1, 8}, 0), 8, 30, 0);
    is(grain_of(3, shape, (uint64_t[]){1, 1, 1}, 0), 1, 30, 0);
    is(grain_of(0, shape, shape, 0), 1, 0, 0);
    is(grain_of(2, (uint64_t[]){3, 0}, (uint64_t[]){1, 2}, 0), 1, 0, 0);
}

static void serves_several_inputs(void)
{
    const struct grain four = {.every = 4}, six = {.every = 6}, none = {0}, inner = {.every = 5, .period = 20};

    is(grain_of_both(four, six, 12), 12, 0, 0);
    is(grain_of_both(four, six, 11), 6, 0, 0);
    is(grain_of_both(none, six, 11), 6, 0, 0);
    is(grain_of_both(four, none, 11), 4, 0, 0);
    is(grain_of_both(four, inner, 100), 5, 20, 0);
    is(grain_of_both(six, inner, 100), 6, 0, 0);
    is(grain_of_both(inner, (struct grain){.every = 4, .period = 20}, 100), 20, 20, 0);
    is(grain_of_both((struct grain){.every = 1ull << 40}, (struct grain){.every = (1ull << 40) - 1}, UINT64_MAX),
       1ull << 40, 0, 0);
}

/* Does a chunk end before this position? */
static bool is_an_end(const struct grain *grain, uint64_t position)
{
    const uint64_t index = position + grain->offset;

    return (grain->period ? index % grain->period : index) % grain->every == 0;
}

static bool has_an_end(const struct grain *grain, uint64_t first, uint64_t end)
{
    for (uint64_t k = first + 1; k <= end; k++)
        if (is_an_end(grain, k))
            return true;
    return false;
}

static int check_end(const struct grain *grain, uint64_t first, uint64_t count)
{
    const uint64_t end = grain_end(grain, first, count);

    if (2 * count < grain->every)
        return end != first + count;
    if (end <= first || end - first > (count > grain->every ? count : grain->every) || !is_an_end(grain, end))
        return 1;
    return end <= first + count ? has_an_end(grain, end, first + count) : has_an_end(grain, first, end - 1);
}

static void ends_tickets_where_chunks_end(void)
{
    int wrong = 0;

    for (uint64_t every = 1; every < 9; every++)
        for (uint64_t period = 0; period < 30; period += period ? 7 : every)
            for (uint64_t offset = 0; offset < 12; offset += 5)
                for (uint64_t first = 0; first < 40; first++)
                    for (uint64_t count = 1; count < 30; count++)
                        wrong += check_end(&(struct grain){every, period, offset}, first, count);
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT_EQUAL(grain_end(&(struct grain){0}, 5, 7), 12);
}

int main(void)
{
    CU_TestInfo tests[] = {{"is a row of chunks", is_a_row_of_chunks_on_the_first_axis_that_is_cut},
                           {"serves several inputs", serves_several_inputs},
                           {"ends tickets where chunks end", ends_tickets_where_chunks_end},
                           CU_TEST_INFO_NULL};

    return suite_run("grain", tests);
}
