"""Shared tables: a dataset that every item sees, read once and held once a node."""

import os
import re
import shutil
import signal
import subprocess
import time

import h5py
import numpy as np

from harness import H5MAP, MPIRUN, SANITIZED, Case, descendants_of

WAYS = ([], ["--schedule", "static"], ["--io", "direct"])


class Shared(Case):
    """100,000 places in a table of 5,000 numbers; two are beyond it."""

    @classmethod
    def make_shared(cls):
        rng = np.random.default_rng(5)
        cls.lut = rng.normal(size=5000)
        cls.x = rng.integers(0, 5000, 100000).astype(float)
        cls.x[[7, 99999]] = -1, 5000
        cls.y = np.where((cls.x >= 0) & (cls.x < 5000), cls.lut[np.clip(cls.x, 0, 4999).astype(int)], np.nan)

    def setUp(self):
        super().setUp()
        self.write("in.h5", x=self.x, lut=self.lut)

    def of(self, name):
        return self.kernel("shared") + ":" + name


class Results(Shared):
    quick = True

    def test_the_same_everywhere(self):
        for name in ("lookup", "lookup_all"):
            for way in WAYS:
                for ranks in (1, 2, 3):
                    with self.subTest(name=name, way=way, ranks=ranks):
                        result = self.run_on(ranks, *way, "--overwrite", self.of(name), "in.h5", "out.h5")
                        self.succeeded(result, 1)
                        self.assertIn("h5map: lut: 39.1 KiB, once per node", result.lines)
                        np.testing.assert_array_equal(self.read("out.h5", "y"), self.y)
                        if not os.path.exists(self.path("first.h5")):
                            shutil.copy(self.path("out.h5"), self.path("first.h5"))
                        self.check_same("first.h5", "out.h5")

    def test_with_a_debug_kernel(self):
        self.succeeded(self.run_on(1, "--debug-kernel", self.of("lookup"), "in.h5", "out.h5", "--items", "0:7"))
        np.testing.assert_array_equal(self.read("out.h5", "y"), self.y[:7])

    def test_several_tables_and_their_dims(self):
        """Dims bind results, across tables, inputs and results; the table may stand before the input."""
        rng = np.random.default_rng(6)
        w, x, bias = rng.normal(size=(4, 7)), rng.normal(size=(3, 50, 7)), rng.normal(size=4)
        self.write("data.h5", x=x)
        self.write("net.h5", weights=w)
        self.write("more.h5", bias=bias)
        words = [self.of("weigh"), "data.h5", "-i", "w=net.h5:/weights", "-i", "bias=more.h5:/bias", "-p", "scale=0.5"]
        for ranks in (1, 3):
            self.succeeded(self.run_on(ranks, *words, f"out{ranks}.h5"))
            np.testing.assert_allclose(self.read(f"out{ranks}.h5", "y"), 0.5 * x @ w.T + bias, rtol=1e-12)
        self.check_same("out1.h5", "out3.h5")

    def test_init_and_finish_see_it(self):
        self.write("in.h5", x=np.arange(5000.0), lut=np.ones(5000))
        for ranks in (1, 2):
            self.succeeded(self.run_on(ranks, self.of("up_to"), "in.h5", f"out{ranks}.h5"))
            np.testing.assert_array_equal(self.read(f"out{ranks}.h5", "y"), np.arange(1.0, 5001))

    def test_without_an_input(self):
        words = [self.of("draw"), "count:2000", "-i", "lut=in.h5:/lut"]
        self.succeeded(self.run_on(1, *words, "one.h5"))
        self.succeeded(self.run_on(3, *words, "three.h5"))
        self.check_same("one.h5", "three.h5")
        y = self.read("one.h5", "y")
        self.assertTrue(np.isin(y, self.lut).all() and len(set(y)) > 1000)

    def test_compounds(self):
        """By the names of the fields: as the kernel has them, and in another order, other types, with others between."""
        same = np.dtype({"names": ["at", "the id", "good"], "formats": [("f8", 2), "i2", "?"], "offsets": [0, 16, 18], "itemsize": 24})
        other = np.dtype([("good", "?"), ("note", "S3"), ("at", ">f4", (2,)), ("the id", "u1")])
        for kind in (same, other):
            lut = np.zeros(5000, kind)
            lut["at"], lut["the id"], lut["good"] = self.lut.astype("f4")[:, None] * [1, 2], np.arange(5000) % 200, np.arange(5000) % 7
            self.write("in.h5", x=self.x[8:99999], lut=lut)
            k = self.x[8:99999].astype(int)
            want = np.where(lut["good"], lut["at"][:, 0].astype(float) + lut["at"][:, 1].astype(float) * lut["the id"], np.nan)[k]
            for way in WAYS:
                for ranks in (1, 2, 3):
                    with self.subTest(kind=kind, way=way, ranks=ranks):
                        words = ["--max-failures", "100%", *way, "--overwrite", self.of("lookup_entry"), "in.h5", "out.h5"]
                        self.succeeded(self.run_on(ranks, *words), 1)
                        np.testing.assert_array_equal(self.read("out.h5", "y"), want)

    def test_one_dataset_as_both(self):
        """The loop goes over what is the table, too."""
        self.write("in.h5", lut=np.arange(10.0)[::-1])
        self.succeeded(self.h5map("run", self.of("lookup"), "in.h5:/lut", "out.h5"))
        np.testing.assert_array_equal(self.read("out.h5", "y"), np.arange(10.0))

    def test_selection_and_compression(self):
        for ranks in (1, 2):
            words = ["--items", "10:99990:3", "--compress", "4", self.of("lookup"), "in.h5", f"out{ranks}.h5"]
            self.succeeded(self.run_on(ranks, *words))
            np.testing.assert_array_equal(self.read(f"out{ranks}.h5", "y"), self.y[10:99990:3])

    def test_quiet(self):
        self.assertEqual(self.succeeded(self.h5map("run", "-q", self.of("lookup"), "in.h5", "out.h5"), 1).err, "")


