#!/usr/bin/python3
"""End-to-end tests: run.py [--all] [--faults | --long] [--quick] [-j N] [--io IO] [--mpirun PATH] [-v] [WORD...]; the program is $H5MAP, else
build/dev/h5map.

Every test whose name holds one of the words runs. Classes of tests run side by side, each in one of N processes; those
that mostly sleep in one more; those that want the machine for themselves afterwards. The last line is "e2e: N passed, N failed".
"""

import argparse
import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
import time
import unittest

sys.dont_write_bytecode = True

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--all", action="store_true", help="long tests too")
    parser.add_argument("--faults", action="store_true", help="those of faults.py instead, which make calls fail: 6 minutes")
    parser.add_argument("--long", action="store_true", help="those of long*.py instead, with billions of items and hundreds of ranks: minutes")
    parser.add_argument("--quick", action="store_true", help="the short subset for sanitizers")
    parser.add_argument("-j", "--jobs", type=int, default=1, help="classes of tests at a time")
    parser.add_argument("--io", choices=["root", "direct"], help="give every run that may have it this --io")
    parser.add_argument("--mpirun", help="this launcher instead of mpirun, for a program that was built with another MPI library")
    parser.add_argument("-v", action="store_true", help="a line for each test")
    parser.add_argument("words", nargs="*")
    return parser.parse_args()


def cpu_s():
    """Of all that ran and ended below this process."""
    return sum(os.times()[2:4])


class Counting(unittest.TestResult):
    def __init__(self, verbose):
        super().__init__()
        self.verbose, self.passed, self.failed = verbose, 0, 0
        self.skips = []
        self.began = self.worked = 0.0

    def startTest(self, test):
        super().startTest(test)
        self.began, self.worked = time.monotonic(), cpu_s()

    def say(self, word, test, text=""):
        seconds, worked = time.monotonic() - self.began, cpu_s() - self.worked
        print(f"{word} {test.id()} ({seconds:.1f} s, processor {worked:.1f} s){text}", flush=True)

    def addSuccess(self, test):
        self.passed += 1
        if self.verbose:
            self.say("ok", test)

    def bad(self, test, problem):
        self.failed += 1
        self.say("FAILED", test, "\n" + self._exc_info_to_string(problem, test))

    def addFailure(self, test, err):
        self.bad(test, err)

    def addError(self, test, err):
        self.bad(test, err)

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self.bad(subtest, err)

    def addSkip(self, test, reason):
        self.skips.append((test.id(), reason))


def wanted(suite, args):
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from wanted(test, args)
        elif args.quick and not getattr(test, "quick", True):
            continue
        elif not args.words or any(word in test.id() for word in args.words):
            yield test


def classes(tests):
    """A suite for each class, those with the most tests first."""
    found = {}
    for test in tests:
        found.setdefault(type(test), unittest.TestSuite()).addTest(test)
    return sorted(found.values(), key=lambda suite: -suite.countTestCases())


def work(suites, turn, results, verbose):
    """Run the next suite that nobody has taken, until all are."""
    import harness

    os.environ["TMPDIR"] = tempfile.tempdir = tempfile.mkdtemp()  # Open MPI's folders are one run's at a time
    os.chmod(tempfile.tempdir, 0o1777)
    harness.adopt_orphans()
    harness.hear_signals()
    result = Counting(verbose)
    try:
        while True:
            with turn.get_lock():
                at, turn.value = turn.value, turn.value + 1
            if at >= len(suites):
                break
            suites[at].run(result)
    finally:
        harness.kill_descendants()
    results.send((result.testsRun, result.passed, result.failed, result.skips))


def start(suites, args, jobs):
    """Processes that run these suites, each with the end of a pipe that tells how they ended, and whose turn it is."""
    turn = multiprocessing.Value("l", 0)  # to be kept: it is freed with its last user here
    workers = []
    for _ in range(min(jobs, len(suites))):
        told, tells = multiprocessing.Pipe(duplex=False)
        worker = multiprocessing.Process(target=work, args=(suites, turn, tells, args.v))
        worker.start()
        tells.close()
        workers.append((worker, told, turn))
    return workers


def run(tests, args):
    """How many passed and failed, and what was skipped; a process that ends before its time counts as one failed."""
    alone = [test for test in tests if getattr(test, "alone", False)]
    sleepy = [test for test in tests if getattr(test, "sleepy", False)]
    busy = [test for test in tests if test not in alone and test not in sleepy]
    if args.jobs == 1:
        phases = [[(tests, 1)]]
    else:
        phases = [[(sleepy, 1), (busy, args.jobs)], [(alone, 1)]]
    return add_up(len(tests), [run_phase(phase, args) for phase in phases])


def run_phase(phase, args):
    """How many ran, passed and failed, and what was skipped, of tests that run beside each other."""
    ran, passed, failed, skips = 0, 0, 0, []
    workers = []
    try:
        for tests, jobs in phase:
            workers += start(classes(tests), args, jobs)
        for worker, told, _ in workers:
            try:
                number, good, bad, skipped = told.recv()
                ran, passed, failed, skips = ran + number, passed + good, failed + bad, skips + skipped
            except EOFError:
                failed += 1
                worker.join()
                print(f"FAILED a process that runs tests ended with {worker.exitcode}")
    finally:
        for worker, _, _ in workers:
            worker.terminate()
            worker.join()
    return ran, passed, failed, skips


def add_up(wanted, phases):
    ran, passed, failed, skips = (list(column) for column in zip(*phases))
    if sum(ran) != wanted and not sum(failed):
        print(f"FAILED to run all: {sum(ran)} of {wanted} tests ran")
        failed.append(1)
    return sum(passed), sum(failed), sum(skips, [])


def main():
    args = arguments()
    os.environ.setdefault("H5MAP", os.path.join(ROOT, "build", "dev", "h5map"))
    if args.io:
        os.environ["H5MAP_TEST_IO"] = args.io
    if args.mpirun:
        os.environ["H5MAP_TEST_MPIRUN"] = args.mpirun
    if args.all:
        os.environ["H5MAP_TEST_ALL"] = "1"
    if not os.access(os.environ["H5MAP"], os.X_OK):
        print(f"{os.environ['H5MAP']}: no such program (build it, or set H5MAP)", file=sys.stderr)
        return 2
    home = tempfile.mkdtemp(prefix="h5map-e2e-")
    os.chmod(home, 0o1777)
    os.environ["TMPDIR"] = tempfile.tempdir = home
    sys.path.insert(0, HERE)
    import harness

    multiprocessing.set_start_method("fork")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        harness.Case.cache = os.path.join(home, "cache")
        os.mkdir(harness.Case.cache)
        files = "faults.py" if args.faults else "long*.py" if args.long else "test_*.py"
        passed, failed, skips = run(list(wanted(unittest.defaultTestLoader.discover(HERE, files), args)), args)
    finally:
        shutil.rmtree(home, ignore_errors=True)
    for name, reason in skips:
        if args.all or reason not in ("only with --all", "not with --mpirun"):
            print(f"skipped {name}: {reason}")
    print(f"e2e: {passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
