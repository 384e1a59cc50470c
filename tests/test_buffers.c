/* Buffers: whole, aligned, writable, small and large. */
#include "batch.h"
#include "buffers.h"
#include "suite.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static void are_whole(void)
{
    static const size_t sizes[][2] = {{1, 1},       {3, 64},      {1, 4095},   {7, 150016},
                                      {1, 1 << 20}, {2, 1 << 20}, {5, 3 << 19}};

    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        const size_t count = sizes[k][0], bytes = sizes[k][1];

        for (int whole = 0; whole < 2; whole++) {
            char *buffers = buffers_alloc(count, bytes, whole);

            CU_ASSERT_PTR_NOT_NULL_FATAL(buffers);
            CU_ASSERT_EQUAL((uintptr_t)buffers % BATCH_ALIGN, 0);
            memset(buffers, 7, count * bytes);
            CU_ASSERT_EQUAL(buffers[count * bytes - 1], 7);
            free(buffers);
        }
    }
}

/* Pages of the room that are in memory. */
static size_t touched(const char *room, size_t bytes)
{
    unsigned char here[16384];
    const size_t page = 4096, first = ((uintptr_t)room + page - 1) / page * page, pages = bytes / page - 1;
    size_t count = 0;

    if (pages > sizeof here || mincore((void *)first, pages * page, here))
        return 0;
    for (size_t k = 0; k < pages; k++)
        count += here[k] & 1;
    return count;
}

static void take_no_memory_untouched(void)
{
    const size_t bytes = 32 << 20;
    char *sparse = buffers_alloc(4, bytes / 4, false), *whole = buffers_alloc(4, bytes / 4, true);

    CU_ASSERT(touched(sparse, bytes) < 16);
    CU_ASSERT(touched(whole, bytes) >= bytes / 4096 - 2);
    free(sparse);
    free(whole);
}

static void nothing_is_something(void)
{
    void *none = buffers_alloc(0, 4096, true), *empty = buffers_alloc(4, 0, false);

    CU_ASSERT_PTR_NOT_NULL(none);
    CU_ASSERT_PTR_NOT_NULL(empty);
    free(none);
    free(empty);
}

static void too_much_is_refused(void)
{
    CU_ASSERT_PTR_NULL(buffers_alloc(SIZE_MAX / 2, 3, true));
    CU_ASSERT_PTR_NULL(buffers_alloc(1, SIZE_MAX - 4096, false));
}

int main(void)
{
    CU_TestInfo tests[] = {{"are whole, aligned and writable", are_whole},
                           {"take no memory where they are sparse", take_no_memory_untouched},
                           {"none of them, or of no bytes", nothing_is_something},
                           {"more than there is", too_much_is_refused},
                           CU_TEST_INFO_NULL};

    return suite_run("buffers", tests);
}
