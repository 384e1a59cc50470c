"""--compress: the same results in chunks that any HDF5 reads, whoever encoded them; what it takes on disk."""

import os
import signal
import subprocess

import h5py
import numpy as np

from harness import H5MAP, Case, cases, compare_bytes
from test_resume import Again

SMALL = os.path.join(os.path.dirname(H5MAP), "tests", "h5map_small")  # the program with chunks of 256 bytes


def stored(path):
    """The bytes of every chunk as they are stored, by dataset and place."""
    with h5py.File(path) as file:
        found = {}
        for name in file:
            if name != "h5map":
                data = file[name].id
                places = [data.get_chunk_info(k).chunk_offset for k in range(data.get_num_chunks())]
                found |= {(name, place): data.read_direct_chunk(place) for place in places}
        return found


class Levels(Case):
    """Results of several sizes, 9 and 5 chunks of them, some numbers failing."""

    count = 1_100_000

    @classmethod
    def make_shared(cls):
        x = np.random.default_rng(1).integers(1, 900, cls.count) / 8
        x[[3, 300_000, 1_099_999]] *= -1
        with h5py.File(os.path.join(cls.shared, "in.h5"), "w") as file:
            file["x"] = x

    def run_level(self, level, out, ranks=1, way=(), program=H5MAP):
        launcher = ["mpirun", "-q", "-n", str(ranks)] if ranks > 1 else []
        words = [program, "run", *way, "--compress", str(level), self.kernel("again"), self.of_class("in.h5"), out]
        return self.succeeded(self.call(*launcher, *words), status=1)

    def check_values(self, out):
        with h5py.File(self.path("plain.h5")) as plain, h5py.File(self.path(out)) as file:
            for name in ("y", "whole", "h5map/failed"):
                self.assertEqual(file[name][()].tobytes(), plain[name][()].tobytes(), name)
                self.assertEqual(file[name].compression, "gzip")

    def setUp(self):
        super().setUp()
        self.succeeded(self.h5map("run", self.kernel("again"), self.of_class("in.h5"), "plain.h5"), status=1)

    def test_every_level(self):
        for level in range(1, 10):
            with self.subTest(level=level):
                self.run_level(level, f"{level}.h5", ranks=level % 2 + 1)
                self.check_values(f"{level}.h5")
        sizes = [sum(len(data) for _, data in stored(self.path(f"{level}.h5")).values()) for level in (1, 4, 9)]
        self.assertGreater(sizes[0], sizes[1])
        self.assertGreater(sizes[1], sizes[2])

    def test_whoever_encodes(self):
        self.run_level(1, "one.h5")
        for ranks, way in [
            *[(ranks, way) for ranks in (2, 4) for way in ([], ["--schedule", "static"])],
            (1, ["--slice", "10007"]),
            (3, ["--slice", "131072"]),
            (2, ["--memory", "2M"]),
        ]:
            with self.subTest(ranks=ranks, way=way):
                self.run_level(1, "many.h5", ranks, [*way, "--overwrite"])
                self.assertEqual(stored(self.path("one.h5")), stored(self.path("many.h5")))
                self.assertEqual(compare_bytes(self.path("one.h5"), self.path("many.h5")), "")
        self.check_values("many.h5")

    def test_chunks_smaller_than_tickets(self):
        for ranks in (1, 3):
            self.run_level(5, f"{ranks}.h5", ranks, program=SMALL, way=["--items", "0:100000"])
        self.assertEqual(stored(self.path("1.h5")), stored(self.path("3.h5")))
        np.testing.assert_array_equal(self.read("3.h5", "y"), self.read("plain.h5", "y")[:100000])

    def test_other_tools_read_it(self):
        self.run_level(2, "out.h5", 2)
        dump = subprocess.run(["h5dump", "-pH", self.path("out.h5")], capture_output=True, text=True, env={"PATH": os.environ["PATH"]})
        self.assertEqual(dump.returncode, 0, dump.stderr)
        for words in ("PREPROCESSING SHUFFLE", "COMPRESSION DEFLATE { LEVEL 2 }", "CHUNKED ( 131072 )", "CHUNKED ( 262144 )"):
            self.assertIn(words, dump.stdout)
        data = subprocess.run(["h5diff", self.path("out.h5"), self.path("plain.h5"), "/y"], capture_output=True, text=True)
        self.assertEqual((data.returncode, data.stdout), (0, ""), data)


