/* Results that ranks put into place themselves: which bytes are whose, and the thread that syncs them. */
#include "run/direct.h"
#include "store/place.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ITEMS 40000
#define OFFSET 8192 /* of each result, a multiple of a page */

static char folder[64], path[96];

/* Results of 1, 8, 12 and 9000 bytes an item, and one that is too small to begin with a page. */
static const uint64_t item_bytes[] = {1, 8, 12, 9000};

static struct plan plan_of(uint64_t bytes, uint64_t items)
{
    struct plan plan = {.items = items, .out_count = 1, .direct_out = true, .reasons_bytes = 1024};

    plan.out[0].bytes = bytes;
    plan.out[0].paged = items * bytes >= PAGED_FROM;
    return plan;
}

static struct place *make(void)
{
    struct place_spec spec = {path, "out.h5", PLACE_PART};
    struct error error = {0};
    struct place *place = NULL;

    CU_ASSERT_EQUAL_FATAL(place_make(&spec, &place, &error), OK);
    return place;
}

static void end(struct place *place)
{
    place_remove(place);
    place_close(place);
}

static void fill(char *to, uint64_t begin, uint64_t bytes)
{
    for (uint64_t k = 0; k < bytes; k++)
        to[k] = (char)((begin + k) * 2654435761u >> 13);
}

/* As root does with what comes back. */
static void put_edge(struct place *place, const struct plan *plan, const struct batch *image)
{
    struct error error = {0};
    struct edge edge;

    image_edge(plan, image, 0, &edge);
    CU_ASSERT_EQUAL(place_put(place, OFFSET + edge.edges.begin, edge.head, edge.edges.pages - edge.edges.begin, &error),
                    OK);
    CU_ASSERT_EQUAL(place_put(place, OFFSET + edge.edges.pages_behind, edge.tail,
                              edge.edges.behind - edge.edges.pages_behind, &error),
                    OK);
}

/* A ticket's items in pieces of at most `piece`, then its edges. */
static void map_ticket(struct direct *direct, struct place *root, uint64_t first, uint64_t count, uint64_t piece)
{
    const struct plan *plan = direct->plan;
    const uint64_t bytes = plan->out[0].bytes;
    struct batch *image = aligned_alloc(BATCH_ALIGN, image_results_bytes_max(plan, count));
    char *data = malloc(piece * bytes);
    struct error error = {0};

    *image = (struct batch){.first = first, .count = count, .verb = VERB_MAP};
    CU_ASSERT(image_result_bytes(plan, image) <= image_results_bytes_max(plan, count));
    for (uint64_t done = 0; done < count; done += piece) {
        struct part part = {.first = first + done, .count = count - done < piece ? count - done : piece};

        fill(data, part.first * bytes, part.count * bytes);
        part.out[0] = data;
        CU_ASSERT_EQUAL(direct_put(direct, &part, image, &error), OK);
    }
    put_edge(root, plan, image);
    free(data);
    free(image);
}

/* Tickets of any size, in pieces of any size: every byte arrives. */
static void all_bytes_arrive(void)
{
    for (size_t b = 0; b < sizeof item_bytes / sizeof item_bytes[0]; b++) {
        const struct plan plan = plan_of(item_bytes[b], b == 3 ? 60 : ITEMS);
        const uint64_t bytes = plan.items * plan.out[0].bytes;
        struct place *root = make(), *own = NULL;
        const struct place_spec spec = {path, "out.h5", PLACE_PART};
        struct direct direct = {.plan = &plan, .layout.result_offset = {OFFSET}};
        char *got = malloc(bytes), *wanted = malloc(bytes);
        struct error error = {0};
        unsigned seed = 1;

        CU_ASSERT_EQUAL_FATAL(place_open(&spec, &own, &error), OK);
        direct.place = own;
        for (uint64_t first = 0, count; first < plan.items; first += count) {
            count = 1 + (uint64_t)rand_r(&seed) % (b == 3 ? 5 : 9000);
            count = count < plan.items - first ? count : plan.items - first;
            map_ticket(&direct, root, first, count, 1 + (uint64_t)rand_r(&seed) % 3000);
        }
        CU_ASSERT_EQUAL(place_get(root, OFFSET, got, bytes, &error), OK);
        fill(wanted, 0, bytes);
        CU_ASSERT_EQUAL(memcmp(got, wanted, bytes), 0);
        free(got);
        free(wanted);
        place_close(own);
        end(root);
    }
}

