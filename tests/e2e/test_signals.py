"""Runs that end early: signals, the time limit, crashes, killed ranks. What was finished stays, and the same command goes on."""

import glob
import os
import re
import resource
import signal
import time
import unittest

import numpy as np

from harness import H5MAP, MPIRUN, SANITIZED, Case, cases, descendants_of, open_mpi

KEPT = r"; (\d+) of (\d+) items are kept \(run the same command again to go on\)$"
DIED = r"what the last checkpoint holds is kept \(run the same command again\)"


def rank_of(pid):
    """The rank of a process of a run, None of any other."""
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            rank = re.search(rb"\0(?:OMPI_COMM_WORLD|PMI)_RANK=(\d+)\0", b"\0" + file.read() + b"\0")
        with open(f"/proc/{pid}/comm", "rb") as file:
            return int(rank[1]) if rank and file.read().strip() == os.path.basename(H5MAP).encode() else None
    except OSError:
        return None


class Stopped(Case):
    """A run of naps, what is sent to it, and the run after it."""

    sleepy = True

    def setUp(self):
        super().setUp()
        self.nap = self.kernel("work") + ":nap"
        self.naps(400, 0.02)
        self.succeeded(self.h5map("run", self.nap, "in.h5", "warm.h5", "--items", "0:0"))

    def naps(self, count, seconds):
        self.x = np.full(count, seconds)
        self.write("in.h5", x=self.x)

    def command(self, *launcher, way=(), kernel=None):
        """launcher: () sequential, ("-j2",), or mpirun's words."""
        words = (*way, kernel or self.nap, "in.h5", "out.h5")
        if launcher and launcher[0] == "mpirun":
            return (*launcher, H5MAP, "run", *words)
        return (H5MAP, "run", *launcher, *words)

    def begin(self, command, pause=0.0, items=None, env=None):
        """Start the run; when this returns, so many items are begun: 20 short ones (or all) and a long one on every rank."""
        for left in glob.glob(self.path("out.h5*")):
            os.unlink(left)
        return self.go_on(command, pause, items, env)

    def go_on(self, command, pause=0.0, items=None, env=None):
        """The same, with what earlier runs have left."""
        ranks = int((re.findall(r" -(?:j|n )(\d+) ", " ".join(command)) or [1])[0])
        short = int((self.x < 1).sum())
        items = items or min(20, short) + min(ranks, len(self.x) - short)
        self.text("told", "")
        self.text("begun", "")
        running = self.start(*command, env={"H5MAP_STATUS": self.path("told"), "E2E_BEGUN": self.path("begun"), **(env or {})})
        self.wait_for(lambda: os.path.getsize(self.path("begun")) >= items, f"{items} items")
        time.sleep(pause)
        return running

    def stop(self, command, *numbers, most_s, between=0.3, items=None):
        """Send the signals to the command; how it ended, and how long after the first."""
        running = self.begin(command, items=items)
        began = time.monotonic()
        for position, number in enumerate(numbers):
            time.sleep(between if position else 0)
            running.send(number)
        result = running.wait(most_s + 5)
        result.after_s = time.monotonic() - began
        self.assertLess(result.after_s, most_s, result)
        self.check_absent("out.h5")
        return result

    def status_of(self, result):
        """The command's; MPICH's mpirun may forget it after a signal that it handed on: then what rank 0 told."""
        if result.status or not MPIRUN or result.command[0] != MPIRUN:
            return result.status
        with open(self.path("told")) as file:
            return int(file.read() or 0)

    def kept(self, line):
        """How many items a line says are kept."""
        found = re.search(KEPT, line)
        self.assertTrue(found, line)
        self.assertEqual(int(found[2]), len(self.x))
        return int(found[1])

    def stopped(self, result, cause, in_flight=""):
        """Status 75 and one line, before it one of what was given up; returns how many items are kept."""
        self.assertEqual(self.status_of(result), 75, result)
        self.sound(result)
        lines = [line for line in result.lines if not line.startswith("h5map: out.h5: going on")]
        self.assertEqual(len(lines), 2 if in_flight else 1, result)
        if in_flight:
            self.assertRegex(lines[0], rf"^h5map: in flight: {in_flight}$", result)
        self.assertRegex(lines[-1], rf"^h5map: stopped by {cause}; ", result)
        self.check_absent("out.h5.lock")
        if "no item was finished" in lines[-1]:
            return 0
        return self.kept(lines[-1])

    def goes_on(self, command, least=1):
        """The command completes what there is."""
        result = self.succeeded(self.call(*command))
        found = re.search(r"out\.h5: going on, (\d+) of \d+ items are there", result.err)
        self.assertTrue(found, result)
        self.assertGreaterEqual(int(found[1]), least, result)
        np.testing.assert_array_equal(self.read("out.h5", "y"), self.x)
        self.assertEqual(glob.glob(self.path("out.h5.*")), [])


