#include "run/guard.h"
#include "element.h"

#include "kernel/signature.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define UNTOUCHED 0xa5

/* One port's buffer: a page that nobody may touch, whole pages, such a page again. The data ends with the whole pages.
 */
struct region {
    char *map;
    size_t map_bytes;
    char *alias; /* the whole pages once more, to be written to */
    uint64_t item_bytes, element_bytes;
    char *data; /* of the call at hand */
    size_t data_bytes;
    void *home; /* of a result: where it belongs */
};

struct guard {
    const struct plan *plan;
    struct signature signature;
    size_t page_bytes;
    uint64_t count; /* items of the call at hand */
    struct region in[PORTS_MAX], out[PORTS_MAX];
};

/* The whole pages. */
static char *region_first(const struct guard *guard, const struct region *region)
{
    return region->map + guard->page_bytes;
}

static char *region_end(const struct guard *guard, const struct region *region)
{
    return region->map + region->map_bytes - guard->page_bytes;
}

/* The whole pages, of memory that a result's kernel may write to, and an input's only read, while we write through
 * `alias`. */
static int map_pages(const struct guard *guard, size_t bytes, bool result, struct region *region)
{
    const int fd = memfd_create("guard", MFD_CLOEXEC), kernels = result ? PROT_READ | PROT_WRITE : PROT_READ;
    bool good = fd >= 0 && !ftruncate(fd, (off_t)bytes);

    if (good) {
        char *const alias = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

        region->alias = alias == MAP_FAILED ? NULL : alias;
        good = region->alias &&
               mmap(region_first(guard, region), bytes, kernels, MAP_SHARED | MAP_FIXED, fd, 0) != MAP_FAILED;
    }
    if (fd >= 0)
        close(fd); /* the maps stay */
    return good ? OK : FAILED;
}

static int region_open(const struct guard *guard, uint64_t items, bool result, struct region *region,
                       struct error *error)
{
    const size_t page = guard->page_bytes;
    uint64_t bytes;
    char *map;

    if (__builtin_mul_overflow(items, region->item_bytes, &bytes) || bytes > SIZE_MAX / 2)
        return error_memory(error, "a guarded buffer", UINT64_MAX);
    bytes =
        (bytes + page) / page * page; /* a page more, where it fills its pages: what lies before it is watched too */
    map = mmap(NULL, bytes + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map == MAP_FAILED)
        return error_memory(error, "a guarded buffer", bytes);
    region->map = map;
    region->map_bytes = bytes + 2 * page;
    if (map_pages(guard, bytes, result, region))
        return error_memory(error, "a guarded buffer", bytes);
    memset(region->alias, UNTOUCHED, bytes);
    return OK;
}

static void region_close(const struct guard *guard, struct region *region)
{
    if (region->alias)
        munmap(region->alias, region->map_bytes - 2 * guard->page_bytes);
    if (region->map) /* both of no use any more, whatever it says */
        munmap(region->map, region->map_bytes);
}

static void place_data(const struct guard *guard, struct region *region, size_t data_bytes)
{
    region->data_bytes = data_bytes;
    region->data = region_end(guard, region) - data_bytes;
}

int guard_open(const struct plan *plan, uint64_t items, const char *text, struct guard **guard_out, struct error *error)
{
    struct guard *guard = calloc(1, sizeof *guard);
    int code = guard ? OK : error_memory(error, "guarded buffers", sizeof *guard);

    if (code)
        return code;
    guard->plan = plan;
    guard->page_bytes = (size_t)sysconf(_SC_PAGESIZE);
    code = signature_parse(text, "the kernel", &guard->signature, error);
    for (int k = 0; k < plan->in_count && !code; k++) {
        if (plan->in[k].shared)
            continue;
        guard->in[k].item_bytes = plan->in[k].bytes;
        guard->in[k].element_bytes = element_bytes(plan->in[k].type, plan->in[k].element);
        code = region_open(guard, plan->in[k].param ? 1 : items, false, &guard->in[k], error);
    }
    for (int k = 0; k < plan->out_count && !code; k++) {
        if (plan->out[k].ragged)
            continue;
        guard->out[k].item_bytes = plan->out[k].bytes;
        guard->out[k].element_bytes = element_bytes(plan->out[k].type, plan->out[k].element);
        code = region_open(guard, items, true, &guard->out[k], error);
    }
    if (code)
        guard_close(guard);
    else
        *guard_out = guard;
    return code;
}

void guard_close(struct guard *guard)
{
    if (!guard)
        return;
    for (int k = 0; k < PORTS_MAX; k++) {
        region_close(guard, &guard->in[k]);
        region_close(guard, &guard->out[k]);
    }
    free(guard);
}

