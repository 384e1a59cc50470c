#!/usr/bin/python3
"""run.py [--quick] [--repeat N] [WORK...]: h5map beside what people write by hand, on this machine, in one run.

Prints a Markdown table of medians. All programs of a work take turns, after a round to warm up in which their results are
compared. A start-up is the same command on zero items; a peak is that of the largest process. Usually started by run.sh.
The work `checkpoint` is done only when it is named: h5map beside itself, with many checkpoints and with none.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import checkpoint
import h5py
import numpy as np
from timing import LONG_ROUNDS, LONG_S, Entry, Timer

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
H5MAP = os.environ.get("H5MAP", os.path.join(ROOT, "build", "program", "h5map"))
PYTHON = "/usr/bin/python3"
FLAGS = ["-O3", "-march=native", "-D_GNU_SOURCE", "-Wall", "-I" + HERE]
RANKS = 2
RUN = [H5MAP, "run", "-q"]
SETTINGS = {"OMP_NUM_THREADS": str(RANKS), "OMPI_MCA_rmaps_base_oversubscribe": "1"}
AS_ROOT = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
# The fastest way that Open MPI starts where all ranks are on one host; h5map finds it by itself.
FASTEST = {"OMPI_MCA_pml": "ob1", "OMPI_MCA_btl": "self,vader", "OMPI_MCA_ess_singleton_isolated": "1"}
ITEM_S = 20e-6
PIECE_BYTES = 64 << 20


class Bench:
    def __init__(self, home, args):
        self.timer = Timer(home, {**SETTINGS, **(AS_ROOT if os.geteuid() == 0 else {})})
        self.path, self.args, self.rng, self.ranks = self.timer.path, args, np.random.default_rng(1), RANKS

    def compile(self, command):
        subprocess.run(command, cwd=self.timer.home, check=True)

    def build(self):
        """The programs that take part."""
        words = subprocess.run(["pkg-config", "--cflags", "--libs", "hdf5-serial"], capture_output=True, text=True, check=True)
        hdf5 = words.stdout.split()
        include = "import sysconfig; print(sysconfig.get_paths()['include'])"
        include = subprocess.run([PYTHON, "-c", include], capture_output=True, text=True, check=True).stdout.strip()
        for name in ("openmp", "pieces"):
            self.compile(["cc", *FLAGS, "-fopenmp", os.path.join(HERE, name + ".c"), *hdf5, "-lm", "-o", name])
        self.compile(["cc", *FLAGS, os.path.join(HERE, "lap.c"), "-o", "lap"])
        self.compile(["mpicc", *FLAGS, os.path.join(HERE, "empty.c"), "-o", "empty"])
        for name in ("usual.py", "usual_kernel.pyx", "images.py", "kernels.c", "work.h"):
            shutil.copy(os.path.join(HERE, name), self.timer.home)
        self.compile(["cython3", "usual_kernel.pyx"])
        self.compile(["cc", *FLAGS[:2], "-fPIC", "-shared", "-I" + include, "usual_kernel.c", "-lm", "-o", "usual_kernel.so"])

    def make(self, shape, dtype, fill):
        """The dataset /x of some.h5, row by row from fill(first, count), and one without rows in none.h5."""
        rows = max(PIECE_BYTES // (int(np.prod(shape[1:])) * np.dtype(dtype).itemsize), 1)
        with h5py.File(self.path("none.h5"), "w") as file:
            file.create_dataset("x", (0, *shape[1:]), dtype)
        with h5py.File(self.path("some.h5"), "w") as file:
            x = file.create_dataset("x", shape, dtype)
            for first in range(0, shape[0], rows):
                count = min(rows, shape[0] - first)
                x[first : first + count] = fill(first, count)

    def round_s(self):
        """Seconds that one round of work.h takes here."""
        self.make((2000,), "f8", lambda first, count: np.full(count, 1e5))
        entry = Entry("", [self.path("openmp"), "IN", "OUT"], env={"OMP_NUM_THREADS": "1"})
        self.timer.turns([entry], 3)
        return (min(lap.wall_s for lap in entry.laps) - entry.start_s()) / 2e8

    def item_rounds(self):
        """Rounds that make an item, and the seconds that these take."""
        return ITEM_S / self.round_s(), ITEM_S

    def remove_data(self):
        for name in os.listdir(self.timer.home):
            if name.endswith((".h5", ".raw")):
                os.unlink(self.path(name))

    def measure(self, title, entries):
        self.timer.turns(entries, self.args.repeat, check_same)
        self.remove_data()
        tell(title, entries)


def check_same(outputs):
    """All programs came to the same results, but for the last digits."""
    (first, path), *others = outputs
    with h5py.File(path, "r") as a:
        for entry, other in others:
            with h5py.File(other, "r") as b:
                for name in a.keys() - {"h5map"}:
                    if a[name].shape != b[name].shape or not np.allclose(a[name][()], b[name][()], rtol=1e-9, atol=0):
                        sys.exit(f"{entry.name}: /{name} is not what {first.name} wrote")


def seconds(value):
    return f"{value:.2f}" if value >= 10 else f"{value:.3f}"


def times(value):
    return f"{value:.0f}" if value >= 10 else f"{value:.2f}"


def tell(title, entries):
    """The table's rows; beside each the first of as many processes, h5map's."""
    references = {}
    for entry in entries:
        reference = references.setdefault(entry.processes, entry)
        start = seconds(entry.start_s()) if entry.has_items else ""
        whole = times(entry.times(reference)) if entry is not reference else "1"
        loop = entry.times_without_start(reference) if entry.has_items else None
        loop = "" if loop is None else times(loop) if entry is not reference else "1"
        name = f"**{entry.name}**" if entry.command[:1] == [H5MAP] or H5MAP in entry.command else entry.name
        columns = (title, name, entry.processes, seconds(entry.wall_s()), start, f"{entry.peak_mb():.0f}", whole, loop)
        print("| " + " | ".join(str(column) for column in columns) + " |", flush=True)
        laps = " ".join(f"{lap.wall_s:.3f}" for lap in entry.laps)
        print(f"{title or '  '}: {entry.name}: {laps}", file=sys.stderr, flush=True)
        title = ""


def tell_machine(bench, how):
    with open("/proc/cpuinfo") as file:
        model = next((line.split(":")[1].strip() for line in file if line.startswith("model name")), "unknown processor")
    version = subprocess.run([H5MAP, "--version"], capture_output=True, text=True, check=True).stdout.partition("\n")[0]
    others = 100 * bench.timer.others_s / max(bench.timer.cores_s, 1e-6)
    print(f"\n{version}; {time.strftime('%Y-%m-%d')}; {os.cpu_count()} cores of {model}. {how}. "
          f"Other processes took {others:.0f} % of the machine meanwhile.")  # fmt: skip


def start_rounds(bench):
    return 2 * bench.args.repeat + 1


def start_up(bench):
    bench.make((1,), "f8", lambda first, count: np.ones(count))
    with h5py.File(bench.path("none.h5"), "a") as file:
        file["items"] = file["x"]
    os.unlink(bench.path("some.h5"))
    launch = ["mpirun", "-q", "-n", str(RANKS)]
    bench.timer.turns(entries := [
        Entry("`h5map run square`", [*RUN, "square", "none.h5", "OUT"]),
        Entry("`h5map run work.c`, compiled before", [*RUN, "kernels.c:work", "none.h5", "OUT"]),
        Entry("empty MPI program, fastest settings", [bench.path("empty")], env=FASTEST),
        Entry("`h5map run -j 2 square`", [*RUN, "-j", str(RANKS), "square", "none.h5", "OUT"], RANKS),
        Entry("`mpirun -n 2 h5map run square`", [*launch, *RUN, "square", "none.h5", "OUT"], RANKS),
        Entry("`mpirun -n 2` of the empty program", [*launch, bench.path("empty")], RANKS, FASTEST),
    ], start_rounds(bench))  # fmt: skip
    bench.remove_data()
    tell("start-up: zero items", entries)


def ours(kernel, source="IN", extra=()):
    """h5map's two entries: sequential and on two ranks."""
    words = [kernel, source, "OUT", *extra]
    return [Entry("h5map", [*RUN, *words]), Entry("h5map -j 2", [*RUN, "-j", str(RANKS), *words], RANKS)]


