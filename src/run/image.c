#include "run/image.h"

static size_t aligned(size_t bytes)
{
    return (bytes + BATCH_ALIGN - 1) / BATCH_ALIGN * BATCH_ALIGN;
}

size_t image_inputs(const struct plan *plan, uint64_t count, void *image, void *in[PORTS_MAX])
{
    size_t place = sizeof(struct batch);

    for (int k = 0; k < plan->in_count; k++) {
        in[k] = plan->in[k].param ? NULL : (char *)image + place;
        if (!plan->in[k].param)
            place += aligned(count * plan->in[k].wire_bytes);
    }
    return place;
}

size_t image_results(const struct plan *plan, uint64_t count, void *image, void *out[PORTS_MAX])
{
    size_t place = sizeof(struct batch);

    for (int k = 0; k < plan->out_count; k++) {
        out[k] = (char *)image + place;
        place += aligned(count * plan->out[k].bytes);
    }
    return place;
}

size_t image_inputs_bytes(const struct plan *plan, uint64_t count)
{
    size_t bytes = sizeof(struct batch);

    for (int k = 0; k < plan->in_count; k++)
        if (!plan->in[k].param)
            bytes += aligned(count * plan->in[k].wire_bytes);
    return bytes;
}

static size_t results_bytes(const struct plan *plan, uint64_t count)
{
    size_t bytes = sizeof(struct batch);

    for (int k = 0; k < plan->out_count; k++)
        bytes += aligned(count * plan->out[k].bytes);
    return bytes;
}

unsigned char *image_bitmap(const struct plan *plan, const struct batch *image)
{
    return (unsigned char *)image + results_bytes(plan, image->count);
}

char *image_reasons(const struct plan *plan, const struct batch *image)
{
    return (char *)image_bitmap(plan, image) + aligned((image->count + 7) / 8);
}

size_t image_result_bytes(const struct plan *plan, const struct batch *image)
{
    if (image->verb != VERB_MAP)
        return sizeof *image;
    if (!image->failed && !image->reason_bytes)
        return results_bytes(plan, image->count);
    return results_bytes(plan, image->count) + aligned((image->count + 7) / 8) + aligned(image->reason_bytes);
}

size_t image_results_bytes_max(const struct plan *plan, uint64_t count)
{
    return results_bytes(plan, count) + aligned((count + 7) / 8) + aligned(plan->reasons_bytes);
}
