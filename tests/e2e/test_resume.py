"""Runs that end early, and the same command again: what was finished stays."""

import glob
import os
import resource
import shutil
import signal
import subprocess
import time

import h5py
import numpy as np

from harness import H5MAP, Case, cases

ITEMS = 400


class Again(Case):
    """Cases about the kernel `again` over 400 numbers, of which 4 are negative and fail."""

    count, bad = ITEMS, (7, 100, 101, 399)

    def setUp(self):
        super().setUp()
        self.x = np.arange(1.0, self.count + 1)
        for k in self.bad:
            self.x[k] *= -1
        self.write("in.h5", x=self.x)
        self.words = [self.kernel("again"), "in.h5", "out.h5", "--checkpoint", "0s"]

    def left(self):
        return sorted(os.path.basename(p) for p in glob.glob(self.path("*.h5.*")))

    def expected(self, mended=False, scale=2):
        y, whole = scale * self.x, self.x.astype("i4")
        if not mended:
            y[self.x < 0] = np.nan
            whole[self.x < 0] = np.iinfo("i4").min
        return y, whole

    def check_finished(self, mended=False, scale=2, out="out.h5"):
        y, whole = self.expected(mended, scale)
        np.testing.assert_array_equal(self.read(out, "y"), y)
        np.testing.assert_array_equal(self.read(out, "whole"), whole)
        bits = np.unpackbits(self.read(out, "h5map/failed"), bitorder="little")[: len(y)]
        np.testing.assert_array_equal(bits, np.zeros(len(y)) if mended else self.x < 0)
        self.assertEqual(self.left(), [])

    def runs(self, out="out.h5"):
        return self.read(out, "h5map/runs")

    def logged(self):
        path = self.path("log")
        return os.path.getsize(path) if os.path.exists(path) else 0

    def stop(self, *words, ranks=1, nap="0.01", after=60, number=signal.SIGUSR1, env=None):
        """Start the run, ask it to stop once some items are mapped; its result."""
        log = self.path("log")
        if os.path.exists(log):
            os.unlink(log)
        command = ["run", *words] if ranks == 1 else ["run", "-j", str(ranks), *words]
        running = self.start(H5MAP, *command, env={"E2E_NAP": nap, "E2E_LOG": log, **(env or {})})
        self.wait_for(lambda: self.logged() >= after, "items")
        os.kill(running.pid, number)
        result = running.wait(30)
        return result

    def stopped(self, result, cause="stopped by SIGUSR1"):
        """Status 75, one line that tells how much is kept; that number."""
        self.assertEqual(result.status, 75, result)
        self.sound(result)
        last = result.lines[-1]
        self.assertRegex(last, rf"h5map: .*{cause}; \d+ of {self.count} items are kept \(run the same command again to go on\)")
        self.check_absent("out.h5.lock")
        self.assertIn("out.h5.part", self.left())
        return int(last.split("; ")[-1].split()[0])

    def go_on(self, kept, *words, ranks=1, way=(), status=1, **how):
        log = self.path("log")
        if os.path.exists(log):
            os.unlink(log)
        result = self.run_on(ranks, *(words or self.words), *way, env={"E2E_LOG": log, **how})
        self.succeeded(result, status=status)
        self.assertRegex(result.err, rf"going on, {kept} of {self.count} items are there")
        self.assertEqual(self.logged(), self.count - kept, "items that were mapped in the second run")
        return result


