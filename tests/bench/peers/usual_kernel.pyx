# cython: language_level=3, boundscheck=False, wraparound=False
import numpy
from libc.math cimport sqrt


def norm(item):
    cdef double x = item[0], y = item[1], z = item[2]
    return sqrt(x * x + y * y + z * z)


def norm_whole(const double[:, ::1] x):
    result = numpy.empty(x.shape[0])
    cdef double[::1] y = result
    cdef Py_ssize_t k
    with nogil:
        for k in range(x.shape[0]):
            y[k] = sqrt(x[k, 0] * x[k, 0] + x[k, 1] * x[k, 1] + x[k, 2] * x[k, 2])
    return result


cdef extern from "work.h":
    double rounds(double count) nogil


def work(double item):
    return rounds(item)


def work_whole(const double[::1] x):
    result = numpy.empty(x.shape[0])
    cdef double[::1] y = result
    cdef Py_ssize_t k
    with nogil:
        for k in range(x.shape[0]):
            y[k] = rounds(x[k])
    return result