def usual(kernel, way):
    return [PYTHON, "usual.py", kernel, way, "IN", "OUT"]


def norm(bench):
    count = 500_000 if bench.args.quick else 2_000_000
    bench.make((count, 3), "f8", lambda first, count: bench.rng.normal(size=(count, 3)))
    bench.measure(f"norm of {count:,} vectors of 3 doubles ({count * 24 // 1_000_000} MB)", [
        *ours("kernels.c:norm"),
        Entry("Cython, list, loop", usual("norm", "loop")),
        Entry("Cython, list, `Pool(2).map` (the usual script)", usual("norm", "pool"), RANKS),
        Entry("Cython over the whole array", usual("norm", "whole")),
    ])  # fmt: skip


def stream(bench):
    if bench.args.quick and not bench.args.works:
        return
    count = 40_000_000
    bench.make((count, 3), "f8", lambda first, count: bench.rng.random(size=(count, 3)))
    bench.measure(f"norm of {count:,} vectors ({count * 24 // 1_000_000} MB)", [
        *ours("kernels.c:norm"),
        Entry("Cython over the whole array", usual("norm", "whole")),
        Entry("C by hand: pread, map, pwrite in pieces", [bench.path("pieces"), "IN", "OUT"]),
    ])  # fmt: skip


def costly(bench, title, shape, entries):
    count = 50_000 if bench.args.quick else 200_000
    rounds, _ = bench.item_rounds()
    bench.make((count,), "f8", lambda first, many: rounds * shape(np.arange(first, first + many) / count))
    bench.measure(f"{count:,} items of {title}", [
        *entries,
        Entry("Cython, `Pool(2).map`, chunks of 1000", usual("work", "pool/1000"), RANKS),
        Entry("C + OpenMP `schedule(guided)`", [bench.path("openmp"), "IN", "OUT"], RANKS),
    ])  # fmt: skip


