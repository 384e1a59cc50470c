/* How much a rank is dealt: by the time its items took. */
#include "run/hand.h"
#include "suite.h"

static const struct plan plan = {.block = 1, .first_items = 1, .slice = 1000, .slots = 2, .ticket_s = 0.02};

/* A rank whose first ticket of `last` items took item_s each. */
static struct hand hand_of(uint64_t last, double item_s)
{
    struct hand hand = {0};
    const struct batch result = {.count = last, .busy_s = item_s * (double)last};

    hand_book(&hand, last, 0);
    hand_unbook(&hand, &result, 0);
    return hand;
}

/* The same after a second ticket like it. */
static struct hand hand_of_two(uint64_t last, double item_s)
{
    struct hand hand = hand_of(last, item_s);

    hand_book(&hand, last, 0);
    hand_unbook(&hand, &(struct batch){.count = last, .busy_s = item_s * (double)last}, 0);
    return hand;
}

static void begins_small(void)
{
    const struct plan blocks = {.block = 64, .first_items = 128, .slice = 640, .slots = 2, .ticket_s = 0.02};
    const struct hand new = {0};

    CU_ASSERT_EQUAL(hand_wants(&new, &plan, 1000000, 4), 1);
    CU_ASSERT_EQUAL(hand_wants(&new, &blocks, 1000000, 4), 128);
    CU_ASSERT_EQUAL(hand_wants(&new, &blocks, 32 * 4 * 64, 4), 128);
    CU_ASSERT_EQUAL(hand_wants(&new, &blocks, 32 * 4 * 64 - 1, 4), 64); /* too few to be given away by twos */
}

static void grows_to_20_ms_of_work(void)
{
    const struct hand cheap = hand_of(1, 1e-6), grown = hand_of(200, 1e-4), dear = hand_of(16, 0.01),
                      slow = hand_of(1, 3);

    CU_ASSERT_EQUAL(hand_wants(&cheap, &plan, 1000000, 4), 16);
    CU_ASSERT_EQUAL(hand_wants(&grown, &plan, 1000000, 4), 200);
    CU_ASSERT_EQUAL(hand_wants(&dear, &plan, 1000000, 4), 2);
    CU_ASSERT_EQUAL(hand_wants(&slow, &plan, 1000000, 4), 1);
}

static void grows_to_what_the_plan_says(void)
{
    const struct plan calm = {.block = 1, .first_items = 1, .slice = 1000, .slots = 2, .ticket_s = 0.08};
    struct hand hand = hand_of(200, 1e-4);

    CU_ASSERT_EQUAL(hand_wants(&hand, &calm, 1000000, 4), 800);
    hand_book(&hand, 800, 5);
    CU_ASSERT(hand_has_room(&hand, &calm, 5.2) && !hand_has_room(&hand, &calm, 5.3));
    CU_ASSERT(hand_takes_ahead(&calm, 0.019) &&
              !hand_takes_ahead(&calm, 0.021)); /* items, not tickets, must be short */
}

static void never_exceeds_a_slice(void)
{
    const struct hand cheap = hand_of(500, 1e-8);

    CU_ASSERT_EQUAL(hand_wants(&cheap, &plan, 1000000, 4), 1000);
}

static void shrinks_near_the_end(void)
{
    const struct hand hand = hand_of(200, 1e-4);

    CU_ASSERT_EQUAL(hand_wants(&hand, &plan, 80, 4), 10);
    CU_ASSERT_EQUAL(hand_wants(&hand, &plan, 8, 4), 5); /* 0.5 ms of work, less is not worth a message */
    CU_ASSERT_EQUAL(hand_wants(&hand, &plan, 1, 4), 5);
}

static void takes_whole_units(void)
{
    const struct plan units = {.block = 1, .first_items = 1, .slice = 3000, .unit = 1000, .slots = 2, .ticket_s = 0.02};
    const struct hand quick = hand_of(512, 0x1p-17), slow = hand_of(512, 0x1p-13), slower = hand_of(512, 0x1p-10),
                      young = hand_of(10, 0x1p-17);

    CU_ASSERT_EQUAL(hand_wants(&quick, &units, 1000000, 4), 2621);
    CU_ASSERT_EQUAL(hand_wants(&quick, &units, 100, 4), 1000); /* less than 20 ms of work */
    CU_ASSERT_EQUAL(hand_wants(&slow, &units, 1000000, 4), 1000);
    CU_ASSERT_EQUAL(hand_wants(&slow, &units, 7000, 4), 164); /* what is left could not be evened out */
    CU_ASSERT_EQUAL(hand_wants(&slow, &units, 100, 1), 1000);
    CU_ASSERT_EQUAL(hand_wants(&slower, &units, 1000000, 4), 20);
    CU_ASSERT_EQUAL(hand_wants(&young, &units, 1000000, 4), 160);
}

