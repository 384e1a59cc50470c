"""Every call that can fail is made to fail, the first, the second, and so on until the run succeeds (see ../faults.c).

Wherever it fails: the run ends in seconds, with status 2 or 3 and one line that says what it was, and leaves neither OUTPUT
nor OUTPUT.part nor a process behind; or the call did not matter, and the result is right.
"""

import itertools
import math
import os
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor

import h5py
import numpy as np

from harness import H5MAP, Case, cases

FAULTY = os.path.join(os.path.dirname(os.path.abspath(shutil.which(H5MAP) or H5MAP)), "tests", "h5map_faulty")
ALL = bool(os.environ.get("H5MAP_TEST_ALL"))
ROOT, OTHER = "0", "2"
STATIC = ["--schedule", "static"]
COMPLETE = "complete, but its folder can't be synced"

MEMORY = ["malloc", "calloc", "realloc", "aligned_alloc", "strdup", "open_memstream"]
FILES = ["close", "fallocate", "fclose", "fopen", "fstat", "fsync", "lstat", "mkdir", "open", "pread", "pwrite", "pwrite+", "read"]
FILES += ["realpath", "renameat2", "stat", "write"]
SYSTEM = ["dlopen", "elf_memory", "memfd_create", "pthread_create"]
HDF5 = ["H5Aread", "H5Awrite", "H5Dcreate2", "H5Dget_create_plist", "H5Dget_space", "H5Dget_type", "H5Dopen2", "H5Dread"]
HDF5 += ["H5Dwrite", "H5Fclose", "H5Fcreate", "H5Fopen", "H5Gcreate2", "H5Idec_ref", "H5Pcreate", "H5Screate_simple"]
HDF5 += ["H5Sselect_hyperslab", "H5Tcopy"]
INSIDE_HDF5 = ["hdf5:ftruncate", "hdf5:pread", "hdf5:pread+", "hdf5:pwrite", "hdf5:pwrite+"]
OF_OTHERS = ["malloc", "calloc", "aligned_alloc", "write", "dlopen", "memfd_create", "pthread_create"]
OF_ROOT = ["malloc", "calloc", "aligned_alloc", "pthread_create", "pwrite", "fsync", "renameat2", "H5Dread", "H5Dwrite", "H5Fclose", "hdf5:pwrite+"]

# What need not end the run: the cache of compiled kernels, the record's details, inputs closed after the end.
MAY_PASS = {"malloc", "realloc", "strdup", "open_memstream", "close", "fclose", "fopen", "fstat", "lstat", "mkdir", "mkostemp", "open", "read"}
MAY_PASS |= {"realpath", "rename", "stat", "write", "H5Dget_create_plist", "H5Fclose"}
NEVER_MATTER = {"fopen", "lstat", "mkdir", "mkostemp", "rename"}

SAYS = {
    **dict.fromkeys(MEMORY, r"no memory for \d+ bytes|out of memory|Cannot allocate memory"),
    **dict.fromkeys(["fallocate", "pwrite", "write", "mkdir", "mkdtemp", "hdf5:pwrite"], "No space left on device"),
    **dict.fromkeys(["fsync", "fstat", "pread", "read", "renameat2", "stat", "hdf5:ftruncate"], "Input/output error"),
    **dict.fromkeys(["open", "memfd_create", "pipe2"], "Too many open files"),
    **dict.fromkeys(["fork", "posix_spawnp", "pthread_create"], "Resource temporarily unavailable"),
    "realpath": "Cannot allocate memory",
    "fclose": "no memory for",
    "dlopen": "can't be loaded",
    "elf_memory": "not a shared object",
    "hdf5:pread": r"Input/output error|no dataset /x in",
}


def numbers(most, factor):
    """1, 2, 3 and so on up to `most`, then with growing gaps."""
    n = 1
    while True:
        yield n
        n = n + 1 if n < most else math.ceil(n * factor)


def table(calls, *places):
    return [(f"{call} {name}", call, *place) for name, *place in places for call in calls]


