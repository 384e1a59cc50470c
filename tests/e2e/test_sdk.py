"""Kernels outside the source tree, built against an installation that was moved after it was made."""

import glob
import os
import shutil
import subprocess

import numpy as np

from harness import H5MAP, KERNELS, Case

PROJECT = """cmake_minimum_required(VERSION 3.20)
project(mine LANGUAGES C)
find_package(h5map 0.1 REQUIRED)
add_library(norm MODULE norm.c)
target_link_libraries(norm PRIVATE h5map::kernel)
set_target_properties(norm PROPERTIES PREFIX "")
"""


class Installed(Case):
    @classmethod
    def make_shared(cls):
        build = os.path.dirname(os.path.abspath(H5MAP))
        cls.prefix = os.path.join(cls.shared, "moved")
        cls.problem = "" if os.path.exists(os.path.join(build, "cmake_install.cmake")) else f"{build}: no build folder"
        if not cls.problem:
            made = os.path.join(cls.shared, "made")
            subprocess.run(["cmake", "--install", build, "--prefix", made], check=True, stdout=subprocess.DEVNULL)
            os.rename(made, cls.prefix)

    def setUp(self):
        super().setUp()
        if self.problem:
            self.skipTest(self.problem)
        self.x = np.random.default_rng(1).normal(size=(20, 3))
        self.write("in.h5", x=self.x)
        shutil.copy(os.path.join(KERNELS, "norm.c"), self.path("norm.c"))

    def check_runs(self, *kernel):
        """With the installed program, and what it says of itself."""
        program = os.path.join(self.prefix, "bin", "h5map")
        for ranks in (1, 2):
            out = f"out{ranks}.h5"
            launcher = ["mpirun", "-q", "-n", str(ranks)] if ranks > 1 else []
            self.succeeded(self.call(*launcher, program, "run", *kernel, "in.h5", out))
            np.testing.assert_allclose(self.read(out, "length"), np.linalg.norm(self.x, axis=1))

    def made(self, *command):
        result = self.call(*command)
        self.assertEqual(result.status, 0, result)
        return result.out

    def test_what_is_installed(self):
        """The program, the header, and what other projects find it by; nothing names the folder it was made in."""
        names = {os.path.basename(p) for p in glob.glob(self.prefix + "/**", recursive=True) if os.path.isfile(p)}
        self.assertEqual(names, {"h5map", "kernel.h", "h5map-kernel.pc", "h5mapConfig.cmake", "h5mapConfigVersion.cmake"})
        for path in glob.glob(self.prefix + "/lib*/**/*.*", recursive=True):
            if os.path.isfile(path):
                with open(path) as file:
                    self.assertNotIn(self.shared, file.read(), path)

    def test_cmake(self):
        self.text("CMakeLists.txt", PROJECT)
        self.made("cmake", "-S", ".", "-B", "build", f"-DCMAKE_PREFIX_PATH={self.prefix}")
        self.made("cmake", "--build", "build")
        self.check_runs("./build/norm.so")

    def test_cmake_wants_another_version(self):
        self.text("CMakeLists.txt", PROJECT.replace("0.1", "9.0"))
        result = self.call("cmake", "-S", ".", "-B", "build", f"-DCMAKE_PREFIX_PATH={self.prefix}")
        self.assertNotEqual(result.status, 0, result)
        self.assertIn('with requested version "9.0"', result.err)

    def test_pkg_config(self):
        self.env["PKG_CONFIG_PATH"] = os.path.join(self.prefix, "lib", "pkgconfig")
        flags = self.made("pkg-config", "--cflags", "h5map-kernel").split()
        libraries = self.made("pkg-config", "--libs", "h5map-kernel").split()
        self.made("cc", "-O2", "-shared", "-fPIC", *flags, "norm.c", "-o", "norm.so", *libraries)
        self.check_runs("./norm.so")

    def test_source(self):
        """The header travels in the program: source needs no package."""
        self.check_runs("norm.c")
