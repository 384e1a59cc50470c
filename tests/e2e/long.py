"""Three billion items, 3 GB in and 6 GB of results: minutes, and 10 GB of disk (run.py --long; see also test_large.py)."""

import shutil
import zlib

import h5py
import numpy as np
import test_memory
from test_large import CHUNK

ITEMS = 3_000_000_000
KINDS = 7  # of chunks
TIMEOUT_S = 1800
ROOM = 12 << 30
BAD = 300_000_007


def pattern(kind):
    """The values of a chunk, different at each place of a run of 16 and in each kind."""
    return ((np.arange(CHUNK) // 16 * (kind + 1) + kind) % 251 - 125).astype("i1")


def make_input(path):
    """Chunks that are compressed once and stored many times."""
    packed = [zlib.compress(pattern(kind).tobytes(), 1) for kind in range(KINDS)]
    with h5py.File(path, "w") as file:
        x = file.create_dataset("x", (ITEMS,), "i1", chunks=(CHUNK,), compression=1)
        for number in range(-(-ITEMS // CHUNK)):
            x.id.write_direct_chunk((number * CHUNK,), packed[number % KINDS])


class ThreeBillion(test_memory.Peaks):
    kernels = ("far",)

    def test_maps_them_in_bounded_memory(self):
        if shutil.disk_usage(self.folder).free < ROOM:
            self.skipTest(f"less than {ROOM >> 30} GiB of disk are free")
        make_input(self.path("in.h5"))
        words = ("--compress", "1", "-q", self.of_class("far.so"), "in.h5")
        empty = self.peaks(2, *words, "--items", "0:0")
        full = self.peaks(2, *words, status=1, timeout=TIMEOUT_S)
        self.check_results()
        self.assertLess(full[-1] - empty[0], test_memory.LIMIT_KB, f"{empty} and {full} KiB")

    def check_results(self):
        """Every item. What depends on the place in the chunk is made once for each kind of chunk."""
        low = np.arange(CHUNK, dtype="i2") & 31
        expected = [4 * pattern(kind).astype("i2") + low for kind in range(KINDS)]
        bad = range(5, ITEMS, BAD)
        with h5py.File(self.path("out.h5"), "r") as file:
            y, failures = file["y"], file["h5map/failures"]
            self.assertEqual(y.shape, (ITEMS,))
            for number in range(-(-ITEMS // CHUNK)):
                first = number * CHUNK
                block = y[first : first + CHUNK]
                wanted = (expected[number % KINDS] + np.int16(number))[: len(block)]
                for k in range(-(-(first - 5) // BAD) * BAD + 5, first + len(block), BAD):
                    wanted[k - first] = np.iinfo("i2").min
                self.assertTrue(np.array_equal(block, wanted), f"items {first} to {first + len(block) - 1}")
            self.assertEqual(list(failures["index"]), list(bad))
            bits = file["h5map/failed"][()]
            self.assertEqual(len(bits), -(-ITEMS // 8))
            self.assertEqual([int(k) * 8 + int(bits[k]).bit_length() - 1 for k in np.flatnonzero(bits)], list(bad))