@cases(
    [
        ("sequential", 1, [], 1, []),
        ("at more ranks", 1, [], 3, []),
        ("at fewer ranks", 3, [], 1, []),
        ("from static to dynamic", 3, ["--schedule", "static", "--slice", "5"], 2, []),
        ("from dynamic to static", 2, [], 3, ["--schedule", "static"]),
        ("direct", 3, ["--io", "direct"], 2, ["--io", "direct"]),
        ("from direct to root", 2, ["--io", "direct"], 1, []),
        ("from static to direct", 2, ["--schedule", "static", "--slice", "5"], 3, ["--io", "direct"]),
        ("static, another slice", 2, ["--schedule", "static", "--slice", "3"], 2, ["--schedule", "static", "--slice", "7"]),
    ]
)
class GoesOn(Again):
    quick = True

    def check(self, first_ranks, first_way, ranks, way):
        kept = self.stopped(self.stop(*self.words, *first_way, ranks=first_ranks))
        self.assertGreater(kept, 20)
        self.assertLess(kept, ITEMS)
        self.check_absent("out.h5")
        self.go_on(kept, ranks=ranks, way=way)
        self.check_finished()
        runs = self.runs()
        self.assertEqual(list(runs["items"]), [kept, ITEMS - kept])
        self.assertEqual(sum(runs["failed"]), len(self.bad))
        made = self.read("out.h5", "h5map/made")
        self.assertEqual(sum(made["count"][made["run"] == 0]), kept)
        self.assertEqual(sum(made["count"]), ITEMS)
        failures = self.read("out.h5", "h5map/failures")
        self.assertEqual(list(failures["index"]), list(self.bad))
        self.assertEqual(failures["reason"][0], b"-8 is below zero")


class ManyTimes(Again):
    def test_stopped_again_and_again(self):
        kept = 0
        for _ in range(4):
            now = self.stopped(self.stop(*self.words, after=40))
            self.assertGreater(now, kept)
            kept = now
        self.go_on(kept)
        self.check_finished()
        self.assertEqual(len(self.runs()), 5)

    def test_nothing_finished_yet(self):
        self.write("in.h5", x=np.full(self.count, 2000.0))
        result = self.stop(*self.words, after=1)
        self.assertEqual(result.status, 75, result)
        self.assertRegex(result.lines[-1], r"stopped by SIGUSR1; no item was finished \(run the same command again\)")
        self.assertEqual(self.left(), [])

    def test_killed(self):
        result = self.stop(*self.words, number=signal.SIGKILL)
        self.assertEqual(result.status, -9)
        self.assertIn("out.h5.lock", self.left())
        result = self.succeeded(self.h5map("run", *self.words), status=1)
        self.assertRegex(result.err, r"going on, \d+ of 400 items are there")
        self.check_finished()

    def test_killed_before_the_first_checkpoint(self):
        words = self.words[:-2]
        self.stop(*words, number=signal.SIGKILL)
        self.assertEqual(self.left(), ["out.h5.lock", "out.h5.part"])
        result = self.succeeded(self.h5map("run", *words), status=1)
        self.assertNotIn("going on", result.err)
        self.check_finished()


