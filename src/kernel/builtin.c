#include "kernel/builtin.h"

/* The kernels' objects and texts; the texts are made at build time by embed.cmake. */
extern const h5map_kernel_t h5map_kernel_haversine, h5map_kernel_square, h5map_kernel_stats;
extern const char builtin_haversine_text[], builtin_square_text[], builtin_stats_text[], builtin_header_text[],
    builtin_sanitize_text[];

static const struct builtin builtins[] = {
    {&h5map_kernel_haversine, builtin_haversine_text},
    {&h5map_kernel_square, builtin_square_text},
    {&h5map_kernel_stats, builtin_stats_text},
};

const struct builtin *builtin_list(int *count)
{
    *count = (int)(sizeof builtins / sizeof *builtins);
    return builtins;
}

const char *builtin_header(void)
{
    return builtin_header_text;
}

const char *builtin_sanitize(void)
{
    return builtin_sanitize_text;
}
