#include "data/shared.h"

#include "codec/compound.h"
#include "codec/convert.h"
#include "data/dataset.h"
#include "data/source.h"
#include "element.h"

#include <stdlib.h>
#include <string.h>

#define PIECE_BYTES (1u << 20)
#define SHAPE_BYTES 200

/* The table as an input whose items are its elements. */
struct reading {
    const struct shared_table *table;
    struct signature signature;
    struct binding binding;
    struct plan plan;
    struct source *source;
    uint64_t piece;  /* elements of a read */
    void *wire;      /* [piece] where they have to be converted */
    int32_t *status; /* [piece] */
};

static bool converts(const struct shared_table *table)
{
    const struct feed *feed = table->feed;

    return feed->wire != feed->type || feed->packing.given ||
           (feed->type == TYPE_COMPOUND && compound_converts(table->field, feed->element));
}

/* Elements of a row of chunks along axis 0; 0: it is in none. */
static uint64_t chunk_row(const struct bound *bound)
{
    uint64_t elements = bound->chunk_rows;

    for (int d = 1; d < bound->rank; d++)
        elements *= bound->shape[d];
    return elements;
}

static void describe(struct reading *r, const struct shared_table *table)
{
    const struct bound *bound = table->bound;
    const uint64_t row_bytes = bound->chunk_bytes * bound->row_chunks;
    struct plan *plan = &r->plan;

    r->table = table;
    r->signature.in_count = 1;
    r->signature.in[0] = *table->port;
    r->signature.in[0].role = ROLE_INPUT;
    r->signature.in[0].rank = 0;
    r->binding.in[0] = *bound;
    memcpy(r->binding.field, table->field, sizeof r->binding.field);
    r->binding.loop_rank = bound->rank;
    for (int d = 0; d < bound->rank; d++)
        r->binding.loop_shape[d] = bound->shape[d];
    r->binding.rows = bound->rank ? bound->shape[0] : 1;
    plan->in_count = 1;
    plan->step = plan->inner = 1;
    for (int d = 1; d < bound->rank; d++)
        plan->inner *= bound->shape[d];
    plan->cache_bytes = row_bytes < table->cache_bytes ? row_bytes : table->cache_bytes;
    if (plan->cache_bytes < bound->chunk_bytes)
        plan->cache_bytes = bound->chunk_bytes;
}

/* Straight to its place, a piece is whole rows of chunks: none is decoded twice, whatever the cache may hold. */
static int allocate(struct reading *r, struct error *error)
{
    const struct feed *feed = r->table->feed;
    const uint64_t row = chunk_row(r->table->bound), wire = element_bytes(feed->wire, feed->wire_element);

    r->piece = PIECE_BYTES / (wire > sizeof(struct scalar) ? wire : sizeof(struct scalar)) + 1;
    if (!converts(r->table) && row)
        r->piece = row < r->piece ? r->piece / row * row : row;
    if (!converts(r->table))
        return OK;
    r->wire = malloc(r->piece * wire);
    r->status = calloc(r->piece, sizeof *r->status);
    return r->wire && r->status ? OK : error_memory(error, "a shared table", r->piece * wire);
}

/* Convert `count` elements; how many can't be, their status being set. */
static size_t convert(const struct reading *r, uint64_t count, void *to)
{
    struct feed one = *r->table->feed;

    one.elements = 1;
    one.bytes = element_bytes(one.type, one.element);
    if (one.type == TYPE_COMPOUND)
        return compound_convert(r->table->field, &one, r->wire, count, &(struct compounds){to, r->status});
    return convert_items(&one, r->wire, count, to, r->status);
}

/* Why element k at hand can't be converted. */
static void explain(const struct reading *r, uint64_t k, char *why, size_t why_bytes)
{
    struct feed one = *r->table->feed;
    const char *wire = r->wire;

    one.elements = 1;
    if (one.type == TYPE_COMPOUND)
        compound_reason(r->table->field, &one, wire + k * one.wire_element.bytes, why, why_bytes);
    else
        convert_reason(&one, wire, k, why, why_bytes);
}

/* Name the first element at hand that can't be converted. */
static int refuse(const struct reading *r, uint64_t first, uint64_t count, struct error *error)
{
    const struct bound *bound = r->table->bound;
    uint64_t k = 0, at, index[LOOP_DIMS_MAX + PORT_DIMS_MAX];
    char why[REASON_TEXT_MAX + 1], where[SHAPE_BYTES];

    while (k + 1 < count && !r->status[k])
        k++;
    explain(r, k, why, sizeof why);
    at = first + k;
    for (int d = bound->rank - 1; d >= 0; at /= bound->shape[d--])
        index[d] = at % bound->shape[d];
    return error_set(error, REFUSED,
                     "%s: %s in %s: element %s: %s (all items need it: correct it, or take another type)",
                     r->table->port->name, bound->dataset, bound->file,
                     dataset_shape_text(index, bound->rank, where, sizeof where), why);
}

static int read_piece(struct reading *r, uint64_t first, uint64_t count, char *to, struct error *error)
{
    void *place[PORTS_MAX] = {r->wire ? r->wire : to};

    if (source_read(r->source, first, count, place, error) || !r->wire)
        return error->code;
    return convert(r, count, to) ? refuse(r, first, count, error) : OK;
}

static int read_all(struct reading *r, char *to, struct error *error)
{
    const uint64_t elements = r->table->feed->elements,
                   bytes = element_bytes(r->table->feed->type, r->table->feed->element);

    for (uint64_t done = 0, some; done < elements && !error->code; done += some) {
        some = elements - done < r->piece ? elements - done : r->piece;
        if (r->table->look)
            r->table->look(r->table->self);
        read_piece(r, done, some, to + done * bytes, error);
    }
    return error->code;
}

int shared_read(const struct shared_table *table, void *to, struct error *error)
{
    struct reading *r;

    if (table->feed->elements == 0)
        return OK;
    r = calloc(1, sizeof *r);
    if (!r)
        return error_memory(error, "a shared table", sizeof *r);
    describe(r, table);
    if (!allocate(r, error) && !source_open(&r->signature, &r->binding, &r->plan, &r->source, error))
        read_all(r, to, error);
    source_close(r->source);
    free(r->wire);
    free(r->status);
    free(r);
    return error->code;
}