def even(bench):
    costly(bench, "20 us", np.ones_like, ours("kernels.c:work"))


def rising(bench):
    entries = [
        Entry("h5map -j 2", [*RUN, "-j", str(RANKS), "kernels.c:work", "IN", "OUT"], RANKS),
        Entry("h5map -j 2 --schedule static", [*RUN, "-j", str(RANKS), "--schedule", "static", "kernels.c:work", "IN", "OUT"], RANKS),
    ]  # fmt: skip
    costly(bench, "0 to 40 us, rising along the file", lambda where: 2 * where, entries)


def images(bench):
    count = 500 if bench.args.quick else 2000
    bench.make((count, 512, 512), "f4", lambda first, count: bench.rng.random((count, 512, 512), "f4"))
    bench.measure(f"statistics of {count:,} images of 512 x 512 floats ({count * 1048576 / 1e9:.1f} GB)", [
        *ours("stats"),
        Entry("h5py + NumPy, image by image", [PYTHON, "images.py", "IN", "OUT"]),
    ])  # fmt: skip


WORKS = {"start": start_up, "norm": norm, "stream": stream, "even": even, "rising": rising, "images": images}
CHECKPOINT = "checkpoint"
KNOWN = [*WORKS, CHECKPOINT]


def beside_others(bench, words):
    print("| work | program | processes | s | of it start-up | peak MB | times h5map's | without start-up |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |", flush=True)
    for word in words:
        WORKS[word](bench)
    rounds = f"{bench.args.repeat} rounds (start-up {start_rounds(bench)}, above {LONG_S:.0f} s {min(LONG_ROUNDS, bench.args.repeat)})"
    tell_machine(bench, f"Medians of {rounds}; h5map and the C programs sync their output to the disk, the Python scripts do not")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="smaller data, fewer rounds")
    parser.add_argument("--repeat", type=int, help="rounds (default 5; 3 with --quick)")
    parser.add_argument("works", nargs="*", metavar="WORK", help=f"only these: {', '.join(KNOWN)}")
    args = parser.parse_args()
    args.repeat = args.repeat or (3 if args.quick else 5)
    if unknown := [word for word in args.works if word not in KNOWN]:
        parser.error(f"{unknown[0]}: no such work ({', '.join(KNOWN)})")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    home = tempfile.mkdtemp(prefix="h5map-bench-")
    try:
        bench = Bench(home, args)
        bench.build()
        if words := [word for word in WORKS if not args.works or word in args.works]:
            beside_others(bench, words)
        if CHECKPOINT in args.works:
            tell_machine(bench, checkpoint.measure(bench, [*RUN, "-j", str(RANKS)]))
    finally:
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main()
