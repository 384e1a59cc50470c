#!/usr/bin/python3
"""run.py [--repeat N] [--scale X] [WORD...]: h5map beside what people write by hand, on this machine, in one run.

Both sides take turns; the figures are medians, less the median of the same command on zero items (start-up), and their
ratio. The program is $H5MAP, else build/release/h5map. Needs python3-h5py, and cython3 and python3-dev for the usual script
(without them that row is left out). --scale 0.1 makes everything ten times smaller.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import h5py
import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
H5MAP = os.environ.get("H5MAP", os.path.join(ROOT, "build", "release", "h5map"))
FLAGS = ["-O3", "-march=native", "-Wall"]
RANKS = 2
MPI = {
    "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1", "OMPI_MCA_rmaps_base_oversubscribe": "1",
    "OMPI_MCA_hwloc_base_binding_policy": "none",
}  # fmt: skip


class Bench:
    def __init__(self, home, args):
        self.home, self.args = home, args
        self.env = {**os.environ, **MPI, "XDG_CACHE_HOME": home, "OMP_NUM_THREADS": str(RANKS), "TMPDIR": home}

    def path(self, name):
        return os.path.join(self.home, name)

    def count(self, items):
        return max(int(items * self.args.scale), 1)

    def build(self):
        flags = subprocess.run(["pkg-config", "--cflags", "--libs", "hdf5-serial"], capture_output=True, text=True, check=True)
        for name in ("openmp", "pieces"):
            command = ["cc", *FLAGS, "-fopenmp", os.path.join(HERE, name + ".c"), *flags.stdout.split(), "-lm", "-o", self.path(name)]
            subprocess.run(command, check=True)
        kernel = ["cc", *FLAGS, "-fPIC", "-shared", "-I" + os.path.join(ROOT, "include"), os.path.join(HERE, "kernels.c")]
        subprocess.run([*kernel, "-lm", "-o", self.path("kernels.so")], check=True)

    def build_usual(self):
        if not shutil.which("cython3"):
            return False
        for name in ("usual.py", "usual_kernel.pyx"):
            shutil.copy(os.path.join(HERE, name), self.home)
        include = subprocess.run(
            ["/usr/bin/python3", "-c", "import sysconfig; print(sysconfig.get_paths()['include'])"],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        if not os.path.exists(os.path.join(include.stdout.strip(), "Python.h")):
            return False
        subprocess.run(["cython3", "usual_kernel.pyx"], cwd=self.home, check=True)
        subprocess.run(
            ["cc", "-O3", "-fPIC", "-shared", "-I" + include.stdout.strip(), "usual_kernel.c", "-o", "usual_kernel.so"],
            cwd=self.home, check=True,
        )  # fmt: skip
        return True

    def make(self, name, data):
        """The input and the same without items."""
        for file_name, items in ((name, data), ("none-" + name, data[:0])):
            with h5py.File(self.path(file_name), "w") as file:
                plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
                plist.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
                space = h5py.h5s.create_simple(items.shape)
                h5py.h5d.create(file.id, b"x", h5py.h5t.NATIVE_DOUBLE, space, plist).write(h5py.h5s.ALL, h5py.h5s.ALL, items)

    def time(self, command, source, target):
        words = [w.replace("IN", source).replace("OUT", target) if w in ("IN", "OUT") else w for w in command]
        if os.path.exists(self.path(target)):
            os.unlink(self.path(target))
        os.sync()
        began = time.monotonic()
        done = subprocess.run(words, cwd=self.home, env=self.env, capture_output=True, text=True)
        seconds = time.monotonic() - began
        if done.returncode:
            sys.exit(f"{' '.join(words)}: status {done.returncode}\n{done.stdout}{done.stderr}")
        return seconds

    def check_same(self):
        with h5py.File(self.path("a.h5"), "r") as a, h5py.File(self.path("b.h5"), "r") as b:
            if not np.allclose(a["y"][()], b["y"][()], rtol=1e-12):
                sys.exit("the results differ")

    def round_s(self):
        """Seconds that one round of work.h takes here."""
        self.make("rounds.h5", np.full(2000, 1e5))
        words = ["env", "OMP_NUM_THREADS=1", self.path("openmp"), "IN", "OUT"]
        laps = [self.time(words, "rounds.h5", "r.h5") - self.time(words, "none-rounds.h5", "r.h5") for _ in range(3)]
        return min(laps) / 2e8

    def compare(self, title, name, ours, theirs, target):
        """Turn about: ours, theirs, both without items."""
        runs = {"ours": [], "theirs": [], "ours0": [], "theirs0": []}
        for turn in range(self.args.repeat + 1):
            pieces = (("ours", ours, name, "a.h5"), ("theirs", theirs, name, "b.h5"),
                      ("ours0", ours, "none-" + name, "a0.h5"), ("theirs0", theirs, "none-" + name, "b0.h5"))  # fmt: skip
            for key, command, source, out in pieces:
                seconds = self.time(command, source, out)
                if turn:  # the first warms the caches
                    runs[key].append(seconds)
        self.check_same()
        middle = {key: statistics.median(values) for key, values in runs.items()}
        a, b = middle["ours"] - middle["ours0"], middle["theirs"] - middle["theirs0"]
        print(f"{title}\n    h5map {a:.3f} s (start-up {middle['ours0']:.3f} s), by hand {b:.3f} s (start-up "
              f"{middle['theirs0']:.3f} s): h5map takes {a / b:.3f} of it, {b / a:.1f} times faster; target {target}", flush=True)  # fmt: skip
        for key, values in runs.items():
            print(f"        {key}: " + " ".join(f"{v:.3f}" for v in sorted(values)))
        for out in (name, "none-" + name, "a.h5", "b.h5", "a0.h5", "b0.h5"):
            os.unlink(self.path(out))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeat", type=int, default=7)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("words", nargs="*", help="usual, even, rising, stream: those rows alone")
    args = parser.parse_args()
    home = tempfile.mkdtemp(prefix="h5map-bench-")
    try:
        run(Bench(home, args), args.words or ["usual", "even", "rising", "stream"])
    finally:
        shutil.rmtree(home, ignore_errors=True)


def run(bench, rows):
    bench.build()
    rng = np.random.default_rng(1)
    parallel = ["mpirun", "-q", "-n", str(RANKS), H5MAP, "run", "-q"]
    work, norm = bench.path("kernels.so") + ":work", bench.path("kernels.so") + ":norm"
    if "usual" in rows and not bench.build_usual():
        print("the usual script: left out, no cython3 or python3-dev")
    elif "usual" in rows:
        bench.make("usual.h5", rng.normal(size=(bench.count(2_000_000), 3)))
        theirs = ["/usr/bin/python3", "usual.py", "IN", "OUT", str(RANKS)]
        bench.compare("norm of 2M vectors, 2 ranks, against the usual script", "usual.h5", [*parallel, norm, "IN", "OUT"], theirs, ">= 40 times faster")  # fmt: skip
    for row, title, shape in (("even", "200k items of 20 us", lambda n: np.full(n, 1.0)),
                              ("rising", "200k items, cost rising along the file", lambda n: np.linspace(0, 2, n))):  # fmt: skip
        if row in rows:
            bench.make("work.h5", shape(bench.count(200_000)) * 20e-6 / bench.round_s())
            bench.compare(f"{title}, 2 ranks, against C + OpenMP", "work.h5", [*parallel, work, "IN", "OUT"], [bench.path("openmp"), "IN", "OUT"], "<= 1.10")  # fmt: skip
    if "stream" in rows:
        bench.make("stream.h5", rng.normal(size=(bench.count(40_000_000), 3)))
        bench.compare("norm of 40M vectors (960 MB), sequential, against pread-map-pwrite", "stream.h5",
                      [H5MAP, "run", "-q", norm, "IN", "OUT"], [bench.path("pieces"), "IN", "OUT"], "<= 1.5")  # fmt: skip


if __name__ == "__main__":
    main()
