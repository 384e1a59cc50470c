#include "run/plan.h"
#include "run/budget.h"

#include <limits.h>
#include <math.h>
#include <string.h>

uint64_t plan_index(const struct plan *plan, uint64_t position)
{
    if (plan->step == 1)
        return plan->start * plan->inner + position;
    return (plan->start + position / plan->inner * plan->step) * plan->inner + position % plan->inner;
}

static uint64_t elements_of(const struct port *port, const struct plan *plan)
{
    uint64_t elements = 1;

    for (int d = 0; d < port->rank; d++)
        elements *= port->dim[d].name < 0 ? port->dim[d].size : plan->dim[port->dim[d].name];
    return elements;
}

static void plan_ports(const struct plan_input *input, struct plan *plan)
{
    const struct signature *signature = input->signature;

    plan->in_count = signature->in_count;
    plan->out_count = signature->out_count;
    for (int k = 0; k < signature->in_count; k++) {
        const struct port *port = &signature->in[k];
        const struct bound *bound = &input->binding->in[k];
        struct feed *feed = &plan->in[k];

        feed->type = port->type;
        feed->param = port->role == ROLE_PARAM;
        feed->value = input->param[k];
        feed->elements = elements_of(port, plan);
        feed->bytes = feed->elements * type_bytes(port->type);
        feed->wire = feed->param ? port->type : bound->wire;
        feed->wire_bytes = feed->elements * type_bytes(feed->wire);
        if (!feed->param)
            feed->packing = bound->packing;
        feed->convert = feed->wire != feed->type || feed->packing.given;
    }
    for (int k = 0; k < signature->out_count; k++) {
        struct yield *yield = &plan->out[k];

        yield->type = signature->out[k].type;
        yield->elements = elements_of(&signature->out[k], plan);
        yield->bytes = yield->elements * type_bytes(yield->type);
        yield->fill = type_fill(yield->type);
    }
}

static void plan_items(const struct plan_input *input, struct plan *plan)
{
    const struct binding *binding = input->binding;

    plan->start = binding->start;
    plan->step = binding->step ? binding->step : 1;
    plan->inner = 1;
    for (int d = 1; d < binding->loop_rank; d++)
        plan->inner *= binding->loop_shape[d];
    plan->items = binding->rows * plan->inner;
    if (plan->inner == 0)
        plan->inner = 1;
    plan->dim_count = input->signature->dim_count;
    memcpy(plan->dim, binding->dim, sizeof plan->dim);
}

static uint64_t failures_max(const struct failure_limit *limit, uint64_t items)
{
    if (!limit->percent)
        return (uint64_t)limit->value;
    return (uint64_t)ceil(limit->value / 100 * (double)items);
}

int plan_make(const struct plan_input *input, struct plan *plan, struct error *error)
{
    *plan = (struct plan){.block = input->block ? input->block : 1,
                          .schedule = input->options->schedule,
                          .slice_fixed = input->options->slice != 0,
                          .count_limit = INT_MAX};
    plan_items(input, plan);
    plan_ports(input, plan);
    plan->failures_max = failures_max(&input->options->max_failures, plan->items);
    return budget_plan(input, plan, error);
}
