"""A rank's peak memory does not grow with the input; items that don't fit are refused."""

import os
import subprocess

import h5py
import numpy as np

from harness import H5MAP, HEADERS, HERE, KERNELS, Case

LIMIT_KB = 64 * 1024
RUNS = ((1, []), (3, []), (3, ["--io", "direct"]))
ALL_RUNS = (*RUNS, (3, ["--schedule", "static"]))


def sparse(path, name, shape, dtype):
    """A contiguous dataset of zeros that takes no room on the disk."""
    with h5py.File(path, "w") as file:
        plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plist.set_layout(h5py.h5d.CONTIGUOUS)
        plist.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
        plist.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
        space = h5py.h5s.create_simple(shape)
        h5py.h5d.create(file.id, name.encode(), h5py.h5t.py_create(np.dtype(dtype)), space, plist)


class Peaks(Case):
    """Cases about the peak memory of ranks."""

    kernels = ("norm", "fail")

    @classmethod
    def make_shared(cls):
        cls.peak = os.path.join(cls.shared, "peak")
        subprocess.run(["cc", "-O1", "-o", cls.peak, os.path.join(HERE, "peak.c")], check=True)
        for name in cls.kernels:  # shared objects: a compiler's peak would count
            command = ["cc", "-O3", "-fPIC", "-shared", f"-I{HEADERS}", os.path.join(KERNELS, f"e2e_{name}.c")]
            subprocess.run([*command, "-o", os.path.join(cls.shared, name + ".so")], check=True)

    def peaks(self, ranks, *words, status=0, timeout=None):
        """The peak of each rank, in KiB, largest last."""
        log = self.path("peaks")
        if os.path.exists(log):
            os.unlink(log)
        launcher = ["mpirun", "-q", "-n", str(ranks)] if ranks > 1 else []
        self.succeeded(self.call(*launcher, self.peak, log, H5MAP, "run", "--overwrite", *words, "out.h5", timeout=timeout), status=status)
        with open(log) as file:
            peaks = sorted(int(line) for line in file)
        self.assertEqual(len(peaks), ranks)
        return peaks


class Peak(Peaks):
    """With half a GB of input, within 64 MiB of the same command on zero items."""

    def check_growth(self, kernel, dataset, options=(), status=0, runs=ALL_RUNS):
        for ranks, way in runs:
            with self.subTest(kernel=kernel, ranks=ranks, way=way):
                words = (*way, *options, kernel, f"in.h5:/{dataset}")
                empty = self.peaks(ranks, *words, "--items", "0:0")
                full = self.peaks(ranks, *words, status=status)
                self.assertLess(full[-1] - empty[0], LIMIT_KB, f"{empty} and {full} KiB")

    def test_vectors(self):
        sparse(self.path("in.h5"), "x", (20_000_000, 3), "f8")
        self.check_growth(self.of_class("norm.so"), "x")

    def test_images(self):
        sparse(self.path("in.h5"), "x", (120, 1024, 1024), "f4")
        self.check_growth("stats", "x")

    def test_conversion(self):
        sparse(self.path("in.h5"), "x", (64_000_000,), "f4")
        self.check_growth("square", "x", runs=RUNS)

    def test_failures(self):
        """Two million items that all fail, each for a reason of its own."""
        self.write("in.h5", x=-np.arange(1, 2_000_001.0))
        self.check_growth(self.of_class("fail.so") + ":negative", "x", ("--max-failures", "100%"), 1, RUNS)

    def test_large_chunks(self):
        """Chunks of 8 MiB, 256 MiB in all."""
        with h5py.File(self.path("in.h5"), "w") as file:
            data = file.create_dataset("x", (32 << 20,), "f8", chunks=(1 << 20,), compression="gzip", compression_opts=1)
            data[:] = 1.0
        self.check_growth("square", "x", runs=RUNS)

    def test_memory_lowers_the_peak(self):
        sparse(self.path("in.h5"), "x", (20_000_000, 3), "f8")
        words = (self.of_class("norm.so"), "in.h5:/x")
        empty = self.peaks(1, *words, "--items", "0:0")
        small = self.peaks(1, *words, "--memory", "4M")
        self.assertLess(small[-1] - empty[0], 12 * 1024)


class TooLarge(Case):
    """An item that does not fit into --memory is refused by name and size, before anything is written."""

    def test_by_name_and_size(self):
        sparse(self.path("in.h5"), "x", (3, 1024, 1024), "f4")
        for ranks in (1, 3):
            for way in ([], ["--schedule", "static"]):
                words = ("--memory", "2M", *way, "stats", "in.h5", "out.h5")
                self.check_refused(r"h5map: .*\bx\b.*\b[0-9.]+ ?[KM]?i?B?.*--memory", *words, ranks=ranks)

    def test_default_memory(self):
        sparse(self.path("in.h5"), "x", (2, 5000, 10000), "f4")
        self.check_refused(r"h5map: .*\bx\b.*[0-9].*--memory", "stats", "in.h5", "out.h5")

    def test_memory_makes_it_fit(self):
        with h5py.File(self.path("in.h5"), "w") as file:
            file["x"] = np.ones((3, 1024, 1024), np.float32)
        for ranks in (1, 2):
            self.succeeded(self.run_on(ranks, "--memory", "64M", "stats", "in.h5", f"out{ranks}.h5"))
            np.testing.assert_array_equal(self.read(f"out{ranks}.h5", "mean"), [1, 1, 1])

    def test_memory_makes_a_huge_item_fit(self):
        sparse(self.path("in.h5"), "x", (2, 5000, 5000), "f4")
        self.succeeded(self.h5map("run", "--memory", "1G", "stats", "in.h5", "out.h5"))
        np.testing.assert_array_equal(self.read("out.h5", "max"), [0, 0])

    def test_large_result(self):
        self.write("in.h5", x=np.zeros((2, 4)))
        self.text(
            "wide.c",
            "#include <h5map/kernel.h>\nstatic int wide(const h5map_item_t *item)\n{\n    (void)item;\n    return 0;\n}\n"
            'H5MAP_KERNEL(wide, .signature = "x: double[n] -> huge: double[100000000]");\n',
        )
        self.check_refused(r"h5map: .*\bhuge\b.*[0-9].*--memory", "wide.c", "in.h5", "out.h5")