class Storage(Shared):
    def store(self, **how):
        with h5py.File(self.path("in.h5"), "a") as file:
            del file["lut"]
            data = file.create_dataset("lut", **how)
        return data

    def check_values(self, *words):
        for ranks in (1, 2):
            self.succeeded(self.run_on(ranks, "--overwrite", *words, self.of("lookup"), "in.h5", "out.h5"), 1)
            np.testing.assert_array_equal(self.read("out.h5", "y"), self.y)

    def test_chunks_and_compression(self):
        """Larger than --memory, in chunks that are, too."""
        big = np.zeros(2_000_000)
        big[:5000] = self.lut
        self.x[[7, 99999]] = -1, 2e6
        self.write("in.h5", x=self.x, lut=self.lut)
        self.store(data=big, chunks=(1_000_000,), compression="gzip", shuffle=True)
        self.check_values("--memory", "2M")

    def test_types_and_byte_order(self):
        for kind in (">f8", "<f4", ">i2", "u1"):
            with self.subTest(kind=kind):
                self.write("in.h5", x=np.arange(250.0), lut=np.arange(250).astype(kind))
                self.succeeded(self.h5map("run", "--overwrite", self.of("lookup"), "in.h5", "out.h5"))
                np.testing.assert_array_equal(self.read("out.h5", "y"), np.arange(250.0))

    def test_packing(self):
        with h5py.File(self.path("in.h5"), "w") as file:
            file["x"] = np.arange(4.0)
            file["lut"] = np.array([10, 20, -1, 40], np.int16)
            file["lut"].attrs.update(scale_factor=0.5, add_offset=100.0, _FillValue=np.int16(-1))
        result = self.succeeded(self.run_on(2, self.of("lookup"), "in.h5", "out.h5"))
        self.assertRegex(result.err, r"h5map: lut: .*scale_factor 0\.5")
        np.testing.assert_array_equal(self.read("out.h5", "y"), [105, 110, np.nan, 120])
        self.succeeded(self.run_on(2, "--raw", self.of("lookup"), "in.h5", "raw.h5"))
        np.testing.assert_array_equal(self.read("raw.h5", "y"), [10, 20, -1, 40])

    def test_cast(self):
        self.write("in.h5", x=np.arange(300.0), lut=np.arange(300.0) % 256)
        self.succeeded(self.run_on(2, "--cast", self.of("bytes"), "in.h5", "out.h5"))
        np.testing.assert_array_equal(self.read("out.h5", "y"), np.arange(300.0) % 256)

    def test_an_empty_table(self):
        self.write("in.h5", x=np.arange(3.0), lut=np.zeros(0))
        words = ["--max-failures", "100%", self.of("lookup"), "in.h5", "out.h5"]
        result = self.succeeded(self.run_on(2, *words), 1)
        self.assertIn("h5map: lut: 0 bytes, once per node", result.lines)


