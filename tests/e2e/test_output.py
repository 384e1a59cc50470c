"""The output file: when it appears, what it holds, and what becomes of a run that does not finish."""

import hashlib
import os
import re
import shutil
import signal
import subprocess
import time

import h5py
import numpy as np

from harness import H5MAP, HEADERS, Case, slow


def as_nobody():
    """Words before a command that take root's rights over files away."""
    return ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.geteuid() == 0 else []


class Appearing(Case):
    """The final name appears only when the result is complete."""

    sleepy = True

    def setUp(self):
        super().setUp()
        self.nap = self.kernel("work") + ":nap"
        self.write("in.h5", x=np.full(30, 0.05))

    def watch(self, *command):
        """Run it; what names were there while it ran."""
        running, seen = self.start(*command), set()
        while not running.is_over():
            seen |= {(os.path.exists(self.path("out.h5")), os.path.exists(self.path("out.h5.part")))}
            time.sleep(0.005)
        self.succeeded(running.wait())
        return seen

    def test_by_rename_only(self):
        for command in ([H5MAP, "run"], ["mpirun", "-q", "-n", "2", H5MAP, "run"], [H5MAP, "run", "-j2"]):
            with self.subTest(command=command):
                seen = self.watch(*command, self.nap, "in.h5", "out.h5")
                self.assertIn((False, True), seen)
                self.assertNotIn((True, True), seen)
                self.assertEqual(sorted(os.listdir(self.folder)), ["in.h5", "out.h5"])
                os.unlink(self.path("out.h5"))

    def test_overwrite_keeps_the_old_one_until_the_end(self):
        self.write("out.h5", old=np.arange(3))
        running = self.start(H5MAP, "run", "--overwrite", self.nap, "in.h5", "out.h5")
        self.wait_for(lambda: os.path.exists(self.path("out.h5.part")), "out.h5.part")
        np.testing.assert_array_equal(self.read("out.h5", "old"), np.arange(3))
        self.succeeded(running.wait())
        with h5py.File(self.path("out.h5"), "r") as file:
            self.assertEqual(sorted(file), ["h5map", "y"])

    def test_a_stale_part_is_replaced(self):
        self.text("out.h5.part", "left by a run that was killed\n" * 100000)
        self.succeeded(self.h5map("run", self.nap, "in.h5", "out.h5"))
        self.assertEqual(len(self.read("out.h5", "y")), 30)
        self.check_absent("out.h5.part")

    def test_a_killed_run_leaves_no_final_name(self):
        running = self.start(H5MAP, "run", self.nap, "in.h5", "out.h5")
        self.wait_for(lambda: os.path.exists(self.path("out.h5.part")), "out.h5.part")
        running.send(signal.SIGKILL)
        self.assertEqual(running.wait().status, -signal.SIGKILL)
        self.check_absent("out.h5")
        self.succeeded(self.h5map("run", self.nap, "in.h5", "out.h5"))


