"""Kernels: built in, shared objects, source; items and slices; state, parameters, dims, indices."""

import os
import shutil
import subprocess

import h5py
import numpy as np

from harness import HEADERS, KERNELS, Case


def great_circle_km(lon, lat, lon0, lat0):
    """By the haversine formula, on a sphere of any radius: in radians."""
    lon, lat, lon0, lat0 = (np.radians(v) for v in (lon, lat, lon0, lat0))
    half = np.sin((lat - lat0) / 2) ** 2 + np.cos(lat) * np.cos(lat0) * np.sin((lon - lon0) / 2) ** 2
    return 2 * np.arcsin(np.sqrt(half))


class Builtin(Case):
    quick = True

    def test_square_sequential_and_parallel(self):
        """The mission's example: 1 to 5 squared, by one rank and by several, are equal."""
        self.write("numbers.h5", items=np.array([1.0, 2, 3, 4, 5]))
        self.succeeded(self.h5map("run", "square", "numbers.h5", "one.h5"))
        self.succeeded(self.mpi(2, "run", "square", "numbers.h5", "two.h5"))
        self.succeeded(self.h5map("run", "-j", "3", "square", "numbers.h5", "three.h5"))
        np.testing.assert_array_equal(self.read("one.h5", "results"), [1, 4, 9, 16, 25])
        self.check_same("one.h5", "two.h5")
        self.check_same("one.h5", "three.h5")

    def test_haversine(self):
        rng = np.random.default_rng(1)
        lon, lat = rng.uniform(-180, 180, 1000), rng.uniform(-90, 90, 1000)
        self.write("in.h5", lon=lon, lat=lat)
        self.succeeded(self.h5map("run", "haversine", "in.h5", "out.h5", "-p", "lon0=10.75", "-p", "lat0=59.91"))
        angle = great_circle_km(lon, lat, 10.75, 59.91)
        radius = self.read("out.h5", "distance") / angle
        self.assertTrue(np.all(np.abs(radius / 6371 - 1) < 2e-3), radius)
        self.assertLess(np.ptp(radius), 1e-3)

    def test_haversine_packed_with_missing(self):
        raw = np.array([0, 100, 65535, 40000], np.uint16)
        self.write("in.h5", lon=raw, lat=raw)
        words = ["lon0=1", "lat0=2", "lon_scale=1000", "lon_min=-3", "lat_scale=500", "lat_min=5", "missing=65535"]
        options = [word for value in words for word in ("-p", value)]
        self.succeeded(self.h5map("run", "haversine", "in.h5", "out.h5", *options))
        got = self.read("out.h5", "distance")
        angle = great_circle_km(raw * 0.001 - 3, raw * 0.002 + 5, 1, 2)
        np.testing.assert_array_equal(np.isnan(got), raw == 65535)
        here = raw != 65535
        np.testing.assert_allclose(got[here] / angle[here], 6371, rtol=2e-3)

    def test_stats(self):
        x = np.random.default_rng(2).normal(5, 2, (7, 20, 31)).astype(np.float32)
        self.write("in.h5", x=x)
        self.succeeded(self.h5map("run", "stats", "in.h5", "out.h5"))
        flat = x.reshape(7, -1).astype(float)
        np.testing.assert_allclose(self.read("out.h5", "mean"), flat.mean(1), rtol=1e-12)
        np.testing.assert_allclose(self.read("out.h5", "std"), flat.std(1), rtol=2e-3)
        np.testing.assert_array_equal(self.read("out.h5", "min"), x.min((1, 2)))
        np.testing.assert_array_equal(self.read("out.h5", "max"), x.max((1, 2)))
        with h5py.File(self.path("out.h5"), "r") as file:
            types = {name: file[name].dtype for name in ("mean", "std", "min", "max")}
        self.assertEqual(types, {"mean": np.float64, "std": np.float64, "min": np.float32, "max": np.float32})