class Signals(Stopped):
    def check(self, number, command, most_s=4):
        name = signal.Signals(number).name
        kept = self.stopped(self.stop(command, number, most_s=most_s), name)
        self.assertGreater(kept, 5)
        self.goes_on(self.command("-j8"), kept)

    def test_sequential(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1):
            with self.subTest(number=number):
                self.check(number, self.command())

    def test_under_j(self):
        """TERM, INT and HUP are handed on as USR1."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1):
            with self.subTest(number=number):
                result = self.stop(self.command("-j2"), number, most_s=5)
                self.assertGreater(self.stopped(result, "SIGUSR1"), 5)
        self.goes_on(self.command("-j3"))

    def test_usr1_at_mpirun(self):
        for ranks in ("1", "2", "4"):
            for way in ([], ["--schedule", "static", "--slice", "5"]):
                with self.subTest(ranks=ranks, way=way):
                    self.check(signal.SIGUSR1, self.command("mpirun", "-q", "-n", ranks, way=way), most_s=6)

    def test_the_same_command(self):
        for way in ([], ["--schedule", "static", "--slice", "5"]):
            with self.subTest(way=way):
                command = self.command(way=way)
                kept = self.stopped(self.stop(command, signal.SIGTERM, most_s=4), "SIGTERM")
                self.goes_on(command, kept)

    def test_ctrl_c_under_j(self):
        """The terminal's Ctrl-C goes to all that is in its group of processes."""
        running = self.begin(self.command("-j2"))
        os.killpg(running.pid, signal.SIGINT)
        self.stopped(running.wait(10), "SIGUSR1")

    def test_quiet(self):
        result = self.stop(self.command(way=["-q"]), signal.SIGTERM, most_s=4)
        self.assertGreater(self.stopped(result, "SIGTERM"), 5)

    def test_nohup(self):
        self.naps(40, 0.02)
        running = self.begin(("nohup", *self.command()), env={"UCX_DEBUG_SIGNO": "0"})  # UCX, which MPICH has, would take it
        running.send(signal.SIGHUP)
        self.succeeded(running.wait(30))

    def test_again_and_again(self):
        """Each run is stopped; the next goes on."""
        command, before = self.command("-j2"), 0
        running = self.begin(command)
        for _ in range(4):
            running.send(signal.SIGUSR1)
            kept = self.stopped(running.wait(10), "SIGUSR1")
            self.assertGreater(kept, before)
            before = kept
            running = self.go_on(command, items=10)
        running.send(signal.SIGUSR1)
        running.wait(10)
        self.goes_on(command, before)

    def test_term_at_mpirun(self):
        """mpirun's own status; what is finished is kept."""
        for way in ([], ["--schedule", "static", "--slice", "5"]):
            with self.subTest(way=way):
                command = self.command("mpirun", "-q", "-n", "3", way=way)
                result = self.stop(command, signal.SIGTERM, most_s=5)
                self.assertNotEqual(self.status_of(result), 0, result)
                self.sound(result)
                self.assertRegex(result.lines[-1], "^h5map: stopped by SIGTERM; ", result)
                self.goes_on(self.command("-j8"), self.kept(result.lines[-1]))