class Finished(Again):
    def setUp(self):
        super().setUp()
        self.succeeded(self.h5map("run", *self.words), status=1)

    def test_nothing_to_do(self):
        before = self.listing()
        for ranks in (1, 2):
            result = self.run_on(ranks, *self.words)
            self.assertEqual(result.status, 1)
            self.assertRegex(result.err, r"\Ah5map: .*out.h5: nothing to do, .*400 items \(4 failed.*\n\Z")
            self.assertEqual(self.listing(), before)
        self.assertEqual(self.h5map("run", *self.words, "-q").err, "")

    def test_nothing_to_do_where_none_failed(self):
        words = [*self.words[:2], "good.h5"]
        self.succeeded(self.h5map("run", *words, env={"E2E_MENDED": "1"}))
        result = self.h5map("run", *words)
        self.assertEqual(result.status, 0)
        self.assertRegex(result.err, r"nothing to do")
        result = self.h5map("run", *words, "--retry-failed")
        self.assertEqual(result.status, 0)
        self.assertRegex(result.err, r"nothing to do")

    def test_a_copy_of_the_input_elsewhere_is_the_same(self):
        os.mkdir(self.path("other"))
        shutil.copy2(self.path("in.h5"), self.path("other/copy.h5"))
        result = self.h5map("run", self.words[0], "other/copy.h5", "out.h5")
        self.assertRegex(result.err, "nothing to do")

    def test_retry_failed(self):
        for ranks in (1, 3):
            with self.subTest(ranks=ranks):
                log = self.path("log")
                if os.path.exists(log):
                    os.unlink(log)
                result = self.run_on(ranks, *self.words, "--retry-failed", env={"E2E_LOG": log})
                self.succeeded(result, status=1)
                self.assertEqual(self.logged(), 4)
                self.check_finished()
        os.unlink(log)
        result = self.h5map("run", *self.words, "--retry-failed", env={"E2E_LOG": log, "E2E_MENDED": "1"})
        self.succeeded(result)
        self.assertEqual(self.logged(), 4)
        self.check_finished(mended=True)
        self.assertEqual(list(self.runs()["items"]), [396, 0, 0, 4])
        self.assertEqual(len(self.read("out.h5", "h5map/failures")), 0)
        made = self.read("out.h5", "h5map/made")
        self.assertEqual(sorted(made["first"][made["run"] == 3]), [7, 100, 399])
        self.assertRegex(self.h5map("run", *self.words).err, "nothing to do")

    def test_retry_is_itself_resumed(self):
        self.write("in.h5", x=-self.x)
        words = [*self.words[:2], "most.h5", "--checkpoint", "0s", "--max-failures", "100%"]
        self.succeeded(self.h5map("run", *words), status=1)
        result = self.stop(*words, "--retry-failed", env={"E2E_MENDED": "1"})
        self.assertEqual(result.status, 75)
        self.assertRegex(result.lines[-1], r"; \d+ of 400 items are kept")
        self.assertTrue(os.path.exists(self.path("most.h5")))
        kept = int(result.lines[-1].split("; ")[-1].split()[0])
        self.x = -self.x
        self.go_on(kept, *words, "--retry-failed", status=0, E2E_MENDED="1")
        self.check_finished(mended=True, out="most.h5")

    def test_overwrite(self):
        stat = os.stat(self.path("out.h5"))
        result = self.stop(*self.words, "--overwrite")
        kept = self.stopped(result)
        self.assertEqual(os.stat(self.path("out.h5")), stat)
        self.check_refused(r"out.h5: .*eps|out.h5: is unfinished, but parameter scale has changed", *self.words, "-p", "scale=3")
        self.go_on(kept, *self.words, "--overwrite")
        self.check_finished()
        self.assertEqual(len(self.runs()), 2)
        result = self.succeeded(self.h5map("run", *self.words, "--overwrite"), status=1)
        self.assertEqual(len(self.runs()), 1)

    def test_overwrite_gives_up_an_unfinished_run_of_something_else(self):
        self.stop(*self.words, "--overwrite")
        result = self.succeeded(self.h5map("run", *self.words, "--overwrite", "-p", "scale=3"), status=1)
        self.assertNotIn("going on", result.err)
        self.check_finished(scale=3)

    def test_what_h5map_did_not_make(self):
        self.text("plain.h5", "not HDF5")
        self.write("other.h5", x=[1])
        for name in ("plain.h5", "other.h5"):
            self.check_refused(rf"{name}: .*--overwrite", self.words[0], "in.h5", name)


@cases(
    [
        ("param", ["-p", "scale=3"], "parameter scale", None),
        ("kernel", [], "the kernel", "again"),
        ("flags", ["--cflags=-O1"], "compiled with", None),
        ("options", ["-o", "y=/z"], "the dataset of result y", None),
        ("items", ["--items", ":200"], "the stop of --items", None),
        ("input", [], "the size in bytes|modification time", "input"),
    ]
)
class Changed(Again):
    """A difference is refused by name, unfinished or finished, and accepted where that is asked for."""

    def change(self, what):
        if what == "again":
            with open(self.path("again.c"), "a") as file:
                file.write("int another;\n")
        if what == "input":
            with h5py.File(self.path("in.h5"), "a") as file:
                file["more"] = np.zeros(1000)

    def check(self, words, pattern, what):
        shutil.copy(self.kernel("again"), self.path("again.c"))
        field = self._testMethodName.split("_")[-1]
        base = ["again.c", "in.h5", "out.h5", "--checkpoint", "0s"]
        kept = self.stopped(self.stop(*base))
        self.change(what)
        self.check_refused(rf"out.h5: is unfinished, but .*({pattern}).*--accept {field}", *base, *words)
        wrong = "param" if field != "param" else "kernel"
        self.check_refused(rf"--accept {field}", *base, *words, "--accept", wrong)
        base += ["--max-failures", "4"]
        result = self.h5map("run", *base, *words, "--accept", field)
        self.succeeded(result, status=1)
        total = 200 if field == "items" else ITEMS
        self.assertRegex(result.err, rf"going on, {min(kept, total)} of {total} items are there")
        self.assertEqual(self.left(), [])
        runs = self.runs()
        self.assertEqual(list(runs["items"]), [min(kept, total), total - min(kept, total)])
        if field in ("kernel", "flags"):
            self.assertNotEqual(runs["kernel_version"][0], runs["kernel_version"][1])
        y, _ = self.expected()
        y = y[:total]
        if field == "param":
            made = self.read("out.h5", "h5map/made")
            for first, count, run in made:
                y[first : first + count] *= 1.5 if run == 1 else 1
        np.testing.assert_array_equal(self.read("out.h5", "z" if field == "options" else "y"), y)
        again = self.h5map("run", *base, *words)
        self.assertEqual(again.status, 1, again)
        self.assertIn("nothing to do", again.err)
        self.check_refused(r"out.h5: is finished, but --raw has changed", *base, *words, "--raw")


