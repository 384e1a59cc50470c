#include "data/loop.h"

#include "data/dataset.h"
#include "data/ports.h"

#include <stdio.h>
#include <string.h>

#define SHAPE_BYTES 200
#define TYPE_BYTES 200

/* The rule under way. */
struct looping {
    const struct signature *signature;
    struct binding *binding;
    int first;                 /* the first input, which the others are compared with; -1: none, items are counted */
    const char *input;         /* INPUT as typed */
    int set_by[DIM_NAMES_MAX]; /* in[] index of what gave the dim its size, or -1 */
    struct error *error;
};

/* Sizes that parameters give. */
static int bind_param_dims(struct looping *l, const struct scalar param[PORTS_MAX])
{
    for (int d = 0; d < l->signature->dim_count; d++) {
        const int k = l->signature->dim_param[d];
        size_t size;

        l->set_by[d] = k;
        l->binding->dim[d] = 0;
        if (k < 0)
            continue;
        if (!scalar_size(param[k], l->signature->in[k].type, &size))
            return error_set(l->error, REFUSED, "-p %s: a dim can't be negative", l->signature->in[k].name);
        l->binding->dim[d] = size;
    }
    return OK;
}

/* Dim j of the input k has size `size`: does that agree? */
static int bind_dim(struct looping *l, int k, int j, uint64_t size)
{
    const struct port *port = &l->signature->in[k];
    const struct bound *bound = &l->binding->in[k];
    const int d = port->dim[j].name;
    const uint64_t expected = d >= 0 ? l->binding->dim[d] : port->dim[j].size;
    char shape[SHAPE_BYTES], type[TYPE_BYTES], why[NAME_BYTES + 64] = "";

    if (d >= 0 && l->set_by[d] < 0) {
        l->binding->dim[d] = size;
        l->set_by[d] = k;
    } else if (size != expected) {
        if (d >= 0)
            snprintf(why, sizeof why, ", where %s is %llu by %s", l->signature->dim_name[d],
                     (unsigned long long)expected, l->signature->in[l->set_by[d]].name);
        return error_set(l->error, REFUSED, "%s: %s in %s has shape %s, the kernel takes %s%s", port->name,
                         bound->dataset, bound->file,
                         dataset_shape_text(bound->shape, bound->rank, shape, sizeof shape),
                         ports_type_text(l->signature, port, type, sizeof type), why);
    }
    return OK;
}

static int bind_dims(struct looping *l, int k)
{
    const struct port *port = &l->signature->in[k];
    const struct bound *bound = &l->binding->in[k];
    const int lead = bound->rank - port->rank;
    char shape[SHAPE_BYTES], type[TYPE_BYTES];
    int code = OK;

    dataset_shape_text(bound->shape, bound->rank, shape, sizeof shape);
    if (lead != 0 && port->role == ROLE_SHARED)
        return error_set(l->error, REFUSED,
                         "%s: %s in %s has shape %s, the kernel takes a whole dataset as shared %s (bind another with "
                         "-i %s=/DATASET)",
                         port->name, bound->dataset, bound->file, shape,
                         ports_type_text(l->signature, port, type, sizeof type), port->name);
    if (lead < 0)
        return error_set(l->error, REFUSED, "%s: %s in %s has shape %s, the kernel takes %s (%d dims at least)",
                         port->name, bound->dataset, bound->file, shape,
                         ports_type_text(l->signature, port, type, sizeof type), port->rank);
    if (lead > LOOP_DIMS_MAX)
        return error_set(l->error, REFUSED, "%s: %s in %s has shape %s: more than %d leading dims", port->name,
                         bound->dataset, bound->file, shape, LOOP_DIMS_MAX);
    if (port->ragged) {
        uint64_t *const most = &l->binding->dim[port->dim[0].name];

        l->set_by[port->dim[0].name] = k;
        *most = bound->longest > *most ? bound->longest : *most;
    }
    for (int j = port->ragged; j < port->rank && !code; j++)
        code = bind_dim(l, k, j, bound->shape[lead + j]);
    return code;
}

