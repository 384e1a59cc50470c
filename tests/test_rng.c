/* The random numbers that kernels draw: the published vectors of Philox, the same at any place, sound moments. */
#include "suite.h"

#include <h5map/kernel.h>
#include <math.h>
#include <string.h>

/* Of Random123's kat_vectors: philox4x32, 10 rounds. */
static void published_vectors(void)
{
    static const struct {
        uint32_t counter[4], key[2], word[4];
    } known[] = {{{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
                 {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
                  {0xffffffff, 0xffffffff},
                  {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
                 {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
                  {0xa4093822, 0x299f31d0},
                  {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}}};

    for (size_t k = 0; k < sizeof known / sizeof known[0]; k++) {
        uint32_t word[4];

        h5map_philox_(known[k].counter, known[k].key, word);
        CU_ASSERT_EQUAL(memcmp(word, known[k].word, sizeof word), 0);
    }
}

/* The words of a generator are the blocks 0, 1, 2 ... under its key. */
static void words_are_blocks(void)
{
    h5map_rng_t rng = h5map_rng_of(0x123456789abcdef0u);
    const uint32_t key[2] = {0x9abcdef0u, 0x12345678u};

    for (uint32_t block = 0; block < 3; block++) {
        const uint32_t counter[4] = {block, 0, 0, 0};
        uint32_t word[4];

        h5map_philox_(counter, key, word);
        for (int k = 0; k < 4; k++)
            CU_ASSERT_EQUAL(h5map_bits(&rng), word[k]);
    }
}

/* SplitMix64 with seed 0 begins with these. */
static void seeds_are_splitmix(void)
{
    CU_ASSERT_EQUAL(h5map_seed(0, 0), 0xe220a8397b1dcdafu);
    CU_ASSERT_EQUAL(h5map_seed(0, 1), 0x6e789e6aa1b965f4u);
    CU_ASSERT_EQUAL(h5map_seed(0, 2), 0x06c45d188009454fu);
    CU_ASSERT_NOT_EQUAL(h5map_seed(1, 0), h5map_seed(0, 0));
}

static void an_item_has_its_own(void)
{
    const h5map_item_t item = {.index = 7, .seed = h5map_seed(3, 7)};
    const h5map_slice_t slice = {.first = 5, .count = 4, .seed = 3};
    const uint64_t index[] = {1, 7};
    const h5map_slice_t picked = {.first = 1, .count = 2, .index = index, .seed = 3};
    h5map_rng_t one = h5map_rng(&item), two = h5map_rng_at(&slice, 2), three = h5map_rng_at(&picked, 1);

    for (int k = 0; k < 10; k++) {
        const double u = h5map_uniform(&one);

        CU_ASSERT_EQUAL(u, h5map_uniform(&two));
        CU_ASSERT_EQUAL(u, h5map_uniform(&three));
    }
}

/* Mean and variance of 10^6 numbers, within five standard errors. */
static void moments(void)
{
    const int count = 1000000;
    h5map_rng_t rng = h5map_rng_of(1);
    double sum = 0, squares = 0, normal_sum = 0, normal_squares = 0, least = 1, most = 0;

    for (int k = 0; k < count; k++) {
        const double u = h5map_uniform(&rng), g = h5map_normal(&rng);

        sum += u;
        squares += (u - 0.5) * (u - 0.5);
        normal_sum += g;
        normal_squares += g * g;
        least = u < least ? u : least;
        most = u > most ? u : most;
    }
    CU_ASSERT(least >= 0 && most < 1);
    CU_ASSERT_DOUBLE_EQUAL(sum / count, 0.5, 5 * sqrt(1.0 / 12 / count));
    CU_ASSERT_DOUBLE_EQUAL(squares / count, 1.0 / 12, 5 * sqrt(1.0 / 180 / count));
    CU_ASSERT_DOUBLE_EQUAL(normal_sum / count, 0, 5 * sqrt(1.0 / count));
    CU_ASSERT_DOUBLE_EQUAL(normal_squares / count, 1, 5 * sqrt(2.0 / count));
}

int main(void)
{
    CU_TestInfo tests[] = {{"published vectors", published_vectors},
                           {"words are blocks", words_are_blocks},
                           {"seeds are SplitMix64's", seeds_are_splitmix},
                           {"an item has its own", an_item_has_its_own},
                           {"moments", moments},
                           CU_TEST_INFO_NULL};

    return suite_run("rng", tests);
}