class Refusals(Shared):
    """One line, status 2, nothing written; at 1 and at 3 ranks."""

    def check(self, pattern, name, *words, noted=False):
        for ranks in (1, 3):
            before = self.listing()
            result = self.run_on(ranks, self.of(name), *words, "out.h5")
            self.assertEqual(result.status, 2, result)
            self.sound(result)
            self.assertEqual(len(result.lines), 2 if noted else 1, result)
            self.assertRegex(result.lines[-1], r"\Ah5map: " + pattern + r"\Z", result)
            self.assertEqual(self.listing(), before, result)

    def test_a_table_that_is_missing(self):
        self.write("only.h5", x=self.x, other=self.lut)
        self.check(
            r"lut: no dataset /lut in only\.h5 \(bind it with -i lut=/DATASET; there are /other, /x\)", "lookup", "only.h5"
        )
        self.check(r"none\.h5: no such file", "lookup", "in.h5", "-i", "lut=none.h5:/lut")

    def test_a_rank_that_does_not_fit(self):
        self.write("deep.h5", x=self.x, lut=np.zeros((5, 3)))
        self.check(
            r"lut: /lut in deep\.h5 has shape \(5, 3\), the kernel takes a whole dataset as shared double\[m\] "
            r"\(bind another with -i lut=/DATASET\)",
            "lookup", "deep.h5",
        )  # fmt: skip

    def test_a_dim_that_disagrees(self):
        self.write("data.h5", x=np.zeros((10, 7)), w=np.zeros((4, 6)), bias=np.zeros(4))
        self.check(
            r"x: /x in data\.h5 has shape \(10, 7\), the kernel takes double\[c\], where c is 6 by w", "weigh", "data.h5"
        )
        self.write("data.h5", x=np.zeros((10, 7)), w=np.zeros((4, 7)), bias=np.zeros(3))
        self.check(
            r"bias: /bias in data\.h5 has shape \(3\), the kernel takes double\[r\], where r is 4 by w", "weigh", "data.h5"
        )

    def test_a_type_that_does_not_fit(self):
        self.check(
            r"lut: /lut in in\.h5 holds double, the kernel takes uint8 \(give --cast to convert, where every element fits\)",
            "bytes", "in.h5",
        )  # fmt: skip

    def test_an_element_that_does_not_fit(self):
        values = np.zeros(400_000)
        values[312_345] = 300
        self.write("in.h5", x=np.zeros(5), lut=values)
        self.check(
            r"lut: /lut in in\.h5: element \(312345\): 300 is not a uint8 \(all items need it: correct it, or take another "
            r"type\)",
            "bytes", "--cast", "in.h5", noted=True,
        )  # fmt: skip

    def test_a_field_that_does_not_fit(self):
        values = np.zeros(5, [("at", "f8", (2,)), ("the id", "i4"), ("good", "?")])
        values["the id"][3] = 70000
        self.write("in.h5", x=np.zeros(5), lut=values)
        self.check(
            r"lut: field 'the id' of /lut in in\.h5 holds int32, the kernel takes int16 \(give --cast to convert, where every "
            r"element fits\)",
            "lookup_entry", "in.h5",
        )  # fmt: skip
        self.check(
            r"lut: /lut in in\.h5: element \(3\): field 'id': 70000 is not an int16 \(all items need it: correct it, or take "
            r"another type\)",
            "lookup_entry", "--cast", "in.h5", noted=True,
        )  # fmt: skip

    def test_no_file_for_it(self):
        self.check(
            r"lut: no file is given, and INPUT, count:N, is none \(give -i lut=FILE:/DATASET\)", "draw", "count:10"
        )

    def test_the_output(self):
        self.write("out.h5", lut=self.lut)
        self.check(r"lut: /lut in out\.h5 is in the output, out\.h5 \(give another OUTPUT\)", "lookup", "in.h5", "-i", "lut=out.h5:/lut")

    def test_a_damaged_chunk(self):
        """Half-way through the table: every rank ends, with one line."""
        with h5py.File(self.path("in.h5"), "a") as file:
            del file["lut"]
            data = file.create_dataset("lut", data=np.arange(500_000.0), chunks=(10_000,), compression="gzip")
            data.id.write_direct_chunk((300_000,), b"garbage" * 9)
        for ranks in (1, 3):
            before = self.listing()
            result = self.run_on(ranks, self.of("lookup"), "in.h5", "out.h5")
            self.assertEqual(result.status, 3, result)
            self.sound(result)
            self.assertRegex(result.lines[-1], r"\Ah5map: lut: /lut in in\.h5: can't read .*", result)
            self.assertEqual(self.listing(), before, result)


