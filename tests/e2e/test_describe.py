"""h5map kernels: the list, and the description of any kernel."""

import re
import shlex

import numpy as np

from harness import H5MAP, HEADERS, Case

SUMS = """#include <h5map/kernel.h>
static int sums(const h5map_slice_t *slice) { (void)slice; return 0; }
static int ready(const h5map_job_t *job, void **state) { (void)job; (void)state; return 0; }
H5MAP_SLICE_KERNEL(sums, .signature = "x: double[h, w],\\n  param k: int32 -> sum: float[h, k], two: int8[2]",
                   .summary = "Nothing", .init = ready);
static int dice(const h5map_item_t *item) { *(int *)item->out[0] = 4; return 0; }
H5MAP_KERNEL(dice, .signature = "-> y: int32");
"""


class Describe(Case):
    quick = True

    def told(self, *words):
        result = self.h5map("kernels", *words)
        self.assertEqual((result.status, result.err), (0, ""), result)
        self.assertTrue(result.out.endswith("\n"), result)
        return result.out

    def test_list(self):
        names = [line.split()[0] for line in self.told().splitlines()]
        self.assertEqual(names, ["haversine", "square", "stats"])

    def test_all_kernels_of_a_file(self):
        self.text("my sums.c", SUMS)
        dice, sums = self.told("my sums.c").split("\n\ndice", 1)[0], self.told("my sums.c:sums")
        self.assertTrue(dice.startswith("dice\n  -> y: int32\n\n"), dice)
        self.assertIn("run it  h5map run 'my sums.c':dice count:1000 OUTPUT.h5\n", self.told("my sums.c"))
        self.assertEqual(
            sums,
            "sums: Nothing\n"
            "  x: double[h, w], param k: int32 -> sum: float[h, k], two: int8[2]\n\n"
            "takes   x: double[h, w]\n"
            "        param k: int32\n"
            "gives   sum: float[h, k]\n"
            "        two: int8[2]\n"
            "dims    dim[0] is h, dim[1] is w, dim[2] is k\n"
            "block   a call has 64 items, the last one may have fewer\n"
            "init    its init runs once a rank, before all items\n"
            "run it  h5map run 'my sums.c:sums' INPUT.h5:/x OUTPUT.h5 -p k=VALUE\n",
        )

    def test_the_command_runs(self):
        self.write("INPUT.h5", lon=np.zeros(3), lat=np.zeros(3))
        line = re.search("run it  (.*)", self.told("haversine")).group(1).replace("VALUE", "1.5")
        self.succeeded(self.call(H5MAP, *shlex.split(line)[1:]))
        self.assertEqual(self.read("OUTPUT.h5", "distance").shape, (3,))

    def test_flags(self):
        self.text("k.c", SUMS.replace('"Nothing"', "WORDS"))
        told = self.told("--cflags", "-DWORDS='\"made of flags\"'", "k.c:sums", "--libs=-lm")
        self.assertIn("sums: made of flags\n", told)
        cflags = re.search(r"run it .*(--cflags=.*) --libs=-lm\n", told).group(1)
        self.assertEqual(shlex.split(cflags), ["--cflags=-DWORDS='\"made of flags\"'"])

    def test_shared_object(self):
        self.text("k.c", SUMS)
        self.assertEqual(self.call("cc", "-shared", "-fPIC", "-I" + HEADERS, "k.c", "-o", "k.so").status, 0)
        self.assertIn("run it  h5map run ./k.so:dice count:1000", self.told("./k.so"))

    def test_shared_table(self):
        kernel = '#include <h5map/kernel.h>\nstatic int k(const h5map_item_t *item) { return !item; }\nH5MAP_KERNEL(k, .signature = "%s");\n'
        self.text("k.c", kernel % "shared t: double[m], x: int32 -> y: double")
        self.assertIn("takes   shared t: double[m]\n        x: int32\n", self.told("k.c"))
        self.assertIn("run it  h5map run k.c INPUT.h5 OUTPUT.h5 -i t=/t -i x=/x\n", self.told("k.c"))
        self.text("k.c", kernel % "shared t: double[m] -> y: double")
        self.assertIn("run it  h5map run k.c count:1000 OUTPUT.h5 -i t=INPUT.h5:/t\n", self.told("k.c"))

    def test_under_a_launcher(self):
        """Rank 0 tells, once."""
        result = self.mpi(3, "kernels", "square")
        self.assertEqual((result.status, result.err, result.out), (0, "", self.told("square")), result)

    def test_help(self):
        for words in (["kernels", "--help"], ["--help", "kernels"]):
            self.assertIn("Usage: h5map kernels [KERNEL]", self.h5map(*words).out)

    def check(self, pattern, *words):
        before = self.listing()
        self.refused(self.h5map("kernels", *words), pattern, before)

    def test_refusals(self):
        self.text("none.c", "int none;\n")
        self.text("odd.c", SUMS.replace("-> y: int32", "y: int32"))
        self.text("k.cpp", SUMS)
        self.check(r"h5map: squar: no built-in kernel \(built in are: haversine, square, stats", "squar")
        self.check(r"h5map: none\.c: no kernel in it \(describe the function with H5MAP_KERNEL\)", "none.c")
        self.check(r"h5map: none\.so: No such file", "none.so")
        self.check(r"h5map: dice: signature \"y: int32\": expected .*'->'", "odd.c")
        self.check(r"h5map: odd\.c: no kernel nope in it \(it has: dice, sums\)", "odd.c:nope")
        self.check(r"h5map: k\.cpp: C\+\+ source, .*c\+\+ -O3 -shared -fPIC", "k.cpp")
        self.check(r"h5map: --cflags goes with a \.c kernel, not with square", "--cflags=-O1", "square")
        self.check(r"h5map: --output: does not go with kernels \(h5map kernels \[KERNEL\]", "square", "-o", "a=/b")
        self.check(r"h5map: more: one word too many", "square", "more")