class OnTheWay(Stopped):
    """What is on the way when the request comes."""

    def test_is_waited_for(self):
        """Items of 0.5 s, which come back in time, are kept, and nothing new is begun."""
        self.naps(12, 0.5)
        for launcher, number, items in (((), signal.SIGUSR1, 1), (("-j3",), signal.SIGTERM, 3), ((), signal.SIGTERM, 1)):
            with self.subTest(launcher=launcher, number=number):
                result = self.stop(self.command(*launcher), number, most_s=4, items=items)
                self.assertEqual(self.stopped(result, "SIG(USR1|TERM)"), items, result)

    def test_may_complete_the_run(self):
        self.naps(3, 1.5)
        for way in ([], ["--schedule", "static"]):
            running = self.begin(self.command("-j3", way=way))
            running.send(signal.SIGUSR1)
            self.succeeded(running.wait(20))
            np.testing.assert_array_equal(self.read("out.h5", "y"), self.x)

    def test_is_given_up(self):
        """After 1 s where TERM, INT or HUP asked, after 5 s otherwise."""
        self.naps(8, 60.0)
        for kernel in (self.nap, self.kernel("work") + ":spin"):
            for number, least_s in ((signal.SIGTERM, 1), (signal.SIGINT, 1), (signal.SIGUSR1, 5)):
                with self.subTest(kernel=kernel, number=number):
                    result = self.stop(self.command(kernel=kernel), number, most_s=least_s + 3.5)
                    name = signal.Signals(number).name
                    self.assertEqual(self.stopped(result, name, r"rank 0: item 0"), 0)
                    self.assertGreater(result.after_s, least_s - 0.1)
                    self.assertEqual(glob.glob(self.path("out.h5*")), [])

    def test_is_given_up_on_all_ranks(self):
        self.naps(9, 60.0)
        spin = self.kernel("work") + ":spin"
        every = "rank 0: items? .*; rank 1: items? .*; rank 2: items? .*"
        mpirun = ("mpirun", "-q", "-n", "3")
        for launcher, way, number in (
            (mpirun, [], signal.SIGUSR1),
            (mpirun, ["--schedule", "static"], signal.SIGUSR1),
            (("-j3",), [], signal.SIGTERM),
        ):
            with self.subTest(launcher=launcher, way=way):
                result = self.stop(self.command(*launcher, way=way, kernel=spin), number, most_s=14)
                self.stopped(result, "SIGUSR1", every)
                self.assertGreater(result.after_s, 4.9)

    def test_is_given_up_where_root_has_nothing_to_do(self):
        """Static rounds: root waits for rank 1, and looks at signals meanwhile."""
        self.naps(2, 0.01)
        self.x[1] = 60
        self.write("in.h5", x=self.x)
        result = self.stop(self.command("-j2", way=["--schedule", "static"]), signal.SIGUSR1, most_s=8)
        self.assertEqual(self.stopped(result, "SIGUSR1", "rank 1: item 1"), 1)

    def test_is_kept_where_others_are_given_up(self):
        """One long item among short ones: these are done."""
        self.naps(30, 0.01)
        self.x[0] = 60
        self.write("in.h5", x=self.x)
        result = self.stop(self.command("-j2"), signal.SIGUSR1, most_s=9, items=30)
        self.assertEqual(self.stopped(result, "SIGUSR1", r"rank \d: item 0"), 29)

    def test_a_second_request_ends_the_waiting(self):
        self.naps(8, 60.0)
        result = self.stop(self.command(), signal.SIGUSR1, signal.SIGTERM, most_s=2.5)
        self.stopped(result, "SIGUSR1", "rank 0: item 0")
        result = self.stop(self.command("-j2"), signal.SIGINT, signal.SIGINT, most_s=4)
        self.assertEqual(result.status, 75, result)
        self.sound(result)
        self.assertRegex(result.lines[0], "^h5map: in flight: rank 0: item 0; rank 1: item 1", result)
        self.assertRegex(result.lines[1], "^h5map: stopped by SIGUSR1; ", result)