class Source(Case):
    def setUp(self):
        super().setUp()
        self.write("in.h5", items=np.arange(10.0))

    def results(self, name="out.h5"):
        return self.read(name, "results")

    def test_the_first_kernel(self):
        """The kernel of the header's introduction, exactly as the header has it, without any option."""
        with open(os.path.join(HEADERS, "h5map", "kernel.h")) as file:
            lines = [line[3:].rstrip("\n") if len(line) > 3 else "" for line in file]
        begin = next(k for k, line in enumerate(lines) if "#include <h5map/kernel.h>" in line)
        end = next(k for k, line in enumerate(lines) if "Euclidean length" in line)
        self.text("norm.c", "\n".join(lines[begin : end + 1]) + "\n")
        pos = np.random.default_rng(3).normal(size=(100, 3))
        self.write("particles.h5", pos=pos)
        self.succeeded(self.h5map("run", "norm.c", "particles.h5:/pos", "speed.h5"))
        np.testing.assert_allclose(self.read("speed.h5", "length"), np.linalg.norm(pos, axis=1), rtol=1e-15)

    def test_root_compiles_for_all_ranks(self):
        """Only root sees the source and the compiler."""
        self.text("only_root", '#!/bin/sh\n[ "${OMPI_COMM_WORLD_RANK-$PMI_RANK}" = 0 ] || { cd other; PATH=/nonexistent; }\nexec "$@"\n')
        os.chmod(self.path("only_root"), 0o755)
        os.mkdir(self.path("other"))
        shutil.copy(os.path.join(KERNELS, "e2e_work.c"), self.path("work.c"))
        self.write("x.h5", x=np.arange(1000.0))
        from harness import H5MAP

        words = ("run", "work.c:cheap", "x.h5", "out.h5")
        self.succeeded(
            self.call(
                "mpirun", "-q", "-n", "3", self.path("only_root"), os.path.abspath(shutil.which(H5MAP)), *words,
                env={"XDG_CACHE_HOME": self.path("cache")},
            )
        )  # fmt: skip
        x = np.arange(1000.0)
        np.testing.assert_array_equal(self.read("out.h5", "y"), x * x + 1 / (1 + x * x))

    def test_shared_object(self):
        shared = self.compile("e2e_many.c", "many.so")
        self.succeeded(self.h5map("run", f"{shared}:thrice", "in.h5", "out.h5"))
        np.testing.assert_array_equal(self.results(), 3 * np.arange(10.0))
        self.succeeded(self.mpi(2, "run", "./many.so:twice", "in.h5", "out2.h5"))
        np.testing.assert_array_equal(self.results("out2.h5"), 2 * np.arange(10.0))

    def compile(self, source, name, *flags, compiler="cc"):
        command = [compiler, "-O2", "-fPIC", "-shared", f"-I{HEADERS}", os.path.join(KERNELS, source), *flags]
        subprocess.run([*command, "-o", self.path(name)], check=True, stderr=subprocess.DEVNULL)
        return name

    def test_shared_object_in_cxx(self):
        if not shutil.which("g++"):
            self.skipTest("no g++")
        self.compile("e2e_cxx.cc", "cxx.so", compiler="g++")
        self.succeeded(self.h5map("run", "cxx.so", "in.h5", "out.h5"))
        np.testing.assert_array_equal(self.results(), np.sqrt(np.arange(10.0)))

    def test_file_and_name(self):
        many = self.kernel("many")
        self.succeeded(self.h5map("run", f"{many}:twice", "in.h5", "out.h5"))
        np.testing.assert_array_equal(self.results(), 2 * np.arange(10.0))
        self.check_refused(r"h5map: .*e2e_many\.c.*(thrice.*twice|twice.*thrice)", many, "in.h5", "new.h5")
        self.check_refused(r"h5map: .*e2e_many\.c.*nope.*(thrice|twice)", f"{many}:nope", "in.h5", "new.h5")

    def test_cflags(self):
        flags = self.kernel("flags")
        self.succeeded(self.h5map("run", "--cflags", "-DSCALE=3 -Wno-all", flags, "in.h5", "out.h5"))
        self.succeeded(self.h5map("run", "--cflags=-DSCALE=5", flags, "in.h5", "out5.h5"))
        np.testing.assert_array_equal(self.results(), 3 * np.arange(10.0))
        np.testing.assert_array_equal(self.results("out5.h5"), 5 * np.arange(10.0))

    def test_libs(self):
        self.text("half.c", "double e2e_half(double x);\ndouble e2e_half(double x)\n{\n    return x / 2;\n}\n")
        subprocess.run(["cc", "-fPIC", "-c", "half.c"], cwd=self.folder, check=True)
        subprocess.run(["ar", "rc", "libhalf.a", "half.o"], cwd=self.folder, check=True)
        library = self.kernel("library")
        self.succeeded(self.h5map("run", "--libs", "-L. -lhalf", library, "in.h5", "out.h5"))
        np.testing.assert_array_equal(self.results(), np.arange(10.0) / 2)
        self.check_refused(r"h5map: .*e2e_half", library, "in.h5", "new.h5")

    def test_compile_error_is_shown_once_in_full(self):
        for ranks in (1, 3):
            with self.subTest(ranks=ranks):
                before = self.listing()
                result = self.run_on(ranks, self.kernel("broken"), "in.h5", "out.h5")
                self.assertEqual(result.status, 2, result)
                self.assertEqual(result.out, "")
                self.assertEqual(result.err.count("error: ‘first_error’") + result.err.count("error: 'first_error'"), 1, result)
                self.assertEqual(result.err.count("second_error’") + result.err.count("second_error'"), 1, result)
                ours = [line for line in result.lines if line.startswith("h5map: ")]
                self.assertEqual(len(ours), 1, result)
                self.assertEqual(result.lines[-1], ours[0], result)
                self.assertIn("e2e_broken.c", ours[0])
                self.assertEqual(self.listing(), before)

    def test_no_compiler(self):
        env = {"CC": "/nonexistent/cc", "XDG_CACHE_HOME": self.path("cache")}
        self.check_refused(r"h5map: /nonexistent/cc: .*\(.*\)$", self.kernel("work") + ":nap", "in.h5", "out.h5", env=env)


