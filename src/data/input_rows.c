#include "data/input.h"

#include "codec/ragged.h"

#include <stdlib.h>
#include <string.h>

int input_rows_open(struct input *input, const struct plan *plan, struct error *error)
{
    input->rows_most = input->bound->longest;
    input->begin = calloc(2 * plan->slice + 2, sizeof *input->begin);
    if (!input->begin)
        return error_memory(error, "offsets", (2 * plan->slice + 2) * sizeof *input->begin);
    input->behind = input->begin + plan->slice + 1;
    return offsets_open(input->file, input->name, input->bound, &input->offsets, error);
}

/* Rows first .. first + count - 1 of the values. */
static int read_rows(struct input *input, uint64_t first, uint64_t count, void *to)
{
    struct slab slab = {{first}, {count}};

    if (count == 0 || input->item_bytes == 0)
        return OK;
    for (int k = 1; k < input->bound->rank; k++)
        slab.count[k] = input->bound->shape[k];
    if (input->gaps)
        memset(to, 0, count * input->item_bytes);
    return input_read_box(input, &slab, 1, to);
}

/* Where the items' rows are. They were looked at before: another length means that someone writes to the file. */
static int find_rows(struct input *input, const struct input_items *items, struct error *error)
{
    if (offsets_read(&input->offsets, items->first, items->step, items->count, input->begin, error) ||
        offsets_read(&input->offsets, items->first + 1, items->step, items->count, input->behind, error))
        return error->code;
    for (uint64_t k = 0; k < items->count; k++)
        if (input->behind[k] < input->begin[k] || input->behind[k] > input->bound->shape[0] ||
            input->behind[k] - input->begin[k] > input->rows_most)
            return error_set(error, FAILED, "%s: %s in %s changed while it was read (nobody may write to it)",
                             input->name, input->bound->offsets, input->bound->file);
    return OK;
}

int input_rows_read(struct input *input, const struct input_items *items, void *to, struct error *error)
{
    uint64_t *const offset = to, some;
    unsigned char *const rows = (unsigned char *)to + ragged_rows_at(items->count);

    memset(to, 0, ragged_rows_at(items->count));
    if (find_rows(input, items, error))
        return error->code;
    for (uint64_t k = 0; k < items->count; k++)
        offset[k + 1] = offset[k] + input->behind[k] - input->begin[k];
    for (uint64_t k = 0; k < items->count; k += some) {
        for (some = 1; k + some < items->count && input->begin[k + some] == input->behind[k + some - 1];)
            some++;
        if (read_rows(input, input->begin[k], offset[k + some] - offset[k], rows + offset[k] * input->item_bytes))
            return input_unread(input, items->first + k * items->step, items->first + (k + some - 1) * items->step,
                                error);
    }
    input_settle(input, rows, offset[items->count] * input->item_bytes);
    return OK;
}
