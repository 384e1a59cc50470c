"""Items that fail: limits, fill values, reasons, exit statuses."""

import h5py
import numpy as np

from harness import Case, cases


def data(count, bad):
    x = np.arange(1.0, count + 1)
    x[:bad] *= -1
    return np.random.default_rng(1).permutation(x)


@cases(
    [
        ("1 % by default: as many", 1000, 10, [], 1),
        ("1 % by default: one more", 1000, 11, [], 3),
        ("1 % is rounded up", 5, 1, [], 1),
        ("1 % rounded up, one more", 5, 2, [], 3),
        ("1 % of the selection", 1000, 0, ["--items", "0:10"], 0),
        ("N: as many", 100, 30, ["--max-failures", "30"], 1),
        ("N: one more", 100, 31, ["--max-failures", "30"], 3),
        ("more than there are", 10, 10, ["--max-failures", "1000"], 1),
        ("P%: as many", 1000, 250, ["--max-failures", "25%"], 1),
        ("P%: one more", 1000, 251, ["--max-failures=25%"], 3),
        ("P% with a fraction", 1000, 5, ["--max-failures", "0.5%"], 1),
        ("P% with a fraction, one more", 1000, 6, ["--max-failures", "0.5%"], 3),
        ("0 stops at the first", 1000, 1, ["--max-failures", "0"], 3),
        ("0% stops at the first", 1000, 1, ["--max-failures", "0%"], 3),
        ("0 and none fails", 1000, 0, ["--max-failures", "0"], 0),
        ("100%: all", 50, 50, ["--max-failures", "100%"], 1),
    ]
)
class Limits(Case):
    def check(self, count, bad, words, status):
        self.write("in.h5", x=data(count, bad))
        for number, (ranks, way) in enumerate(((1, []), (3, []), (3, ["--schedule", "static"]))):
            with self.subTest(ranks=ranks, way=way):
                out = f"out{number}.h5"
                result = self.run_on(ranks, *way, *words, "--slice", "16", self.kernel("fail") + ":negative", "in.h5", out)
                if status == 3:
                    self.unfinished(result, r"h5map: .*(fail|negative).*--max-failures", out)
                    continue
                self.succeeded(result, status=status)
                y = self.read(out, "y")
                self.assertEqual(np.isnan(y).sum(), bad)
                if bad:
                    self.assertRegex(result.err, rf"h5map: {out}.*\b{bad} items? failed|h5map: {out}.*\b{bad} of", result)


