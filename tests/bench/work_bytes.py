"""Works that mostly move bytes: norms of short vectors, compressed ones, images. Where a program written by hand knows that
a vector has 3 elements, h5map's kernel does too."""

import numpy as np
from bench import PYTHON, RANKS, Entry, mpirun, ours, usual

CHUNK = 32768


def norm(bench):
    count = bench.count(500_000, 2_000_000)
    bench.make((count, 3), "f8", lambda first, count: bench.rng.normal(size=(count, 3)))
    bench.measure(f"norm of {count:,} vectors of 3 doubles", [
        Entry("Cython, list, `Pool(2).map` (the usual script)", usual("norm", "pool")),
        ours("kernels.c:norm", 1 / 60),
        ours("kernels.c:norm", ranks=1),
        Entry("Cython, list, loop", usual("norm", "loop")),
        Entry("Cython over the whole array", usual("norm", "whole")),
    ])  # fmt: skip


def stream(bench):
    count = bench.count(8_000_000, 40_000_000)
    bench.make((count, 3), "f8", lambda first, count: bench.rng.random(size=(count, 3)))
    bench.measure(f"norm of {count:,} vectors of 3, {count * 24 // 1_000_000} MB -> {count * 8 // 1_000_000} MB", [
        Entry("C: pread, map, pwrite, 2 processes", [bench.path("pieces"), "norm", str(RANKS), "IN", "OUT"]),
        ours("kernels.c:norm3", 1.10, ["--io", "direct"]),
        ours("kernels.c:norm3", 1.8),
        ours("kernels.c:norm3", ranks=1),
        ours("kernels.c:norm", None, ["--io", "direct"], note=", vectors of any length"),
        Entry("the same C, 1 process", [bench.path("pieces"), "norm", "1", "IN", "OUT"]),
        Entry("Cython over the whole array", usual("norm", "whole")),
        Entry("mpi4py, Scatterv and Gatherv, 2 ranks", mpirun(RANKS, PYTHON, "mpi_scatterv.py", "IN", "OUT")),
    ])  # fmt: skip


def sense(bench, first, count):
    """Readings of three slow signals, with noise, of a converter's resolution."""
    time = np.arange(first, first + count)[:, None] / 5000
    signal = 20 + np.array([3.0, 5.0, 8.0]) * np.sin(time * np.array([1.0, 0.7, 0.3]))
    return np.round((signal + bench.rng.normal(scale=0.1, size=(count, 3))) * 2.0**32) / 2.0**32


def zipped(bench):
    count = bench.count(2_000_000, 10_000_000)
    bench.make((count, 3), "f8", lambda first, count: sense(bench, first, count),
               chunks=(CHUNK, 3), shuffle=True, compression="gzip", compression_opts=4)  # fmt: skip
    bench.measure(f"norm of {count:,} vectors of 3, gzip in and out", [
        Entry("C: libdeflate, level 4, 2 threads", [bench.path("zipped"), "IN", "OUT"]),
        ours("kernels.c:norm3", 0.8, ["--compress", "1"]),
        ours("kernels.c:norm3", None, ["--compress", "1"], ranks=1),
        ours("kernels.c:norm3", None, ["--compress", "4"]),
        Entry("h5py + Cython, gzip 4", [PYTHON, "usual.py", "norm", "zipped", "IN", "OUT"]),
    ])  # fmt: skip


def images(bench):
    count = bench.count(500, 2000)
    bench.make((count, 512, 512), "f4", lambda first, count: bench.rng.random((count, 512, 512), "f4"))
    bench.measure(f"statistics of {count:,} images of 512 x 512 floats", [
        Entry("C: pread, 2 processes", [bench.path("images"), str(RANKS), "IN", "OUT"]),
        ours("kernels.c:image", 1.10, ["--io", "direct"]),
        ours("kernels.c:image"),
        ours("kernels.c:image", ranks=1),
        ours("stats", None, ["--io", "direct"], note=", the built-in `stats`"),
        Entry("h5py + NumPy, image by image", [PYTHON, "images.py", "IN", "OUT"]),
    ])  # fmt: skip