class TimeLimit(Stopped):
    def limited(self, launcher=(), way=(), limit="1s"):
        return self.call(*self.command(*launcher, way=["--time-limit", limit, *way]))

    def test_stops_and_goes_on(self):
        for launcher in ((), ("-j2",), ("mpirun", "-q", "-n", "3")):
            for way in ([], ["--schedule", "static", "--slice", "4"]):
                with self.subTest(launcher=launcher, way=way):
                    self.naps(500, 0.03)
                    result = self.limited(launcher, ["--overwrite", *way])
                    self.assertLess(result.seconds, 6, result)
                    self.assertGreater(self.stopped(result, "--time-limit"), 0)

    def test_again_and_again(self):
        """The same command, as a batch system repeats it, until it is complete."""
        self.naps(200, 0.02)
        statuses, before = [], 0
        while len(statuses) < 20 and 0 not in statuses:
            result = self.limited(("-j2",), limit="1.5s")
            statuses.append(result.status)
            if result.status == 75:
                kept = self.stopped(result, "--time-limit")
                self.assertGreaterEqual(kept, before)
                before = kept
        self.assertIn(0, statuses)
        np.testing.assert_array_equal(self.read("out.h5", "y"), self.x)

    def test_counts_from_the_start_of_the_program(self):
        self.naps(8, 60.0)
        result = self.limited(limit="2s")
        self.stopped(result, "--time-limit", "rank 0: item 0")
        self.assertGreater(result.seconds, 6.9)
        self.assertLess(result.seconds, 8.5)

    def test_is_not_reached(self):
        self.naps(10, 0.01)
        result = self.limited(limit="1h")
        self.succeeded(result)


class Broken(Case):
    """A kernel that goes wrong as its environment says; without that, the same command goes on."""

    def setUp(self):
        super().setUp()
        self.x = np.arange(1000.0)
        self.write("in.h5", x=self.x)
        self.words = (self.kernel("crash"), "in.h5", "out.h5", "--slice", "10")

    def broken(self, how, pattern, *words, ranks=1, item=None, rank=None):
        """Status 3 within seconds, and one line of a rank, which matches; returns the result and how many items are kept."""
        env = {"E2E_HOW": how, "E2E_ITEM": item and str(item), "E2E_RANK": None if rank is None else str(rank)}
        result = self.run_on(ranks, *words, *self.words, env=env)
        self.assertEqual(result.status, 3, result)
        self.assertLess(result.seconds, 20, result)
        lines = [line for line in result.lines if re.search(r"^h5map: rank \d+: ", line)]
        self.assertEqual(len(lines), 1, result)
        self.assertRegex(lines[0], pattern, result)
        self.check_absent("out.h5")
        found = re.search(KEPT, lines[0])
        return result, int(found[1]) if found else 0

    def goes_on(self, kept, *words, ranks=1):
        result = self.succeeded(self.run_on(ranks, *words, *self.words))
        self.assertRegex(result.err, rf"out\.h5: going on, {kept} of 1000 items are there", result)
        np.testing.assert_array_equal(self.read("out.h5", "y"), self.x)
        self.assertEqual(glob.glob(self.path("out.h5.*")), [])


WAYS = {
    "address": "SIGSEGV, a bad address",
    "abort": "SIGABRT",
    "stack": "SIGSEGV, a bad address",
    "array": "SIGSEGV, a bad address",
    "zero": "SIGFPE, an integer division by zero",
    "print": "SIGSEGV, a bad address",
    "heap": "SIGABRT",
}


@cases(
    [(f"{how}, sequential", how, 1, []) for how in WAYS]
    + [
        (f"{how} on {ranks} ranks, {way[-1] if way else 'dynamic'}", how, ranks, way)
        for how, ranks, way in (
            ("address", 1, ["--schedule", "static"]),
            ("address", 2, []),
            ("abort", 3, ["--schedule", "static"]),
            ("stack", 3, []),
            ("array", 2, []),
            ("zero", 4, []),
            ("heap", 2, ["--schedule", "static"]),
        )
    ]
)
class Crash(Broken):
    """A crash costs no progress, and its item is named."""

    def check(self, how, ranks, way):
        pattern = rf"^h5map: rank \d: the kernel crashed \({WAYS[how]}\) at item 995; "
        _, kept = self.broken(how, pattern, *way, ranks=ranks, item=995)
        self.assertGreaterEqual(kept, 990 if ranks == 1 else 100)
        self.goes_on(kept, *way, ranks=ranks)