/* The leading dims, the same for all inputs. */
static int bind_lead(struct looping *l, int k)
{
    struct binding *binding = l->binding;
    const struct bound *bound = &binding->in[k], *first = &binding->in[l->first];
    const bool ragged = l->signature->in[k].ragged;
    const uint64_t *const shape = ragged ? &bound->items : bound->shape;
    const int lead = ragged ? 1 : bound->rank - l->signature->in[k].rank;
    const size_t bytes = (size_t)lead * sizeof *shape;
    char one[SHAPE_BYTES], other[SHAPE_BYTES];

    if (k == l->first) {
        binding->loop_rank = lead;
        memcpy(binding->loop_shape, shape, bytes);
    } else if (lead != binding->loop_rank || memcmp(binding->loop_shape, shape, bytes)) {
        return error_set(l->error, REFUSED,
                         "%s and %s: the leading dims differ: %s of %s in %s, %s of %s in %s (they must be the same)",
                         l->signature->in[l->first].name, l->signature->in[k].name,
                         dataset_shape_text(binding->loop_shape, binding->loop_rank, one, sizeof one), first->dataset,
                         first->file, dataset_shape_text(shape, lead, other, sizeof other), bound->dataset,
                         bound->file);
    }
    return OK;
}

/* Positions are counted in 64 bits, even those of items without elements. */
static int check_items(const struct looping *l)
{
    const struct bound *first = &l->binding->in[l->first < 0 ? 0 : l->first];
    uint64_t items = 1;
    bool over = false, empty = false;
    char shape[SHAPE_BYTES];

    for (int k = 0; k < l->binding->loop_rank; k++) {
        over = __builtin_mul_overflow(items, l->binding->loop_shape[k], &items) || over;
        empty = empty || l->binding->loop_shape[k] == 0;
    }
    if (l->first >= 0 && !empty && (over || items > INT64_MAX))
        return error_set(l->error, REFUSED, "%s: %s in %s has too many items to count: shape %s",
                         l->signature->in[l->first].name, first->dataset, first->file,
                         dataset_shape_text(first->shape, first->rank, shape, sizeof shape));
    return OK;
}

static int select_items(const struct items_range *range, struct looping *l)
{
    struct binding *binding = l->binding;
    const struct bound *first = &binding->in[l->first < 0 ? 0 : l->first];
    const uint64_t size = binding->loop_rank ? binding->loop_shape[0] : 1;
    const uint64_t stop = range->stop == UINT64_MAX ? size : range->stop;

    binding->start = 0;
    binding->step = 1;
    binding->rows = size;
    if (!range->given)
        return OK;
    if (binding->loop_rank == 0)
        return error_set(l->error, REFUSED, "--items: %s in %s is one item as a whole, there is nothing to select",
                         first->dataset, first->file);
    if (range->step == 0)
        return error_set(l->error, REFUSED, "--items: a STEP of 0 (give 1 or more)");
    if (l->first < 0 && (range->start > size || stop > size))
        return error_set(l->error, REFUSED, "--items: %llu is beyond the end of %s",
                         (unsigned long long)(stop > size ? stop : range->start), l->input);
    if (range->start > size || stop > size)
        return error_set(l->error, REFUSED, "--items: %llu is beyond the end, axis 0 of %s in %s has size %llu",
                         (unsigned long long)(stop > size ? stop : range->start), first->dataset, first->file,
                         (unsigned long long)size);
    if (range->start > stop)
        return error_set(l->error, REFUSED, "--items: START %llu is behind STOP %llu", (unsigned long long)range->start,
                         (unsigned long long)stop);
    binding->start = range->start;
    binding->step = range->step;
    binding->rows = (stop - range->start) / range->step + ((stop - range->start) % range->step != 0);
    return OK;
}

int loop_bind(const struct options *options, const struct signature *signature, const struct scalar param[PORTS_MAX],
              struct binding *binding, struct error *error)
{
    struct looping l = {.signature = signature,
                        .binding = binding,
                        .first = ports_first(signature->in, signature->in_count, ROLE_INPUT),
                        .input = options->input,
                        .error = error};
    int code = bind_param_dims(&l, param);

    for (int k = 0; k < signature->in_count && !code; k++) {
        if (!ports_has_dataset(&signature->in[k]))
            continue;
        code = bind_dims(&l, k);
        if (!code && signature->in[k].role == ROLE_INPUT)
            code = bind_lead(&l, k);
    }
    if (!code)
        code = check_items(&l);
    return code ? code : select_items(&options->items, &l);
}
