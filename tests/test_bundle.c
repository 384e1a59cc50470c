/* Bundles of chunks: any box out of any chunking, chunks without filters, without data, damaged. */
#include "codec/bundle.h"
#include "codec/shuffle.h"
#include "suite.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define ROOM (1 << 20)
#define BYTES_MAX (64 * 1024)

static unsigned char all[BYTES_MAX], got[BYTES_MAX], expected[BYTES_MAX]; /* the dataset, row-major; items */
static struct bundle *bundle;
static struct unpacker *unpacker;

static struct chunking chunking_of(uint32_t rank, const uint64_t *shape, const uint64_t *chunk, uint32_t element_bytes)
{
    struct chunking c = {.rank = rank, .element_bytes = element_bytes, .shuffled = element_bytes != 3};

    for (uint32_t d = 0; d < rank; d++) {
        c.shape[d] = shape[d];
        c.chunk[d] = chunk[d];
        c.grid[d] = (shape[d] + chunk[d] - 1) / chunk[d];
    }
    memset(c.fill, 0x77, sizeof c.fill);
    return c;
}

static struct bundle_box whole_box(const struct chunking *c)
{
    struct bundle_box box = {0};

    memcpy(box.count, c->shape, sizeof box.count);
    return box;
}

/* Copy the elements of a box of the dataset, one by one, row-major. */
static void take(const struct chunking *c, const struct bundle_box *box, const unsigned char *from, unsigned char *to)
{
    uint64_t index[BUNDLE_RANK_MAX] = {0};
    bool more = true;

    for (size_t k = 0; more; k++) {
        uint64_t flat = 0;

        for (uint32_t d = 0; d < c->rank; d++)
            flat = flat * c->shape[d] + box->first[d] + index[d];
        memcpy(to + k * c->element_bytes, from + flat * c->element_bytes, c->element_bytes);
        more = false;
        for (uint32_t d = c->rank; d-- > 0 && !more; more = index[d] != 0)
            index[d] = (index[d] + 1) % box->count[d];
    }
}

/* What the chunk holds; 0xaa beyond the dataset's edges. */
static void fill_chunk(const struct chunking *c, const uint64_t *first, unsigned char *chunk)
{
    struct chunking inner = {.rank = c->rank, .element_bytes = c->element_bytes};
    struct bundle_box box = {0};
    uint64_t index[BUNDLE_RANK_MAX] = {0};
    bool more = true;

    memset(chunk, 0xaa, bundle_chunk_bytes(c));
    memcpy(inner.shape, c->chunk, sizeof inner.shape);
    for (uint32_t d = 0; d < c->rank; d++)
        box.count[d] = 1;
    for (size_t k = 0; more; k++) {
        bool inside = true;

        for (uint32_t d = 0; d < c->rank; d++) {
            box.first[d] = first[d] + index[d];
            inside &= box.first[d] < c->shape[d];
        }
        if (inside)
            take(c, &box, all, chunk + k * c->element_bytes);
        more = false;
        for (uint32_t d = c->rank; d-- > 0 && !more; more = index[d] != 0)
            index[d] = (index[d] + 1) % c->chunk[d];
    }
}

/* Add a chunk, without the filters that the mask names. */
static void add_chunk(const struct chunking *c, uint64_t number, uint32_t mask)
{
    static unsigned char chunk[BYTES_MAX], shuffled[BYTES_MAX], packed[2 * BYTES_MAX];
    const uint64_t bytes = bundle_chunk_bytes(c);
    struct bundle_chunk add = {.number = number, .mask = mask};
    const unsigned char *data = chunk;
    uint64_t first[BUNDLE_RANK_MAX];
    uLongf length = sizeof packed;
    void *to;

    bundle_chunk_first(c, number, first);
    fill_chunk(c, first, chunk);
    add.bytes = (uint32_t)bytes;
    if (c->shuffled && !(mask & 1)) {
        shuffle_bytes(chunk, bytes, c->element_bytes, shuffled);
        data = shuffled;
    }
    if (!(mask >> c->shuffled & 1)) {
        CU_ASSERT_EQUAL_FATAL(compress2(packed, &length, data, bytes, 1), Z_OK);
        data = packed;
        add.bytes = (uint32_t)length;
    }
    to = bundle_next(bundle, ROOM, add.bytes);
    CU_ASSERT_PTR_NOT_NULL_FATAL(to);
    memcpy(to, data, add.bytes);
    bundle_add(bundle, &add);
}

