#!/usr/bin/python3
"""End-to-end tests: run.py [--all] [--faults | --long] [--quick] [--sleepy | --busy] [--mpirun PATH] [-v] [WORD...]; the program is $H5MAP, else build/dev/h5map.

Every test whose name holds one of the words runs. The last line is "e2e: N passed, N failed".
"""

import argparse
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
    parser.add_argument("--sleepy", action="store_true", help="only the tests that mostly sleep")
    parser.add_argument("--busy", action="store_true", help="only the others")
    parser.add_argument("--io", choices=["root", "direct"], help="give every run that may have it this --io")
    parser.add_argument("--mpirun", help="this launcher instead of mpirun, for a program that was built with another MPI library")
    parser.add_argument("-v", action="store_true", help="a line for each test")
    parser.add_argument("words", nargs="*")
    return parser.parse_args()


class Counting(unittest.TestResult):
    def __init__(self, verbose):
        super().__init__()
        self.verbose, self.passed, self.failed = verbose, 0, 0
        self.skips = []
        self.began = 0.0

    def startTest(self, test):
        super().startTest(test)
        self.began = time.monotonic()
        self.bad_subtests = False

    def say(self, word, test, text=""):
        seconds = time.monotonic() - self.began
        print(f"{word} {test.id()} ({seconds:.1f} s){text}", flush=True)

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
        elif (args.busy and getattr(test, "sleepy", False)) or (args.sleepy and not getattr(test, "sleepy", True)):
            continue
        elif not args.words or any(word in test.id() for word in args.words):
            yield test


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

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        harness.adopt_orphans()
        harness.Case.cache = os.path.join(home, "cache")
        os.mkdir(harness.Case.cache)
        files = "faults.py" if args.faults else "long*.py" if args.long else "test_*.py"
        suite = unittest.TestSuite(wanted(unittest.defaultTestLoader.discover(HERE, files), args))
        result = Counting(args.v)
        suite.run(result)
    finally:
        harness.kill_descendants()
        shutil.rmtree(home, ignore_errors=True)
    for name, reason in result.skips:
        if args.all or reason not in ("only with --all", "not with --mpirun"):
            print(f"skipped {name}: {reason}")
    print(f"e2e: {result.passed} passed, {result.failed} failed")
    return 1 if result.failed or not result.passed else 0


if __name__ == "__main__":
    sys.exit(main())