class Again(Shared):
    """The table is part of what the job is."""

    def setUp(self):
        super().setUp()
        self.write("lut.h5", lut=self.lut)
        self.words = [self.of("lookup"), "in.h5", "out.h5", "-i", "lut=lut.h5:/lut"]
        self.succeeded(self.h5map("run", *self.words), 1)

    def test_is_recorded(self):
        rows = self.read("out.h5", "h5map/inputs")
        self.assertEqual([row["name"].decode() for row in rows], ["x", "lut"])
        self.assertEqual(rows[1]["file"].decode(), os.path.realpath(self.path("lut.h5")))
        self.assertEqual((rows[1]["dataset"], rows[1]["shape"]), (b"/lut", b"(5000)"))

    def test_nothing_to_do(self):
        self.assertRegex(self.succeeded(self.mpi(2, "run", *self.words), 1).err, "nothing to do")

    def test_a_changed_table(self):
        self.write("lut.h5", lut=self.lut + 1)
        self.check_refused(r"lut's file has changed .*--accept input", *self.words)
        self.succeeded(self.h5map("run", "--accept", "input", "--retry-failed", *self.words), 1)

    def test_going_on(self):
        """Stopped, then gone on with on other ranks: the same bytes; a table that has changed in between is refused."""
        words = [self.of("dwell"), "x.h5", "naps.h5", "-i", "lut=lut.h5:/lut"]
        self.write("x.h5", x=np.zeros(30))
        stopped = self.mpi(2, "run", "--slice", "1", "--time-limit", "0.7s", *words)
        self.assertEqual(stopped.status, 75, stopped)
        kept = os.stat(self.path("lut.h5"))
        os.utime(self.path("lut.h5"), ns=(kept.st_atime_ns, kept.st_mtime_ns + 1))
        self.check_refused(r"the modification time \(ns\) of input lut's file has changed .*--accept input", *words)
        result = self.succeeded(self.run_on(3, "--accept", "input", *words))
        self.assertRegex(result.err, r"going on, [1-9]\d* of 30 items are there")
        np.testing.assert_allclose(self.read("naps.h5", "y"), np.full(30, self.lut[::512].sum()))


class Const(Shared):
    """Nobody writes to it."""

    def test_a_kernel_that_does(self):
        for ranks in (1, 2):
            result = self.run_on(ranks, self.of("scribble"), "in.h5", "out.h5")
            self.assertEqual(result.status, 3, result)
            self.assertRegex(result.err, r"h5map: rank \d: the kernel crashed \(SIGSEGV")
            for name in os.listdir(self.folder):
                if name.startswith("out.h5"):
                    os.unlink(self.path(name))