class Faults(Case):
    """The input takes every way there is: chunked and compressed, packed, with items that fail."""

    @classmethod
    def make_shared(cls):
        x = np.arange(300, dtype="i2")
        x[::60] = -5
        with h5py.File(os.path.join(cls.shared, "in.h5"), "w") as file:
            dataset = file.create_dataset("x", data=x, chunks=(50,), compression=1)
            dataset.attrs.update(scale_factor=0.5, add_offset=0.25)

    def setUp(self):
        super().setUp()
        if not os.access(FAULTY, os.X_OK):
            self.skipTest(f"no {FAULTY} beside the program")
        self.env["XDG_CACHE_HOME"] = self.of_class("cache")
        if not os.path.exists(self.of_class("whole.h5")):
            self.succeeded(self.run_faulty(1, [], self.of_class("whole.h5")), status=1)

    def run_faulty(self, ranks, words, out, cwd=None, **env):
        words = [*words, "-q", "--slice", "32", "--max-failures", "10"]
        launcher = ["mpirun", "-q", "-n", str(ranks)] if ranks > 1 else []
        command = [*launcher, FAULTY, "run", *words, self.kernel("fail") + ":negative", self.of_class("in.h5"), out]
        return self.call(*command, cwd=cwd, env=env, timeout=20)

    def run_with(self, fault, ranks, rank, words):
        """One run in a folder of its own; the fault, whether it was reached, and the rest."""
        folder, reached = self.path(fault), self.path(fault + " was reached")
        os.mkdir(folder)
        env = {"H5MAP_FAULT": fault, "H5MAP_FAULT_RANK": rank, "H5MAP_FAULT_REACHED": reached}
        env["TMPDIR"] = tempfile.mkdtemp(dir=self.folder)  # mpiruns that share one remove each other's folders
        env.update(self.private(fault))
        try:
            result = self.run_faulty(ranks, words, "out.h5", folder, **env)
        except AssertionError as late:
            result = late
        return fault, os.path.exists(reached), folder, result

    def private(self, fault):
        """The environment of one run."""
        return {}

    def check(self, call, ranks=1, rank=None, words=()):
        """One call at one place. After a failed rank mpirun sleeps for a second: so several runs at a time."""
        name, plus = call.rstrip("+"), "+" if call.endswith("+") else ""
        faults = (f"{name}:{n}{plus}" for n in (numbers(12, 1.25) if ranks == 1 or ALL else numbers(3, 1.5)))
        ends, over = [], False
        with ThreadPoolExecutor(1 if ranks == 1 else 4) as pool:
            while not over:
                batch = itertools.islice(faults, 1 if ranks == 1 else 4)
                runs = list(pool.map(lambda fault: self.run_with(fault, ranks, rank, words), batch))
                for fault, reached, folder, result in runs:
                    with self.subTest(fault=fault):
                        self.assertNotIsInstance(result, AssertionError, result)
                        if reached:
                            ends.append(self.check_end(name, folder, result))
                        else:  # nothing that failed before has an effect on it
                            self.succeeded(result, status=1)
                over = not all(reached for _, reached, _, _ in runs)
        if call.startswith("hdf5:") and not ends:
            self.skipTest("HDF5 is not linked statically")
        self.assertTrue(ends, f"{call} was never called")
        if call not in NEVER_MATTER:
            self.assertIn("failed", ends, f"{call} never mattered")

    def check_end(self, call, folder, result):
        """Did it end well, one way or the other?"""
        self.sound(result)
        kept = COMPLETE in result.err
        self.assertEqual(os.listdir(folder), ["out.h5"] if kept or result.status == 1 else [], result)
        if kept or result.status == 1:
            self.check_same(self.of_class("whole.h5"), os.path.join(folder, "out.h5"))
        if result.status == 1:
            self.assertIn(call, MAY_PASS, result)
            self.assertEqual(result.err, "", result)
            return "passed"
        self.assertIn(result.status, (2, 3), result)
        self.assertEqual(len(result.lines), 1, result)
        self.assertNotRegex(result.err, "crashed", result)
        self.assertRegex(result.lines[0], SAYS.get(call, "was made to fail|Input/output error"), result)
        return "failed"


@cases(table(MEMORY, ("in one program",)))
class Memory(Faults):
    quick = True


@cases(table(FILES + SYSTEM + HDF5 + INSIDE_HDF5, ("in one program",)))
class OneProgram(Faults):
    pass


@cases(
    table(OF_OTHERS, ("on another rank", 3, OTHER))
    + table(OF_ROOT, ("on root", 3, ROOT))
    + table(["calloc", "aligned_alloc"], ("on another rank, static", 3, OTHER, STATIC), ("on root, static", 3, ROOT, STATIC))
    + table(["H5Dread", "pwrite"], ("on root, static", 3, ROOT, STATIC))
)
class OneRankOfSeveral(Faults):
    sleepy = True


@cases(table(["calloc", "mkdtemp", "mkostemp", "pipe2", "posix_spawnp", "rename", "write"], ("while the kernel is compiled",)))
class Compiling(Faults):
    """With an empty cache every time."""

    def private(self, fault):
        for name in ("tmp", "cache"):
            os.mkdir(self.path(f"{fault} {name}"))
        return {"TMPDIR": self.path(f"{fault} tmp"), "XDG_CACHE_HOME": self.path(f"{fault} cache")}

    def check_end(self, call, folder, result):
        self.assertEqual(os.listdir(folder + " tmp"), [], result)
        return super().check_end(call, folder, result)


@cases(table(["calloc", "fork", "pipe2"], ("in the program that starts mpirun", 1, "", ["-j", "2"])))
class Parent(Faults):
    pass
