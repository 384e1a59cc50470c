#include "run/inflight.h"
#include "run/plan.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define RANKS_NAMED 16

int inflight_open(struct inflight *inflight, int ranks, int slots, struct error *error)
{
    *inflight = (struct inflight){.ranks = ranks, .slots = slots};
    inflight->of = calloc((size_t)ranks * (size_t)slots, sizeof *inflight->of);
    if (!inflight->of)
        return error_memory(error, "what is in flight", (unsigned long long)ranks * sizeof *inflight->of);
    return OK;
}

void inflight_close(struct inflight *inflight)
{
    free(inflight->of);
    *inflight = (struct inflight){0};
}

static struct flight *flights(const struct inflight *inflight, int rank)
{
    return inflight->of + (size_t)rank * (size_t)inflight->slots;
}

void inflight_add(struct inflight *inflight, int rank, uint64_t first, uint64_t count)
{
    struct flight *flight = flights(inflight, rank);

    for (int k = 0; k < inflight->slots; k++)
        if (!flight[k].count) {
            flight[k] = (struct flight){first, count};
            return;
        }
}

/* The others move up: they stay in the order of their items. */
void inflight_remove(struct inflight *inflight, int rank, uint64_t first)
{
    struct flight *flight = flights(inflight, rank);
    int kept = 0;

    for (int k = 0; k < inflight->slots; k++)
        if (flight[k].count && flight[k].first != first)
            flight[kept++] = flight[k];
    while (kept < inflight->slots)
        flight[kept++].count = 0;
}

/* The rank's items; 0: none. */
static uint64_t count_items(const struct inflight *inflight, int rank)
{
    const struct flight *flight = flights(inflight, rank);
    uint64_t count = 0;

    for (int k = 0; k < inflight->slots; k++)
        count += flight[k].count;
    return count;
}

bool inflight_any(const struct inflight *inflight)
{
    for (int rank = 0; rank < inflight->ranks; rank++)
        if (count_items(inflight, rank))
            return true;
    return false;
}

/* "rank 2: items 120, 140 to 159" */
static void print_rank(FILE *stream, const struct inflight *inflight, const struct plan *plan, int rank)
{
    const struct flight *flight = flights(inflight, rank);
    const char *between = count_items(inflight, rank) == 1 ? ": item " : ": items ";

    fprintf(stream, "rank %d", rank);
    for (int k = 0; k < inflight->slots; k++) {
        if (!flight[k].count)
            continue;
        fprintf(stream, "%s%" PRIu64, between, plan_index(plan, flight[k].first));
        if (flight[k].count > 1)
            fprintf(stream, " to %" PRIu64, plan_index(plan, flight[k].first + flight[k].count - 1));
        between = ", ";
    }
}

/* Returns how many ranks have something. */
static int print_ranks(FILE *stream, const struct inflight *inflight, const struct plan *plan)
{
    int named = 0;

    for (int rank = 0; rank < inflight->ranks; rank++) {
        if (!count_items(inflight, rank) || named++ >= RANKS_NAMED)
            continue;
        fputs(named == 1 ? "in flight: " : "; ", stream);
        print_rank(stream, inflight, plan, rank);
    }
    if (named > RANKS_NAMED)
        fprintf(stream, "; and %d more rank%s", named - RANKS_NAMED, named == RANKS_NAMED + 1 ? "" : "s");
    return named;
}

char *inflight_text(const struct inflight *inflight, const struct plan *plan, const char *end)
{
    size_t bytes = 0;
    char *text = NULL;
    FILE *stream = open_memstream(&text, &bytes);
    int named;

    if (!stream)
        return NULL;
    fputs("h5map: ", stream);
    named = print_ranks(stream, inflight, plan);
    fprintf(stream, "%s\n", end);
    if (!fclose(stream) && named)
        return text;
    free(text);
    return NULL;
}
