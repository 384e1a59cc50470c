"""Many more ranks than cores: they finish, the bytes are the same, and rank 0 does not grow with them."""

import os

import h5py
import numpy as np

import test_memory

GROWTH_KB = 24 * 1024  # of rank 0 or any other, from 2 ranks on; two thirds of it are MPI's own


class Ranks(test_memory.Peaks):
    kernels = ("work", "fail")


    def check_ranks(self, ranks):
        x = np.random.default_rng(5).uniform(0, 100, 300_000)
        x[::1000] = -1
        self.write("fail.h5", x=x)
        naps = 30 * ranks
        self.write("nap.h5", x=0.005 + np.arange(naps) * 1e-8)
        works = [
            ("fail", (self.of_class("fail.so") + ":negative", "fail.h5", "--slice", "100"), 1),
            ("nap", (self.of_class("work.so") + ":nap", "nap.h5"), 0),
        ]
        for name, words, status in works:
            few = self.peaks(2, *words, status=status)
            os.rename(self.path("out.h5"), self.path(f"{name}_2.h5"))
            for io in ("root", "direct"):
                with self.subTest(work=name, io=io):
                    many = self.peaks(ranks, "--io", io, *words, status=status, timeout=300)
                    self.check_same(f"{name}_2.h5", "out.h5")
                    self.assertLess(many[-1] - few[-1], GROWTH_KB, f"{few[-1]}, then {many[-1]} KiB")
                    with h5py.File(self.path("out.h5")) as file:
                        shares = file["h5map/ranks"]["items"]
                    self.assertEqual((len(shares), sum(shares)), (ranks, len(x) if name == "fail" else naps))
                    if name == "nap":
                        self.assertGreater(min(shares), 0)


class Some(Ranks):
    sleepy = True

    def test_24(self):
        self.check_ranks(24)
