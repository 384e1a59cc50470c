#include "run/plan.h"
#include "run/resume_parts.h"

void kept_free(struct kept *kept)
{
    spans_free(&kept->done);
    failures_free(&kept->failures);
    *kept = (struct kept){0};
}

int resume_look(const struct resume *resume, struct error *error)
{
    return resume->look ? resume->look(resume->self, error) : OK;
}

/* ---- keeping ---- */

int resume_keep(const struct resume *resume, const struct extent *extent, struct error *error)
{
    struct kept *kept = resume->kept;
    const struct made made = {extent->first, extent->count, extent->run};

    kept->items += extent->count;
    kept->failed += extent->failed;
    resume->runs[extent->run].items += extent->count;
    resume->runs[extent->run].failed += extent->failed;
    if (spans_add(&kept->done, &made, error))
        return error->code;
    return history_put_extent(resume->journal, extent, resume->plan->out_count, error);
}

static bool is_kept(const struct resume *resume, const struct failure *failure)
{
    uint64_t position;

    return plan_position(resume->plan, failure->index, &position) && spans_touch(&resume->kept->done, position, 1);
}

int resume_keep_failures(const struct resume *resume, struct failures *found, struct error *error)
{
    for (int k = 0; k < found->count; k++)
        if (is_kept(resume, &found->of[k]) && (failures_add(&resume->kept->failures, &found->of[k], error) ||
                                               history_put_failure(resume->journal, &found->of[k], error)))
            return error->code;
    return OK;
}

/* ---- in place ---- */

static int keep_if_right(const struct resume *resume, const struct extent *extent, struct error *error)
{
    bool same;

    if (base_check(&resume->claim->base, extent, &same, error))
        return error->code;
    if (!same || spans_touch(&resume->kept->done, extent->first, extent->count))
        return OK;
    return resume_keep(resume, extent, error);
}

/* What is not kept is as it was made: no item of it has failed, and no chunk with one is encoded. The last byte of the
 * bitmap, too. */
static int clear_gaps(const struct resume *resume, struct error *error)
{
    const struct staging staging = {resume->place, resume->layout, resume->plan};
    struct gap gap = {0};

    while (spans_gap(&resume->kept->done, gap.first + gap.count, resume->plan->items, &gap))
        if (place_unmark(resume->place, resume->layout->failed_offset, gap.first, gap.count, error) ||
            staging_clear(&staging, gap.first, gap.count, error))
            return error->code;
    return place_unmark(resume->place, resume->layout->failed_offset, resume->plan->items,
                        (8 - resume->plan->items % 8) % 8, error);
}

int resume_entries(const struct resume *resume, resume_take *take, struct failures *failures, struct error *error)
{
    struct base *base = (struct base *)(uintptr_t)&resume->claim->base;
    struct extent extent;
    struct failure failure;
    enum entry_kind kind;

    while ((kind = history_next(&base->past, base->reader, &extent, &failure, error)) != ENTRY_END)
        if (resume_look(resume, error) ||
            (kind == ENTRY_EXTENT ? take(resume, &extent, error) : failures_add(failures, &failure, error)))
            return error->code;
    return error->code;
}

int resume_in_place(const struct resume *resume, struct error *error)
{
    struct failures failures = {0};

    if (!resume_entries(resume, keep_if_right, &failures, error) && !resume_keep_failures(resume, &failures, error))
        clear_gaps(resume, error);
    failures_free(&failures);
    return error->code;
}
