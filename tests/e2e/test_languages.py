"""The examples of kernels in other languages, made with the commands that are in their heads."""

import os
import shutil
import subprocess

import h5py
import numpy as np

from harness import HEADERS, KERNELS, Case

EXAMPLES = os.path.join(KERNELS, "languages")
PYTHON_CONFIG = "/usr/bin/python3-config"


def builds(*arguments):
    """Does this end well?"""
    try:
        return subprocess.run(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0
    except OSError:
        return False


class Language(Case):
    def setUp(self):
        super().setUp()
        for name in os.listdir(EXAMPLES):
            shutil.copy(os.path.join(EXAMPLES, name), self.folder)

    def need(self, *programs):
        for program in programs:
            if not shutil.which(program):
                self.skipTest(f"{program} is not installed")

    def need_library(self, *flags):
        self.text("nothing.c", "int main(void) { return 0; }\n")
        if not builds("cc", self.path("nothing.c"), *flags, "-o", self.path("nothing")):
            self.skipTest(f"{' '.join(flags)} is not installed")

    def made(self, *command):
        result = self.call(*command)
        self.assertEqual((result.status, result.err), (0, ""), result)
        return result.out.strip()

    def mapped(self, *words, status=0):
        """OUTPUT of a run on one rank; three give the same bytes."""
        for ranks in (1, 3):
            self.succeeded(self.run_on(ranks, *words, f"out{ranks}.h5"), status)
            self.check_same("out1.h5", f"out{ranks}.h5")
        return h5py.File(self.path("out1.h5"), "r")


class Cxx(Language):
    def test_median(self):
        self.need("g++")
        flags = ["-Wall", "-Wextra", "-Wshadow", "-Werror"]
        self.made("g++", "-std=c++17", "-O3", *flags, "-shared", "-fPIC", f"-I{HEADERS}", "median.cc", "-o", "median.so")
        x = np.random.default_rng(1).normal(size=(500, 9))
        x[17] = -1
        self.write("in.h5", x=x)
        with self.mapped("./median.so", "-p", "least=-0.5", "in.h5", status=1) as out:
            want = [np.median(v[v >= -0.5]) if np.sum(v >= -0.5) > 1 else np.nan for v in x]
            np.testing.assert_array_equal(out["median"], want)
            failures = {int(f["index"]): f["reason"].decode() for f in out["h5map/failures"]}
            self.assertEqual(failures[17], "0 values are too few")


class Fortran(Language):
    def setUp(self):
        super().setUp()
        self.need("gfortran")
        rng = np.random.default_rng(2)
        m, x = rng.uniform(1, 2, (60, 7)), rng.normal(size=(60, 7, 3))
        r = x - (m[..., None] * x).sum(1, keepdims=True) / m.sum(1)[:, None, None]
        self.want = np.einsum("ik,ikj,ikj->i", m, r, r)[:, None, None] * np.eye(3) - np.einsum("ik,ika,ikb->iab", m, r, r)
        self.write("in.h5", m=m, x=x)

    def test_object_by_libs(self):
        self.made("gfortran", "-O3", "-fPIC", "-c", "inertia.f90")
        with self.mapped("inertia.c", "--libs", "inertia.o -lgfortran", "in.h5") as out:
            np.testing.assert_allclose(out["tensor"], self.want, rtol=1e-12, atol=1e-12)

    def test_shared_object(self):
        self.made("gfortran", "-O3", "-shared", "-fPIC", f"-I{HEADERS}", "inertia.f90", "inertia.c", "-o", "inertia.so")
        with self.mapped("./inertia.so", "in.h5") as out:
            np.testing.assert_allclose(out["tensor"], self.want, rtol=1e-12, atol=1e-12)


class Libraries(Language):
    def test_lapack(self):
        self.need_library("-llapack")
        a = np.random.default_rng(3).normal(size=(40, 6, 6))
        a += a.transpose(0, 2, 1)
        self.write("in.h5", a=a)
        with self.mapped("eigen.c", "--libs", "-llapack", "in.h5") as out:
            values, vectors = out["values"][()], out["vectors"][()]
        np.testing.assert_allclose(values, np.linalg.eigvalsh(a), rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(np.einsum("iab,icb->iac", a, vectors), vectors.transpose(0, 2, 1) * values[:, None], atol=1e-10)

    def test_blas(self):
        self.need_library("-lblas", "-include", "cblas.h")
        x = np.random.default_rng(4).normal(size=(1000, 12))
        self.write("in.h5", x=x)
        with self.mapped("cosines.c", "--libs", "-lblas", "-p", "k=5", "in.h5") as out:
            table = np.cos(np.pi / 12 * (np.arange(12) + 0.5) * np.arange(5)[:, None])
            np.testing.assert_allclose(out["c"], x @ table.T, rtol=1e-10, atol=1e-12)


class Cython(Language):
    def setUp(self):
        super().setUp()
        self.need("cython3", PYTHON_CONFIG)
        self.made("cython3", "usual.pyx")
        self.includes = self.made(PYTHON_CONFIG, "--includes")
        self.x = np.random.default_rng(5).normal(size=(300, 4))
        self.write("in.h5", x=self.x)

    def test_with_the_library_of_python(self):
        libs = self.made(PYTHON_CONFIG, "--embed", "--libs")
        with self.mapped("usual.c", "--cflags", self.includes, "--libs", libs, "in.h5") as out:
            np.testing.assert_allclose(out["length"], np.linalg.norm(self.x, axis=1), rtol=1e-14)

    def test_without_it(self):
        words = ["--cflags", self.includes + " -ffunction-sections -fdata-sections"]
        words += ["--libs", "-Wl,--gc-sections,--version-script=exports"]
        with self.mapped("usual.c", *words, "-p", "p=4", "in.h5") as out:
            np.testing.assert_allclose(out["length"], (self.x**4).sum(1) ** 0.25, rtol=1e-14)

    def test_what_calls_python_is_refused(self):
        words = ["--cflags", self.includes]
        self.check_refused(r"h5map: usual: undefined symbol: Py\w+ \(give the library with --libs", *words, "usual.c", "in.h5", "out.h5")


class Objects(Language):
    """Shared objects that can't be kernels here."""

    def test_a_run_time_that_is_missing(self):
        self.text("gone.c", "int gone;\n")
        self.made("cc", "-shared", "-fPIC", "gone.c", "-Wl,-soname,libgfortran.so.99", "-o", "libgone.so")
        kernel = [f"-I{HEADERS}", os.path.join(KERNELS, "norm.c"), "-Wl,--no-as-needed", "-L.", "-lgone"]
        self.made("cc", "-shared", "-fPIC", *kernel, "-o", "norm.so")
        self.write("in.h5", x=np.zeros((3, 3)))
        for ranks in (1, 2):
            why = r"h5map: norm: needs libgfortran\.so\.99, which is not found \(install it, or add its folder to LD_LIBRARY_PATH\)"
            self.check_refused(why, "./norm.so", "in.h5", "out.h5", ranks=ranks)

    def test_another_abi(self):
        with open(os.path.join(HEADERS, "h5map", "kernel.h")) as file:
            header = file.read().replace("#define H5MAP_ABI 1", "#define H5MAP_ABI 7")
        os.makedirs(self.path("old/h5map"))
        self.text("old/h5map/kernel.h", header)
        self.made("cc", "-shared", "-fPIC", "-Iold", os.path.join(KERNELS, "norm.c"), "-o", "norm.so")
        self.write("in.h5", x=np.zeros((3, 3)))
        for ranks in (1, 2):
            self.check_refused(r"h5map: norm: made for kernel ABI 7, not 1 \(compile it", "./norm.so", "in.h5", "out.h5", ranks=ranks)

    def test_no_kernel_in_it(self):
        self.text("none.c", "int nothing(void);\nint nothing(void) { return 0; }\n")
        self.made("cc", "-shared", "-fPIC", "none.c", "-o", "none.so")
        self.write("in.h5", x=np.zeros((3, 3)))
        self.check_refused(r"h5map: \./none\.so: no kernel in it", "./none.so", "in.h5", "out.h5")