class More(Again):
    def test_a_finished_output_grows(self):
        words = [self.kernel("again"), "in.h5", "out.h5"]
        self.succeeded(self.h5map("run", *words, "--items", "50:150", "--max-failures", "9"), status=1)
        result = self.h5map("run", *words, "--accept", "items", "--max-failures", "9")
        self.succeeded(result, status=1)
        self.assertRegex(result.err, r"going on, 100 of 400 items are there")
        self.check_finished()
        self.assertEqual(list(self.runs()["items"]), [100, 300])

    def test_another_step_can_not_be_used(self):
        words = [self.kernel("again"), "in.h5", "out.h5"]
        self.succeeded(self.h5map("run", *words), status=1)
        self.check_refused(r"can't be used for this selection", *words, "--items", "::2", "--accept", "items")

    def test_time_limit(self):
        began = time.monotonic()
        result = self.h5map("run", *self.words, "--time-limit", "2s", env={"E2E_NAP": "0.02"})
        self.assertLess(time.monotonic() - began, 5)
        kept = self.stopped(result, "stopped by --time-limit")
        self.assertGreater(kept, 0)
        self.go_on(kept)
        self.check_finished()

    def test_too_many_failures_then_more_are_allowed(self):
        words = [*self.words, "--max-failures", "2"]
        result = self.h5map("run", *words)
        self.assertEqual(result.status, 3)
        self.assertRegex(result.lines[-1], r"3 of 400 items failed, more than the 2 .*; \d+ of 400 items are kept")
        again = self.h5map("run", *words)
        self.assertEqual(again.status, 3)
        self.assertRegex(again.lines[-1], r"3 of 400 items failed, more than the 2 .*; \d+ of 400 items are kept")
        result = self.succeeded(self.h5map("run", *self.words), status=1)
        self.assertIn("going on", result.err)
        self.check_finished()

    def test_retry_failed_of_an_unfinished_run(self):
        self.stopped(self.stop(*self.words, after=150))
        result = self.h5map("run", *self.words, "--retry-failed", env={"E2E_MENDED": "1"})
        self.succeeded(result)
        self.check_finished(mended=True)

    def test_a_damaged_part_is_mapped_again(self):
        kept = self.stopped(self.stop(*self.words))
        with open(self.path("out.h5.part"), "r+b") as file:
            file.seek(-3000, os.SEEK_END)
            file.seek(0)
            content = bytearray(file.read())
            place = content.find(np.float64(2 * self.x[3]).tobytes())
            file.seek(place)
            file.write(b"\xff")
        result = self.succeeded(self.h5map("run", *self.words), status=1)
        self.assertLess(int(result.err.split("going on, ")[1].split()[0]), kept)
        self.check_finished()

    def test_a_journal_without_its_part(self):
        self.stopped(self.stop(*self.words))
        os.unlink(self.path("out.h5.part"))
        result = self.succeeded(self.h5map("run", *self.words), status=1)
        self.assertNotIn("going on", result.err)
        self.check_finished()

    def test_copies_that_no_journal_tells_of(self):
        """Left by power cuts, whatever their numbers: they go. What only looks like one stays."""
        others = ["out.h5.part.0", "out.h5.part.1x", "out.h5.part.old", "out.h5.partner.1"]
        for words in ([], ["--retry-failed"], []):
            for name in ["out.h5.part.1", "out.h5.part.3", "out.h5.part.17", *others]:
                self.text(name, "left")
            self.h5map("run", *self.words, *words)
            self.assertEqual(self.left(), others)

    def test_another_run_is_writing(self):
        log = self.path("log")
        running = self.start(H5MAP, "run", *self.words, env={"E2E_NAP": "0.02", "E2E_LOG": log})
        self.wait_for(lambda: self.logged() >= 5, "items")
        other = self.h5map("run", *self.words, "--overwrite")
        self.assertEqual(other.status, 2, other)
        self.assertRegex(other.err, rf"\Ah5map: out.h5: another run is writing it .*pid {running.pid}.*\n\Z")
        self.succeeded(running.wait(60), status=1)
        self.check_finished()

    def test_taken_over_by_the_same_job_started_anew(self):
        """The old run lives on, cut off; it must harm nothing, and say so."""
        log = self.path("log")
        running = self.start(
            H5MAP, "run", *self.words, env={"E2E_NAP": "0.01", "E2E_LOG": log, "SLURM_JOB_ID": "17", "SLURM_RESTART_COUNT": "0"}
        )
        self.wait_for(lambda: self.logged() >= 60, "items")
        os.kill(running.pid, signal.SIGSTOP)
        result = self.h5map("run", *self.words, env={"SLURM_JOB_ID": "17", "SLURM_RESTART_COUNT": "1"})
        self.succeeded(result, status=1)
        self.assertIn("going on", result.err)
        self.check_finished()
        content = open(self.path("out.h5"), "rb").read()
        os.kill(running.pid, signal.SIGCONT)
        old = running.wait(30)
        self.assertEqual(old.status, 3, old)
        self.assertRegex(old.lines[-1], "another run has taken over")
        self.assertEqual(open(self.path("out.h5"), "rb").read(), content)
        self.assertEqual(self.left(), [])
        self.assertEqual(list(self.runs()["job"]), [b"17", b"17 restart 1"])