class Crashes(Broken):
    def test_on_each_rank(self):
        pattern = r"^h5map: rank {}: the kernel crashed \(SIGSEGV, a bad address\) at item 1\d\d; "
        for rank in (0, 2):
            with self.subTest(rank=rank):
                result, kept = self.broken("address", pattern.format(rank), "-j3", rank=rank)
                self.sound(result)
                self.assertGreater(kept, 10)
                self.assertEqual(len(result.lines), 1, result)
                self.goes_on(kept)
                os.unlink(self.path("out.h5"))

    def test_items_that_do_not_crash_again(self):
        self.broken("once", r"^h5map: rank 0: the kernel crashed \(SIGSEGV, a bad address\) in items 990 to 999; 990 of", item=995)

    def test_items_count_in_the_full_input(self):
        pattern = r"^h5map: rank 0: the kernel crashed \(SIGSEGV, a bad address\) at item 995; "
        self.broken("address", pattern, "--items", "500::3", item=995)

    @open_mpi
    def test_a_thread_of_the_kernel(self):
        """It can't be caught: the process ends, root tells what was in flight."""
        self.patient = True
        pattern = r"^h5map: rank 2: crashed \(SIGSEGV, a bad address\); what the last checkpoint holds is kept$"
        result, _ = self.broken("thread", pattern, "-j3", rank=2)
        self.sound(result)
        self.assertRegex(result.err, r"h5map: in flight: .*rank 2: items? .* \(a rank may have died\)\n")
        self.goes_on(re.search(r"stopped by SIGTERM; (\d+) of 1000 items are kept", result.err)[1])

    @unittest.skipIf(resource.getrlimit(resource.RLIMIT_STACK)[1] != resource.RLIM_INFINITY, "a hard limit on stacks")
    def test_a_stack_without_limit(self):
        env = {"E2E_HOW": "array", "E2E_ITEM": "995"}
        for launcher in ((), ("-j2",)):
            words = ("run", *launcher, "--overwrite", *self.words)
            self.succeeded(self.call("sh", "-c", 'ulimit -s unlimited && exec "$@"', "-", H5MAP, *words, env=env))

    def test_in_init(self):
        env = {"E2E_HOW": "address"}
        for launcher in ((), ("-j2",)):
            with self.subTest(launcher=launcher):
                result = self.h5map("run", *launcher, *self.words, env=env)
                self.assertEqual(result.status, 3, result)
                self.assertRegex(result.lines[0], r"^h5map: rank \d: the kernel crashed \(SIGSEGV, a bad address\) in init$")
                self.check_absent("out.h5", "out.h5.part")

    def test_pthread_exit(self):
        pattern = r"^h5map: rank 0: the kernel ended its thread in items 990 to 999; what the last checkpoint holds is kept$"
        self.broken("pthread_exit", pattern, item=995)


if SANITIZED:  # signals are left to the sanitizer, which tells more
    del Crash, Crashes


class Exit(Broken):
    """A kernel that ends the program."""

    def test_exit(self):
        pattern = r"^h5map: rank \d: the kernel ended the program with exit\(\) in items 990 to 999; what the last checkpoint holds is kept$"
        for ranks, words in ((1, ["--checkpoint", "0s"]), (2, []), (1, ["-j3"])):
            with self.subTest(ranks=ranks, words=words):
                self.broken("exit", pattern, "--overwrite", *words, ranks=ranks, item=995)

    def test_keeps_what_was_recorded(self):
        """The checkpoints before it count."""
        self.env["E2E_PAUSE"] = "yes"
        self.broken("exit", "exit", "--checkpoint", "0s", item=995)
        result = self.succeeded(self.h5map("run", *self.words))
        self.assertRegex(result.err, r"going on, [1-9]\d+ of 1000 items")

    def test_exit_in_init(self):
        self.broken("exit", r"^h5map: rank 0: the kernel ended the program with exit\(\) in init$")

    def test_what_can_not_be_caught(self):
        """_exit in a kernel: -j tells."""
        result = self.h5map("run", "-j2", *self.words, env={"E2E_HOW": "_exit", "E2E_ITEM": "995"})
        self.assertEqual(result.status, 3, result)
        self.assertRegex(result.lines[-1], rf"^h5map: a rank died \(mpirun ended with \d+\): {DIED}$", result)
        self.check_absent("out.h5")


