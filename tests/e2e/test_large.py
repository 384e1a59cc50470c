"""Items whose positions don't fit in 32 bits, in files of more than 4 GiB that take hardly any room on the disk."""

import h5py
import numpy as np

from harness import Case, cases
from test_memory import sparse

CHUNK = 1 << 20
WAYS = [(1, []), (2, []), (2, ["--io", "direct"]), (3, ["--schedule", "static"]), (2, ["--compress", "1"])]
BAD = 16 * 300_000_007 + 5


def far(x, index):
    """What the kernel of this name makes of values at these positions."""
    y = 4 * x.astype(np.int16) + (index >> 20 & 4095).astype(np.int16) + (index & 31).astype(np.int16)
    y[index % 300_000_007 == 5] = np.iinfo(np.int16).min
    return y


class Beyond(Case):
    def check_items(self, out, x, index):
        np.testing.assert_array_equal(self.read(out, "y"), far(x, index))
        bad = [int(k) for k in index[index % 300_000_007 == 5]]
        failures = self.read(out, "h5map/failures")
        self.assertEqual(list(failures["index"]), bad)
        self.assertEqual([reason.decode() for reason in failures["reason"]], [f"item {k}" for k in bad])


@cases([("five billion items", ranks, way) for ranks, way in WAYS])
class Chunked(Beyond):
    """Nearly all chunks were never written and hold the fill value."""

    @classmethod
    def make_shared(cls):
        cls.items = 5_000_000_000
        with h5py.File(f"{cls.shared}/in.h5", "w") as file:
            x = file.create_dataset("x", (cls.items,), "i1", chunks=(CHUNK,), compression=1, fillvalue=7)
            x[BAD - 100_000 : BAD + 100_000] = (np.arange(200_000) // 7 % 251 - 125).astype("i1")

    def check(self, ranks, way):
        first, last = BAD - 300_000, BAD + 300_000
        words = [self.kernel("far"), self.of_class("in.h5"), "out.h5", "--items", f"{first}:{last}"]
        self.succeeded(self.run_on(ranks, *words, *way), status=1)
        with h5py.File(self.of_class("in.h5"), "r") as file:
            x = file["x"][first:last]
        self.check_items("out.h5", x, np.arange(first, last))


@cases([("every 500,000th of five billion items", ranks, way) for ranks, way in WAYS])
class Strided(Beyond):
    @classmethod
    def make_shared(cls):
        cls.items = 5_000_000_000
        sparse(f"{cls.shared}/in.h5", "x", (cls.items,), "i1")
        with h5py.File(f"{cls.shared}/in.h5", "r+") as file:
            cls.first = BAD % 500_000
            cls.index = np.arange(cls.first, cls.items, 500_000)
            cls.x = (np.arange(len(cls.index)) % 251 - 125).astype("i1")
            for k, value in zip(cls.index[::100], cls.x[::100]):
                file["x"][k] = value
            cls.x[np.arange(len(cls.x)) % 100 != 0] = 0

    def check(self, ranks, way):
        words = [self.kernel("far"), self.of_class("in.h5"), "out.h5", "--items", f"{self.first}:{self.items}:500000"]
        self.succeeded(self.run_on(ranks, *words, "--slice", "1000", *way), status=1)
        self.check_items("out.h5", self.x, self.index)


@cases([("the last of 4.8 GB", ranks, way) for ranks, way in WAYS])
class Contiguous(Beyond):
    @classmethod
    def make_shared(cls):
        cls.rows = 200_000_000
        sparse(f"{cls.shared}/in.h5", "x", (cls.rows, 3), "f8")
        cls.x = np.random.default_rng(5).normal(size=(100_000, 3))
        with h5py.File(f"{cls.shared}/in.h5", "r+") as file:
            file["x"][-100_000:] = cls.x

    def check(self, ranks, way):
        words = [self.kernel("norm"), self.of_class("in.h5"), "out.h5", "--items", f"{self.rows - 100_100}:{self.rows}"]
        self.succeeded(self.run_on(ranks, *words, *way))
        with h5py.File(self.path("out.h5"), "r") as file:
            (name,) = file.keys() - {"h5map"}
            y = file[name][()]
        np.testing.assert_array_equal(y[:100], 0)
        np.testing.assert_allclose(y[100:], np.linalg.norm(self.x, axis=1), rtol=1e-14)
