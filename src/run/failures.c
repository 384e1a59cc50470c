#include "run/failures.h"

#include <stdlib.h>

bool failures_want(const struct failures *failures, uint64_t index)
{
    return failures->count < FAILURES_KEPT || index < failures->of[0].index;
}

static void swap(struct failure *one, struct failure *other)
{
    const struct failure kept = *one;

    *one = *other;
    *other = kept;
}

static void sift_up(struct failure *of, int at)
{
    for (; at > 0 && of[(at - 1) / 2].index < of[at].index; at = (at - 1) / 2)
        swap(&of[at], &of[(at - 1) / 2]);
}

static void sift_down(struct failure *of, int count)
{
    for (int at = 0, child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count && of[child + 1].index > of[child].index)
            child++;
        if (of[at].index >= of[child].index)
            return;
        swap(&of[at], &of[child]);
    }
}

static int make_room(struct failures *failures, struct error *error)
{
    const int room = failures->room ? 4 * failures->room : 256;
    struct failure *more;

    if (failures->count < failures->room)
        return OK;
    more = realloc(failures->of, (size_t)room * sizeof *more);
    if (!more)
        return error_memory(error, "the list of failures", (size_t)room * sizeof *more);
    failures->of = more;
    failures->room = room;
    return OK;
}

int failures_add(struct failures *failures, const struct failure *failure, struct error *error)
{
    if (!failures_want(failures, failure->index))
        return OK;
    if (failures->count == FAILURES_KEPT) {
        failures->of[0] = *failure;
        sift_down(failures->of, failures->count);
        return OK;
    }
    if (make_room(failures, error))
        return error->code;
    failures->of[failures->count] = *failure;
    sift_up(failures->of, failures->count++);
    return OK;
}

const struct failure *failures_first(const struct failures *failures)
{
    const struct failure *first = failures->of;

    for (int k = 1; k < failures->count; k++)
        if (failures->of[k].index < first->index)
            first = &failures->of[k];
    return failures->count ? first : NULL;
}

static int by_index(const void *a, const void *b)
{
    const struct failure *x = a, *y = b;

    return (x->index > y->index) - (x->index < y->index);
}

void failures_sort(struct failures *failures)
{
    if (failures->count > 1)
        qsort(failures->of, (size_t)failures->count, sizeof *failures->of, by_index);
}

void failures_free(struct failures *failures)
{
    free(failures->of);
    *failures = (struct failures){0};
}