/* Elements of the chunk are not there: nor in what is expected. */
static void miss_chunk(const struct chunking *c, uint64_t number)
{
    uint64_t first[BUNDLE_RANK_MAX], flat, step = c->element_bytes;

    bundle_chunk_first(c, number, first);
    for (uint64_t k = 0; k < bundle_chunk_bytes(c) / step; k++) {
        uint64_t rest = k, index[BUNDLE_RANK_MAX];
        bool inside = true;

        for (uint32_t d = c->rank; d-- > 0; rest /= c->chunk[d]) {
            index[d] = first[d] + rest % c->chunk[d];
            inside &= index[d] < c->shape[d];
        }
        flat = 0;
        for (uint32_t d = 0; d < c->rank; d++)
            flat = flat * c->shape[d] + index[d];
        if (inside)
            memset(all + flat * step, 0x77, step);
    }
    CU_ASSERT_PTR_NOT_NULL_FATAL(bundle_next(bundle, ROOM, 0));
    bundle_add(bundle, &(struct bundle_chunk){.number = number});
}

static bool is_touched(const struct chunking *c, uint64_t number, const struct bundle_box *boxes, uint64_t count)
{
    uint64_t first[BUNDLE_RANK_MAX];
    bool touched = false;

    bundle_chunk_first(c, number, first);
    for (uint64_t k = 0; k < count; k++)
        touched |= bundle_touches(c, first, &boxes[k]);
    return touched;
}

/* Bundle what the boxes touch, each chunk with a mask of its own or not there at all; unpack it, compare. */
static bool comes_back(const struct chunking *c, struct bundle_box *boxes, uint64_t count)
{
    uint64_t numbers = 1, place = 0, bytes = c->element_bytes;

    for (uint32_t d = 0; d < c->rank; d++) {
        numbers *= c->grid[d];
        bytes *= c->shape[d];
    }
    for (size_t k = 0; k < bytes; k++)
        all[k] = (unsigned char)(k / c->element_bytes * 7 + k);
    for (uint64_t k = 0; k < count; k++) {
        boxes[k].place = place;
        for (uint64_t d = 0, elements = 1; d < c->rank; d++) {
            elements *= boxes[k].count[d];
            place += d + 1 == c->rank ? elements : 0;
        }
    }
    CU_ASSERT_FATAL(bundle_begin(bundle, ROOM, c, boxes, count));
    for (uint64_t number = 0; number < numbers; number++)
        if (is_touched(c, number, boxes, count)) {
            if (number % 5 == 4)
                miss_chunk(c, number);
            else
                add_chunk(c, number, (uint32_t)(number % 7 == 6 ? 3 : number % 3 ? 0 : number % 4));
        }
    for (uint64_t k = 0; k < count; k++)
        take(c, &boxes[k], all, expected + boxes[k].place * c->element_bytes);
    memset(got, 0xee, bytes + 1);
    return unpacker_unpack(unpacker, bundle, got, &(struct error){0}) == OK &&
           !memcmp(got, expected, place * c->element_bytes) && got[place * c->element_bytes] == 0xee;
}

static void begin(void)
{
    bundle = malloc(ROOM);
    CU_ASSERT_EQUAL_FATAL(unpacker_open(BYTES_MAX, &unpacker, &(struct error){0}), OK);
}

static void end(void)
{
    free(bundle);
    unpacker_close(unpacker);
}

static void gives_back_whole_datasets(void)
{
    static const uint64_t shapes[][4] = {{37}, {9, 7}, {5, 4, 6}, {3, 4, 5, 3}, {1, 1, 1, 1}};
    static const uint64_t chunks[][4] = {{1, 1, 1, 1}, {4, 3, 2, 3}, {2, 7, 6, 3}, {5, 4, 6, 5}, {40, 4, 4, 4}};
    static const uint32_t elements[] = {1, 2, 3, 4, 8, 16};
    int wrong = 0;

    begin();
    for (uint32_t rank = 1; rank <= 4; rank++)
        for (size_t shape = 0; shape < 5; shape++)
            for (size_t chunk = 0; chunk < 5; chunk++)
                for (size_t e = 0; e < sizeof elements / sizeof *elements; e++) {
                    const uint64_t *dims = shape < rank - 1 ? shapes[4] : shapes[shape];
                    const struct chunking c = chunking_of(rank, dims, chunks[chunk], elements[e]);
                    struct bundle_box box = whole_box(&c);

                    wrong += !comes_back(&c, &box, 1);
                }
    CU_ASSERT_EQUAL(wrong, 0);
    end();
}