static void leaves_the_encoding_out(void)
{
    struct hand hand = {0};

    hand_book(&hand, 100, 0);
    hand_unbook(&hand, &(struct batch){.count = 100, .busy_s = 0.5, .pack_s = 0.25}, 0);
    CU_ASSERT_DOUBLE_EQUAL(hand.item_s, 0.0025, 1e-9);
}

static void keeps_to_a_fixed_slice(void)
{
    const struct plan fixed = {
        .block = 1, .first_items = 1, .slice = 7, .slots = 2, .ticket_s = 0.02, .slice_fixed = true};
    const struct hand hand = hand_of(200, 1e-4);

    CU_ASSERT_EQUAL(hand_wants(&hand, &fixed, 3, 4), 7);
}

static void gives_a_second_ticket_of_short_items_only(void)
{
    const struct plan one = {.block = 1, .first_items = 1, .slice = 7, .slots = 1, .ticket_s = 0.02};
    struct hand new = {0}, quick = hand_of(10, 1e-3), slow = hand_of(1, 0.5);

    CU_ASSERT(hand_has_room(&new, &plan, 0) && hand_has_room(&quick, &plan, 0) && hand_has_room(&slow, &plan, 0));
    hand_book(&new, 1, 0);
    hand_book(&quick, 1, 0);
    hand_book(&slow, 1, 0);
    CU_ASSERT(!hand_has_room(&new, &plan, 0) && hand_has_room(&quick, &plan, 0) && !hand_has_room(&slow, &plan, 0));
    CU_ASSERT_FALSE(hand_has_room(&quick, &one, 0));
    CU_ASSERT(hand_takes_ahead(&plan, 1e-3) && !hand_takes_ahead(&one, 1e-3));
    CU_ASSERT(!hand_takes_ahead(&plan, 0.5) && !hand_takes_ahead(&plan, 0));
    hand_book(&quick, 1, 0);
    CU_ASSERT_FALSE(hand_has_room(&quick, &plan, 0));
    CU_ASSERT_EQUAL(quick.sent, 3);
}

static void gives_nothing_more_to_one_that_is_late(void)
{
    struct hand hand = hand_of(10, 1e-3);

    hand_book(&hand, 10, 5);
    CU_ASSERT(hand_has_room(&hand, &plan, 5.01) && !hand_has_room(&hand, &plan, 5.1));
    hand_book(&hand, 10, 5.02);
    CU_ASSERT_FALSE(hand_has_room(&hand, &plan, 5.02));
    hand_unbook(&hand, &(struct batch){.count = 10, .busy_s = 1e-2}, 7);
    CU_ASSERT(hand_has_room(&hand, &plan, 7.01) && !hand_has_room(&hand, &plan, 7.1));
    hand_unbook(&hand, &(struct batch){.count = 10, .busy_s = 1e-2}, 8);
    CU_ASSERT(hand_has_room(&hand, &plan, 10));
}

static void learns_from_one_that_is_known(void)
{
    const struct hand known = hand_of_two(400, 1e-6), other = hand_of_two(10, 1e-6);
    struct hand new = {0}, young = hand_of_two(1, 26e-6), old = hand_of(200, 26e-6);

    CU_ASSERT(hand_is_known(&known) && hand_is_known(&old) && !hand_is_known(&new) && !hand_is_known(&young));
    hand_learn(&new, &other);
    CU_ASSERT(new.item_s == 0 && hand_wants(&new, &plan, 1000000, 4) == 1);
    hand_book(&new, 1, 0);
    hand_learn(&new, &known);
    hand_learn(&young, &known);
    hand_learn(&old, &known);
    CU_ASSERT_EQUAL(new.item_s, known.item_s);
    CU_ASSERT_EQUAL(young.item_s, known.item_s);
    CU_ASSERT(old.item_s > 25e-6);
    CU_ASSERT(hand_has_room(&new, &plan, 0.001));
    hand_trust(&new, 400);
    CU_ASSERT_EQUAL(hand_wants(&new, &plan, 1000000, 4), 1000);
    hand_unbook(&new, &(struct batch){.count = 1, .busy_s = 0.001}, 0);
    CU_ASSERT_DOUBLE_EQUAL(new.item_s, 0.001, 1e-9);
}