class Killed(Stopped):
    """A rank that is killed ends the run in seconds; root tells what was in flight, and the same command goes on."""

    def kill(self, command, rank, number=signal.SIGKILL, pause=0.3):
        running = self.begin(command, pause)
        ranks = {rank_of(pid): pid for pid in descendants_of(running.pid)}
        began = time.monotonic()
        os.kill(ranks[rank], number)
        result = running.wait(20)
        result.after_s = time.monotonic() - began
        self.assertLess(result.after_s, 6, result)
        self.check_absent("out.h5")
        return result

    @open_mpi
    def test_at_mpirun(self):
        for way in ([], ["--io", "direct"], ["--schedule", "static", "--slice", "4"]):
            with self.subTest(way=way):
                command = self.command("mpirun", "-q", "-n", "3", way=way)
                result = self.kill(command, 2)
                self.assertNotIn(result.status, (0, 1, 2, 75), result)
                self.sound(result)
                self.assertRegex(result.lines[0], r"^h5map: in flight: .*rank 2: items? .* \(a rank may have died\)$", result)
                self.assertRegex(result.lines[1], r"^h5map: stopped by SIGTERM; ", result)
                self.goes_on(command, self.kept(result.lines[1]))

    @open_mpi
    def test_under_j(self):
        command = self.command("-j3")
        result = self.kill(command, 1)
        self.assertEqual(result.status, 3, result)
        self.sound(result)
        self.assertEqual(len(result.lines), 3, result)
        self.assertRegex(result.lines[0], r"^h5map: in flight: .*rank 1: items? .* \(a rank may have died\)$", result)
        self.assertRegex(result.lines[2], rf"^h5map: a rank died \(mpirun ended with 137\): {DIED}$", result)
        self.goes_on(command, self.kept(result.lines[1]))

    @open_mpi
    def test_root(self):
        """What the last checkpoint holds is kept."""
        self.naps(400, 0.03)
        command = self.command("-j3", way=["--checkpoint", "1s"])
        result = self.kill(command, 0, pause=1.5)
        self.assertEqual(result.status, 3, result)
        self.assertEqual(len(result.lines), 1, result)
        self.assertRegex(result.lines[0], rf"^h5map: a rank died \(mpirun ended with 137\): {DIED}$", result)
        self.goes_on(command, 20)

    def test_mpirun_under_j(self):
        running = self.begin(self.command("-j3"))
        mpirun = [pid for pid in descendants_of(running.pid) if rank_of(pid) is None][0]
        os.kill(mpirun, signal.SIGKILL)
        result = running.wait(10)
        self.assertEqual(result.status, 3, result)
        self.assertRegex(result.lines[-1], rf"^h5map: mpirun died \(signal 9\): {DIED}$", result)

    def test_the_command_under_j(self):
        """Nobody stays when what the user started is killed, and the same command goes on."""
        command = self.command("-j3", way=["--checkpoint", "1s"])
        running = self.begin(command)
        self.wait_for(lambda: os.path.exists(self.path("out.h5.jnl.1")), "a checkpoint")
        running.send(signal.SIGKILL)
        self.assertEqual(running.wait().status, -signal.SIGKILL)
        self.check_no_process_is_left()
        self.goes_on(command)

    def test_term_at_root(self):
        """Only root is asked: it has the others end in good order."""
        command = self.command("mpirun", "-q", "-n", "3")
        result = self.kill(command, 0, signal.SIGTERM)
        self.assertEqual(result.status, 75, result)
        self.goes_on(command, self.kept(result.lines[-1]))
