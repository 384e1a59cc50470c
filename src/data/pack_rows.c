#include "data/pack_rows.h"

#include <string.h>

/* The reference of the item, which is at hand or behind what is. */
static int find_ref(struct pack_rows *rows, uint64_t item, const struct ref **ref, struct error *error)
{
    if (item < rows->first || item >= rows->first + rows->count) {
        rows->first = item;
        rows->count = rows->items - item < PACK_REFS ? rows->items - item : PACK_REFS;
        if (rows->staged->read(rows->staged->self, rows->refs_offset + item * sizeof *rows->ref, rows->ref,
                               rows->count * sizeof *rows->ref, error))
            return error->code;
    }
    *ref = &rows->ref[item - rows->first];
    return OK;
}

int pack_rows_open(const struct pack *pack, int k, struct pack_rows *rows, struct error *error)
{
    const struct port *port = &pack->record->ports->out[k];
    const struct ref *ref = NULL;
    uint64_t elements = 1;

    for (int d = 1; d < port->rank; d++)
        elements *= port->dim[d].name >= 0 ? pack->record->binding->dim[port->dim[d].name] : port->dim[d].size;
    *rows = (struct pack_rows){.staged = &pack->staged,
                               .refs_offset = pack->staged.layout->result_offset[k],
                               .items = pack->items,
                               .row_bytes = elements * type_bytes(port->type),
                               .element_bytes = type_bytes(port->type)};
    for (uint64_t item = 0; item < rows->items; item++) {
        if (find_ref(rows, item, &ref, error))
            return error->code;
        rows->total += ref->rows;
    }
    return OK;
}

void pack_rows_offsets(struct pack_rows *rows)
{
    rows->offsets = true;
    rows->item = rows->done = rows->sum = 0;
}

static int read_offsets(struct pack_rows *rows, uint64_t count, uint64_t *to, struct error *error)
{
    const struct ref *ref = NULL;

    for (uint64_t k = 0; k < count; k++) {
        to[k] = rows->sum;
        if (rows->item == rows->items)
            continue;
        if (find_ref(rows, rows->item++, &ref, error))
            return error->code;
        rows->sum += ref->rows;
    }
    return OK;
}

int pack_rows_read(struct pack_rows *rows, uint64_t count, void *to, struct error *error)
{
    uint64_t left = count * rows->element_bytes;
    const struct ref *ref = NULL;
    char *next = to;

    if (rows->offsets)
        return read_offsets(rows, count, to, error);
    while (left) {
        if (find_ref(rows, rows->item, &ref, error))
            return error->code;
        const uint64_t bytes = ref->rows * rows->row_bytes - rows->done, part = bytes < left ? bytes : left;

        if (part && rows->staged->read(rows->staged->self, ref->at + rows->done, next, part, error))
            return error->code;
        next += part;
        left -= part;
        rows->done += part;
        if (part == bytes) {
            rows->item++;
            rows->done = 0;
        }
    }
    return OK;
}
