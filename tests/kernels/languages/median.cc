// A kernel in C++17. Compile it: c++ -std=c++17 -O3 -shared -fPIC $(pkg-config --cflags h5map-kernel) median.cc -o median.so
//
// An exception must not leave the function: h5map is C, and the program would end. Caught, it fails the item.
#include <h5map/kernel.h>

#include <algorithm>
#include <exception>
#include <optional>
#include <stdexcept>
#include <vector>

namespace
{

// The vector that all items of a rank use anew is the kernel's state.
using Values = std::vector<double>;

std::optional<double> median(Values &values)
{
    const auto middle = values.begin() + static_cast<Values::difference_type>(values.size() / 2);

    if (values.empty())
        return std::nullopt;
    std::nth_element(values.begin(), middle, values.end());
    if (values.size() % 2)
        return *middle;
    return (*middle + *std::max_element(values.begin(), middle)) / 2;
}

void take(const h5map_item_t &item, double least, Values &values)
{
    const auto *x = static_cast<const double *>(item.in[0]);

    values.clear();
    std::copy_if(x, x + item.dim[0], std::back_inserter(values), [least](double v) { return v >= least; });
    if (values.size() < 2)
        throw std::runtime_error(std::to_string(values.size()) + " values are too few");
}

} // namespace

static int median_above(const h5map_item_t *item)
try {
    const double least = *static_cast<const double *>(item->in[1]);
    auto &values = *static_cast<Values *>(item->state);

    take(*item, least, values);
    if (const auto found = median(values); found)
        *static_cast<double *>(item->out[0]) = *found;
    return 0;
} catch (const std::exception &problem) {
    return h5map_fail(item, "%s", problem.what());
}

static int make_values(const h5map_job_t *, void **state)
{
    *state = new Values;
    return 0;
}

static void drop_values(void *state)
{
    delete static_cast<Values *>(state);
}

H5MAP_KERNEL(median_above, .signature = "x: double[n], param least: double = 0 -> median: double",
             .summary = "Median of the values from `least` on", .init = make_values, .finish = drop_values);
