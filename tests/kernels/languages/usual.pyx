# cython: language_level=3, cdivision=True
# A kernel in Cython: the function of the usual script as it is, in front of it what h5map has to know. What it does must
# do without Python (nogil): pointers, not memoryviews or arrays.
#
#     cython3 usual.pyx
#     h5map run usual.c in.h5 out.h5 --cflags "$(python3-config --includes)" --libs "$(python3-config --embed --libs)"
#
# That links Python's library, but starts no interpreter. Without the library: see exports.
from libc.math cimport sqrt

cdef extern from *:
    """
    #include <h5map/kernel.h>
    static int usual(const h5map_item_t *item);
    H5MAP_KERNEL(usual, .signature = "x: double[n], param p: int32 = 2 -> length: double",
                 .summary = "Norm of a vector, in Cython");
    """
    ctypedef struct h5map_item_t:
        const void *const *inputs "in"
        void *const *out
        const size_t *dim
    int h5map_fail(const h5map_item_t *item, const char *format, ...) nogil


cdef double norm(const double *x, size_t n, int p) nogil:
    cdef double total = 0
    cdef size_t k
    for k in range(n):
        total += x[k] ** p
    return sqrt(total) if p == 2 else total ** (1.0 / p)


cdef int usual "usual"(const h5map_item_t *item) nogil:
    cdef const double *x = <const double *> item.inputs[0]
    cdef int p = (<const int *> item.inputs[1])[0]
    if p < 1:
        return h5map_fail(item, b"no norm of order %d", p)
    (<double *> item.out[0])[0] = norm(x, item.dim[0], p)
    return 0
