"""Works whose time is in the items: a handful, many of equal and of rising cost, naps."""

import h5py
import numpy as np
from bench import FASTEST, PYTHON, RANKS, RUN, Entry, mpirun, ours, usual

NAP_S, NAPS, NAP_RANKS = 0.010, 6400, 64


def square(bench):
    """Whole commands: without items there would be little left."""
    with h5py.File(bench.path("five.h5"), "w") as file:
        file["items"] = np.arange(1.0, 6.0)
    words = ["square", "five.h5", "OUT"]
    entries = [
        Entry("h5py + `Pool(2).map`", [PYTHON, "squares.py", "five.h5", "OUT"]),
        Entry("**h5map**", [*RUN, *words], 0.25),
        Entry("**h5map -j 2**", [*RUN, "-j", str(RANKS), *words], 0.9),
    ]
    empty = [
        Entry("an empty MPI program, at its fastest", [bench.path("empty")], env=FASTEST),
        Entry("the same under `mpirun -n 2`", mpirun(RANKS, bench.path("empty")), env=FASTEST),
    ]
    bench.measure_starts("5 numbers squared, whole command", entries, empty)


def costly(bench, title, shape, entries):
    count = bench.count(50_000, 200_000)
    rounds, _ = bench.item_rounds()
    bench.make((count,), "f8", lambda first, many: rounds * shape(np.arange(first, first + many) / count))
    bench.measure(f"{count:,} items of {title}", [
        Entry("C + OpenMP `schedule(guided)`", [bench.path("openmp"), "IN", "OUT"]),
        *entries,
        Entry("Cython, `Pool(2).map`, chunks of 1000", usual("work", "pool/1000")),
    ])  # fmt: skip


def even(bench):
    costly(bench, "20 us", np.ones_like, [
        ours("kernels.c:work", 1.05),
        ours("kernels.c:work", ranks=1),
        Entry("dask, blocks of 1000, 2 threads", [PYTHON, "dask_blocks.py", "IN", "OUT"]),
        Entry("joblib, slices of 1000, 2 processes", [PYTHON, "joblib_slices.py", "IN", "OUT"]),
        Entry("mpi4py.futures, slices of 1000, 2 workers",
              mpirun(RANKS + 1, PYTHON, "-m", "mpi4py.futures", "mpi_futures.py", "IN", "OUT")),
    ])  # fmt: skip


def rising(bench):
    costly(bench, "0 to 40 us, rising along the file", lambda where: 2 * where, [
        ours("kernels.c:work", 1.05),
        ours("kernels.c:work", extra=["--schedule", "static"]),
    ])  # fmt: skip


def naps(bench):
    bench.make((NAPS,), "f8", lambda first, count: np.full(count, NAP_S))
    bench.measure(f"{NAPS:,} naps of {NAP_S * 1000:.0f} ms by {NAP_RANKS}, the loop alone", [
        Entry("the naps themselves", [], fixed_s=NAPS * NAP_S / NAP_RANKS),
        ours("kernels.c:nap", 1.05, ranks=NAP_RANKS, loop=True),
        Entry(f"C: {NAP_RANKS} processes that only nap",
              [bench.path("naps"), str(NAP_RANKS), str(NAPS // NAP_RANKS), str(NAP_S), "OUT"], loop=True),
        Entry("`Pool(64).map`, chunksize 1", [PYTHON, "naps.py", str(NAP_RANKS), "IN", "OUT"], loop=True),
    ])  # fmt: skip
