"""Ragged inputs: items that have lengths of their own."""

import os
import shutil

import h5py
import numpy as np

from harness import Case

WAYS = ([], ["--schedule", "static"], ["--io", "direct"], ["--slice", "64"])


class Ragged(Case):
    """20,000 items of 0 to 40 numbers, and three long ones."""

    @classmethod
    def make_shared(cls):
        rng = np.random.default_rng(9)
        length = rng.integers(0, 41, 20000)
        length[[0, 19999]] = 0
        length[[5, 777, 12345]] = 5000
        cls.offset = np.concatenate([[0], np.cumsum(length)]).astype(np.int64)
        cls.length = length
        cls.x = rng.normal(size=cls.offset[-1])
        cls.sum = np.array([sum(cls.x[a:b].tolist()) for a, b in zip(cls.offset, cls.offset[1:])])

    def of(self, name):
        return self.kernel("ragged") + ":" + name

    def setUp(self):
        super().setUp()
        self.write("in.h5", x=self.x, offset=self.offset)


class Results(Ragged):
    quick = True

    def test_the_same_everywhere(self):
        for name in ("add", "add_all"):
            for way in WAYS:
                for ranks in (1, 2, 3):
                    with self.subTest(name=name, way=way, ranks=ranks):
                        result = self.run_on(ranks, *way, "--overwrite", self.of(name), "in.h5", "out.h5", "-i",
                                             "x=/x@/offset")
                        self.succeeded(result)
                        np.testing.assert_array_equal(self.read("out.h5", "sum"), self.sum)
                        np.testing.assert_array_equal(self.read("out.h5", "length"), self.length)
                        if not os.path.exists(self.path("first.h5")):
                            shutil.copy(self.path("out.h5"), self.path("first.h5"))
                        self.check_same("first.h5", "out.h5")

    def test_compounds(self):
        """As they are stored, and converted; one item has a value that does not fit."""
        rng = np.random.default_rng(11)
        offset = self.offset[:3000]
        same = np.dtype({"names": ["id", "weight"], "formats": [("i2", 2), "f8"], "offsets": [0, 8], "itemsize": 16})
        other = np.dtype([("weight", ">f4"), ("note", "S3"), ("id", "i4", (2,))])
        for kind in (same, other):
            pair = np.zeros((offset[-1], 2), kind)
            pair["id"], pair["weight"] = rng.integers(-99, 99, (offset[-1], 2, 2)), rng.integers(0, 9, (offset[-1], 2))
            each = (pair["weight"].astype(float) * (pair["id"][..., 0].astype(int) - pair["id"][..., 1])).sum(1)
            want = np.array([each[a:b].sum() for a, b in zip(offset, offset[1:])])
            if kind == other:
                pair["id"][offset[777] + 40, 1, 0] = 40000
                want[777] = np.nan
            self.write("pairs.h5", pair=pair, at=offset)
            for way in WAYS[:3]:
                for ranks in (1, 2, 3):
                    with self.subTest(kind=kind, way=way, ranks=ranks):
                        words = [*way, "--cast", "--overwrite", self.of("add_pairs"), "pairs.h5", "out.h5", "-i", "pair=/pair@/at"]
                        self.succeeded(self.run_on(ranks, *words), kind == other)
                        np.testing.assert_array_equal(self.read("out.h5", "sum"), want)
        with h5py.File(self.path("out.h5")) as file:
            self.assertIn("field 'id': 40000 is not an int16", str(file["h5map/failures"][:]))

    def test_selected_items_and_starts(self):
        self.write("starts.h5", x=self.x[: self.offset[-2]].astype(np.float32), at=self.offset[:12346].astype(">u4"))
        result = self.run_on(2, self.of("add"), "starts.h5", "out.h5", "-i", "x=/x@/at", "--items", "1:12346:7")
        self.succeeded(result)
        np.testing.assert_array_equal(self.read("out.h5", "length")[:-1], self.length[1:12345:7][:1763])

    def test_points_weights_and_conversion(self):
        rng = np.random.default_rng(10)
        length = np.array([3, 0, 2, 5])
        offset = np.concatenate([[0], np.cumsum(length)])
        x, weight, far = rng.integers(-9, 9, (10, 3)).astype(np.int16), np.arange(10.0), np.arange(4.0)
        weight[4] = 1e300
        self.write("in.h5", x=x, weight=weight, far=far, at=offset)
        result = self.run_on(2, "--cast", "--max-failures", "2", self.of("center"), "in.h5", "out.h5", "-i", "x=/x@/at", "-i",
                             "weight=/weight@/at")
        self.assertEqual(result.status, 1, result)
        with h5py.File(self.path("out.h5")) as file:
            self.assertIn("1e+300 is not a float", str(file["h5map/failures"][:]))
        c = self.read("out.h5", "c")
        self.assertTrue(np.isnan(c[[1, 2]]).all())
        for k in (0, 3):
            want = weight[offset[k]: offset[k + 1]] @ x[offset[k]: offset[k + 1]].astype(float)
            want[0] += far[k]
            np.testing.assert_array_equal(c[k], want)


class BadInput(Ragged):
    quick = True

    def refused(self, *words, kernel="add", **data):
        self.write("bad.h5", **data)
        result = self.run_on(2, self.of(kernel), "bad.h5", "out.h5", *words)
        self.assertEqual(result.status, 2, result)
        self.assertEqual(len(result.lines), 1, result)
        self.assertFalse(os.path.exists(self.path("out.h5")))
        return result.lines[0]

    def test_offsets(self):
        x, bind = np.arange(10.0), ("-i", "x=/x@/at")
        self.assertIn("item 1 runs backwards by /at", self.refused(*bind, x=x, at=[0, 5, 4, 10]))
        self.assertIn("item 1 reaches to 11 by /at", self.refused(*bind, x=x, at=[0, 5, 11]))
        self.assertIn("item 0 reaches to -1 by /at", self.refused(*bind, x=x, at=[-1, 5, 10]))
        self.assertIn("are no integers", self.refused(*bind, x=x, at=[0.0, 10.0]))
        self.assertIn("give -i x=/VALUES@/OFFSETS", self.refused(x=x))

    def test_lengths_that_differ(self):
        line = self.refused("-i", "x=/x@/at", "-i", "weight=/w@/bt", kernel="center", x=np.zeros((10, 3), "f4"),
                            w=np.zeros(10, "f4"), far=np.zeros(2), at=[0, 5, 10], bt=[0, 6, 10])
        self.assertIn("x and weight: item 0 has 5 and 6 rows", line)
