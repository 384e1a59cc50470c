/* Boxes of a grid: together they are the positions, each once and in order. */
#include "data/slab.h"
#include "suite.h"

/* Do the boxes of first .. first + count - 1 hold these positions in order? Counts the boxes. */
static bool covers(const struct grid *grid, uint64_t first, uint64_t count, int *boxes)
{
    uint64_t expected = first;

    for (uint64_t left = count, some; left; left -= some, (*boxes)++) {
        struct slab slab = {{0}, {0}};
        uint64_t within = 1;

        some = slab_next(grid, expected, left, &slab);
        for (int k = 0; k < grid->rank; k++)
            within *= slab.count[k];
        if (some == 0 || some > left || within != some)
            return false;
        for (uint64_t n = 0; n < some; n++, expected++)
            for (uint64_t k = (uint64_t)grid->rank, rest = n, below = 1; k-- > 0; below *= grid->shape[k]) {
                if (slab.first[k] + rest % slab.count[k] != expected / below % grid->shape[k])
                    return false;
                rest /= slab.count[k];
            }
    }
    return true;
}

static void covers_every_range(void)
{
    static const hsize_t shapes[][4] = {{12, 1, 1, 1}, {4, 3, 1, 1}, {3, 4, 5, 1}, {2, 3, 1, 4}, {1, 1, 2, 7}};
    int wrong = 0;

    for (int s = 0; s < 5; s++)
        for (int rank = 1; rank <= 4; rank++) {
            struct grid grid;
            uint64_t positions;
            int boxes = 0;

            grid_make(rank, shapes[s], &grid);
            positions = grid.below[0] * grid.shape[0];
            for (uint64_t first = 0; first < positions; first++)
                for (uint64_t count = 0; count <= positions - first; count++)
                    wrong += !covers(&grid, first, count, &boxes);
        }
    CU_ASSERT_EQUAL(wrong, 0);
}

/* As few boxes as there can be. */
static void takes_whole_rows_together(void)
{
    struct grid grid;
    int boxes = 0;

    grid_make(3, (const hsize_t[]){100, 10, 4}, &grid);
    CU_ASSERT(covers(&grid, 0, 4000, &boxes) && boxes == 1);
    boxes = 0;
    CU_ASSERT(covers(&grid, 40, 3920, &boxes) && boxes == 1);
    boxes = 0;
    CU_ASSERT(covers(&grid, 39, 3922, &boxes) && boxes == 3);
    boxes = 0;
    CU_ASSERT(covers(&grid, 30, 3941, &boxes) && boxes == 5);
}

static void has_one_position_without_axes(void)
{
    struct grid grid;
    struct slab slab;

    grid_make(0, NULL, &grid);
    CU_ASSERT_EQUAL(slab_next(&grid, 0, 1, &slab), 1);
}

static void goes_beyond_32_bits(void)
{
    struct grid grid;
    struct slab slab;

    grid_make(1, (const hsize_t[]){5000000000}, &grid);
    CU_ASSERT_EQUAL(slab_next(&grid, 4800000000, 3000000000, &slab), 200000000);
    CU_ASSERT(slab.first[0] == 4800000000 && slab.count[0] == 200000000);
    grid_make(2, (const hsize_t[]){70000, 80000}, &grid);
    CU_ASSERT_EQUAL(slab_next(&grid, 4800000001, 800000000, &slab), 79999);
    CU_ASSERT(slab.first[0] == 60000 && slab.first[1] == 1 && slab.count[0] == 1);
    CU_ASSERT_EQUAL(slab_next(&grid, 80000, 5000000000, &slab), 5000000000 - 5000000000 % 80000);
    CU_ASSERT(slab.first[0] == 1 && slab.count[0] == 62500);
}

int main(void)
{
    CU_TestInfo tests[] = {{"covers every range", covers_every_range},
                           {"takes whole rows together", takes_whole_rows_together},
                           {"goes beyond 32 bits", goes_beyond_32_bits},
                           {"has one position without axes", has_one_position_without_axes},
                           CU_TEST_INFO_NULL};

    return suite_run("slab", tests);
}
