"""Kernels that crash, ranks that die, stops that find every lane busy: the run ends soon, says why, and goes on later."""

import os
import re
import signal
import time

import numpy as np

from harness import H5MAP, SANITIZED, Case, descendants_of

COUNT = 600
KEPT = r"(\d+) of 600 items are kept \(run the same command again to go on\)"


class Base(Case):
    sleepy = True

    def setUp(self):
        super().setUp()
        self.x = np.arange(float(COUNT))
        self.write("in.h5", x=self.x)

    def check_goes_on(self, kept, *words, ranks=1):
        result = self.succeeded(self.run_on(ranks, *words))
        self.assertRegex(result.err, rf"going on, {kept} of {COUNT} items are there")
        np.testing.assert_array_equal(self.read("out.h5", "y"), self.x)
        self.check_absent("out.h5.part", "out.h5.lock", "out.h5.jnl.1", "out.h5.jnl.2")
        os.unlink(self.path("out.h5"))


class Crashes(Base):
    words = ("in.h5", "out.h5")

    def setUp(self):
        super().setUp()
        self.words = (self.kernel("crash"), "in.h5", "out.h5")

    def crash(self, how, *command):
        began = time.monotonic()
        result = self.call(*command, *self.words, env={"E2E_HOW": how})
        self.assertLess(time.monotonic() - began, 15, result)
        self.sound(result)
        self.check_absent("out.h5")
        return result

    def test_the_item_is_named_and_the_rest_is_kept(self):
        ways = {
            "address": "SIGSEGV, a bad address",
            "abort": "SIGABRT",
            "stack": "SIGSEGV, a bad address",
            "zero": "SIGFPE, an integer division by zero",
        }
        for how, name in ways.items():
            with self.subTest(how=how):
                result = self.crash(how, H5MAP, "run")
                self.assertEqual(result.status, 3, result)
                last = result.lines[-1]
                self.assertRegex(last, rf"\Ah5map: rank 0: the kernel crashed \({name}\) at item 300; {KEPT}\Z")
                kept = re.search(KEPT, last)[1]
                self.assertGreater(int(kept), 200)
                self.check_goes_on(kept, *self.words, ranks=1 if how != "abort" else 3)

    def test_on_any_rank(self):
        for command in ([H5MAP, "run", "-j", "3"], ["mpirun", "-q", "-n", "2", H5MAP, "run"], [H5MAP, "run", "-j2", "--schedule", "static"]):
            with self.subTest(command=command):
                result = self.crash("address", *command)
                self.assertEqual(result.status, 3, result)
                last = result.lines[-1]
                self.assertRegex(last, rf"\Ah5map: rank \d: the kernel crashed \(SIGSEGV, a bad address\) at item 300; {KEPT}\Z")
                self.check_goes_on(re.search(KEPT, last)[1], *self.words)

    def test_exit(self):
        for command in ([H5MAP, "run"], [H5MAP, "run", "-j2"]):
            with self.subTest(command=command):
                result = self.crash("exit", *command, "--checkpoint", "0s")
                self.assertEqual(result.status, 3, result)
                self.assertRegex(result.err, r"rank \d: the kernel ended the program with exit\(\) .*; what the last checkpoint holds is kept")
                self.succeeded(self.h5map("run", *self.words))
                os.unlink(self.path("out.h5"))

    def test_a_thread_of_the_kernel(self):
        result = self.crash("thread", H5MAP, "run", "--checkpoint", "0s")
        self.assertEqual(result.status, 3, result)
        self.assertRegex(result.err, r"rank 0: crashed \(SIGSEGV, a bad address\); what the last checkpoint holds is kept")
        self.assertRegex(self.succeeded(self.h5map("run", *self.words)).err, "going on")


class Deaths(Base):
    def setUp(self):
        super().setUp()
        self.words = (self.kernel("work") + ":nap", "in.h5", "out.h5", "--checkpoint", "0s")
        self.x = np.full(COUNT, 0.01)
        self.write("in.h5", x=self.x)
        self.succeeded(self.h5map("run", self.words[0], "in.h5", "warm.h5", "--items", "0:0"))

    def rank_of(self, pid):
        try:
            with open(f"/proc/{pid}/environ", "rb") as file:
                found = re.search(rb"OMPI_COMM_WORLD_RANK=(\d+)", file.read())
        except OSError:
            return None
        return int(found[1]) if found else None

    def kill(self, rank, *command):
        """Start the run, kill the rank once a checkpoint has been made; the run's result."""
        running = self.start(*command, *self.words)
        self.wait_for(lambda: os.path.exists(self.path("out.h5.jnl.1")), "a checkpoint")
        time.sleep(0.3)
        victim = [p for p in descendants_of(running.pid) if self.rank_of(p) == rank]
        began = time.monotonic()
        os.kill(victim[-1], signal.SIGKILL)
        result = running.wait(30)
        self.assertLess(time.monotonic() - began, 10, result)
        self.check_absent("out.h5")
        return result

    def check_goes_on_from_there(self):
        result = self.succeeded(self.h5map("run", *self.words))
        self.assertRegex(result.err, r"going on, [1-9]\d* of 600 items are there")
        np.testing.assert_array_equal(self.read("out.h5", "y"), self.x)
        os.unlink(self.path("out.h5"))

    def test_a_rank_is_killed_under_j(self):
        for rank in (0, 1):
            with self.subTest(rank=rank):
                result = self.kill(rank, H5MAP, "run", "-j", "2")
                self.assertEqual(result.status, 3, result)
                self.assertRegex(result.err, r"h5map: .*kept")
                if rank:
                    self.assertRegex(result.err, r"in flight: .*rank 1: item")
                self.check_goes_on_from_there()

    def test_a_rank_is_killed_under_mpirun(self):
        result = self.kill(1, "mpirun", "-q", "-n", "3", H5MAP, "run")
        self.assertNotIn(result.status, (0, 1), result)
        self.assertRegex(result.err, r"in flight: .*rank 1: items? \d+.* \(a rank may have died\)")
        self.check_goes_on_from_there()

    def test_term_at_mpirun_keeps_what_was_recorded(self):
        running = self.start("mpirun", "-q", "-n", "2", H5MAP, "run", *self.words)
        self.wait_for(lambda: os.path.exists(self.path("out.h5.jnl.1")), "a checkpoint")
        time.sleep(0.3)
        running.send(signal.SIGTERM)
        self.assertNotEqual(running.wait(30).status, 0)
        self.check_goes_on_from_there()

    def test_what_is_given_up_is_told(self):
        self.write("in.h5", x=np.array([0.01] * 40 + [100.0] * 560))
        running = self.start(H5MAP, "run", "-j", "3", *self.words)
        self.wait_for(lambda: os.path.exists(self.path("out.h5.jnl.1")), "a checkpoint")
        time.sleep(1.5)
        began = time.monotonic()
        running.send(signal.SIGUSR1)
        result = running.wait(30)
        self.assertEqual(result.status, 75, result)
        self.assertLess(time.monotonic() - began, 9)
        self.assertRegex(result.err, r"h5map: in flight: rank 0: items? [\d, ]+; rank 1: items? [\d, ]+; rank 2: items? [\d, ]+\n")
        self.assertRegex(result.lines[-1], r"stopped by SIGUSR1; 40 of 600 items are kept")


if SANITIZED:  # signals are left to the sanitizer, which tells more
    del Crashes
