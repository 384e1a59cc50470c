// A kernel in C++: all fields, a template and the C++ library.
#include <h5map/kernel.h>

#include <new>
#include <vector>

template <typename T> static T sum(const std::vector<T> &values)
{
    T total = 0;

    for (T value : values)
        total += value;
    return total;
}

static int plus(const h5map_item_t *item)
{
    const double *a = static_cast<const double *>(item->in[0]);
    const double *b = static_cast<const double *>(item->in[1]);
    double *result = static_cast<double *>(item->out[0]);

    if (*a < 0)
        return h5map_fail(item, "%g is negative", *a);
    *result = sum(std::vector<double>{*a, *b, *static_cast<double *>(item->state)});
    return 0;
}

static int plus_init(const h5map_job_t *job, void **state)
{
    *state = new (std::nothrow) double(100);
    return *state ? 0 : h5map_refuse(job, "no memory");
}

static void plus_finish(void *state)
{
    delete static_cast<double *>(state);
}

static int minus(const h5map_slice_t *slice)
{
    const double *a = static_cast<const double *>(slice->in[0]);
    double *result = static_cast<double *>(slice->out[0]);

    for (size_t k = 0; k < slice->count; k++)
        result[k] = -a[k];
    return 0;
}

H5MAP_KERNEL(plus, .signature = "a: double, b: double -> sum: double", .summary = "Sum and 100", .init = plus_init,
             .finish = plus_finish, .block = 4);
H5MAP_SLICE_KERNEL(minus, .signature = "a: double -> b: double");