class Cache(Case):
    def setUp(self):
        super().setUp()
        self.write("in.h5", x=np.arange(10.0))
        self.text("cc", f'#!/bin/sh\necho "$*" >>"{self.path("calls")}"\nexec /usr/bin/cc "$@"\n')
        os.chmod(self.path("cc"), 0o755)
        self.env.update(CC=self.path("cc"), XDG_CACHE_HOME=self.path("cache"))
        shutil.copy(os.path.join(KERNELS, "e2e_work.c"), self.path("work.c"))

    def compiled(self, *options, cc=None):
        """How many objects a run compiled."""
        self.text("calls", "")
        env = {"CC": cc} if cc else None
        self.succeeded(self.h5map("run", "--overwrite", *options, "work.c:cheap", "in.h5", "out.h5", env=env))
        with open(self.path("calls")) as file:
            calls = [line.split() for line in file]
        return sum("-shared" in call and "-E" not in call for call in calls)

    def test_second_run_does_not_compile(self):
        self.assertEqual(self.compiled(), 1)
        self.assertEqual(self.compiled(), 0)

    def test_what_changes_the_object_compiles_again(self):
        self.assertEqual(self.compiled(), 1)
        self.assertEqual(self.compiled("--cflags", "-DX"), 1)
        self.assertEqual(self.compiled("--libs", "-lm"), 1)
        self.text("work.h", "")
        with open(self.path("work.c"), "a") as file:
            file.write('#include "work.h"\n')
        self.compiled()
        self.assertEqual(self.compiled(), 0)
        self.text("work.h", "static const int changed_in_a_header __attribute__((unused)) = 1;\n")
        self.assertEqual(self.compiled(), 1)

    def test_cache_is_private(self):
        self.compiled()
        mode = os.stat(self.path("cache/h5map")).st_mode & 0o777
        self.assertEqual(mode, 0o700, oct(mode))

    def test_a_cache_that_cannot_be_used_is_no_error(self):
        self.text("file", "")
        self.env["XDG_CACHE_HOME"] = self.path("file")
        self.assertEqual(self.compiled(), 1)
        self.env["XDG_CACHE_HOME"] = "/proc/nonexistent"
        self.assertEqual(self.compiled(), 1)

    def test_a_damaged_cache_is_no_error(self):
        self.compiled()
        for folder, _, names in os.walk(self.path("cache")):
            for name in names:
                with open(os.path.join(folder, name), "r+b") as file:
                    file.truncate(100)
        self.compiled()
        x = np.arange(10.0)
        np.testing.assert_array_equal(self.read("out.h5", "y"), x * x + 1 / (1 + x * x))


