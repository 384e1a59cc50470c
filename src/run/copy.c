#include "codec/crc.h"
#include "run/extents.h"
#include "run/resume_parts.h"
#include "run/rows.h"

#include <stdlib.h>
#include <string.h>

#define PIECE_BYTES (1u << 20)
#define PIECE_ITEMS (1u << 16)
#define EXTENT_PIECES 64 /* copied pieces that one record tells of */

/* The rows of the items go behind those that are there; from now on the references lead to them. */
static int copy_rows(const struct resume *resume, const struct base_range *range, struct ref *refs, uint32_t *crc,
                     struct error *error)
{
    const struct base *base = &resume->claim->base;
    const struct rows_copy copy = {base, range->result, resume->place, resume->log_end};
    bool sound = true;

    if (!rows_copy(&copy, &(struct ref_run){refs, range->count, crc}, &sound, error) && !sound)
        return error_set(error, FAILED, "%s: can't read back: rows of a result are damaged", place_path(base->place));
    return error->code;
}

/* Copy `range->count` items of a result to position `to`; adds to their CRC. */
static int copy_result(const struct resume *resume, const struct base_range *range, uint64_t to, uint32_t *crc,
                       struct error *error)
{
    const uint64_t offset = resume->layout->result_offset[range->result];
    const uint64_t item_bytes = resume->plan->out[range->result].bytes, bytes = range->count * item_bytes;
    char *window;

    if (offset == UINT64_MAX || bytes == 0)
        return OK;
    window = malloc(bytes);
    if (!window)
        return error_memory(error, "copying what is there", bytes);
    if (!base_read(&resume->claim->base, range, window, error)) {
        if (resume->plan->out[range->result].ragged)
            copy_rows(resume, range, (struct ref *)(void *)window, crc, error);
        else
            *crc = crc_add(*crc, window, bytes);
    }
    if (!error->code)
        place_put(resume->place, offset + to * item_bytes, window, bytes, error);
    free(window);
    return error->code;
}

/* The same of the bits. */
static int copy_failed(const struct resume *resume, const struct gap *old, uint64_t to, struct extent *extent,
                       struct error *error)
{
    unsigned char bits[PIECE_ITEMS / 8];
    uint64_t failed = 0;

    if (base_failed_bits(&resume->claim->base, old->first, old->count, bits, error))
        return error->code;
    for (uint64_t k = 0; k < old->count; k++)
        failed += bits[k / 8] >> (k & 7) & 1;
    extent->failed_crc = extents_failed_crc(extent->failed_crc, bits, 0, old->count);
    extent->failed += failed;
    return failed ? place_mark(resume->place, resume->layout->failed_offset, to, old->count, bits, error) : OK;
}

/* Items of a piece, so that no result of them takes more than PIECE_BYTES where there is more than one. */
static uint64_t piece_items(const struct plan *plan)
{
    uint64_t most = 1;

    for (int k = 0; k < plan->out_count; k++)
        most = plan->out[k].bytes > most ? plan->out[k].bytes : most;
    return most > PIECE_BYTES ? 1 : PIECE_BYTES / most < PIECE_ITEMS ? PIECE_BYTES / most : PIECE_ITEMS;
}

/* Copy items old->first .. of the base, by run `run`, as one extent. */
static int copy_extent(const struct resume *resume, const struct made *old, struct error *error)
{
    const uint64_t first = old->first - (uint64_t)resume->claim->shift, most = piece_items(resume->plan);
    struct extent extent = {.first = first, .count = old->count, .run = old->run};

    for (uint64_t done = 0; done < old->count; done += most) {
        const uint64_t part = old->count - done < most ? old->count - done : most;
        const struct gap piece = {old->first + done, part};

        if (resume_look(resume, error))
            return error->code;
        for (int k = 0; k < resume->plan->out_count; k++) {
            const struct base_range range = {k, piece.first, part};

            if (copy_result(resume, &range, first + done, &extent.crc[k], error))
                return error->code;
        }
        if (copy_failed(resume, &piece, first + done, &extent, error))
            return error->code;
    }
    return resume_keep(resume, &extent, error);
}

/* The same in as many extents as are fit. */
static int copy_run(const struct resume *resume, struct made old, struct error *error)
{
    const uint64_t block = resume->plan->block;
    uint64_t most = EXTENT_PIECES * piece_items(resume->plan);

    most = most < block ? block : most - most % block;
    while (old.count) {
        const uint64_t part = old.count < most ? old.count : most;

        if (copy_extent(resume, &(struct made){old.first, part, old.run}, error))
            return error->code;
        old.first += part;
        old.count -= part;
    }
    return OK;
}