/* What a rank writes itself is whole pages of its own ticket; what is left is little. */
static void no_page_is_shared(void)
{
    for (size_t b = 0; b < sizeof item_bytes / sizeof item_bytes[0]; b++) {
        const struct plan plan = plan_of(item_bytes[b], ITEMS);
        unsigned seed = 7;

        for (int k = 0; k < 2000; k++) {
            const uint64_t first = (uint64_t)rand_r(&seed) % ITEMS, count = (uint64_t)rand_r(&seed) % (ITEMS - first);
            const struct edges edges = image_edges(&plan.out[0], first, count);
            const bool pages = edges.pages_behind > edges.pages && plan.out[0].paged;

            CU_ASSERT(edges.begin == first * item_bytes[b] && edges.behind == (first + count) * item_bytes[b]);
            CU_ASSERT(edges.begin <= edges.pages && edges.pages <= edges.pages_behind);
            CU_ASSERT(edges.pages_behind <= edges.behind);
            if (pages)
                CU_ASSERT(edges.pages % PAGE_BYTES == 0 && edges.pages_behind % PAGE_BYTES == 0);
            CU_ASSERT(!plan.out[0].paged ||
                      edges.pages - edges.begin + edges.behind - edges.pages_behind <= 2 * PAGE_BYTES - 2);
        }
    }
}

/* A result that does not begin with a page is root's, all of it. */
static void small_results_are_roots(void)
{
    const struct plan plan = plan_of(8, 1000);
    const struct edges edges = image_edges(&plan.out[0], 0, 1000);

    CU_ASSERT_FALSE(plan.out[0].paged);
    CU_ASSERT_EQUAL(edges.pages, 8000);
    CU_ASSERT_EQUAL(edges.pages_behind, 8000);
}

static bool wait_for_sync(struct syncer *syncer, struct error *error)
{
    for (int k = 0; k < 10000; k++) {
        if (syncer_done(syncer, error))
            return true;
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    return false;
}

static void syncs_in_the_background(void)
{
    struct place *place = make();
    struct syncer *syncer = NULL;
    struct error error = {0};

    CU_ASSERT_EQUAL_FATAL(syncer_open(place, &syncer, &error), OK);
    CU_ASSERT_FALSE(syncer_done(syncer, &error));
    for (int k = 0; k < 3; k++) {
        CU_ASSERT_EQUAL(place_put(place, 0, "abc", 3, &error), OK);
        syncer_start(syncer);
        CU_ASSERT(wait_for_sync(syncer, &error));
        CU_ASSERT_EQUAL(error.code, OK);
        CU_ASSERT_FALSE(syncer_done(syncer, &error));
    }
    syncer_start(syncer);
    syncer_close(syncer); /* waits for it */
    syncer_close(NULL);
    end(place);
}

int main(void)
{
    CU_TestInfo tests[] = {{"all bytes arrive", all_bytes_arrive},
                           {"no page is shared", no_page_is_shared},
                           {"small results are root's", small_results_are_roots},
                           {"syncs in the background", syncs_in_the_background},
                           CU_TEST_INFO_NULL};
    int status;

    snprintf(folder, sizeof folder, "/tmp/h5map_direct.XXXXXX");
    if (!mkdtemp(folder))
        return 1;
    snprintf(path, sizeof path, "%s/out.h5", folder);
    status = suite_run("direct", tests);
    rmdir(folder);
    return status;
}
