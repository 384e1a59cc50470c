// A kernel in C++.
#include <cmath>
#include <h5map/kernel.h>

static int root(const h5map_item_t *item)
{
    *static_cast<double *>(item->out[0]) = std::sqrt(*static_cast<const double *>(item->in[0]));
    return 0;
}

H5MAP_KERNEL(root, .signature = "items: double -> results: double", .summary = "Square root");