class Recorded(Case):
    quick = True

    def setUp(self):
        super().setUp()
        self.x = data(1000, 37)
        self.bad = np.flatnonzero(self.x < 0)
        self.write("in.h5", x=self.x)

    def run_kernel(self, kernel, ranks=1, *words, out="out.h5"):
        words = ("--max-failures", "100%", *words, self.kernel("fail") + ":" + kernel, "in.h5", out)
        return self.succeeded(self.run_on(ranks, *words), status=1)

    def check_failures(self, ranks, *words):
        self.run_kernel("negative", ranks, "--overwrite", *words)
        failures = self.read("out.h5", "h5map/failures")
        np.testing.assert_array_equal(failures["index"], self.bad)
        self.assertTrue(set(failures["rank"]) <= set(range(ranks)))
        self.assertEqual([f.decode() for f in failures["reason"]], [f"{self.x[k]:g} is negative" for k in self.bad])
        bits = np.unpackbits(self.read("out.h5", "h5map/failed"), bitorder="little")
        np.testing.assert_array_equal(np.flatnonzero(bits), self.bad)

    def test_failures(self):
        for ranks in (1, 2, 3):
            for words in ([], ["--slice", "9"], ["--schedule", "static"]):
                with self.subTest(ranks=ranks, words=words):
                    self.check_failures(ranks, *words)

    def test_ranks_of_failures(self):
        self.run_kernel("negative", 4, "--schedule", "static")
        ranks = self.read("out.h5", "h5map/failures")["rank"]
        self.assertTrue((np.diff(ranks) >= 0).all(), ranks)
        self.assertGreater(len(set(ranks)), 1)

    def test_other_items_are_whole(self):
        self.run_kernel("negative", 2)
        y = self.read("out.h5", "y")
        good = self.x >= 0
        np.testing.assert_array_equal(y[good], self.x[good])

    def test_items_are_positions_in_the_bitmap_and_indices_in_the_list(self):
        self.write("in.h5", x=np.array([1, 1, 1, -1, 1, 1, -5.0, 1]))
        self.run_kernel("negative", 1, "--items", "3:8:3")
        self.assertEqual(list(self.read("out.h5", "h5map/failures")["index"]), [3, 6])
        np.testing.assert_array_equal(self.read("out.h5", "h5map/failed"), [0b11])

    def test_any_other_status_is_a_failure(self):
        self.run_kernel("silent")
        failures = self.read("out.h5", "h5map/failures")
        np.testing.assert_array_equal(failures["index"], self.bad)
        self.assertEqual(np.isnan(self.read("out.h5", "y")).sum(), 37)

    def test_reasons_are_cut_and_hold_one_line(self):
        self.run_kernel("wordy")
        for reason in self.read("out.h5", "h5map/failures")["reason"]:
            self.assertLessEqual(len(reason), 255)
            self.assertTrue(reason.startswith(b"two"))

    def test_fill_values_of_every_type(self):
        self.run_kernel("fills", 2)
        with h5py.File(self.path("out.h5"), "r") as file:
            for name in set(file) - {"h5map"}:
                values = file[name][()]
                kind = values.dtype.kind
                fill = values[self.bad]
                if kind == "f":
                    self.assertTrue(np.isnan(fill).all(), name)
                elif kind == "c":
                    self.assertTrue(np.isnan(fill.real).all() and np.isnan(fill.imag).all(), name)
                elif kind == "b":
                    self.assertFalse(fill.any(), name)
                else:
                    info = np.iinfo(values.dtype)
                    self.assertTrue((fill == (info.min if kind == "i" else info.max)).all(), name)
                np.testing.assert_array_equal(np.isnan(values[self.x >= 0]) if kind in "fc" else False, False)

    def test_more_failures_than_are_listed(self):
        self.write("in.h5", x=-np.arange(1, 100_001.0))
        for ranks, words in ((1, []), (3, []), (3, ["--schedule", "static"])):
            with self.subTest(ranks=ranks, words=words):
                self.run_kernel("negative", ranks, "--overwrite", *words)
                index = self.read("out.h5", "h5map/failures")["index"]
                self.assertEqual(len(index), 65536)
                self.assertTrue((np.diff(index.astype(np.int64)) > 0).all())
                if ranks == 1:
                    np.testing.assert_array_equal(index, np.arange(65536))
                bits = np.unpackbits(self.read("out.h5", "h5map/failed"), bitorder="little")
                self.assertEqual(bits[:100_000].sum(), 100_000)

    def test_reasons_of_a_conversion(self):
        self.write("in.h5", x=np.array([0, 300, -1, 1.5, np.nan, 255]))
        words = ("run", "--cast", "--max-failures", "100%", self.kernel("same") + ":same_uint8", "in.h5", "out.h5")
        self.succeeded(self.h5map(*words), status=1)
        failures = {f["index"]: f["reason"].decode() for f in self.read("out.h5", "h5map/failures")}
        self.assertEqual(sorted(failures), [1, 2, 3, 4])
        for index, word in ((1, "300"), (2, "-1"), (3, r"1\.5"), (4, "nan")):
            self.assertRegex(failures[index], rf"(?i){word}.*uint8")
        np.testing.assert_array_equal(self.read("out.h5", "y"), [0, 255, 255, 255, 255, 255])