class Odd(Again):
    """What might be taken for the same, and is not."""

    def test_results_in_another_order(self):
        kernel = """#include <h5map/kernel.h>
        static int k(const h5map_item_t *item)
        {
            *(double *)item->out[0] = *(double *)item->out[1] = *(const double *)item->in[0];
            return 0;
        }
        H5MAP_KERNEL(k, .signature = "x: double -> %s: double, %s: double");
        """
        self.text("k.c", kernel % ("a", "b"))
        self.succeeded(self.h5map("run", "k.c", "in.h5", "out.h5"))
        self.text("k.c", kernel % ("b", "a"))
        self.check_refused(r"result number 1 has changed from \"a\" to \"b\"", "k.c", "in.h5", "out.h5", "--accept", "kernel")

    def test_what_a_link_leads_to(self):
        self.write("far.h5", x=self.x)
        with h5py.File(self.path("in.h5"), "w") as file:
            file["x"] = h5py.ExternalLink("far.h5", "/x")
        self.stopped(self.stop(*self.words))
        time.sleep(0.02)
        self.write("far.h5", x=self.x + 1)
        self.check_refused(r"what the links of input x lead to has changed.*--accept input", *self.words)

    def test_a_damaged_journal(self):
        self.stopped(self.stop(*self.words))
        with open(self.path("out.h5.jnl.1"), "r+b") as file:
            file.write(b"oh")
        self.check_refused(r"its journal, out.h5.jnl.1, is damaged.*--overwrite", *self.words)
        self.succeeded(self.h5map("run", *self.words, "--overwrite"), status=1)
        self.check_finished()

    def test_an_output_beside_an_unfinished_run(self):
        kept = self.stopped(self.stop(*self.words))
        self.write("out.h5", other=[1])
        self.check_refused(r"exists, and beside it out.h5.part of an unfinished run", *self.words)
        os.unlink(self.path("out.h5"))
        self.go_on(kept)
        self.check_finished()

    def test_a_retry_is_stopped_and_the_kernel_mended(self):
        shutil.copy(self.kernel("again"), self.path("again.c"))
        base = ["again.c", "in.h5", "out.h5", "--checkpoint", "0s", "--max-failures", "100%"]
        self.x = -self.x
        self.write("in.h5", x=self.x)
        self.succeeded(self.h5map("run", *base), status=1)
        result = self.stop(*base, "--retry-failed")
        self.assertEqual(result.status, 75, result)
        with open(self.path("again.c"), "a") as file:
            file.write("int mended;\n")
        result = self.h5map("run", *base, "--retry-failed", "--accept", "kernel", env={"E2E_MENDED": "1"})
        self.succeeded(result)
        self.check_finished(mended=True)

    def test_a_finished_output_under_other_options(self):
        self.succeeded(self.h5map("run", *self.words), status=1)
        words = [*self.words, "-o", "y=/other", "--compress", "3", "--accept", "options"]
        self.succeeded(self.h5map("run", *words), status=1)
        with h5py.File(self.path("out.h5")) as file:
            self.assertEqual(file["other"].compression, "gzip")
            np.testing.assert_array_equal(file["other"][()], self.expected()[0])

    def test_many_scattered_failures_are_retried_in_time(self):
        self.write("in.h5", x=np.tile([-1.0, 1.0], 50000))
        words = [*self.words[:3], "--max-failures", "100%"]
        self.succeeded(self.h5map("run", *words), status=1)
        result = self.succeeded(self.h5map("run", *words, "--retry-failed", env={"E2E_MENDED": "1"}))
        self.assertLess(result.seconds, 30)
        self.assertEqual(self.read("out.h5", "y").sum(), 0)
        self.assertEqual(len(self.read("out.h5", "h5map/made")), 65536)


