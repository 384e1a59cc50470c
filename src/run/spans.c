#include "run/spans.h"

#include <stdlib.h>
#include <string.h>

static uint64_t behind(const struct made *span)
{
    return span->first + span->count;
}

/* The first span that ends behind the position. */
static size_t find(const struct spans *spans, uint64_t position)
{
    size_t low = 0, high = spans->count;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;

        if (behind(&spans->of[middle]) <= position)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int insert(struct spans *spans, size_t at, const struct made *more, struct error *error)
{
    if (spans->count == spans->room) {
        const size_t room = spans->room ? 2 * spans->room : 64;
        struct made *larger = realloc(spans->of, room * sizeof *larger);

        if (!larger)
            return error_memory(error, "the list of finished items", room * sizeof *larger);
        spans->of = larger;
        spans->room = room;
    }
    memmove(spans->of + at + 1, spans->of + at, (spans->count - at) * sizeof *spans->of);
    spans->of[at] = *more;
    spans->count++;
    return OK;
}

/* The span at `at` and the next become one if they touch and are of the same run. */
static void join(struct spans *spans, size_t at)
{
    struct made *one = spans->of + at;

    if (at + 1 >= spans->count || behind(one) != one[1].first || one->run != one[1].run)
        return;
    one->count += one[1].count;
    memmove(one + 1, one + 2, (spans->count - at - 2) * sizeof *one);
    spans->count--;
}

int spans_add(struct spans *spans, const struct made *more, struct error *error)
{
    const size_t at = find(spans, more->first);
    struct made *before = at ? spans->of + at - 1 : NULL;

    if (more->count == 0)
        return OK;
    if (before && behind(before) == more->first && before->run == more->run) {
        before->count += more->count;
        join(spans, at - 1);
        return OK;
    }
    if (insert(spans, at, more, error))
        return error->code;
    join(spans, at);
    return OK;
}

bool spans_touch(const struct spans *spans, uint64_t first, uint64_t count)
{
    const size_t at = find(spans, first);

    return at < spans->count && spans->of[at].first < first + count;
}

bool spans_gap(const struct spans *spans, uint64_t from, uint64_t limit, struct gap *gap)
{
    size_t at = find(spans, from);
    uint64_t end;

    for (; at < spans->count && spans->of[at].first <= from; at++)
        from = behind(&spans->of[at]);
    end = at < spans->count && spans->of[at].first < limit ? spans->of[at].first : limit;
    *gap = (struct gap){from, from < end ? end - from : 0};
    return from < end;
}

uint64_t spans_total(const struct spans *spans)
{
    uint64_t total = 0;

    for (size_t k = 0; k < spans->count; k++)
        total += spans->of[k].count;
    return total;
}

void spans_free(struct spans *spans)
{
    free(spans->of);
    *spans = (struct spans){0};
}
