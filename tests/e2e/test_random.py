"""Kernels without inputs (count:N), and random numbers that depend on --seed and the item alone."""

import numpy as np

from harness import Case

COUNT = 20000


class Random(Case):
    quick = True

    def words(self, *more, kernel="walk", out="out.h5"):
        return [*more, self.kernel("random") + ":" + kernel, f"count:{COUNT}", out]

    def test_the_same_everywhere(self):
        self.succeeded(self.h5map("run", *self.words(out="one.h5")))
        self.assertEqual(self.read("one.h5", "even").shape, (COUNT,))
        for ranks, way in ((2, []), (3, ["--slice", "7"]), (3, ["--io", "direct"]), (4, ["--schedule", "static"])):
            with self.subTest(ranks=ranks, way=way):
                self.succeeded(self.mpi(ranks, "run", "--overwrite", *self.words(*way)))
                self.check_same("one.h5", "out.h5")

    def test_a_slice_kernel_draws_the_same(self):
        self.succeeded(self.h5map("run", *self.words(out="one.h5")))
        self.succeeded(self.h5map("run", *self.words(kernel="tally")))
        self.check_same("one.h5", "out.h5")

    def test_items_count_in_all(self):
        self.succeeded(self.h5map("run", *self.words(out="one.h5")))
        for kernel in ("walk", "tally"):
            self.succeeded(self.h5map("run", "--overwrite", *self.words("--items", "100:5000:7", kernel=kernel)))
            np.testing.assert_array_equal(self.read("out.h5", "even"), self.read("one.h5", "even")[100:5000:7])

    def test_seeds(self):
        self.succeeded(self.h5map("run", *self.words(out="one.h5")))
        self.succeeded(self.h5map("run", *self.words("--seed", "0", out="zero.h5")))
        self.check_same("one.h5", "zero.h5")
        self.succeeded(self.h5map("run", *self.words("--seed", "18446744073709551615")))
        one, other = self.read("one.h5", "even"), self.read("out.h5", "even")
        self.assertEqual(np.count_nonzero(one == other), 0)
        self.assertLess(abs(np.corrcoef(one, other)[0, 1]), 0.05)

    def test_the_same_command_again(self):
        self.succeeded(self.h5map("run", *self.words()))
        self.assertIn("nothing to do", self.h5map("run", *self.words()).err)
        self.check_refused(r"out\.h5: is finished, but --seed has changed", *self.words("--seed", "1"))
        more = [*self.words()[:-2], f"count:{COUNT + 1}", "out.h5"]
        self.check_refused(r'the number of items has changed from "20000" to "20001"', *more)
        self.assertIn("going on, 20000 of 20001", self.succeeded(self.h5map("run", "--accept", "items", *more)).err)
        self.assertEqual(self.read("out.h5", "even").shape, (COUNT + 1,))

    def test_no_items(self):
        self.succeeded(self.h5map("run", self.kernel("random") + ":walk", "count:0", "out.h5"))
        self.assertEqual(self.read("out.h5", "even").shape, (0,))

    def test_refused(self):
        kernel = self.kernel("random") + ":walk"
        self.write("in.h5", x=np.zeros(3))
        for word in ("count:", "count:x", "count:-1", "count:1e6", "count:9223372036854775808"):
            self.check_refused(rf"{word}: not a whole number", kernel, word, "out.h5")
        self.check_refused(r"in\.h5: the kernel takes no input \(give count:N", kernel, "in.h5", "out.h5")
        self.check_refused(r"-i x=/x: the kernel takes no input", kernel, "count:3", "out.h5", "-i", "x=/x")
        self.check_refused(r"--items: 4 is beyond the end of count:3", kernel, "count:3", "out.h5", "--items", ":4")
        self.check_refused(r"--seed -1: not a whole number", kernel, "count:3", "out.h5", "--seed", "-1")