class Existing(Case):
    def setUp(self):
        super().setUp()
        self.write("in.h5", items=np.arange(5.0))

    def test_existing_output_is_not_touched(self):
        self.write("out.h5", old=np.arange(3))
        for ranks in (1, 2):
            self.check_refused(r"h5map: out\.h5: .*--overwrite", "square", "in.h5", "out.h5", ranks=ranks)

    def test_existing_file_that_is_no_hdf5(self):
        self.text("out.h5", "dear diary\n")
        self.check_refused(r"h5map: out\.h5: ", "square", "in.h5", "out.h5")

    def test_overwrite(self):
        self.write("out.h5", old=np.arange(3))
        self.succeeded(self.h5map("run", "--overwrite", "square", "in.h5", "out.h5"))
        with h5py.File(self.path("out.h5"), "r") as file:
            self.assertEqual(sorted(file), ["h5map", "results"])

    def test_output_is_the_input(self):
        os.symlink("in.h5", self.path("link.h5"))
        os.link(self.path("in.h5"), self.path("hard.h5"))
        os.mkdir(self.path("sub"))
        for out in ("in.h5", "./in.h5", "link.h5", "sub/../in.h5", self.path("in.h5"), "hard.h5"):
            for more in ([], ["--overwrite"]):
                with self.subTest(out=out, more=more):
                    self.check_refused(r"h5map: .*(in\.h5|input|--overwrite)", "square", "in.h5", out, *more)

    def test_output_is_another_input(self):
        self.write("a.h5", a=np.arange(5.0))
        self.write("b.h5", b=np.arange(5.0))
        words = (self.kernel("ports") + ":plus", "a.h5", "b.h5", "-i", "b=b.h5:/b", "--overwrite")
        self.check_refused(r"h5map: b\.h5: .*input|h5map: .*b\.h5", *words)

    def test_symbolic_link_is_resolved(self):
        os.mkdir(self.path("store"))
        self.write("store/real.h5", old=np.arange(3))
        os.symlink("store/real.h5", self.path("link.h5"))
        self.check_refused(r"h5map: .*(link|real)\.h5.*--overwrite", "square", "in.h5", "link.h5")
        self.succeeded(self.h5map("run", "--overwrite", "square", "in.h5", "link.h5"))
        self.assertTrue(os.path.islink(self.path("link.h5")))
        np.testing.assert_array_equal(self.read("store/real.h5", "results"), np.arange(5.0) ** 2)

    def test_dangling_link_is_resolved(self):
        os.mkdir(self.path("store"))
        os.symlink("store/new.h5", self.path("link.h5"))
        self.succeeded(self.h5map("run", "square", "in.h5", "link.h5"))
        self.assertEqual(os.listdir(self.path("store")), ["new.h5"])

    def test_link_to_a_folder_that_is_missing(self):
        os.symlink("nowhere/new.h5", self.path("link.h5"))
        self.check_refused(r"h5map: .*(link|nowhere)", "square", "in.h5", "link.h5")

    def test_folder_is_missing(self):
        self.check_refused(r"h5map: .*nowhere.*", "square", "in.h5", "nowhere/out.h5")

    def test_folder_is_a_file(self):
        self.text("file", "")
        self.check_refused(r"h5map: .*file", "square", "in.h5", "file/out.h5")

    def test_output_is_a_folder(self):
        os.mkdir(self.path("folder"))
        for more in ([], ["--overwrite"]):
            self.check_refused(r"h5map: folder: ", "square", "in.h5", "folder", *more)

    def test_output_is_a_device(self):
        self.check_refused(r"h5map: /dev/null: ", "square", "in.h5", "/dev/null", "--overwrite")

    def test_folder_is_read_only(self):
        os.mkdir(self.path("locked"))
        os.chmod(self.path("locked"), 0o555)
        self.env["XDG_CACHE_HOME"] = "/nonexistent"
        before = self.listing()
        result = self.call(*as_nobody(), H5MAP, "run", "square", "in.h5", "locked/out.h5")
        self.refused(result, r"h5map: .*locked.*: .*[Pp]ermission", before)

    def test_input_cannot_be_read(self):
        os.chmod(self.path("in.h5"), 0)
        os.chmod(self.folder, 0o777)
        before = self.listing()
        result = self.call(*as_nobody(), H5MAP, "run", "square", "in.h5", "out.h5")
        self.refused(result, r"h5map: in\.h5: .*([Pp]ermission|denied|read)", before)

    def test_read_only_file_system(self):
        os.mkdir(self.path("locked"))
        mounts = "mount --bind locked locked && mount -o remount,bind,ro locked"
        if os.geteuid() or self.call("unshare", "--mount", "sh", "-c", mounts).status:
            self.skipTest("can't mount")
        before = self.listing()
        command = f'{mounts} && exec "$0" run square in.h5 locked/out.h5'
        result = self.call("unshare", "--mount", "sh", "-c", command, H5MAP)
        self.refused(result, r"h5map: .*locked.*: .*[Rr]ead-only", before)


class FullDisk(Case):
    def test_a_file_too_large_for_the_disk(self):
        """A limit on the file's size stands for a full disk: one line, status 3, nothing left."""
        self.write("big.h5", items=np.zeros(8_000_000))
        for ranks in (1, 2):
            with self.subTest(ranks=ranks):
                launcher = ["mpirun", "-q", "-n", str(ranks)] if ranks > 1 else []
                words = ["bash", "-c", 'ulimit -f 30000; exec "$0" run square big.h5 out.h5', H5MAP]
                before = self.listing()
                self.refused(self.call(*launcher, *words), r"h5map: .*out\.h5.*: .*(large|space|size)", before, status=3)


