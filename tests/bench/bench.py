"""What the works share: the programs that take part, built in a folder of their own, and the data."""

import functools
import os
import shutil
import subprocess
import sys

import h5py
import numpy as np
import table
from timing import Entry, Timer

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
H5MAP = os.environ.get("H5MAP", os.path.join(ROOT, "build", "program", "h5map"))
PYTHON = "/usr/bin/python3"
FLAGS = ["-O3", "-march=native", "-D_GNU_SOURCE", "-Wall", "-fopenmp", "-I."]
RANKS = 2
RUN = [H5MAP, "run", "-q"]
SETTINGS = {"OMP_NUM_THREADS": str(RANKS), "OMPI_MCA_rmaps_base_oversubscribe": "1"}
AS_ROOT = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
# The fastest way that Open MPI starts where all ranks are on one host; h5map finds it by itself.
FASTEST = {"OMPI_MCA_pml": "ob1", "OMPI_MCA_btl": "self,vader", "OMPI_MCA_ess_singleton_isolated": "1"}
ITEM_S = 20e-6
SHORT_ITEM_S = 1e-6
PIECE_BYTES = 64 << 20


class Bench:
    def __init__(self, home, args):
        self.timer = Timer(home, {**SETTINGS, **(AS_ROOT if os.geteuid() == 0 else {})})
        self.path, self.args, self.rng, self.ranks = self.timer.path, args, np.random.default_rng(1), RANKS

    def compile(self, command):
        subprocess.run(command, cwd=self.timer.home, check=True)

    def build(self):
        """The programs that take part."""
        for folder in (HERE, os.path.join(HERE, "peers")):
            for name in os.listdir(folder):
                if name.endswith((".c", ".h", ".py", ".pyx")):
                    shutil.copy(os.path.join(folder, name), self.timer.home)
        words = subprocess.run(["pkg-config", "--cflags", "--libs", "hdf5-serial"], capture_output=True, text=True, check=True)
        libraries = [*words.stdout.split(), "-ldeflate", "-lm"]
        for name in ("openmp", "pieces", "images", "zipped", "naps"):
            self.compile(["cc", *FLAGS, name + ".c", *libraries, "-o", name])
        self.compile(["cc", *FLAGS, "lap.c", "-o", "lap"])
        self.compile(["mpicc", *FLAGS, "empty.c", "-o", "empty"])
        include = "import sysconfig; print(sysconfig.get_paths()['include'])"
        include = subprocess.run([PYTHON, "-c", include], capture_output=True, text=True, check=True).stdout.strip()
        self.compile(["cython3", "usual_kernel.pyx"])
        self.compile(["cc", *FLAGS[:2], "-fPIC", "-shared", "-I" + include, "usual_kernel.c", "-lm", "-o", "usual_kernel.so"])

    def make(self, shape, dtype, fill, **how):
        """The dataset /x of some.h5, row by row from fill(first, count), and one without rows in none.h5. `how`: chunks and
        filters, as h5py names them."""
        with h5py.File(self.path("none.h5"), "w") as file:
            file.create_dataset("x", (0, *shape[1:]), dtype, maxshape=(None, *shape[1:]) if how else None, **how)
        self.make_file("some.h5", shape, dtype, fill, **how)

    def make_file(self, name, shape, dtype, fill, **how):
        rows = max(PIECE_BYTES // (int(np.prod(shape[1:])) * np.dtype(dtype).itemsize), 1)
        if how:
            rows = max(rows // how["chunks"][0], 1) * how["chunks"][0]
        with h5py.File(self.path(name), "w") as file:
            x = file.create_dataset("x", shape, dtype, **how)
            for first in range(0, shape[0], rows):
                count = min(rows, shape[0] - first)
                x[first : first + count] = fill(first, count)

    def items_s(self, count, rounds):
        """Seconds that so many items of so many rounds of work.h take here, one after the other."""
        self.make((count,), "f8", lambda first, count: np.full(count, round(rounds)))
        entry = Entry("", [self.path("openmp"), "IN", "OUT"], env={"OMP_NUM_THREADS": "1"})
        self.timer.turns([entry], 3)
        return min(lap.wall_s for lap in entry.laps) - entry.start_s()

    @functools.cached_property
    def round_s(self):
        """Seconds that one round takes in a long item."""
        return self.items_s(2000, 1e4) / 2e7

    def item_rounds(self, item_s=ITEM_S):
        """Rounds that make an item, and the seconds that these take; of short items, by what so many of them take."""
        rounds = item_s / self.round_s
        if item_s < SHORT_ITEM_S:
            rounds *= item_s * 1e6 / (self.items_s(10**6, rounds) - self.items_s(10**6, 0))
        return rounds, item_s

    def remove_data(self):
        for name in os.listdir(self.timer.home):
            if name.endswith((".h5", ".raw")):
                os.unlink(self.path(name))

    def measure(self, title, entries):
        self.timer.turns(entries, self.args.repeat, check_same)
        self.remove_data()
        table.tell(title, entries)

    def measure_starts(self, title, entries, empty):
        """Whole commands; nothing compares what the empty ones wrote, which is nothing."""
        self.timer.turns([*entries, *empty], self.args.repeat, lambda outputs: check_same(outputs[: len(entries)]))
        self.remove_data()
        table.tell(title, [*entries, *empty])

    def count(self, quick, full):
        return quick if self.args.quick else full


def check_same(outputs):
    """All programs came to the same results, but for the last digits."""
    (first, path), *others = outputs
    with h5py.File(path, "r") as a:
        for entry, other in others:
            with h5py.File(other, "r") as b:
                for name in a.keys() - {"h5map"}:
                    if a[name].shape != b[name].shape or not np.allclose(a[name][()], b[name][()], rtol=1e-9, atol=0):
                        sys.exit(f"{entry.name}: /{name} is not what {first.name} wrote")


@functools.cache
def takes(option):
    """h5map knows the option."""
    text = subprocess.run([H5MAP, "--help"], capture_output=True, text=True, check=True).stdout
    return option in text


def ours(kernel, most=None, extra=(), ranks=RANKS, note="", **more):
    """h5map on that many ranks, as an entry of a work; `note` is added to its name."""
    missing = next((f"no {word} in this h5map" for word in extra if word.startswith("--") and not takes(word)), None)
    words = [*(["-j", str(ranks)] if ranks > 1 else []), *extra]
    name = " ".join(["h5map", *words])
    return Entry(f"**{name}**{note}", [*RUN, *words, kernel, "IN", "OUT"], most, missing=missing, **more)


def usual(kernel, way):
    return [PYTHON, "usual.py", kernel, way, "IN", "OUT"]


def mpirun(ranks, *words):
    return ["mpirun", "-q", "-n", str(ranks), *words]
