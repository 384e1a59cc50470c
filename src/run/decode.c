#include "run/decode.h"
#include "buffers.h"
#include "codec/bundle.h"

#include <stdlib.h>

struct decode {
    const struct plan *plan;
    struct unpacker *unpacker;
    void *items[PORTS_MAX]; /* [slice][elements] of inputs that are bundled */
};

static int allocate(struct decode *decode, struct error *error)
{
    const struct plan *plan = decode->plan;

    if (plan->chunk_bytes && unpacker_open(plan->chunk_bytes, &decode->unpacker, error))
        return error->code;
    for (int k = 0; k < plan->in_count; k++) {
        const size_t bytes = plan->slice * plan->in[k].wire_bytes;

        if (!plan->in[k].bundled)
            continue;
        decode->items[k] = buffers_alloc(1, bytes, true);
        if (!decode->items[k])
            return error_memory(error, "decoded inputs", bytes);
    }
    return OK;
}

int decode_open(const struct plan *plan, struct decode **decode, struct error *error)
{
    struct decode *d = calloc(1, sizeof *d);

    *decode = NULL;
    if (!d)
        return error_memory(error, "decoded inputs", sizeof *d);
    d->plan = plan;
    if (allocate(d, error)) {
        decode_close(d);
        return error->code;
    }
    *decode = d;
    return OK;
}

int decode_inputs(struct decode *decode, const struct batch *ticket, const void *in[PORTS_MAX], struct error *error)
{
    for (int k = 0; k < decode->plan->in_count; k++) {
        if (!(ticket->bundled >> k & 1))
            continue;
        if (unpacker_unpack(decode->unpacker, in[k], decode->items[k], error))
            return error->code;
        in[k] = decode->items[k];
    }
    return OK;
}

void decode_close(struct decode *decode)
{
    if (!decode)
        return;
    for (int k = 0; k < PORTS_MAX; k++)
        free(decode->items[k]);
    unpacker_close(decode->unpacker);
    free(decode);
}
