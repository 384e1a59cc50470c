"""Compressed inputs: their chunks travel as they are stored, and the results are as from plain ones."""

import zlib

import h5py
import numpy as np

from harness import Case, cases

ITEMS = 3001
RANKS = (1, 2, 3, 4)
DECODED = r"x: chunks travel as they are stored"


def vectors(count=ITEMS, width=3, dtype="f8"):
    """Data that deflate makes smaller."""
    return np.round(np.random.default_rng(5).normal(size=(count, width)) * 100).astype(dtype)


def put(path, data, name="x", **how):
    with h5py.File(path, "a") as file:
        file.create_dataset(name, data=data, **how)


GZIP = {"compression": "gzip", "shuffle": True}


@cases(
    [
        ("rows", {"chunks": (100, 3), **GZIP}),
        ("without shuffle", {"chunks": (100, 3), "compression": "gzip"}),
        ("columns", {"chunks": (257, 1), **GZIP}),
        ("one chunk", {"chunks": (ITEMS, 3), **GZIP}),
        ("a chunk an item", {"chunks": (1, 3), **GZIP}),
        ("as h5py chooses", GZIP),
    ]
)
class Shapes(Case):
    def check(self, how):
        put(self.path("plain.h5"), vectors())
        put(self.path("in.h5"), vectors(), **how)
        words = ("run", self.kernel("norm"))
        self.succeeded(self.h5map(*words, "plain.h5", "plain-out.h5"))
        result = self.succeeded(self.h5map(*words, "in.h5", "1.h5", "-v"))
        self.assertRegex(result.err, DECODED)
        self.check_same("1.h5", "plain-out.h5")
        ways = [(2, ()), (3, ("--schedule", "static")), (4, ()), (2, ("--slice", "7")), (3, ("--slice", "500")), (4, ("--slice", "7"))]
        for number, (ranks, more) in enumerate(ways):
            with self.subTest(ranks=ranks, more=more):
                self.succeeded(self.mpi(ranks, *words, "in.h5", f"out{number}.h5", *more))
                self.check_same(f"out{number}.h5", "plain-out.h5")


@cases(
    [
        ("big-endian", {"dtype": ">f8", **GZIP}),
        ("checksums", {"fletcher32": True, **GZIP}),
        ("no filters", {}),
        ("scale-offset", {"scaleoffset": 4, "compression": "gzip"}),
    ]
)
class Others(Case):
    """What HDF5 alone can read is read by it."""

    def check(self, how):
        put(self.path("plain.h5"), vectors())
        put(self.path("in.h5"), vectors(), chunks=(100, 3), **how)
        words = ("run", self.kernel("norm"))
        self.succeeded(self.h5map(*words, "plain.h5", "plain-out.h5"))
        for ranks in (1, 2):
            result = self.succeeded(self.run_on(ranks, *words[1:], "in.h5", f"{ranks}.h5", "-v"))
            self.assertNotRegex(result.err, DECODED)
            self.check_same(f"{ranks}.h5", "plain-out.h5")


class Dims(Case):
    """Scalar items of data of several dims: a ticket is the end of a row, rows, the beginning of one."""

    def check_dims(self, shape, chunks, signature, *more):
        data = (np.arange(np.prod(shape)) * 7 % 1000).reshape(shape).astype("f4")
        put(self.path("plain.h5"), data)
        put(self.path("in.h5"), data, chunks=chunks, **GZIP)
        dims = signature.count(",") + 1 if "[" in signature else 0
        self.text("k.c", KERNEL.replace("DIMS", str(dims)) % signature)
        self.succeeded(self.h5map("run", "k.c", "plain.h5", "plain-out.h5", *more))
        slices, static = ("--slice", "37"), ("--schedule", "static")
        for number, (ranks, how) in enumerate([(1, ()), (1, slices), (2, ()), (2, static), (3, slices), (3, static), (4, ())]):
            with self.subTest(ranks=ranks, how=how):
                self.succeeded(self.run_on(ranks, "k.c", "in.h5", f"out{number}.h5", *more, *how))
                self.check_same(f"out{number}.h5", "plain-out.h5")

    def test_numbers_of_three_dims(self):
        self.check_dims((7, 30, 41), (2, 8, 16), "float")

    def test_numbers_of_slabs_of_one_index(self):
        self.check_dims((9, 30, 41), (1, 8, 41), "float")

    def test_rows_of_four_dims(self):
        self.check_dims((5, 6, 7, 11), (2, 2, 3, 4), "float[n]")

    def test_images(self):
        self.check_dims((20, 16, 18), (1, 5, 18), "float[n, m]")

    def test_selection(self):
        self.check_dims((50, 6, 7), (4, 6, 7), "float[n]", "--items", "7:43")

    def test_selection_with_steps(self):
        self.check_dims((50, 6, 7), (4, 6, 7), "float[n]", "--items", "7:43:3")


KERNEL = """#include <h5map/kernel.h>
static int sum(const h5map_item_t *item)
{
    const float *x = item->in[0];
    double *y = item->out[0];
    size_t count = 1;
    for (int k = 0; k < DIMS; k++)
        count *= item->dim[k];
    *y = (double)item->index;
    for (size_t k = 0; k < count; k++)
        *y += x[k] * (double)(k + 1);
    return 0;
}
#define SIGNATURE "x: %s -> y: double"
H5MAP_KERNEL(sum, .signature = SIGNATURE);
"""