class Leaving(Shared):
    def test_while_kernels_read_it(self):
        """A kernel that never ends is left, and the table stays under it until the program ends."""
        self.write("in.h5", x=np.ones(8), lut=self.lut * 0)
        for ranks in (1, 3):
            words = ["--time-limit", "0.5s", self.of("spin"), "in.h5", "out.h5"]
            result = self.run_on(ranks, *words)
            self.assertEqual(result.status, 75, result)
            self.sound(result)
            self.assertRegex(result.lines[-1], r"h5map: stopped by --time-limit")
            self.assertNotRegex(result.err, "crash|SIG")

    def test_nothing_stays_after_a_kill(self):
        self.write("in.h5", x=np.ones(8), lut=self.lut * 0)
        running = self.start("mpirun", "-q", "-n", "2", H5MAP, "run", self.of("spin"), "in.h5", "out.h5")
        self.wait_for(lambda: os.path.exists(self.path("out.h5.part")), "the first items")
        pids = descendants_of(running.pid)
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        running.wait(20)
        names = [name for name in os.listdir("/dev/shm") if re.match(r"h5map\.(%s)\." % "|".join(map(str, pids)), name)]
        self.assertEqual(names, [])


class Memory(Shared):
    """A table of 200 MB: three ranks hold it once, and --memory has nothing to do with it."""

    def proportional_kb(self, pid):
        with open(f"/proc/{pid}/smaps_rollup") as file:
            return int(re.search(r"(?m)^Pss: +(\d+)", file.read()).group(1))

    def test_is_held_once(self):
        if SANITIZED:
            self.skipTest("the sanitizer's own memory is larger")
        table = 200_000_000
        self.write("in.h5", x=np.zeros(3000), lut=np.arange(table // 8) % 97.0)
        words = ["--memory", "4M", "--slice", "1", self.of("dwell"), "in.h5", "out.h5"]
        running = self.start("mpirun", "-q", "-n", "3", H5MAP, "run", *words)
        self.wait_for(lambda: os.path.exists(self.path("out.h5.part")), "the first items")
        time.sleep(1.5)
        ranks = [pid for pid in descendants_of(running.pid) if self.is_rank(pid)]
        sizes = [self.proportional_kb(pid) for pid in ranks]
        running.send(signal.SIGUSR1)
        result = running.wait(30)
        self.assertIn("h5map: stopped by SIGUSR1; ", result.err, result)
        self.assertIn("h5map: lut: 190.7 MiB, once per node", result.lines)
        self.assertEqual(len(sizes), 3)
        self.assertGreater(sum(sizes), table / 1024, sizes)
        self.assertLess(sum(sizes), 1.35 * table / 1024, sizes)

    def is_rank(self, pid):
        try:
            return os.path.samefile(f"/proc/{pid}/exe", shutil.which(H5MAP))
        except OSError:
            return False


class Room(Shared):
    """A /dev/shm that is too small for it: one line on every rank's behalf, and no crash."""

    def small(self, megabytes):
        words = ["unshare", "-m", "sh", "-c", f'mount -t tmpfs -o size={megabytes}m tmpfs /dev/shm; exec "$@"', "sh"]
        if os.geteuid() or subprocess.run([*words, "true"], capture_output=True).returncode:
            self.skipTest("needs root and mount namespaces")
        return words

    def test_is_refused(self):
        self.write("in.h5", x=np.zeros(30), lut=np.zeros(10_000_000))
        before = self.listing()
        words = [*self.small(40), *([MPIRUN] if MPIRUN else ["mpirun", "-q"]), "-n", "2", H5MAP, "run", self.of("lookup"), "in.h5", "out.h5"]
        result = self.call(*words)
        self.assertEqual(result.status, 3, result)
        self.sound(result)
        self.assertEqual(len(result.lines), 2, result)
        self.assertRegex(
            result.lines[1],
            r"h5map: shared tables: can't take 76\.3 MiB of shared memory on \S+: [23]\d\.\d MiB are free in /dev/shm "
            r"\(make it larger: mount -o remount,size=SIZE /dev/shm, or a container's with --shm-size\)",
        )
        self.assertEqual(self.listing(), before, result)

    def test_one_rank_needs_none(self):
        self.write("in.h5", x=np.zeros(30), lut=np.full(10_000_000, 2.0))
        self.succeeded(self.call(*self.small(1), H5MAP, "run", self.of("lookup"), "in.h5", "out.h5"))
        np.testing.assert_array_equal(self.read("out.h5", "y"), np.full(30, 2.0))