@cases(
    [
        ("vectors", (300_000,), "double[3]"),
        ("a grid of rows above 1 MiB", (5, 331, 700), "double"),
        ("items above 1 MiB", (3,), "double[2, 100_001]"),
        ("blocks", (70_001, 3), "double"),
        ("few", (3,), "double[2]"),
    ]
)
class Shapes(Case):
    """Chunks that end within rows, at them, at blocks; those at the edge are filled up."""

    def check(self, shape, result):
        source = f"""#include <h5map/kernel.h>
static int fill(const h5map_item_t *item)
{{
    double *y = item->out[0];
    size_t count = sizeof(double{''.join(f'[{n}]' for n in result[6:].strip('[]').split(', ') if n) or '[1]'}) / sizeof(double);

    for (size_t k = 0; k < count; k++)
        y[k] = *(const int *)item->in[0] + (double)(k % 100) / 8;
    *(int8_t *)item->out[1] = (int8_t)(*(const int *)item->in[0] % 100);
    return 0;
}}
H5MAP_KERNEL(fill, .signature = "x: int32 -> y: {result.replace('_', '')}, z: int8", .block = {64 if shape == (70001, 3) else 1});
""".replace("100_001", "100001")
        self.text("fill.c", source)
        x = (np.arange(np.prod(shape)) // 3).astype("i4").reshape(shape)
        self.write("in.h5", x=x)
        self.succeeded(self.h5map("run", "fill.c", "in.h5", "plain.h5"))
        self.succeeded(self.h5map("run", "--compress", "1", "fill.c", "in.h5", "one.h5"))
        for ranks, way in ((2, ()), (3, ("--schedule", "static"))):
            self.succeeded(self.mpi(ranks, "run", "--compress", "1", *way, "--overwrite", "fill.c", "in.h5", "many.h5"))
            self.assertEqual(stored(self.path("one.h5")), stored(self.path("many.h5")))
        for name in ("y", "z"):
            self.assertEqual(self.read("one.h5", name).tobytes(), self.read("plain.h5", name).tobytes())


@cases([("the usual chunks", "usual", None), ("small chunks", "small", "32")])
class StopsAndGoesOn(Again):
    """The same as uncompressed, whatever came in between: with small chunks most are encoded when they are mapped."""

    def check(self, program, slice_):
        program = SMALL if "small" in program else H5MAP
        self.words = [program, "run", *self.words, "--compress", "4"] + (["--slice", slice_] if slice_ else [])
        self.succeeded(self.call(*self.words[:4], "whole.h5", *self.words[5:]), status=1)
        for number in (signal.SIGKILL, signal.SIGUSR1, signal.SIGKILL):
            log = self.path("log")
            if os.path.exists(log):
                os.unlink(log)
            running = self.start(*self.words, env={"E2E_NAP": "0.003", "E2E_LOG": log})
            self.wait_for(lambda: self.logged() >= 70, "items")
            os.kill(running.pid, number)
            running.wait(30)
        result = self.succeeded(self.call("mpirun", "-q", "-n", "2", *self.words), status=1)
        self.assertRegex(result.err, r"going on, \d+ of 400 items are there")
        self.check_finished()
        self.assertEqual(stored(self.path("out.h5")), stored(self.path("whole.h5")))
        running = self.start(*self.words, "-p", "scale=3", "--accept", "param", env={"E2E_NAP": "0.003", "E2E_LOG": self.path("log")})
        self.succeeded(running.wait(30), status=1)
        result = self.succeeded(self.call(*self.words, "-p", "scale=3", "--accept", "param", "--retry-failed", env={"E2E_MENDED": "1"}))
        y = 2 * self.x
        y[self.x < 0] *= 1.5
        np.testing.assert_array_equal(self.read("out.h5", "y"), y)


class Room(Case):
    """What is on disk while it runs, and a disk that has not so much."""

    def setUp(self):
        super().setUp()
        if os.geteuid() != 0:
            self.skipTest("needs root, to mount a small file system")
        os.mkdir(self.path("disk"))
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", self.path("disk")], capture_output=True)
        if mounted.returncode:
            self.skipTest("can't mount here: " + mounted.stderr.decode())
        self.addCleanup(subprocess.run, ["umount", self.path("disk")])

    def test_a_disk_that_gets_full(self):
        x = np.random.default_rng(1).random(2_000_000)
        self.write("in.h5", x=x)
        words = [self.kernel("again"), "in.h5", "disk/out.h5", "--compress", "1", "--checkpoint", "0s"]
        result = self.h5map("run", *words)
        self.assertEqual(result.status, 3, result)
        self.sound(result)
        self.assertEqual(len(result.lines), 1, result)
        self.assertRegex(result.lines[0], r"disk/out.h5: can't write: No space left on device; \d+ of 2000000 items are kept")
        kept = int(result.lines[0].split("; ")[1].split()[0])
        self.assertGreater(kept, 300_000)
        self.assertNotIn("out.h5", os.listdir(self.path("disk")))
        again = self.h5map("run", *words)
        self.assertEqual(again.status, 3, again)
        self.assertEqual(len(again.lines), 1, again)
        subprocess.run(["mount", "-o", "remount,size=64m", self.path("disk")], check=True)
        result = self.succeeded(self.h5map("run", *words))
        self.assertRegex(result.err, rf"going on, \d+ of 2000000 items are there")
        np.testing.assert_array_equal(self.read("disk/out.h5", "y"), 2 * x)
        self.assertEqual(os.listdir(self.path("disk")), ["out.h5"])

    def test_less_room_than_the_results(self):
        """2 MiB of 24 MiB, and the same again for the finished file."""
        self.write("in.h5", x=np.arange(2_000_000) % 1000.0)
        self.succeeded(self.h5map("run", self.kernel("again"), "in.h5", "disk/out.h5", "--compress", "1"))
        self.assertLess(os.path.getsize(self.path("disk/out.h5")), 3 << 20)