class Several(Case):
    def test_inputs_of_different_chunks(self):
        rng = np.random.default_rng(3)
        parts = {name: np.round(rng.normal(size=ITEMS) * 50) for name in "abcd"}
        self.write("plain.h5", **parts)
        put(self.path("in.h5"), parts["a"], "a", chunks=(100,), **GZIP)
        put(self.path("in.h5"), parts["b"].astype("i2"), "b", chunks=(77,), compression="gzip")
        put(self.path("in.h5"), parts["c"].astype("f4"), "c", chunks=(1000,), **GZIP)
        put(self.path("in.h5"), parts["d"], "d")
        self.text("k.c", FOUR)
        self.succeeded(self.h5map("run", "k.c", "plain.h5", "plain-out.h5"))
        for ranks in RANKS:
            for name, how in (("d", ()), ("s", ("--schedule", "static")), ("n", ("--slice", "90"))):
                out = f"{name}{ranks}.h5"
                self.succeeded(self.run_on(ranks, "k.c", "in.h5", out, *how))
                self.check_same(out, "plain-out.h5")

    def test_packed_values_are_unpacked(self):
        raw = np.arange(ITEMS).astype("i2")
        put(self.path("in.h5"), raw, chunks=(100,), **GZIP)
        with h5py.File(self.path("in.h5"), "a") as file:
            file["x"].attrs["scale_factor"], file["x"].attrs["add_offset"] = 0.5, 3.0
            file["x"].attrs["_FillValue"] = np.int16(50)
        self.text("k.c", KERNEL.replace("DIMS", "0").replace("const float", "const double") % "double")
        for ranks in (1, 2):
            result = self.succeeded(self.run_on(ranks, "k.c", "in.h5", f"{ranks}.h5", "-v"))
            self.assertRegex(result.err, DECODED)
            expected = raw * 0.5 + 3.0 + np.arange(ITEMS)
            expected[50] = np.nan
            np.testing.assert_array_equal(self.read(f"{ranks}.h5", "y"), expected)


FOUR = """#include <h5map/kernel.h>
static int four(const h5map_item_t *item)
{
    const double *a = item->in[0], *b = item->in[1], *c = item->in[2], *d = item->in[3];
    *(double *)item->out[0] = *a + 1000 * *b + 1e6 * *c + 1e9 * *d;
    return 0;
}
H5MAP_KERNEL(four, .signature = "a: double, b: double, c: double, d: double -> y: double");
"""


class Odd(Case):
    """Chunks that are not what they usually are."""

    def make(self, chunks, missing=(), damage=None):
        """Chunks of 100 vectors, each with a filter mask of its own; returns the data."""
        data = vectors(chunks * 100)
        with h5py.File(self.path("in.h5"), "w") as file:
            stored = file.create_dataset("x", data.shape, "f8", chunks=(100, 3), fillvalue=7, **GZIP)
            for k in range(chunks):
                first = k * 100
                if k in missing:
                    data[first : first + 100] = 7
                    continue
                raw = data[first : first + 100].tobytes()
                mask = k % 4
                if not mask & 1:
                    raw = np.frombuffer(raw, "u1").reshape(-1, 8).T.tobytes()
                if not mask & 2:
                    raw = zlib.compress(raw)
                if k == damage:
                    raw = raw[:-8] + bytes(8)
                stored.id.write_direct_chunk((first, 0), raw, mask)
        return data

    def test_masks_and_missing_chunks(self):
        data = self.make(40, missing=(0, 7, 8, 39))
        for ranks in RANKS:
            for name, how in (("d", ()), ("s", ("--schedule", "static")), ("n", ("--slice", "250"))):
                out = f"{name}{ranks}.h5"
                result = self.succeeded(self.run_on(ranks, self.kernel("norm"), "in.h5", out, "-v", *how))
                self.assertRegex(result.err, DECODED)
                np.testing.assert_array_equal(self.read(out, "length"), np.sqrt((data**2).sum(axis=1)))

    def test_damaged_chunk(self):
        self.make(40, damage=24)
        for ranks in RANKS:
            for how in ((), ("--schedule", "static"), ("--slice", "400")):
                result = self.run_on(ranks, self.kernel("norm"), "in.h5", "out.h5", *how)
                self.unfinished(result, r": x: /x in .*in.h5: (the chunk at \[2400, 0\] is damaged|can't read items)", "out.h5")

    def test_damage_is_told_by_the_rank_that_decodes(self):
        self.make(40, damage=24)
        result = self.mpi(2, "run", self.kernel("norm"), "in.h5", "out.h5", "--slice", "400")
        self.unfinished(result, r"\Ah5map: x: /x in in.h5: the chunk at \[2400, 0\] is damaged; \d+ of 4000 items are kept", "out.h5")

    def test_noise(self):
        data = np.frombuffer(np.random.default_rng(1).bytes(8 * 3 * 4000), "u8").reshape(-1, 3)
        put(self.path("in.h5"), data, chunks=(200, 3), **GZIP)
        self.text("k.c", NOISE)
        for ranks in (1, 2):
            self.succeeded(self.run_on(ranks, "k.c", "in.h5", f"{ranks}.h5"))
            np.testing.assert_array_equal(self.read(f"{ranks}.h5", "y"), data[:, 0] ^ data[:, 1] ^ data[:, 2])


NOISE = """#include <h5map/kernel.h>
static int mix(const h5map_item_t *item)
{
    const uint64_t *x = item->in[0];
    *(uint64_t *)item->out[0] = x[0] ^ x[1] ^ x[2];
    return 0;
}
H5MAP_KERNEL(mix, .signature = "x: uint64[3] -> y: uint64");
"""
