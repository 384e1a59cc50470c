/* item_loop: what an item costs apart from the arithmetic. The same work as an item kernel, as a slice kernel and as a
 * loop written by hand, on data that stays in the cache; the ways take turns. Prints KERNEL WAY NS, the median of an
 * item. */
#include "work.h"

#include <h5map/kernel.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define INPUT_BYTES (512 * 1024)
#define CALLS 40 /* a turn, so that the clock's own time does not count */
#define TURNS 301

static int square(const h5map_item_t *item)
{
    const double x = *(const double *)item->in[0];

    *(double *)item->out[0] = x * x;
    return 0;
}

static int norm(const h5map_item_t *item)
{
    *(double *)item->out[0] = length(item->in[0], item->dim[0]);
    return 0;
}

static int square_slice(const h5map_slice_t *slice)
{
    const double *restrict x = slice->in[0];
    double *restrict y = slice->out[0];

    for (size_t k = 0; k < slice->count; k++)
        y[k] = x[k] * x[k];
    return 0;
}

static int norm_slice(const h5map_slice_t *slice)
{
    const double *restrict x = slice->in[0];
    double *restrict y = slice->out[0];

    for (size_t k = 0; k < slice->count; k++, x += 3)
        y[k] = sqrt(x[0] * x[0] + x[1] * x[1] + x[2] * x[2]);
    return 0;
}

H5MAP_KERNEL(square, .signature = "x: double -> y: double");
H5MAP_KERNEL(norm, .signature = "x: double[n] -> y: double");
H5MAP_SLICE_KERNEL(square_slice, .signature = "x: double -> y: double");
H5MAP_SLICE_KERNEL(norm_slice, .signature = "x: double[3] -> y: double");

static int square_by_hand(const h5map_slice_t *slice)
{
    const double *x = slice->in[0];
    double *y = slice->out[0];

    for (size_t k = 0; k < slice->count; k++)
        y[k] = x[k] * x[k];
    return 0;
}

static int norm_by_hand(const h5map_slice_t *slice)
{
    const double *x = slice->in[0];
    double *y = slice->out[0];
    const size_t n = slice->dim[0];

    for (size_t k = 0; k < slice->count; k++)
        y[k] = length(x + k * n, n);
    return 0;
}

struct way {
    const char *kernel, *name;
    int (*map)(const h5map_slice_t *slice);
    size_t elements; /* of an item */
    double ns[TURNS];
};

static double now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return 1e9 * (double)now.tv_sec + (double)now.tv_nsec;
}

static double turn_ns(const struct way *way, const double *x, double *y, int32_t *status)
{
    const void *in[1] = {x};
    void *out[1] = {y};
    const size_t in_bytes = way->elements * sizeof *x, out_bytes = sizeof *y;
    const h5map_slice_t slice = {.in = in,
                                 .out = out,
                                 .dim = &way->elements,
                                 .count = INPUT_BYTES / in_bytes,
                                 .status = status,
                                 .in_count = 1,
                                 .out_count = 1,
                                 .in_bytes = &in_bytes,
                                 .out_bytes = &out_bytes};
    int (*volatile map)(const h5map_slice_t *) = way->map; /* called as the program calls it */
    const double start_ns = now_ns();

    for (int k = 0; k < CALLS; k++)
        map(&slice);
    return (now_ns() - start_ns) / CALLS / (double)slice.count;
}

static int by_value(const void *a, const void *b)
{
    const double *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

int main(void)
{
    static struct way ways[6];
    const int way_count = sizeof ways / sizeof *ways;
    const size_t elements = INPUT_BYTES / sizeof(double);
    double *x = aligned_alloc(4096, INPUT_BYTES), *y = aligned_alloc(4096, INPUT_BYTES);
    int32_t *status = calloc(elements, sizeof *status);

    if (!x || !y || !status)
        return 1;
    ways[0] = (struct way){"square", "hand", square_by_hand, 1, {0}};
    ways[1] = (struct way){"square", "item", h5map_kernel_square.map, 1, {0}};
    ways[2] = (struct way){"square", "slice", h5map_kernel_square_slice.map, 1, {0}};
    ways[3] = (struct way){"norm", "hand", norm_by_hand, 3, {0}};
    ways[4] = (struct way){"norm", "item", h5map_kernel_norm.map, 3, {0}};
    ways[5] = (struct way){"norm", "slice", h5map_kernel_norm_slice.map, 3, {0}};
    for (size_t k = 0; k < elements; k++)
        x[k] = 1 + (double)(k % 1000);
    for (int turn = 0; turn < TURNS; turn++)
        for (int k = 0; k < way_count; k++)
            ways[k].ns[turn] = turn_ns(&ways[k], x, y, status);
    for (int k = 0; k < way_count; k++) {
        qsort(ways[k].ns, TURNS, sizeof *ways[k].ns, by_value);
        printf("%s %s %.3f\n", ways[k].kernel, ways[k].name, ways[k].ns[TURNS / 2]);
    }
    free(x);
    free(y);
    free(status);
    return 0;
}