static bool any_failed(const unsigned char *bits, uint64_t first, uint64_t count)
{
    for (uint64_t k = first; k < first + count; k++)
        if (bits[k / 8] >> (k & 7) & 1)
            return true;
    return false;
}

/* Copy those blocks in which nothing failed. */
static int copy_good(const struct resume *resume, const struct made *old, struct error *error)
{
    const uint64_t block = resume->plan->block,
                   window = PIECE_ITEMS < block ? block : PIECE_ITEMS - PIECE_ITEMS % block;
    struct made run = {.run = old->run};
    unsigned char *bits = malloc(window / 8 + 1);

    if (!bits)
        return error_memory(error, "copying what is there", window / 8 + 1);
    for (uint64_t done = 0; done < old->count && !error->code; done += block) {
        const uint64_t left = old->count - done, at = done % window, count = left < block ? left : block;

        if (at == 0 &&
            base_failed_bits(&resume->claim->base, old->first + done, left < window ? left : window, bits, error))
            break;
        if (any_failed(bits, at, count)) {
            copy_run(resume, run, error);
            run.count = 0;
        } else {
            run.first = run.count ? run.first : old->first + done;
            run.count += count;
        }
    }
    free(bits);
    return error->code ? error->code : copy_run(resume, run, error);
}

/* The whole blocks of `old` that there are now. */
static struct made clip(const struct resume *resume, const struct made *old)
{
    const struct plan *plan = resume->plan;
    const int64_t shift = resume->claim->shift;
    int64_t first = (int64_t)old->first - shift, end = first + (int64_t)old->count;

    if (first < 0)
        first = 0;
    if (end > (int64_t)plan->items)
        end = (int64_t)plan->items;
    first += ((int64_t)plan->block - first % (int64_t)plan->block) % (int64_t)plan->block;
    if (end != (int64_t)plan->items)
        end -= end > 0 ? end % (int64_t)plan->block : 0;
    return (struct made){(uint64_t)(first + shift), end > first ? (uint64_t)(end - first) : 0, old->run};
}

static int copy_made(const struct resume *resume, const struct made *old, struct error *error)
{
    const struct made clipped = clip(resume, old);

    if (clipped.count == 0)
        return OK;
    return resume->claim->redo ? copy_good(resume, &clipped, error) : copy_run(resume, clipped, error);
}

static int copy_if_right(const struct resume *resume, const struct extent *extent, struct error *error)
{
    const struct made old = {extent->first, extent->count, extent->run};
    const struct made now = {extent->first - (uint64_t)resume->claim->shift, extent->count, extent->run};
    bool same;

    if (base_check(&resume->claim->base, extent, &same, error))
        return error->code;
    if (!same || spans_touch(&resume->kept->done, now.first, now.count))
        return OK;
    return copy_made(resume, &old, error);
}

/* Everything of a finished output, by who made it. */
static int copy_finished(const struct resume *resume, struct error *error)
{
    const struct finished *finished = resume->claim->base.finished;
    const struct account *account = finished_account(finished);
    const uint64_t items = account->items;
    uint64_t next = 0;

    for (uint64_t k = 0; k < account->made_count && next < items && !error->code; k++) {
        const struct made *row = &account->made[k];

        if (row->first < next || row->first >= items || row->count > items - row->first)
            continue;
        if (row->first > next) /* not listed */
            copy_made(resume, &(struct made){next, row->first - next, 0}, error);
        if (!error->code)
            copy_made(resume, row, error);
        next = row->first + row->count;
    }
    if (!error->code && next < items)
        copy_made(resume, &(struct made){next, items - next, 0}, error);
    return error->code;
}

static int finished_to_keep(const struct resume *resume, struct failures *failures, struct error *error)
{
    const struct account *account = finished_account(resume->claim->base.finished);

    for (int k = 0; k < account->failure_count; k++)
        if (failures_add(failures, &account->failures[k], error))
            return error->code;
    return OK;
}

int resume_copy(const struct resume *resume, struct error *error)
{
    struct failures failures = {0};

    if (resume->claim->base.finished) {
        if (!copy_finished(resume, error))
            finished_to_keep(resume, &failures, error);
    } else {
        resume_entries(resume, copy_if_right, &failures, error);
    }
    if (!error->code)
        resume_keep_failures(resume, &failures, error);
    failures_free(&failures);
    return error->code;
}