class Contents(Case):
    """What lands in the file."""

    def setUp(self):
        super().setUp()
        self.x = np.arange(20.0).reshape(10, 2)
        self.write("in.h5", x=self.x)

    def test_results_are_contiguous_with_fill_values(self):
        self.write("in.h5", x=np.arange(5.0))
        self.succeeded(self.h5map("run", self.kernel("fail") + ":fills", "in.h5", "out.h5"))
        with h5py.File(self.path("out.h5"), "r") as file:
            for name in set(file) - {"h5map"}:
                data = file[name]
                self.assertIsNone(data.chunks, name)
                self.assertIsNone(data.compression, name)
                self.assertIsNotNone(data.id.get_offset(), name)
                kind = data.dtype.kind
                fill = np.asarray(data.fillvalue)
                if kind in "fc":
                    self.assertTrue(np.isnan(fill), name)
                elif kind == "b":
                    self.assertFalse(fill, name)
                else:
                    info = np.iinfo(data.dtype)
                    self.assertEqual(fill, info.min if kind == "i" else info.max, name)
                self.assertEqual(data.id.get_create_plist().fill_value_defined(), h5py.h5d.FILL_VALUE_USER_DEFINED, name)

    def state(self, *words, out="out.h5"):
        kernel = self.kernel("state")
        words = ("run", "-p", "factor=2.5", *words, kernel, "in.h5", out)
        return words, self.succeeded(self.h5map(*words))

    def text_of(self, name):
        value = self.read("out.h5", "h5map/" + name)
        value = value if isinstance(value, bytes) else np.asarray(value).tobytes()
        return value.rstrip(b"\0").decode()

    def test_who_made_this(self):
        words, _ = self.state("--cflags", "-DSOMETHING=1")
        with h5py.File(self.path("out.h5"), "r") as file:
            attributes = {k: v.decode() if isinstance(v, bytes) else v for k, v in file["h5map"].attrs.items()}
            members = set(file["h5map"])
        everything = "\n".join(f"{k}={v}" for k, v in attributes.items())
        self.assertEqual(attributes["kernel"], "scaled")
        self.assertEqual(attributes["signature"], "x: double[n], param factor: double = 1 -> y: double, items: uint64")
        self.assertIn("-O3 -march=native -fPIC -shared", attributes["flags"])
        self.assertIn("-DSOMETHING=1", attributes["flags"])
        self.assertRegex(everything, r"(?m)^\w*hash\w*=[0-9a-f]{64}$|^\w*sha256\w*=[0-9a-f]{64}$")
        self.assertRegex(attributes["compiler"], r"\d+\.\d+")
        self.assertRegex(attributes["command_line"], re.escape(" ".join(words[:3])))
        for word in words:
            self.assertIn(word, attributes["command_line"])
        version = self.h5map("--version").out.split()[1]
        self.assertEqual(attributes["version"], version)
        self.assertEqual(members, {"identity", "source", "inputs", "parameters", "runs", "made", "failed", "failures", "ranks"})
        with open(self.kernel("state")) as source:
            self.assertEqual(self.text_of("source"), source.read())

    def test_hash_of_the_object(self):
        name = os.path.basename(self.kernel("many"))
        shutil.copy(self.kernel("many"), self.path(name))
        subprocess.run(
            ["cc", "-fPIC", "-shared", f"-I{HEADERS}", name, "-o", "many.so"], cwd=self.folder, check=True, stderr=subprocess.DEVNULL
        )  # fmt: skip
        self.write("in.h5", items=np.arange(3.0))
        self.succeeded(self.h5map("run", "./many.so:twice", "in.h5", "out.h5"))
        with open(self.path("many.so"), "rb") as file:
            digest = hashlib.sha256(file.read()).hexdigest()
        with h5py.File(self.path("out.h5"), "r") as file:
            self.assertIn(digest, [v.decode() if isinstance(v, bytes) else v for v in file["h5map"].attrs.values()])
            self.assertEqual(file["h5map/runs"].shape, (1,))

    def test_inputs(self):
        self.write("more.h5", y=np.arange(10.0))
        self.write("in.h5", a=np.arange(10.0))
        self.succeeded(self.h5map("run", self.kernel("ports") + ":plus", "in.h5", "out.h5", "-i", "b=more.h5:/y"))
        inputs = self.read("out.h5", "h5map/inputs")
        rows = [dict(zip(inputs.dtype.names, (v.decode() if isinstance(v, bytes) else v for v in row))) for row in inputs]
        self.assertEqual([row["name"] for row in rows], ["a", "b"])
        self.assertEqual([row["dataset"] for row in rows], ["/a", "/y"])
        for row, name in zip(rows, ("in.h5", "more.h5")):
            status = os.stat(self.path(name))
            self.assertEqual(os.path.basename(row["file"]), name)
            values = [v for v in row.values() if not isinstance(v, str)]
            self.assertIn(status.st_size, values, row)
            self.assertIn(status.st_mtime_ns, values, row)

    def test_parameters(self):
        self.state()
        rows = self.read("out.h5", "h5map/parameters")
        self.assertEqual([(row["name"], row["type"], row["value"]) for row in rows], [(b"factor", b"double", b"2.5")])

    def test_runs(self):
        began = time.time()
        self.state()
        ended = time.time()
        runs = self.read("out.h5", "h5map/runs")
        self.assertEqual(len(runs), 1)
        run = dict(zip(runs.dtype.names, runs[0]))
        self.assertTrue(began - 1 <= run["start_s"] <= run["end_s"] <= ended + 1, run)
        self.assertEqual(run["ranks"], 1)
        self.assertEqual(run["items"], 10)
        self.assertEqual(run["host"].decode(), os.uname().nodename)

    def test_failed_bitmap_and_failures_of_a_good_run(self):
        self.state()
        np.testing.assert_array_equal(self.read("out.h5", "h5map/failed"), np.zeros(2, np.uint8))
        self.assertEqual(len(self.read("out.h5", "h5map/failures")), 0)

    def test_plain_hdf5(self):
        """No VLEN, no references, no links out: what every reader reads."""
        self.state()

        def visit(name, thing):
            things = list(thing.attrs.values()) if name else []
            self.assertFalse([v for v in things if isinstance(v, h5py.Reference)])
            types = [thing.attrs.get_id(a).get_type() for a in thing.attrs]
            types += [thing.id.get_type()] if isinstance(thing, h5py.Dataset) else []
            for kind in types:
                self.assertFalse(kind.detect_class(h5py.h5t.VLEN), name)
                self.assertFalse(kind.detect_class(h5py.h5t.REFERENCE), name)
                self.assertFalse(isinstance(kind, h5py.h5t.TypeStringID) and kind.is_variable_str(), name)

        with h5py.File(self.path("out.h5"), "r") as file:
            file.visititems(visit)
        if shutil.which("h5dump"):
            dump = self.call("h5dump", "out.h5")
            self.assertEqual(dump.status, 0, dump)
            self.assertNotIn("error", dump.err)

    def test_h5diff_finds_nothing(self):
        self.state()
        self.succeeded(self.mpi(3, "run", "-p", "factor=2.5", self.kernel("state"), "in.h5", "three.h5"))
        if shutil.which("h5diff"):
            diff = self.call("h5diff", "--exclude-path", "/h5map", "out.h5", "three.h5")
            self.assertEqual((diff.status, diff.out), (0, ""), diff)

    def test_long_source(self):
        """More than an attribute can hold."""
        with open(self.kernel("norm")) as source:
            text = source.read() + "/* " + "long\n" * 30000 + " */\n"
        self.text("long.c", text)
        self.succeeded(self.h5map("run", "long.c", "in.h5", "out.h5"))
        self.assertEqual(self.text_of("source"), text)

    def test_source_of_a_built_in(self):
        self.succeeded(self.h5map("run", "square", "in.h5:/x", "out.h5"))
        self.assertIn("H5MAP_KERNEL", self.text_of("source"))

    def test_permissions_follow_the_umask(self):
        self.state()
        mask = os.umask(0)
        os.umask(mask)
        self.assertEqual(os.stat(self.path("out.h5")).st_mode & 0o777, 0o666 & ~mask)

    @slow
    def test_a_large_run_is_placed_right(self):
        """20 million items on 3 ranks, each result where it belongs."""
        with h5py.File(self.path("in.h5"), "w") as file:
            file["x"] = np.arange(20_000_000, dtype=np.float64)
        for number, way in enumerate(([], ["--schedule", "static"])):
            out = f"out{number}.h5"
            self.succeeded(self.mpi(3, "run", *way, "square", "in.h5:/x", out))
            np.testing.assert_array_equal(self.read(out, "results"), np.arange(20_000_000, dtype=np.float64) ** 2)
