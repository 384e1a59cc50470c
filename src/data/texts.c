#include "data/texts.h"

#include "codec/ragged.h"
#include "codec/utf8.h"
#include "data/source.h"
#include "element.h"

#include <stdlib.h>
#include <string.h>

#define PIECE_BYTES (1u << 20)
#define CACHE_BYTES (64u << 20)

/* One input as it is read. */
struct reading {
    struct signature signature;
    struct binding binding;
    struct plan plan;
    struct source *source;
    uint64_t elements, element_bytes; /* of an item, of an element; of texts of various lengths, of the longest */
    char *items;                      /* [piece] */
    uint64_t piece;
};

/* Where the first text is that is not UTF-8, in an element of the wire; NULL: all are. *name: of its field, NULL: it is
 * in none. */
static const char *find_bad(const struct field *field, const struct field *whole, const char *at, const char **name)
{
    const char *bad = NULL;

    if (whole->type == TYPE_STRING)
        return utf8_is_valid(at, strnlen(at, whole->wire_bytes)) ? NULL : at;
    if (whole->type != TYPE_COMPOUND)
        return NULL;
    for (int f = whole->element.field; f >= 0 && !bad; f = field[f].next)
        for (uint32_t k = 0; k < field[f].count && !bad; k++) {
            *name = field[f].stored;
            bad = find_bad(field, &field[f], at + field[f].wire_offset + (size_t)k * field[f].wire_bytes, name);
        }
    return bad;
}

/* The index in the full input of the item at a position. */
static uint64_t index_of(const struct plan *plan, uint64_t position)
{
    return (plan->start + position / plan->inner * plan->step) * plan->inner + position % plan->inner;
}

/* Element k of a piece of so many items. */
static const char *element_at(const struct reading *r, uint64_t k, uint64_t count)
{
    if (r->binding.in[0].vlen)
        return r->items + ragged_rows_at(count) + ((const uint64_t *)(const void *)r->items)[k];
    return r->items + k * r->element_bytes;
}

static int check_piece(const struct reading *r, uint64_t first, uint64_t count, struct error *error)
{
    const struct port *port = &r->signature.in[0];
    const struct bound *bound = &r->binding.in[0];
    const struct field whole = {.type = port->type, .element = port->element, .wire_bytes = (uint32_t)r->element_bytes};
    const char *name = NULL;

    for (uint64_t k = 0; k < count * r->elements; k++)
        if (find_bad(r->binding.field, &whole, element_at(r, k, count), &name))
            return error_set(error, REFUSED, "%s: %.300s in %.300s: item %llu%s%s%s is not UTF-8 (correct it)",
                             port->name, bound->dataset, bound->file,
                             (unsigned long long)index_of(&r->plan, first + k / r->elements), name ? ": field '" : "",
                             name ? name : "", name ? "'" : "");
    return OK;
}

/* The input k alone, with the loop of the job. */
static void describe(struct reading *r, const struct signature *signature, const struct binding *binding, int k)
{
    const struct port *port = &signature->in[k];
    const struct bound *bound = &binding->in[k];
    struct plan *plan = &r->plan;

    r->signature.in_count = plan->in_count = 1;
    r->signature.in[0] = *port;
    r->binding = *binding;
    r->binding.in[0] = *bound;
    plan->start = binding->start;
    plan->step = binding->step ? binding->step : 1;
    plan->inner = 1;
    for (int d = 1; d < binding->loop_rank; d++)
        plan->inner *= binding->loop_shape[d];
    plan->items = binding->rows * plan->inner;
    if (plan->inner == 0)
        plan->inner = 1;
    plan->cache_bytes =
        bound->chunk_bytes * bound->row_chunks < CACHE_BYTES ? bound->chunk_bytes * bound->row_chunks : CACHE_BYTES;
    if (plan->cache_bytes < bound->chunk_bytes)
        plan->cache_bytes = bound->chunk_bytes;
    r->elements = 1;
    for (int d = binding->loop_rank; d < bound->rank; d++)
        r->elements *= bound->shape[d];
    r->element_bytes = bound->vlen ? bound->longest : element_bytes(bound->wire, bound->element);
    r->piece = PIECE_BYTES / (r->elements * r->element_bytes + 1) + 1;
}

static int check_all(struct reading *r, struct error *error)
{
    for (uint64_t done = 0, some; done < r->plan.items && !error->code; done += some) {
        void *to[PORTS_MAX] = {r->items};

        some = r->plan.items - done < r->piece ? r->plan.items - done : r->piece;
        if (!source_read(r->source, done, some, to, error))
            check_piece(r, done, some, error);
    }
    return error->code;
}

static int check_input(const struct signature *signature, const struct binding *binding, int k, struct error *error)
{
    struct reading *r = calloc(1, sizeof *r);

    if (!r)
        return error_memory(error, signature->in[k].name, sizeof *r);
    describe(r, signature, binding, k);
    r->items = malloc(ragged_rows_at(r->piece) + r->piece * r->elements * r->element_bytes + 1);
    if (!r->items)
        error_memory(error, signature->in[k].name, r->piece * r->elements * r->element_bytes);
    else if (!source_open(&r->signature, &r->binding, &r->plan, &r->source, error))
        check_all(r, error);
    source_close(r->source);
    free(r->items);
    free(r);
    return error->code;
}

int texts_check(const struct signature *signature, const struct binding *binding, struct error *error)
{
    int code = OK;

    for (int k = 0; k < signature->in_count && !code; k++)
        if (signature->in[k].role == ROLE_INPUT &&
            element_has_text(signature->field, signature->in[k].type, signature->in[k].element))
            code = check_input(signature, binding, k, error);
    return code;
}
