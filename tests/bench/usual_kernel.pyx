# cython: language_level=3
from libc.math cimport sqrt


def norm(item):
    cdef double x = item[0], y = item[1], z = item[2]
    return sqrt(x * x + y * y + z * z)
