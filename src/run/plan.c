#include "run/plan.h"
#include "codec/compound.h"
#include "data/output.h"
#include "element.h"
#include "parallel/patience.h"
#include "run/budget.h"

#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <string.h>

#define ITEM_BYTES_MOST (1ull << 48) /* beyond any memory, and sums of them still fit in 64 bits */
#define TICKET_S 0.02                /* long against a message, short against a run */
#define FILE_BYTES_MOST (1ull << 62) /* offsets in files are signed */

uint64_t plan_index(const struct plan *plan, uint64_t position)
{
    if (plan->step == 1)
        return plan->start * plan->inner + position;
    return (plan->start + position / plan->inner * plan->step) * plan->inner + position % plan->inner;
}

bool plan_position(const struct plan *plan, uint64_t index, uint64_t *position)
{
    const uint64_t row = index / plan->inner, rows = row - plan->start;

    *position = rows / plan->step * plan->inner + index % plan->inner;
    return row >= plan->start && rows % plan->step == 0 && *position < plan->items;
}

/* Elements of one item; UINT64_MAX: more than can be counted. */
static uint64_t elements_of(const struct port *port, const struct plan *plan)
{
    uint64_t elements = 1;
    bool empty = false, many = false;

    for (int d = 0; d < port->rank; d++) {
        const uint64_t size = port->dim[d].name < 0 ? port->dim[d].size : plan->dim[port->dim[d].name];

        empty |= size == 0;
        many |= __builtin_mul_overflow(elements, size ? size : 1, &elements);
    }
    return empty ? 0 : many ? UINT64_MAX : elements;
}

/* Elements of a port; REFUSED where an item could be in no memory. */
static int measure(const struct port *port, const struct plan *plan, uint64_t *elements, struct error *error)
{
    const uint64_t most = sizeof(struct scalar);

    *elements = elements_of(port, plan);
    if (*elements <= ITEM_BYTES_MOST / (port->element.bytes > most ? port->element.bytes : most))
        return OK;
    return error_set(error, REFUSED, "%s: %s has more than %llu elements, which fits in no memory (check its dims)",
                     port->name, port->role == ROLE_SHARED ? "the table" : "an item of it",
                     ITEM_BYTES_MOST / (port->element.bytes > most ? port->element.bytes : most));
}

/* Items have no part of it: it takes no bytes of them, and is converted before they are. */
static void plan_table(const struct bound *bound, struct feed *feed)
{
    feed->shared = true;
    feed->table_bytes = feed->elements * element_bytes(feed->type, feed->element);
    feed->wire = bound->wire;
    feed->wire_element = bound->element;
    feed->packing = bound->packing;
}

static void plan_ragged(const struct port *port, const struct plan *plan, struct feed *feed)
{
    struct port row = *port;

    if (!port->ragged)
        return;
    row.rank--;
    memmove(row.dim, row.dim + 1, (size_t)row.rank * sizeof *row.dim);
    feed->ragged = true;
    feed->dim = port->dim[0].name;
    feed->row_elements = elements_of(&row, plan);
    feed->wire_row_bytes = feed->row_elements * element_bytes(feed->wire, feed->wire_element);
    feed->row_bytes = feed->row_elements * element_bytes(feed->type, feed->element);
}

/* Texts of various lengths: as many bytes of it. */
static void plan_text(const struct bound *bound, struct feed *feed)
{
    feed->ragged = true;
    feed->dim = -1;
    feed->row_elements = feed->wire_row_bytes = feed->row_bytes = 1;
    feed->elements = feed->wire_bytes = feed->bytes = bound->longest;
}

static int plan_inputs(const struct plan_input *input, struct plan *plan, struct error *error)
{
    const struct signature *signature = input->signature;

    plan->in_count = signature->in_count;
    memcpy(plan->field, input->binding->field, sizeof plan->field);
    for (int k = 0; k < signature->in_count; k++) {
        const struct port *port = &signature->in[k];
        const struct bound *bound = &input->binding->in[k];
        struct feed *feed = &plan->in[k];

        if (measure(port, plan, &feed->elements, error))
            return error->code;
        feed->type = port->type;
        feed->element = port->type == TYPE_STRING ? bound->element : port->element;
        if (port->role == ROLE_SHARED) {
            plan_table(bound, feed);
            continue;
        }
        feed->param = port->role == ROLE_PARAM;
        feed->value = input->param[k];
        feed->bytes = feed->elements * element_bytes(port->type, feed->element);
        feed->wire = feed->param ? port->type : bound->wire;
        feed->wire_element = bound->element;
        feed->wire_bytes = feed->elements * element_bytes(feed->wire, bound->element);
        if (!feed->param)
            feed->packing = bound->packing;
        feed->convert = feed->wire != feed->type || feed->packing.given ||
                        (feed->type == TYPE_COMPOUND && compound_converts(plan->field, feed->element));
        plan_ragged(port, plan, feed);
        if (bound->vlen && feed->type == TYPE_STRING)
            plan_text(bound, feed);
    }
    return OK;
}