static void gives_back_every_box(void)
{
    static const uint64_t shape[] = {5, 4, 3};
    static const uint64_t chunks[][3] = {{2, 3, 2}, {1, 4, 3}, {2, 2, 3}, {3, 4, 3}, {2, 4, 1}};
    int wrong = 0;

    begin();
    for (size_t k = 0; k < 5; k++) {
        const struct chunking c = chunking_of(3, shape, chunks[k], 4);

        for (uint64_t a = 0; a < 5 * 4 * 3; a++)
            for (uint64_t b = a; b < 5 * 4 * 3; b++) {
                const uint64_t low[] = {a / 12, a / 3 % 4, a % 3}, high[] = {b / 12, b / 3 % 4, b % 3};
                struct bundle_box box = {0};
                bool any = true;

                for (int d = 0; d < 3; d++) {
                    any &= high[d] >= low[d];
                    box.first[d] = low[d];
                    box.count[d] = high[d] - low[d] + 1;
                }
                wrong += any && !comes_back(&c, &box, 1);
            }
    }
    CU_ASSERT_EQUAL(wrong, 0);
    end();
}

/* The end of a row, whole rows, the beginning of one; chunks that all three share. */
static void gives_back_several_boxes(void)
{
    static const uint64_t shape[] = {6, 5}, chunks[][2] = {{2, 2}, {6, 5}, {4, 3}, {1, 5}, {3, 1}};
    int wrong = 0;

    begin();
    for (size_t k = 0; k < 5; k++) {
        const struct chunking c = chunking_of(2, shape, chunks[k], 8);
        struct bundle_box boxes[] = {
            {.first = {0, 2}, .count = {1, 3}}, {.first = {1, 0}, .count = {3, 5}}, {.first = {4, 0}, .count = {1, 2}}};

        wrong += !comes_back(&c, boxes, 3);
    }
    CU_ASSERT_EQUAL(wrong, 0);
    end();
}

static void names_the_chunk_that_is_damaged(void)
{
    static const uint64_t shape[] = {100, 20}, chunk[] = {30, 7};
    const struct chunking c = chunking_of(2, shape, chunk, 4);
    struct bundle_box box = whole_box(&c);
    struct error error = {0};
    struct bundle_chunk *last = NULL;

    begin();
    CU_ASSERT_FATAL(bundle_begin(bundle, ROOM, &c, &box, 1));
    strcpy(bundle->name, "x: /pos in in.h5");
    for (uint64_t number = 0; number < 12; number++) {
        last = (struct bundle_chunk *)((char *)bundle + bundle->bytes);
        add_chunk(&c, number, 0);
    }
    CU_ASSERT_EQUAL(unpacker_unpack(unpacker, bundle, got, &error), OK);
    ((unsigned char *)(last + 1))[last->bytes / 2] ^= 1;
    CU_ASSERT_EQUAL(unpacker_unpack(unpacker, bundle, got, &error), FAILED);
    CU_ASSERT_STRING_EQUAL(error.text, "x: /pos in in.h5: the chunk at [90, 14] is damaged");
    end();
}

/* Random bytes get longer, and still a bundle has room for them. */
static void has_room_for_noise(void)
{
    static const uint64_t shape[] = {4096}, chunk[] = {512};
    const struct chunking c = chunking_of(1, shape, chunk, 8);
    struct bundle_box box = whole_box(&c);
    const size_t room = bundle_room(4096 * 8);

    begin();
    CU_ASSERT_FALSE(bundle_begin(bundle, sizeof *bundle, &c, &box, 1));
    CU_ASSERT_FATAL(bundle_begin(bundle, room, &c, &box, 1));
    for (uint64_t number = 0; number < 8; number++) {
        CU_ASSERT_PTR_NOT_NULL(bundle_next(bundle, room, 512 * 8 + 11));
        bundle_add(bundle, &(struct bundle_chunk){.number = number, .bytes = 512 * 8 + 11});
    }
    CU_ASSERT(bundle->bytes <= room);
    CU_ASSERT_PTR_NULL(bundle_next(bundle, room, 512 * 8));
    end();
}

int main(void)
{
    CU_TestInfo tests[] = {{"gives back whole datasets", gives_back_whole_datasets},
                           {"gives back every box", gives_back_every_box},
                           {"gives back several boxes", gives_back_several_boxes},
                           {"names the chunk that is damaged", names_the_chunk_that_is_damaged},
                           {"has room for noise", has_room_for_noise},
                           CU_TEST_INFO_NULL};

    return suite_run("bundle", tests);
}
