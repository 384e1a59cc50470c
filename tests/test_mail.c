/* Images there and back between root and every other rank, with the limit on MPI's counts shrunk to a few blocks. */
#include "suite_mpi.h"

#include "parallel/mail.h"
#include "parallel/patience.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define IMAGE_BYTES 5000
#define TURNS 40

static void fill(struct batch *image, uint64_t seed, size_t bytes)
{
    unsigned char *body = (unsigned char *)(image + 1);

    *image = (struct batch){.first = seed, .count = bytes};
    for (size_t k = 0; k + sizeof *image < bytes; k++)
        body[k] = (unsigned char)(seed * 7 + k);
}

static size_t wrong_bytes(const struct batch *image)
{
    const unsigned char *body = (const unsigned char *)(image + 1);
    size_t wrong = 0;

    for (size_t k = 0; k + sizeof *image < image->count; k++)
        wrong += body[k] != (unsigned char)(image->first * 7 + k);
    return wrong;
}

static struct batch *wait_for_mail(struct mail *mail)
{
    struct patience patience = {.most_ns = 1000000};
    struct batch *image;

    while (!(image = mail_received(mail)))
        patience_wait(&patience);
    return image;
}

static void wait_until_sent(struct mail *mail)
{
    struct patience patience = {.most_ns = 1000000};

    while (!mail_idle(mail))
        if (!mail_sent(mail))
            patience_wait(&patience);
}

/* Root sends each rank TURNS images of different sizes; each comes back with its seed changed. */
static void root_side(struct mail *mail, int limit)
{
    const int ranks = team_size(suite_team());
    struct batch *image = aligned_alloc(BATCH_ALIGN, mail_image_bytes(IMAGE_BYTES, limit));

    for (int turn = 0; turn < TURNS; turn++)
        for (int rank = 1; rank < ranks; rank++) {
            const size_t bytes = sizeof *image + (size_t)(turn * 123) % (IMAGE_BYTES - sizeof *image + 1);

            fill(image, (uint64_t)(turn * 100 + rank), bytes);
            CU_ASSERT(mail_room(mail));
            mail_send(mail, rank, image, bytes);
            wait_until_sent(mail);
            struct batch *back = wait_for_mail(mail);

            CU_ASSERT_EQUAL(back->first, (uint64_t)(turn * 100 + rank + 1));
            CU_ASSERT_EQUAL(back->count, bytes);
            CU_ASSERT_EQUAL(wrong_bytes(back), 0);
            mail_again(mail, back);
        }
    free(image);
}

static void other_side(struct mail *mail, int limit)
{
    struct batch *image = aligned_alloc(BATCH_ALIGN, mail_image_bytes(IMAGE_BYTES, limit));

    for (int turn = 0; turn < TURNS; turn++) {
        struct batch *got = wait_for_mail(mail);

        CU_ASSERT_EQUAL(wrong_bytes(got), 0);
        fill(image, got->first + 1, got->count);
        mail_again(mail, got);
        mail_send(mail, 0, image, image->count);
        wait_until_sent(mail);
    }
    free(image);
}

/* NULL on all ranks where one could not. */
static struct mail *open_everywhere(const struct mail_spec *spec)
{
    struct error error = {0};
    struct mail *mail = NULL;

    mail_open(suite_team(), spec, &mail, &error);
    CU_ASSERT_EQUAL(team_agree(suite_team(), &error), OK);
    if (!error.code)
        return mail;
    mail_close(mail);
    return NULL;
}

static void close_everywhere(struct mail *mail)
{
    struct error none = {0};

    CU_ASSERT(mail_idle(mail));
    mail_close(mail);
    CU_ASSERT_EQUAL(team_agree(suite_team(), &none), OK);
}

static void there_and_back(int limit)
{
    const struct mail_spec spec = {IMAGE_BYTES, IMAGE_BYTES, 4, 2, 3, false, limit};
    struct mail *mail = open_everywhere(&spec);

    if (!mail)
        return;
    if (team_rank(suite_team()) == 0)
        root_side(mail, limit);
    else
        other_side(mail, limit);
    close_everywhere(mail);
}

static void with_large_counts(void)
{
    there_and_back(INT_MAX);
}

static void with_counts_of_at_most_3(void)
{
    there_and_back(3);
}

#define COPIES 6

/* The image is the sender's again at once, though nobody has received it. */
static void send_small(struct mail *mail, int rank)
{
    struct batch *image = aligned_alloc(BATCH_ALIGN, mail_image_bytes(IMAGE_BYTES, INT_MAX));

    for (int k = 0; k < COPIES; k++) {
        fill(image, (uint64_t)(rank + k), sizeof *image + (size_t)k * 64);
        mail_send(mail, rank, image, image->count);
        CU_ASSERT_PTR_EQUAL(mail_sent(mail), image);
        CU_ASSERT(mail_room(mail));
    }
    memset(image, 0, IMAGE_BYTES);
    wait_until_sent(mail);
    free(image);
}