static int plan_results(const struct plan_input *input, struct plan *plan, struct error *error)
{
    const struct signature *signature = input->signature;
    const struct record record = {.ports = signature, .binding = input->binding};

    plan->out_count = signature->out_count;
    for (int k = 0; k < signature->out_count; k++) {
        struct yield *yield = &plan->out[k];
        uint64_t bytes;

        if (measure(&signature->out[k], plan, &yield->elements, error))
            return error->code;
        yield->type = signature->out[k].type;
        yield->element = signature->out[k].element;
        yield->bytes = yield->elements * element_bytes(yield->type, yield->element);
        yield->fill = type_fill(yield->type);
        yield->loose = element_is_loose(plan->field, yield->type, yield->element);
        if (signature->out[k].ragged) {
            yield->ragged = plan->ragged = plan->staged = true;
            yield->row_bytes = yield->bytes;
            yield->bytes = sizeof(struct ref);
        }
        yield->paged = plan->items >= (PAGED_FROM + yield->bytes - 1) / (yield->bytes ? yield->bytes : 1);
        if (__builtin_mul_overflow(plan->items, yield->bytes, &bytes) || bytes > FILE_BYTES_MOST)
            return error_set(error, REFUSED, "%s: %" PRIu64 " items of %" PRIu64 " bytes fit in no file (use --items)",
                             signature->out[k].name, plan->items, yield->bytes);
        if (plan->compress)
            output_cutting(&record, k, plan->block, &yield->cutting);
    }
    return OK;
}

static int plan_items(const struct plan_input *input, struct plan *plan, struct error *error)
{
    const struct binding *binding = input->binding;
    bool many = false;

    plan->start = binding->start;
    plan->step = binding->step ? binding->step : 1;
    plan->inner = 1;
    for (int d = 1; d < binding->loop_rank; d++)
        many |= __builtin_mul_overflow(plan->inner, binding->loop_shape[d], &plan->inner);
    many |= __builtin_mul_overflow(binding->rows, plan->inner, &plan->items);
    if (many || plan->items > FILE_BYTES_MOST)
        return error_set(error, REFUSED, "%s: more items than can be counted (use --items)", input->options->input);
    if (plan->inner == 0)
        plan->inner = 1;
    plan->dim_count = input->signature->dim_count;
    memcpy(plan->dim, binding->dim, sizeof plan->dim);
    return OK;
}

static uint64_t failures_max(const struct failure_limit *limit, uint64_t items)
{
    const double most = limit->percent ? ceil(limit->value * (double)items / 100) : limit->value;

    return most >= 0x1p64 ? UINT64_MAX : (uint64_t)most;
}

static bool any_ragged(const struct signature *signature)
{
    for (int k = 0; k < signature->out_count; k++)
        if (signature->out[k].ragged)
            return true;
    return false;
}

/* Their rows go to root in rounds, which only the dealer takes. */
static int check_ragged(const struct plan_input *input, const struct plan *plan, struct error *error)
{
    if (plan->schedule != SCHEDULE_STATIC || !any_ragged(input->signature))
        return OK;
    return error_set(error, REFUSED, "--schedule static: the kernel has ragged results (leave the option out)");
}

/* Blocks of a rank's first ticket. A crowd's take root so long that, with one block in each, those who had theirs first
 * would be done long before it comes round again. */
static uint64_t first_blocks(int crowd)
{
    return patience_calm(crowd) > 1 ? 2 : 1;
}

int plan_make(const struct plan_input *input, struct plan *plan, struct error *error)
{
    *plan = (struct plan){.block = input->block ? input->block : 1,
                          .schedule = input->options->schedule,
                          .seed = input->options->seed,
                          .debug = input->options->debug_kernel,
                          .slice_fixed = input->options->slice != 0,
                          .direct_in = input->direct,
                          .direct_out = input->direct && !input->options->compress,
                          .ticket_s = TICKET_S * patience_calm(input->crowd),
                          .unit = 1,
                          .compress = any_ragged(input->signature) ? 0 : input->options->compress,
                          .staged = input->options->compress,
                          .count_limit = INT_MAX};
    if (check_ragged(input, plan, error) || plan_items(input, plan, error) || plan_inputs(input, plan, error) ||
        plan_results(input, plan, error))
        return error->code;
    plan->first_items = first_blocks(input->crowd) * plan->block;
    plan->failures_max = failures_max(&input->options->max_failures, plan->items);
    return budget_plan(input, plan, error);
}
