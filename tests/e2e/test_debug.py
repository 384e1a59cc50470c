"""--debug-kernel: what it finds, and how it says so: one line that names the kernel's line and the item, status 3."""

import os
import re
import unittest

import numpy as np

from harness import KERNELS, SANITIZED, Case, cases

WRONG = os.path.join(KERNELS, "e2e_wrong.c")
ITEMS, ITEM = 100, 70

FOUND = [
    ("past_input", r"reads element 5 of input 'x', which has 5"),
    ("past_result", r"writes element 1 of result 'y', which has 1"),
    ("into_input", r"writes to element 2 of input 'x'"),
    ("past_param", r"reads element 1 of parameter 'k', which has 1"),
    ("in_library", r"writes element 1 of result 'y', which has 1"),
    ("by_zero", r"division of 'int' by zero"),
    ("overflow", r"a sum that 'int' can't hold"),
    ("local_array", r"index 4 is out of bounds of '(const )?int ?\[4\]'"),
    ("null", r"a null pointer to '(const )?int'"),
    ("shift", r"a shift by too many bits, or of a value that does not fit 'int'"),
    ("cast", r"a value that 'int' can't hold"),
    ("aborts", r"a crash \(SIGABRT\)"),
]


def line_of(kernel):
    """Of the comment that marks the mistake."""
    with open(WRONG) as file:
        return next(n for n, line in enumerate(file, 1) if f"/* {kernel} */" in line)


@unittest.skipIf(SANITIZED, "signals are the sanitizer's")
class Debug(Case):
    @classmethod
    def make_shared(cls):
        import h5py

        x = np.zeros((ITEMS, 5), np.int32)
        x[:, 1:] = np.arange(4 * ITEMS).reshape(ITEMS, 4) % 7
        with h5py.File(os.path.join(cls.shared, "good.h5"), "w") as file:
            file["x"] = x
        x[ITEM, 0] = 1
        with h5py.File(os.path.join(cls.shared, "in.h5"), "w") as file:
            file["x"] = x
        cls.x = x

    def run_debug(self, ranks, kernel, source="in.h5", *words):
        self.env["OMPI_MCA_rmaps_base_oversubscribe"] = "1"
        return self.run_on(ranks, "--debug-kernel", f"{WRONG}:{kernel}", self.of_class(source), "out.h5", *words)


@cases(FOUND)
class Finds(Debug):
    def check(self, pattern):
        kernel = re.sub(r"^test_\d+_", "", self._testMethodName)
        for ranks in (1, 2):
            result = self.run_debug(ranks, kernel)
            line = rf"h5map: rank \d: e2e_wrong\.c:{line_of(kernel)}: {pattern}, at item {ITEM}; \d+ of {ITEMS} items are kept"
            self.unfinished(result, line, "out.h5")


class Others(Debug):
    def test_before_a_result(self):
        """No line: it is seen after the call."""
        for ranks in (1, 2):
            line = rf"h5map: rank \d: before_result: writes \d bytes before the beginning of result 'y', at item {ITEM}; "
            self.unfinished(self.run_debug(ranks, "before_result"), line, "out.h5")

    def test_slice(self):
        line = rf"h5map: rank 0: e2e_wrong\.c:{line_of('slice')}: writes element 36 of result 'y', which has 36, in items 64 to 99; "
        self.unfinished(self.run_debug(1, "slice"), line, "out.h5")

    def test_init(self):
        for ranks in (1, 2):
            result = self.run_debug(ranks, "good_too")
            self.assertEqual(result.status, 3, result)
            lines = [line for line in result.lines if line.startswith("h5map: ")]
            where = rf"h5map: rank \d: e2e_wrong\.c:{line_of('init_wrong')}: index 100 is out of bounds of 'int ?\[3\]', in init"
            self.assertTrue(lines, result)
            for line in lines:
                self.assertRegex(line, where, result)

    def test_a_kernel_without_mistakes(self):
        """The same bytes as without the checks, failures too, whatever the ranks, blocks and selections."""
        for number, (kernel, words) in enumerate(
            [("good", []), ("slice", []), ("good", ["--items", "3:90:7"]), ("past_input", ["--io", "direct"]), ("good", ["--compress", "1"])]
        ):
            plain = f"plain{number}.h5"
            self.succeeded(self.h5map("run", *words, f"{WRONG}:{kernel}", self.of_class("good.h5"), plain))
            for ranks in (1, 3):
                self.succeeded(self.run_debug(ranks, kernel, "good.h5", "--overwrite", *words))
                self.check_same(plain, "out.h5")

    def test_shared_table(self):
        """It stays where it is; the item's own buffers are guarded all the same."""
        source = """#include <h5map/kernel.h>
        static int pick(const h5map_item_t *item)
        {
            const double *table = item->in[0];
            const int *x = item->in[1];
            *(double *)item->out[0] = table[x[item->dim[1] - 1 + (x[0] == 1)] % item->dim[0]];
            return 0;
        }
        H5MAP_KERNEL(pick, .signature = "shared table: double[m], x: int32[n] -> y: double");
        """
        self.text("pick.c", source)
        table = np.arange(7) * 1.5
        self.write("table.h5", table=table)
        words = ("--debug-kernel", "pick.c", "-i", "table=table.h5:/table")
        for ranks in (1, 2):
            self.succeeded(self.run_on(ranks, "--overwrite", *words, self.of_class("good.h5"), "out.h5"))
            np.testing.assert_array_equal(self.read("out.h5", "y"), table[self.x[:, 4] % 7])
        wrong = self.run_on(2, "-q", *words, self.of_class("in.h5"), "wrong.h5")
        line = rf"h5map: rank \d: pick\.c:6: reads element 5 of input 'x', which has 5, at item {ITEM}; "
        self.unfinished(wrong, line, "wrong.h5")

    def test_what_is_recorded(self):
        self.succeeded(self.run_debug(1, "good", "good.h5"))
        flags = self.attribute("out.h5", "flags")
        self.assertIn("-fsanitize=undefined", flags)
        self.assertIn("-Og", flags)
        words = (f"{WRONG}:good", self.of_class("good.h5"), "out.h5")
        self.check_refused(r"h5map: out\.h5: .*what the kernel is compiled with has changed.*--accept flags", *words)

    def test_clang(self):
        import shutil

        if not shutil.which("clang"):
            self.skipTest("clang is not installed")
        self.env["CC"] = "clang"
        for kernel in ("past_input", "by_zero", "local_array"):
            line = rf"h5map: rank 0: e2e_wrong\.c:{line_of(kernel)}: {dict(FOUND)[kernel]}, at item {ITEM}; "
            self.unfinished(self.run_debug(1, kernel), line, "out.h5")

    def test_refusals(self):
        self.write("in.h5", items=np.zeros(3))
        only = r"h5map: --debug-kernel compiles a \.c kernel with checks, square is compiled already \(give its source\)"
        self.check_refused(only, "--debug-kernel", "square", "in.h5", "out.h5")
        self.text("k.so", "")
        self.check_refused(only.replace("square", r"\./k\.so"), "--debug-kernel", "./k.so", "in.h5", "out.h5")