/* A first ticket of one item that took half a millisecond may have been loading pages; one of 10 ms was at the item. */
static void doubts_a_cold_start(void)
{
    const struct hand warm = hand_of_two(1, 0.0005), slow = hand_of(1, 0.01);
    struct hand cold = hand_of(1, 0.0005);

    CU_ASSERT(!hand_is_known(&cold) && hand_is_known(&warm) && hand_is_known(&slow));
    hand_book(&cold, 16, 0);
    hand_unbook(&cold, &(struct batch){.count = 16, .busy_s = 16e-7}, 0);
    CU_ASSERT_FALSE(hand_is_known(&cold));
    CU_ASSERT_DOUBLE_EQUAL(cold.item_s, 1e-7, 1e-9);
}

static void is_known_by_small_tickets_too(void)
{
    struct hand hand = hand_of(1, 2e-5);

    for (int k = 0; k < 20; k++) {
        hand_book(&hand, 1, 0);
        hand_unbook(&hand, &(struct batch){.count = 1, .busy_s = 2e-5}, 0);
    }
    CU_ASSERT(hand_is_known(&hand));
}

static void forgets_a_cold_start(void)
{
    struct hand hand = hand_of(1, 30e-6);

    hand_book(&hand, 16, 0);
    hand_unbook(&hand, &(struct batch){.count = 16, .busy_s = 16e-7}, 0);
    hand_book(&hand, 256, 0);
    hand_unbook(&hand, &(struct batch){.count = 256, .busy_s = 256e-7}, 0);
    CU_ASSERT_DOUBLE_EQUAL(hand.item_s, 1e-7, 1e-8);
}

static void grows_from_what_others_have_shown(void)
{
    struct hand new = {0}, young = hand_of(1, 1e-6);

    hand_trust(&new, 500);
    hand_trust(&young, 50);
    CU_ASSERT_EQUAL(hand_wants(&new, &plan, 1000000, 4), 1);
    CU_ASSERT_EQUAL(hand_wants(&young, &plan, 1000000, 4), 800);
    hand_trust(&young, 20);
    CU_ASSERT_EQUAL(hand_wants(&young, &plan, 1000000, 4), 800);
}

static void learns_nothing_from_a_rank_that_gave_up(void)
{
    struct hand hand = {0};

    hand_book(&hand, 5, 0);
    hand_unbook(&hand, &(struct batch){.verb = VERB_GAVE_UP}, 0);
    CU_ASSERT(hand.load == 0 && hand.item_s == 0);
}

int main(void)
{
    CU_TestInfo tests[] = {{"begins small", begins_small},
                           {"grows to 20 ms of work", grows_to_20_ms_of_work},
                           {"grows to what the plan says", grows_to_what_the_plan_says},
                           {"never exceeds a slice", never_exceeds_a_slice},
                           {"shrinks near the end", shrinks_near_the_end},
                           {"takes whole units", takes_whole_units},
                           {"leaves the encoding out", leaves_the_encoding_out},
                           {"keeps to a fixed slice", keeps_to_a_fixed_slice},
                           {"gives a second ticket of short items only", gives_a_second_ticket_of_short_items_only},
                           {"gives nothing more to one that is late", gives_nothing_more_to_one_that_is_late},
                           {"learns from one that is known", learns_from_one_that_is_known},
                           {"doubts a cold start", doubts_a_cold_start},
                           {"is known by small tickets too", is_known_by_small_tickets_too},
                           {"forgets a cold start", forgets_a_cold_start},
                           {"grows from what others have shown", grows_from_what_others_have_shown},
                           {"learns nothing from a rank that gave up", learns_nothing_from_a_rank_that_gave_up},
                           CU_TEST_INFO_NULL};

    return suite_run("hand", tests);
}