class Compressed(Again):
    quick = True

    def test_is_the_same_and_goes_on(self):
        words = [*self.words, "--compress", "4"]
        kept = self.stopped(self.stop(*words))
        self.go_on(kept, *words)
        self.check_finished()
        with h5py.File(self.path("out.h5")) as file:
            self.assertEqual((file["y"].compression, file["y"].shuffle), ("gzip", True))
        self.assertIn("nothing to do", self.h5map("run", *words).err)
        self.check_refused(r"--compress has changed", *self.words)
        result = self.h5map("run", *words, "--retry-failed", env={"E2E_MENDED": "1"})
        self.succeeded(result)
        self.check_finished(mended=True)


class Space(Again):
    """Disks and limits that are too small."""

    count = 200000
    bad = ()

    def setUp(self):
        super().setUp()
        self.x = self.x % 500 + 1
        self.write("in.h5", x=self.x)

    def check_no_room(self, result, pattern):
        self.assertEqual(result.status, 3, result)
        self.sound(result)
        self.assertEqual(len(result.lines), 1, result)
        self.assertRegex(result.lines[0], pattern)

    def test_limit_of_file_size(self):
        before = self.listing()
        hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
        command = ["prlimit", f"--fsize=100000:{hard if hard != resource.RLIM_INFINITY else 'unlimited'}", H5MAP, "run"]
        result = self.call(*command, *self.words)
        self.check_no_room(result, r"out.h5: .*File too large")
        self.assertEqual(self.listing(), before)
        self.succeeded(self.h5map("run", *self.words))
        self.check_finished(mended=True)

    def test_full_disk(self):
        if os.geteuid() != 0:
            self.skipTest("needs root, to mount a small file system")
        disk = self.path("disk")
        os.mkdir(disk)
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], capture_output=True)
        if mounted.returncode:
            self.skipTest("can't mount here: " + mounted.stderr.decode())
        self.addCleanup(subprocess.run, ["umount", disk])
        words = [self.kernel("again"), "in.h5", "disk/out.h5"]
        for ranks, way in ((1, []), (3, []), (3, ["--schedule", "static"]), (3, ["--io", "direct"])):
            with self.subTest(ranks=ranks, way=way):  # by the time root sees it, the others wait for tickets
                result = self.run_on(ranks, *words, *way)
                self.check_no_room(result, r"disk/out.h5: can't take \d.* MiB on disk: No space left on device")
                self.assertEqual(os.listdir(disk), [])
        subprocess.run(["mount", "-o", "remount,size=8m", disk], check=True)
        self.succeeded(self.h5map("run", *words))
        np.testing.assert_array_equal(self.read("disk/out.h5", "y"), self.expected()[0])
