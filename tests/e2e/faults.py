"""Every call that can fail is made to fail, the first, the second, and so on until the run succeeds (see ../faults.c).

Wherever it fails: the run ends in seconds, with status 2 or 3 and one line that says what it was and how many items are kept,
and leaves no process, no OUTPUT that was not there, nothing but what it keeps; and the same command without the fault goes on
from there, maps no item that was kept, and completes. Or the call did not matter, and the result is right.
"""

import itertools
import math
import os
import re
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import h5py
import numpy as np

from harness import H5MAP, Case, cases

FAULTY = os.path.join(os.path.dirname(os.path.abspath(shutil.which(H5MAP) or H5MAP)), "tests", "h5map_faulty")
ALL = bool(os.environ.get("H5MAP_TEST_ALL"))
ROOT, OTHER = "0", "2"
STATIC = ["--schedule", "static"]
KEPT = r"; (\d+) of \d+ items are kept \(run the same command again to go on\)$"
THERE_KEPT = "; what is there is kept (run the same command again to go on)"
NOTHING_KEPT = r"; no item was finished \(run the same command again\)$|; nothing could be kept: "
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
TABLES = ["malloc", "calloc", "shm_open", "mmap"]
ROWS = ["malloc", "calloc", "realloc", "pread", "pwrite", "pwrite+", "fsync", "fdatasync", "H5Dcreate2", "H5Dwrite", "H5Fclose", "hdf5:pwrite+"]
LENGTHS = ["malloc", "calloc", "H5Dread", "H5Dopen2", "H5Dget_type", "H5Sselect_hyperslab", "H5Screate_simple", "hdf5:pread"]
JOURNAL = ["calloc", "realloc", "fdatasync", "fsync", "rename", "pwrite", "pwrite+", "open", "fstat", "lstat"]
RESUME = ["malloc", "calloc", "realloc", "strdup", "pread", "pwrite", "pwrite+", "fdatasync", "fsync", "fstat", "lstat", "open", "rename", "fallocate"]
OF_DIRECT = ["calloc", "aligned_alloc", "open", "H5Fopen", "H5Dread", "pwrite", "pwrite+"]

# What need not end the run: the cache of compiled kernels, the record's details, inputs closed after the end.
MAY_PASS = {"malloc", "realloc", "strdup", "open_memstream", "close", "fclose", "fopen", "fstat", "lstat", "mkdir", "mkostemp", "open", "read"}
MAY_PASS |= {"realpath", "rename", "stat", "write", "H5Dget_create_plist", "H5Fclose"}
BLINDS = {"fstat", "lstat"}  # a run that can't see that the lock, or a journal, is its own leaves it for the next