static void small_ones_are_copied(void)
{
    const struct mail_spec spec = {IMAGE_BYTES, IMAGE_BYTES, 1, COPIES, 1, false, INT_MAX};
    struct mail *mail = open_everywhere(&spec);

    if (!mail)
        return;
    if (team_rank(suite_team()) == 0)
        for (int rank = 1; rank < team_size(suite_team()); rank++)
            send_small(mail, rank);
    else
        for (int k = 0; k < COPIES; k++) {
            struct batch *got = wait_for_mail(mail);

            CU_ASSERT_EQUAL(got->first, (uint64_t)(team_rank(suite_team()) + k));
            CU_ASSERT_EQUAL(wrong_bytes(got), 0);
            mail_again(mail, got);
        }
    close_everywhere(mail);
}

#define MIXED (3 * COPIES)

/* Of the k-th image: a small one, or one that is not copied. */
static size_t mixed_bytes(int k)
{
    return k % 3 == 2 ? IMAGE_BYTES : sizeof(struct batch) + (size_t)k * 8;
}

/* More than there are copies for, one after the other; each is told of once. */
static void send_mixed(struct mail *mail, int rank, char *images)
{
    const size_t room = mail_image_bytes(IMAGE_BYTES, INT_MAX);
    bool told[MIXED] = {false};
    struct patience patience = {.most_ns = 1000000};

    for (int k = 0; k < MIXED; k++) {
        struct batch *image = (struct batch *)(void *)(images + (size_t)k * room);

        fill(image, (uint64_t)(rank + k), mixed_bytes(k));
        CU_ASSERT_FATAL(mail_room(mail));
        mail_send(mail, rank, image, image->count);
    }
    for (int left = MIXED; left > 0;) {
        const char *image = (const char *)mail_sent(mail);

        if (!image) {
            patience_wait(&patience);
            continue;
        }
        CU_ASSERT_FALSE(told[(size_t)(image - images) / room]);
        told[(size_t)(image - images) / room] = true;
        memset(images + (size_t)(image - images), 0, room);
        left--;
    }
    CU_ASSERT_PTR_NULL(mail_sent(mail));
    wait_until_sent(mail);
}

static void more_than_there_are_copies(void)
{
    const struct mail_spec spec = {IMAGE_BYTES, IMAGE_BYTES, MIXED, COPIES, 1, false, INT_MAX};
    char *images = aligned_alloc(BATCH_ALIGN, MIXED * mail_image_bytes(IMAGE_BYTES, INT_MAX));
    struct mail *mail = open_everywhere(&spec);

    for (int rank = 1; mail && team_rank(suite_team()) == 0 && rank < team_size(suite_team()); rank++)
        send_mixed(mail, rank, images);
    for (int k = 0; mail && team_rank(suite_team()) > 0 && k < MIXED; k++) {
        struct batch *got = wait_for_mail(mail);

        CU_ASSERT_EQUAL(got->first, (uint64_t)(team_rank(suite_team()) + k));
        CU_ASSERT_EQUAL(got->count, mixed_bytes(k));
        CU_ASSERT_EQUAL(wrong_bytes(got), 0);
        mail_again(mail, got);
    }
    if (mail)
        close_everywhere(mail);
    free(images);
}

static void image_sizes_are_whole_blocks(void)
{
    for (size_t bytes = 1; bytes < 3000; bytes += 37)
        for (int limit = 1; limit < 40; limit += 6) {
            const size_t image = mail_image_bytes(bytes, limit);

            CU_ASSERT(image >= bytes && image % BATCH_ALIGN == 0);
        }
    CU_ASSERT_EQUAL(mail_image_bytes(64, INT_MAX), 64);
    CU_ASSERT_EQUAL(mail_image_bytes(65, INT_MAX), 128);
}

static void closes_with_nothing_said(void)
{
    const struct mail_spec spec = {IMAGE_BYTES, 2 * IMAGE_BYTES, 1, 0, 5, true, INT_MAX};
    struct error error = {0};
    struct mail *mail = NULL;

    CU_ASSERT_EQUAL(mail_open(suite_team(), &spec, &mail, &error), OK);
    CU_ASSERT_PTR_NULL(mail_received(mail));
    CU_ASSERT_PTR_NULL(mail_sent(mail));
    mail_close(mail);
}

int main(void)
{
    CU_TestInfo tests[] = {{"there and back with large counts", with_large_counts},
                           {"there and back with counts of at most 3", with_counts_of_at_most_3},
                           {"small ones are copied", small_ones_are_copied},
                           {"more than there are copies", more_than_there_are_copies},
                           {"image sizes are whole blocks", image_sizes_are_whole_blocks},
                           {"closes with nothing said", closes_with_nothing_said},
                           CU_TEST_INFO_NULL};

    return suite_run_mpi("mail", tests);
}
