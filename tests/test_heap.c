/* The rows of ragged results, until they are on root's disk. */
#include "codec/crc.h"
#include "run/heap.h"
#include "suite.h"

#include <stdlib.h>
#include <string.h>

static void rows_are_zero_and_apart(void)
{
    struct rows rows = {0};
    struct ref one = {0}, two = {0};
    unsigned char *a = heap_resize(&rows, &one, 3, 5), *b;

    CU_ASSERT_PTR_NOT_NULL_FATAL(a);
    memset(a, 7, 15);
    b = heap_resize(&rows, &two, 3, 100000);
    CU_ASSERT_PTR_NOT_NULL_FATAL(b);
    for (int k = 0; k < 300000; k += 1000)
        CU_ASSERT_EQUAL(b[k], 0);
    CU_ASSERT_EQUAL(one.rows, 5);
    CU_ASSERT_EQUAL(two.rows, 100000);
    CU_ASSERT_EQUAL(two.at % 16, 0);
    CU_ASSERT_TRUE(two.at >= one.at + 15);
    CU_ASSERT_EQUAL(((unsigned char *)rows.bytes)[one.at + 14], 7);
    free(rows.bytes);
}

static void asked_again_it_is_new(void)
{
    struct rows rows = {0};
    struct ref one = {0}, two = {0};

    memset(heap_resize(&rows, &one, 8, 4), 1, 32);
    CU_ASSERT_EQUAL(*(char *)heap_resize(&rows, &one, 8, 2), 0);
    CU_ASSERT_EQUAL(rows.used, 16); /* the last to ask: nothing is lost */
    heap_resize(&rows, &two, 8, 1);
    CU_ASSERT_EQUAL(*(char *)heap_resize(&rows, &one, 8, 3), 0);
    CU_ASSERT_EQUAL(one.rows, 3);
    CU_ASSERT_NOT_EQUAL(one.at, two.at);
    CU_ASSERT_PTR_NOT_NULL(heap_resize(&rows, &one, 8, 0));
    CU_ASSERT_EQUAL(one.rows, 0);
    free(rows.bytes);
}

static void too_much_is_null(void)
{
    struct rows rows = {0};
    struct ref ref = {0};

    CU_ASSERT_PTR_NULL(heap_resize(&rows, &ref, 8, SIZE_MAX));
    CU_ASSERT_PTR_NULL(heap_resize(&rows, &ref, 8, SIZE_MAX / 16));
    CU_ASSERT_EQUAL(ref.rows, 0);
    CU_ASSERT_PTR_NOT_NULL(heap_resize(&rows, &ref, 8, 1));
    free(rows.bytes);
}

static void a_payload_is_copied_in_rounds(void)
{
    struct heap heap = {0};
    struct ref ref[2] = {{0, 0}, {0, 0}};
    char all[120], rounds[120];

    memset(heap_resize(&heap.of[1], &ref[0], 1, 50), 'a', 50);
    memset(heap_resize(&heap.of[4], &ref[1], 1, 70), 'b', 70);
    CU_ASSERT_EQUAL(heap_bytes(&heap), 120);
    memset(all, 'a', 50);
    memset(all + 50, 'b', 70);
    for (size_t at = 0; at < 120; at += 7)
        heap_copy(&heap, at, 120 - at < 7 ? 120 - at : 7, rounds + at);
    CU_ASSERT_EQUAL(memcmp(all, rounds, 120), 0);
    refs_move(ref, 2, 1000);
    CU_ASSERT_EQUAL(ref[1].at, 1000);
    heap_clear(&heap);
    CU_ASSERT_EQUAL(heap_bytes(&heap), 0);
    heap_free(&heap);
}

/* Rows count, and where they are does not; joined like any other result. */
static void the_crc_is_of_lengths_and_rows(void)
{
    struct rows one = {0}, two = {0};
    struct ref a[2] = {{0, 0}, {0, 0}}, b[2] = {{0, 0}, {0, 0}};
    uint32_t whole, apart;

    memset(heap_resize(&one, &a[0], 4, 3), 1, 12);
    memset(heap_resize(&one, &a[1], 4, 2), 2, 8);
    memset(heap_resize(&two, &b[1], 4, 2), 2, 8);
    memset(heap_resize(&two, &b[0], 4, 3), 1, 12);
    whole = heap_add_crc(&one, &(struct refs){a, 2, 4}, 0);
    CU_ASSERT_EQUAL(heap_add_crc(&two, &(struct refs){b, 2, 4}, 0), whole);
    apart = crc_join(heap_add_crc(&two, &(struct refs){b, 1, 4}, 0), heap_add_crc(&two, &(struct refs){b + 1, 1, 4}, 0),
                     sizeof(struct ref));
    CU_ASSERT_EQUAL(apart, whole);
    b[1].rows = 1;
    CU_ASSERT_NOT_EQUAL(heap_add_crc(&two, &(struct refs){b, 2, 4}, 0), whole);
    free(one.bytes);
    free(two.bytes);
}

int main(void)
{
    CU_TestInfo tests[] = {{"rows are zero and apart", rows_are_zero_and_apart},
                           {"asked again, it is new", asked_again_it_is_new},
                           {"too much is NULL", too_much_is_null},
                           {"a payload is copied in rounds", a_payload_is_copied_in_rounds},
                           {"the CRC is of lengths and rows", the_crc_is_of_lengths_and_rows},
                           CU_TEST_INFO_NULL};

    return suite_run("heap", tests);
}
