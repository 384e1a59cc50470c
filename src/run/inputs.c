#include "run/inputs.h"
#include "codec/compound.h"
#include "codec/convert.h"
#include "codec/ragged.h"
#include "run/plan.h"

#include <stdlib.h>

int inputs_open(struct inputs *inputs, const struct plan *plan, struct error *error)
{
    inputs->plan = plan;
    for (int k = 0; k < plan->in_count; k++) {
        if (plan->in[k].ragged && !(inputs->offset[k] = calloc(plan->piece + 1, sizeof(uint64_t))))
            return error_memory(error, "offsets", (plan->piece + 1) * sizeof(uint64_t));
        if (!plan->in[k].convert)
            continue;
        inputs->converted[k] = malloc(plan->piece * plan->in[k].bytes + 1);
        if (!inputs->converted[k])
            return error_memory(error, "converted inputs", plan->piece * plan->in[k].bytes);
    }
    return OK;
}

void inputs_close(struct inputs *inputs)
{
    for (int k = 0; k < PORTS_MAX; k++) {
        free(inputs->converted[k]);
        free(inputs->offset[k]);
    }
}

void inputs_place_ragged(const struct inputs *inputs, int k, const void *from, const struct piece_at *at,
                         struct part *part)
{
    const uint64_t *const offset = (const uint64_t *)from + at->done;

    for (uint64_t i = 0; i <= part->count; i++)
        inputs->offset[k][i] = offset[i] - offset[0];
    part->offset[k] = inputs->offset[k];
    part->in[k] = (const char *)from + ragged_rows_at(at->count) + offset[0] * inputs->plan->in[k].wire_row_bytes;
}

/* Item k of a ragged input of compounds: its bytes as they travel, and what describes it. */
static const char *ragged_compounds(const struct feed *feed, const struct part *part, int input, uint64_t k,
                                    struct feed *one)
{
    const uint64_t *const offset = part->offset[input];

    *one = ragged_item(feed, offset, k);
    return (const char *)part->in[input] + offset[k] * feed->wire_row_bytes;
}

/* Say why the items that were just marked failed: those of the piece whose status is set. */
static void explain(const struct inputs *inputs, int input, const struct part *part, struct calls *calls)
{
    const struct feed *feed = &inputs->plan->in[input];
    const void *from = part->in[input];
    char text[REASON_TEXT_MAX + 1];
    struct feed one;

    for (uint64_t k = 0; k < part->count; k++) {
        if (calls->status[k] != H5MAP_FAILED)
            continue;
        if (feed->ragged && feed->type == TYPE_COMPOUND)
            compound_reason(inputs->plan->field, &one, ragged_compounds(feed, part, input, k, &one), text, sizeof text);
        else if (feed->ragged)
            ragged_reason(feed, part->offset[input], from, k, text, sizeof text);
        else if (feed->type == TYPE_COMPOUND)
            compound_reason(inputs->plan->field, feed, (const char *)from + k * feed->wire_bytes, text, sizeof text);
        else
            convert_reason(feed, from, k, text, sizeof text);
        if (text[0])
            reasons_add(&calls->reasons, plan_index(inputs->plan, part->first + k), text);
    }
}

static size_t convert_ragged_compounds(const struct inputs *inputs, int k, const struct part *part, int32_t *status)
{
    const struct feed *feed = &inputs->plan->in[k];
    char *to = inputs->converted[k];
    struct feed one;
    size_t failed = 0;

    for (uint64_t i = 0; i < part->count; i++) {
        const char *const item = ragged_compounds(feed, part, k, i, &one);

        failed += compound_convert(inputs->plan->field, &one, item, 1, &(struct compounds){to, &status[i]});
        to += one.bytes;
    }
    return failed;
}

static size_t convert_input(const struct inputs *inputs, int k, const struct part *part, int32_t *status)
{
    const struct feed *feed = &inputs->plan->in[k];

    if (feed->ragged && feed->type == TYPE_COMPOUND)
        return convert_ragged_compounds(inputs, k, part, status);
    if (feed->ragged)
        return ragged_convert(feed, part->offset[k], part->in[k], part->count, inputs->converted[k], status);
    if (feed->type == TYPE_COMPOUND)
        return compound_convert(inputs->plan->field, feed, part->in[k], part->count,
                                &(struct compounds){inputs->converted[k], status});
    return convert_items(feed, part->in[k], part->count, inputs->converted[k], status);
}

void inputs_convert(const struct inputs *inputs, struct part *part, struct calls *calls)
{
    for (int k = 0; k < inputs->plan->in_count; k++) {
        if (!inputs->plan->in[k].convert)
            continue;
        if (convert_input(inputs, k, part, calls->status)) {
            explain(inputs, k, part, calls);
            part->gaps = true;
        }
        part->in[k] = inputs->converted[k];
    }
}