SAYS = {
    **dict.fromkeys(MEMORY, r"no memory for \d+ bytes|out of memory|Cannot allocate memory"),
    **dict.fromkeys(["mmap", "mprotect"], "shared tables: .*Cannot allocate memory"),
    **dict.fromkeys(["fallocate", "pwrite", "write", "mkdir", "mkdtemp", "hdf5:pwrite"], "No space left on device"),
    **dict.fromkeys(["fsync", "fstat", "pread", "read", "renameat2", "stat", "hdf5:ftruncate"], "Input/output error"),
    **dict.fromkeys(["open", "memfd_create", "pipe2", "shm_open"], "Too many open files"),
    **dict.fromkeys(["fork", "getrandom", "posix_spawnp", "pthread_create"], "Resource temporarily unavailable"),
    "realpath": "Cannot allocate memory",
    "fclose": "no memory for",
    "posix_fallocate": r"shared tables: can't take .* MiB of shared memory on .*: \d+\.\d MiB are free in /dev/shm",
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


@dataclass
class Run:
    """One run with a fault, and, where that ended it, the same command without."""

    fault: str
    folder: str
    reached: bool = False
    result: object = None  # AssertionError: it did not end
    left: list = field(default_factory=list)  # in its folder
    again: object = None

    @property
    def failed(self):
        return self.reached and getattr(self.result, "status", 0) != 1


class Faults(Case):
    """The input takes every way there is: chunked and compressed, packed, with items that fail."""

    never_matter = {"fopen", "mkdir"}
    may_pass = MAY_PASS
    items, slice = 300, 32
    words = []
    kernel_name = "fail:negative"
    before = 0  # items that an earlier run has kept
    keeps_output = False  # there is an OUTPUT that the run is to replace

    @classmethod
    def make_shared(cls):
        x = np.arange(cls.items, dtype="i2")
        x[:: cls.items // 5] = -5
        with h5py.File(os.path.join(cls.shared, "in.h5"), "w") as file:
            dataset = file.create_dataset("x", data=x, chunks=(cls.items // 6,), compression=1)
            dataset.attrs.update(scale_factor=0.5, add_offset=0.25)

    def setUp(self):
        super().setUp()
        if not os.access(FAULTY, os.X_OK):
            self.skipTest(f"no {FAULTY} beside the program")
        self.env["XDG_CACHE_HOME"] = self.of_class("cache")
        if not os.path.exists(self.of_class("whole.h5")):
            self.succeeded(self.run_faulty(1, self.words, self.of_class("whole.h5")), status=1)
            os.mkdir(self.of_class("start"))
            self.prepare(self.of_class("start"))

    def prepare(self, folder):
        """What is in the folder when the run begins."""

    def run_faulty(self, ranks, words, out, cwd=None, **env):
        words = [*words, "-q", "--slice", str(self.slice), "--max-failures", "10"]
        launcher = ["mpirun", "-q", "-n", str(ranks)] if ranks > 1 else []
        command = [*launcher, FAULTY, "run", *words, self.kernel_path(), self.of_class("in.h5"), out]
        return self.call(*command, cwd=cwd, env=env, timeout=20)

    def kernel_path(self):
        file, name = self.kernel_name.split(":")
        return f"{self.kernel(file)}:{name}"

    def run_with(self, fault, ranks, rank, words):
        """One run in a folder of its own; the fault, whether it was reached, and the rest."""
        run = Run(fault, self.path(fault))
        reached = self.path(fault + " was reached")
        shutil.copytree(self.of_class("start"), run.folder)
        env = {"TMPDIR": tempfile.mkdtemp(dir=self.folder)}  # mpiruns that share one remove each other's folders
        env.update(self.private(fault))
        faults = {"H5MAP_FAULT": fault, "H5MAP_FAULT_RANK": rank, "H5MAP_FAULT_REACHED": reached}
        try:
            run.result = self.run_faulty(ranks, words, "out.h5", run.folder, **env, **faults)
            run.reached = os.path.exists(reached)
            run.left = sorted(os.listdir(run.folder))
            if run.failed:
                self.keep(run)
            if run.reached:
                run.again = self.run_faulty(ranks, words, "out.h5", run.folder, **env)
        except AssertionError as late:
            run.result = late
        return run

    def keep(self, run):
        """An OUTPUT that the next run will replace, for check_end."""
        if "out.h5" in run.left:
            shutil.copy(os.path.join(run.folder, "out.h5"), self.path(run.fault + " out.h5"))

    def private(self, fault):
        """The environment of one run."""
        return {}

    def check(self, call, ranks=1, rank=None, words=()):
        """One call at one place. After a failed rank mpirun sleeps for a second: so several runs at a time."""
        name, plus = call.rstrip("+"), "+" if call.endswith("+") else ""
        faults = (f"{name}:{n}{plus}" for n in (numbers(12, 1.25) if ranks == 1 or ALL else numbers(3, 1.5)))
        ends, over = [], False
        words = [*self.words, *words]
        at_once = 2 if ranks == 1 else 4
        with ThreadPoolExecutor(at_once) as pool:
            while not over:
                batch = itertools.islice(faults, at_once)
                runs = list(pool.map(lambda fault: self.run_with(fault, ranks, rank, words), batch))
                for run in runs:
                    with self.subTest(fault=run.fault):
                        self.assertNotIsInstance(run.result, AssertionError, run.result)
                        if run.reached:
                            ends.append("failed" if run.failed else "passed")
                            self.check_end(name, run)
                        else:  # nothing that failed before has an effect on it
                            self.succeeded(run.result, status=1)
                over = not all(run.reached for run in runs)
        if call.startswith("hdf5:") and not ends:
            self.skipTest("HDF5 is not linked statically")
        self.assertTrue(ends, f"{call} was never called")
        if call not in self.never_matter:
            self.assertIn("failed", ends, f"{call} never mattered")

    def check_end(self, call, run):
        """Did it end well, one way or the other?"""
        result = run.result
        self.sound(result)
        left = [name for name in run.left if call not in BLINDS or name != "out.h5.lock"]
        if run.failed:
            self.assertIn(result.status, (2, 3), result)
            self.assertEqual(len(result.lines), 1, result)
            self.assertNotRegex(result.err, "crashed", result)
            self.assertRegex(result.lines[0], SAYS.get(call, "was made to fail|Input/output error"), result)
            self.check_kept(run, left)
        else:
            self.assertIn(call, self.may_pass, result)
            self.assertEqual(result.err, "", result)
            left = [name for name in left if call not in BLINDS or not re.fullmatch(r"out.h5.jnl.\d+", name)]
            self.assertEqual(left, ["out.h5"], result)
        self.check_again(run)

    def check_kept(self, run, left):
        """What lies there is what the line tells of."""
        result, kept = run.result, re.search(KEPT, run.result.lines[0])
        journals = [name for name in left if re.fullmatch(r"out.h5.jnl.\d+", name)]
        parts = [name for name in left if re.fullmatch(r"out.h5.part(.\d+)?", name)]
        rest = [name for name in left if name not in journals + parts]
        complete = COMPLETE in result.err
        self.assertEqual(rest, ["out.h5"] if complete or self.keeps_output else [], result)
        if rest:
            self.check_same(self.of_class("whole.h5"), self.path(run.fault + " out.h5"))
        if complete:
            return
        self.assertEqual(bool(parts), bool(journals), f"{left} after {result}")
        if kept:
            self.assertGreaterEqual(int(kept[1]), self.before, result)
            self.assertTrue(journals, result)
        elif THERE_KEPT not in result.err and not self.before:
            self.assertEqual(left, rest, result)
            if "; " in result.lines[0]:
                self.assertRegex(result.lines[0], NOTHING_KEPT, result)

    def check_again(self, run):
        """The same command went on, and now there is nothing but the result."""
        kept = re.search(KEPT, run.result.lines[0]) if run.failed else None
        output = os.path.join(run.folder, "out.h5")
        self.succeeded(run.again, status=1)
        self.assertEqual(run.again.err, "", f"{run.again} after {run.result}")
        self.assertEqual(os.listdir(run.folder), ["out.h5"], f"{run.again} after {run.result}")
        self.check_same(self.of_class("whole.h5"), output)
        with h5py.File(output, "r") as file:
            items = [int(count) for count in file["h5map/runs"]["items"]]
        self.assertEqual(sum(items), self.items, run.result)
        if run.failed and COMPLETE not in run.result.err:
            self.check_remapped(run, items[-1], int(kept[1]) if kept else self.before)

    def check_remapped(self, run, mapped, kept):
        """What could not be synced may be there for all that."""
        unsure = run.fault.startswith("fdatasync") or THERE_KEPT in run.result.err
        check = self.assertLessEqual if unsure else self.assertEqual
        check(mapped, self.items - kept, f"items that {run.again} mapped after {run.result}")


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


@cases(table(OF_DIRECT + ["fdatasync"], ("on another rank", 3, OTHER)) + table(OF_DIRECT + ["fsync"], ("on root", 3, ROOT)))
class Direct(Faults):
    """Pages of results are each rank's own business; where a rank can't open the files, all is root's."""

    sleepy = True
    never_matter = {"H5Fopen"}
    may_pass = MAY_PASS | {"aligned_alloc", "calloc", "H5Fopen"}
    items, slice = 30_000, 3200
    words = ["--io", "direct"]


@cases(
    table(TABLES + ["ftruncate", "getrandom", "posix_fallocate", "H5Dopen2", "H5Dread", "hdf5:pread"], ("on root", 3, ROOT))
    + table(TABLES, ("on another rank", 3, OTHER))
    + table(["malloc", "calloc", "mmap", "mprotect"], ("in one program",))
)
class Tables(Faults):
    """A shared table, which is packed, too."""

    sleepy = True
    may_pass = MAY_PASS | {"getrandom"}  # the lock can do without
    kernel_name = "shared:lookup"

    @classmethod
    def make_shared(cls):
        super().make_shared()
        with h5py.File(os.path.join(cls.shared, "in.h5"), "a") as file:
            dataset = file.create_dataset("lut", data=np.arange(400, dtype="i2"), chunks=(100,), compression=1)
            dataset.attrs.update(scale_factor=0.25)


@cases(table(["calloc", "mkdtemp", "mkostemp", "pipe2", "posix_spawnp", "rename", "write"], ("while the kernel is compiled",)))
class Compiling(Faults):
    """With an empty cache every time."""

    never_matter = {"mkostemp", "rename"}

    def private(self, fault):
        for name in ("tmp", "cache"):
            os.mkdir(self.path(f"{fault} {name}"))
        return {"TMPDIR": self.path(f"{fault} tmp"), "XDG_CACHE_HOME": self.path(f"{fault} cache")}

    def check_end(self, call, run):
        self.assertEqual(os.listdir(run.folder + " tmp"), [], run.result)
        super().check_end(call, run)


@cases(table(["calloc", "fork", "pipe2"], ("in the program that starts mpirun", 1, "", ["-j", "2"])))
class Parent(Faults):
    pass


@cases(table(JOURNAL, ("with checkpoints",)))
class Checkpoints(Faults):
    words = ["--checkpoint", "0s"]


@cases(table(["malloc", "calloc", "realloc", "pwrite", "fsync", "renameat2", "H5Dcreate2", "H5Dwrite_chunk", "H5Fclose", "hdf5:pwrite+"], ("while packing",)))
class Compressed(Faults):
    words = ["--compress", "1"]


class Unfinished(Faults):
    """After a run that was ended by a failed read."""

    def prepare(self, folder):
        result = self.run_faulty(1, [], "out.h5", folder, H5MAP_FAULT="H5Dread:6")
        type(self).before = int(re.search(KEPT, result.lines[0])[1])


@cases(table(RESUME, ("going on",)))
class GoingOn(Unfinished):
    pass


@cases(table(RESUME + ["H5Dopen2", "H5Fopen"], ("copying",)))
class Copying(Unfinished):
    """The same, with a copy of what is there, less the items that failed."""

    words = ["--retry-failed"]

    def prepare(self, folder):
        super().prepare(folder)
        type(self).before -= 3

    def check_remapped(self, run, mapped, kept):
        self.assertLessEqual(mapped, self.items - kept + 5, f"items that {run.again} mapped after {run.result}")


@cases(table(RESUME + ["H5Dopen2", "H5Fopen"], ("replacing",)))
class Replacing(Faults):
    """A finished output of which the items that failed are mapped again: it stays until that is complete."""

    words = ["--retry-failed"]
    keeps_output = True

    def prepare(self, folder):
        self.succeeded(self.run_faulty(1, [], "out.h5", folder), status=1)

    def check_remapped(self, run, mapped, kept):
        self.assertLessEqual(mapped, 5, f"items that {run.again} mapped after {run.result}")


@cases(
    table(ROWS, ("in one program",))
    + table(["malloc", "calloc", "aligned_alloc"], ("on another rank", 3, OTHER), ("on root", 3, ROOT))
    + table(["realloc", "pwrite", "fsync"], ("on root", 3, ROOT))
)
class RaggedResults(Faults):
    """With compounds."""

    kernel_name = "fail:rows"
    words = ["--checkpoint", "0s"]


@cases(table([call for call in RESUME if call != "fstat"], ("going on",)))  # it tells of a file that is too short
class RaggedGoingOn(Unfinished):
    kernel_name = "fail:rows"


@cases(table(LENGTHS, ("in one program",)) + table(["malloc", "calloc", "H5Dread"], ("on root", 3, ROOT)) + table(["malloc", "calloc"], ("on another rank", 3, OTHER)))
class Lengths(Faults):
    """A dataset of sequences."""

    kernel_name = "fail:sequence"

    @classmethod
    def make_shared(cls):
        with h5py.File(os.path.join(cls.shared, "in.h5"), "w") as file:
            data = file.create_dataset("x", (cls.items,), h5py.vlen_dtype(np.dtype("f8")))
            for k in range(cls.items):
                data[k] = np.full(k % 9, -0.25 if k % (cls.items // 5) == 4 else 0.25)