class Items(Case):
    """What the kernel sees."""

    def test_slice_kernel(self):
        x = np.random.default_rng(4).uniform(0, 1, (1000, 5))
        x[17] = -1
        self.write("in.h5", x=x)
        result = self.h5map("run", self.kernel("slice") + ":mean", "in.h5", "out.h5")
        self.succeeded(result, status=1)
        got = self.read("out.h5", "mean")
        self.assertTrue(np.isnan(got[17]))
        good = np.arange(1000) != 17
        np.testing.assert_allclose(got[good], x[good].mean(1), rtol=1e-14)
        failures = self.read("out.h5", "h5map/failures")
        self.assertEqual([(f["index"], f["reason"]) for f in failures], [(17, b"sum -5")])

    def test_slice_kernel_that_returns_an_error_fails_its_items(self):
        self.write("in.h5", x=np.arange(20, dtype=np.float32))
        result = self.h5map("run", "--max-failures", "100%", self.kernel("slice") + ":refusing", "in.h5", "out.h5")
        self.succeeded(result, status=1)
        self.assertTrue(np.isnan(self.read("out.h5", "y")).all())
        self.assertEqual(len(self.read("out.h5", "h5map/failures")), 20)

    def check_cut(self, kernel, block, count=1000):
        first = np.arange(count) // block * block
        size = np.minimum(block, count - first)
        self.write("in.h5", x=np.zeros(count, np.float32))
        for number, words in enumerate(([], ["--slice", "3"], ["--slice", "100"], ["--schedule", "static"])):
            for ranks in (1, 3):
                with self.subTest(words=words, ranks=ranks):
                    out = f"out{number}-{ranks}.h5"
                    self.succeeded(self.run_on(ranks, *words, self.kernel("slice") + ":" + kernel, "in.h5", out))
                    np.testing.assert_array_equal(self.read(out, "first"), first)
                    np.testing.assert_array_equal(self.read(out, "count"), size)

    def test_block(self):
        """.block = 7: every call gets 7 items from a multiple of 7."""
        self.check_cut("cut", 7)

    def test_block_of_slice_kernels_is_64(self):
        self.check_cut("cut_by_default", 64)

    def test_init_finish_state(self):
        x = np.arange(12.0).reshape(6, 2)
        self.write("in.h5", x=x)
        for ranks in (1, 3):
            with self.subTest(ranks=ranks):
                marks, out = self.path(f"marks{ranks}"), f"out{ranks}.h5"
                os.mkdir(marks)
                words = ("-p", "factor=2.5", self.kernel("state"), "in.h5", out)
                self.succeeded(self.run_on(ranks, *words, env={"E2E_MARKS": marks}))
                np.testing.assert_array_equal(self.read(out, "y"), 5 * x[:, 0])
                np.testing.assert_array_equal(self.read(out, "items"), 6)
                made = sorted(os.listdir(marks))
                self.assertEqual(len([m for m in made if m.startswith("init.")]), ranks, made)
                self.assertEqual(len([m for m in made if m.startswith("finish.")]), ranks, made)
                self.assertEqual({os.path.getsize(os.path.join(marks, m)) for m in made}, {5})

    def test_init_refuses(self):
        self.write("in.h5", x=np.zeros((6, 2)))
        for ranks in (1, 3):
            words = ("-p", "factor=-1", self.kernel("state"), "in.h5", "out.h5")
            self.check_refused(r"h5map: .*factor must be positive, not -1", *words, ranks=ranks)

    def test_kernel_stops_the_run(self):
        self.write("in.h5", x=np.arange(1000.0))
        for ranks in (1, 3):
            result = self.run_on(ranks, "-p", "at=500", self.kernel("stop"), "in.h5", "out.h5")
            self.unfinished(result, r"h5map: .*500 is where it ends; \d+ of 1000 items are kept", "out.h5")

    def test_index(self):
        """The index is that of the full input, under --items, steps and several leading dims."""
        cases = [((20,), None), ((20,), "3:17:4"), ((10, 3, 2), None), ((10, 3, 2), "2:9:3"), ((10, 3), "4:"), ((9, 2), ":5")]
        for kernel in ("item_index", "slice_index"):
            for number, (shape, items) in enumerate(cases):
                for ranks in (1, 2):
                    with self.subTest(kernel=kernel, shape=shape, items=items, ranks=ranks):
                        self.write("in.h5", x=np.zeros(shape, np.float32))
                        out = f"out-{kernel}-{number}-{ranks}.h5"
                        words = ["--items", items] if items else []
                        words += ["--slice", "4"] if ranks > 1 else []
                        self.succeeded(self.run_on(ranks, *words, self.kernel("index") + ":" + kernel, "in.h5", out))
                        cut = slice(*(int(v) if v else None for v in items.split(":"))) if items else slice(None)
                        full = np.arange(np.prod(shape)).reshape(shape)
                        np.testing.assert_array_equal(self.read(out, "index"), full[cut])

    def test_failures_are_counted_in_the_full_input(self):
        x = np.zeros((10, 3), np.float32)
        x[6, 1] = -1
        self.write("in.h5", x=x)
        words = ("--items", "2:10:2", "--max-failures", "1")
        self.succeeded(self.h5map("run", *words, self.kernel("index") + ":slice_index", "in.h5", "out.h5"), status=1)
        failures = self.read("out.h5", "h5map/failures")
        self.assertEqual([(f["index"], f["reason"]) for f in failures], [(19, b"negative at 19")])
        self.assertEqual(self.read("out.h5", "index")[2, 1], np.iinfo(np.uint64).max)

    def test_parameter_as_dim(self):
        x = np.random.default_rng(5).normal(size=(8, 6))
        self.write("in.h5", x=x)
        head = self.kernel("ports") + ":head"
        self.succeeded(self.h5map("run", head, "in.h5", "default.h5"))
        self.succeeded(self.h5map("run", head, "in.h5", "five.h5", "-p", "k=5"))
        np.testing.assert_array_equal(self.read("default.h5", "top"), x[:, :3])
        np.testing.assert_array_equal(self.read("five.h5", "top"), x[:, :5])
        np.testing.assert_array_equal(self.read("five.h5", "sizes"), [[6, 5]] * 8)

    def test_parameters(self):
        self.write("in.h5", x=np.zeros(2))
        params = self.kernel("ports") + ":params"
        self.succeeded(self.h5map("run", params, "in.h5", "a.h5", "-p", "d=-1e-9"))
        np.testing.assert_array_equal(self.read("a.h5", "v")[1], [-1e-9, 1, 255, -9, np.float32(1e-3), 1, 2])
        given = ["d=nan", "b=false", "u=0", "i=9223372036854775807", "f=inf", "z=-3"]
        self.succeeded(self.h5map("run", params, "in.h5", "b.h5", *[w for g in given for w in ("-p", g)]))
        np.testing.assert_array_equal(self.read("b.h5", "v")[0], [np.nan, 0, 0, 2.0**63, np.inf, -3, 0])

    def test_several_inputs_and_results(self):
        rng = np.random.default_rng(6)
        a, b = rng.integers(-9, 9, (4, 5), np.int32), rng.normal(size=(4, 5, 3)).astype(np.float32)
        c, up = rng.normal(size=(4, 5)) + 1j * rng.normal(size=(4, 5)), rng.integers(0, 2, (4, 5)).astype(bool)
        self.write("in.h5", a=a, b=b, c=c, up=up)
        for ranks in (1, 3):
            out = f"out{ranks}.h5"
            self.succeeded(self.run_on(ranks, "-p", "s=0.5", self.kernel("ports") + ":zip", "in.h5", out))
        np.testing.assert_allclose(self.read("out1.h5", "sum"), 0.5 * a + b.astype(float).sum(2), rtol=1e-6, atol=1e-6)
        np.testing.assert_array_equal(self.read("out1.h5", "pair"), np.stack([b, -b], axis=2))
        np.testing.assert_array_equal(self.read("out1.h5", "down"), ~up)
        np.testing.assert_array_equal(self.read("out1.h5", "turned"), 1j * c)
        self.assertEqual(self.read("out1.h5", "down").dtype, bool)
        self.assertEqual(self.read("out1.h5", "turned").dtype, np.complex128)
        self.check_same("out1.h5", "out3.h5")

    def test_shared_named_dim(self):
        rng = np.random.default_rng(7)
        m, v = rng.integers(-5, 5, (6, 4, 3)).astype(float), rng.integers(-5, 5, (6, 3)).astype(float)
        self.write("in.h5", m=m, v=v)
        self.succeeded(self.h5map("run", self.kernel("ports") + ":product", "in.h5", "out.h5"))
        np.testing.assert_array_equal(self.read("out.h5", "p"), np.einsum("ihw,iw->ih", m, v))