/* The rows of the call's items; `in` then points as far before them as its first offset says. */
static void enter_ragged(const struct guard *guard, struct region *region, const h5map_slice_t *slice, int k,
                         const void **in)
{
    const uint64_t *const offset = slice->in_offset[k];
    const size_t before = offset[0] * slice->in_bytes[k];

    place_data(guard, region, offset[slice->count] * slice->in_bytes[k] - before);
    memcpy(region->alias + (region->data - region_first(guard, region)), (const char *)*in + before,
           region->data_bytes);
    *in = (const void *)((uintptr_t)region->data - before);
}

void guard_enter(struct guard *guard, const h5map_slice_t *slice, const void *in[], void *out[])
{
    const uint64_t count = slice->count;

    guard->count = count;
    for (int k = 0; k < guard->plan->in_count; k++) {
        struct region *region = &guard->in[k];

        if (guard->plan->in[k].shared)
            continue;
        if (guard->plan->in[k].ragged) {
            enter_ragged(guard, region, slice, k, &in[k]);
            continue;
        }
        place_data(guard, region, (guard->plan->in[k].param ? 1 : count) * region->item_bytes);
        memcpy(region->alias + (region->data - region_first(guard, region)), in[k], region->data_bytes);
        in[k] = region->data;
    }
    for (int k = 0; k < guard->plan->out_count; k++) {
        struct region *region = &guard->out[k];

        if (!region->map)
            continue;
        place_data(guard, region, count * region->item_bytes);
        region->home = out[k];
        memcpy(region->data, out[k], region->data_bytes);
        out[k] = region->data;
    }
}

/* How far before its data the region was written to, at the nearest; 0: it was not. */
static ptrdiff_t damage(const struct guard *guard, const struct region *region)
{
    const char *const first = region_first(guard, region), *at = region->data;
    const size_t bytes = (size_t)(at - first);

    if (!bytes || ((unsigned char)*first == UNTOUCHED && !memcmp(first, first + 1, bytes - 1)))
        return 0;
    while ((unsigned char)*--at == UNTOUCHED)
        continue;
    return region->data - at;
}

bool guard_leave(struct guard *guard, char *what, size_t bytes)
{
    for (int k = 0; k < guard->plan->out_count; k++) {
        struct region *region = &guard->out[k];
        const ptrdiff_t before = region->map ? damage(guard, region) : 0;

        if (before) {
            snprintf(what, bytes, "writes %td bytes before the beginning of result '%s'", before,
                     guard->signature.out[k].name);
            return false;
        }
        if (!region->map)
            continue;
        memcpy(region->home, region->data, region->data_bytes);
        memset(region->data, UNTOUCHED, region->data_bytes); /* the next call may have fewer items */
    }
    return true;
}

/* What was done to the region, if it lies there. */
static bool tell(const struct region *region, const void *address, const char *how, char *what, size_t bytes)
{
    const char *at = address;
    const uint64_t element = region->element_bytes ? region->element_bytes : 1;

    if (!region->map || at < region->map || at >= region->map + region->map_bytes)
        return false;
    if (at < region->data)
        snprintf(what, bytes, "%s %td bytes before the beginning of", how, region->data - at);
    else if (at < region->data + region->data_bytes)
        snprintf(what, bytes, "writes to element %" PRIu64 " of", (uint64_t)(at - region->data) / element);
    else
        snprintf(what, bytes, "%s element %" PRIu64 " of", how, (uint64_t)(at - region->data) / element);
    return true;
}

bool guard_tell(const struct guard *guard, const void *address, enum access access, char *what, size_t bytes)
{
    static const char *const hows[] = {"touches", "reads", "writes"};
    static const char *const roles[] = {"input", "parameter", "result", "shared table"};
    const int in_count = guard->plan->in_count, count = in_count + guard->plan->out_count;
    char how[96];

    for (int k = 0; k < count; k++) {
        const bool result = k >= in_count;
        const struct region *region = result ? &guard->out[k - in_count] : &guard->in[k];
        const struct port *port = result ? &guard->signature.out[k - in_count] : &guard->signature.in[k];
        const uint64_t element = region->element_bytes ? region->element_bytes : 1;

        if (!tell(region, address, hows[access], how, sizeof how))
            continue;
        if ((const char *)address < region->data + region->data_bytes)
            snprintf(what, bytes, "%s %s '%s'", how, roles[port->role], port->name);
        else
            snprintf(what, bytes, "%s %s '%s', which has %" PRIu64, how, roles[port->role], port->name,
                     region->data_bytes / element);
        return true;
    }
    return false;
}
