"""Ragged results: any number of rows an item, as /NAME and /NAME_offsets."""

import time

import h5py
import numpy as np

from harness import H5MAP, Case

ITEMS = 20000


class Ragged(Case):
    @classmethod
    def make_shared(cls):
        cls.x = np.arange(ITEMS, dtype="u4")
        counts = ((cls.x * np.uint32(2654435761)) >> 16) % 8
        cls.bad = counts == 7
        counts = np.where(cls.bad, 0, counts)
        cls.peaks = [x + np.arange(n) / 8 for x, n in zip(cls.x.tolist(), counts.tolist())]
        cls.offsets = np.concatenate([[0], np.cumsum(counts)]).astype("u8")
        k = [np.arange(6 * n) for n in counts]
        cls.triples = [np.where(j % 2 == 0, x + j, 0).astype("i2") for x, j in zip(cls.x.tolist(), k)]

    def setUp(self):
        super().setUp()
        self.write("in.h5", x=self.x)

    def of(self, name):
        return self.kernel("rows") + ":" + name

    def words(self, name="ragged", out="out.h5"):
        return [self.of(name), "in.h5", out, "--max-failures", "100%"]

    def check(self, out="out.h5"):
        with h5py.File(self.path(out)) as file:
            self.assertEqual(file["peaks"].dtype, np.float64)
            self.assertEqual(file["peaks_offsets"].dtype, np.uint64)
            np.testing.assert_array_equal(file["peaks_offsets"][()], self.offsets)
            np.testing.assert_array_equal(file["peaks"][()], np.concatenate(self.peaks))
            np.testing.assert_array_equal(file["triples_offsets"][()], 2 * self.offsets)
            np.testing.assert_array_equal(file["triples"][()], np.concatenate(self.triples).reshape(-1, 3))
            np.testing.assert_array_equal(file["root"][()], np.where(self.bad, np.nan, np.sqrt(self.x)))


class Results(Ragged):
    quick = True

    def test_the_same_everywhere(self):
        for name in ("ragged", "ragged_slice"):
            for ranks in (1, 2, 3):
                for way in ([], ["--slice", "777"], ["--compress", "3"], ["--memory", "4M"]):
                    with self.subTest(name=name, ranks=ranks, way=way):
                        self.succeeded(self.run_on(ranks, *way, "--overwrite", *self.words(name)), 1)
                        self.check()

    def test_items_larger_than_a_ticket(self):
        x = np.array([0, 3, 900, 0, 2000, 1, 0], dtype="u4")
        self.write("few.h5", x=x)
        for ranks in (1, 2, 3):
            with self.subTest(ranks=ranks):
                self.succeeded(self.run_on(ranks, self.of("large"), "few.h5", f"out{ranks}.h5"))
                expected = np.concatenate([n + np.arange(1000 * n, dtype="u4") for n in x.tolist()])
                np.testing.assert_array_equal(self.read(f"out{ranks}.h5", "rows"), expected)
                offsets = np.concatenate([[0], np.cumsum(1000 * x.astype("u8"))])
                np.testing.assert_array_equal(self.read(f"out{ranks}.h5", "rows_offsets"), offsets)
        self.check_same("out1.h5", "out3.h5")

    def test_no_rows_and_no_items(self):
        for shape in ((0,), (3,), (2, 2), ()):
            self.write("few.h5", x=np.zeros(shape, dtype="u4"))
            with self.subTest(shape=shape):
                self.succeeded(self.run_on(1, "--overwrite", self.of("large"), "few.h5", "out.h5"))
                self.assertEqual(self.read("out.h5", "rows").shape, (0,))
                offsets = self.read("out.h5", "rows_offsets")
                np.testing.assert_array_equal(offsets, np.zeros(int(np.prod(shape)) + 1))

    def test_what_has_no_rows(self):
        self.succeeded(self.run_on(1, self.of("none"), "in.h5", "out.h5"))
        self.assertTrue((self.read("out.h5", "right") == 1).all())
        self.assertEqual(self.read("out.h5", "rows").shape, (0,))

    def test_direct_is_not_possible(self):
        result = self.mpi(2, "run", "--io", "direct", *self.words())
        self.succeeded(result, 1)
        self.assertIn(
            "h5map: --io direct is not possible, rank 0 reads and writes for all: the kernel has ragged results",
            result.lines,
        )
        self.check()

    def test_refusals(self):
        self.check_refused(
            r"--schedule static: the kernel has ragged results \(leave the option out\)",
            *self.words(),
            "--schedule",
            "static",
        )
        self.check_refused(
            r"peaks: its offsets go to /peaks_offsets, and the result root to /peaks_offsets \(give another with -o\)",
            *self.words(),
            "-o",
            "root=/peaks_offsets",
        )


class Resume(Ragged):
    def test_stopped_and_killed(self):
        for ranks in (1, 2):
            words = [*self.words(out=f"out{ranks}.h5"), "--checkpoint", "0s"]
            for wait in (0.3, 0.1, 0.2):
                running = self.start(H5MAP, "run", "-j", str(ranks), *words, env={"E2E_NAP_US": "100"})
                self.wait_for(lambda: any(".jnl." in name for name in self.listing()), "a journal")
                time.sleep(wait)
                running.kill()
            result = self.run_on(ranks, *words)
            self.succeeded(result, 1)
            self.assertRegex(result.err, r"going on, [1-9]\d* of 20000 items are there")
            self.check(f"out{ranks}.h5")

    def test_time_limit(self):
        result = self.h5map("run", *self.words(), "--time-limit", "1s", env={"E2E_NAP_US": "100"})
        self.assertEqual(result.status, 75)
        self.succeeded(self.run_on(2, *self.words()), 1)
        self.check()

    def test_damaged_rows_are_made_again(self):
        result = self.h5map("run", *self.words(), "--time-limit", "1s", env={"E2E_NAP_US": "100"})
        self.assertEqual(result.status, 75)
        with open(self.path("out.h5.part"), "r+b") as file:
            end = file.seek(0, 2)
            file.seek(end - 4096)
            file.write(b"\xa5" * 4096)
        self.succeeded(self.run_on(1, *self.words()), 1)
        self.check()

    def test_failed_ones_again(self):
        self.succeeded(self.run_on(1, *self.words()), 1)
        result = self.run_on(2, "--retry-failed", *self.words())
        self.succeeded(result, 1)
        self.assertRegex(result.err, r"going on, 1\d{4} of 20000 items are there")
        self.check()
