#!/usr/bin/python3
"""Nothing is lost: a small run is crashed in every way, the same command goes on, and the result is as if nothing had been.

  a   killed just before each operation that changes a file or the folder, or within a write
  b   each of them fails, once or for good from there on: disk full, I/O error and the like
  c   the power is cut: what was not synced is there, or not, sector by sector and name by name
  c2  the same, more than once
  d   runs of 2 and 3 ranks, killed at random moments, in part or as a whole

Operations are seen, stopped and recorded by a preloaded library (shim.c); the disk after a power cut is made from the record
(disk.py); the run and what must hold after it are in job.py. A state that fails says how to have it again; the moments at which
threads meet differ from run to run, so it may take a few tries, or --keep. The last line is "crash: N passed, N failed".
"""

import argparse
import errno
import os
import random
import shutil
import signal
import sys
import tempfile
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor

sys.dont_write_bytecode = True

import job
import ranks
import selfcheck
import states

PHASES = {"a": "killed", "b": "failed", "c": "power cut", "c2": "power cut again", "d": "ranks killed"}
EVERY = ("plain", "compress", "resume")  # variants of which phase b takes every operation
TRACE_STATES = 25  # power cuts made from one trace


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = os.environ.get("H5MAP", os.path.join(job.ROOT, "build", "dev", "h5map"))
    parser.add_argument("--h5map", default=default, metavar="PATH", help="the program ($H5MAP, else build/dev/h5map)")
    parser.add_argument("--shim", metavar="PATH", help="the preloaded library (else it is compiled)")
    parser.add_argument("--mpirun", metavar="PATH", help="this launcher instead of Open MPI's, for a program of another MPI library")
    parser.add_argument("--sample", action="store_true", help="a few states of each kind: a minute")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="a,b,c,d", metavar="PHASE,...", help="of a, b, c (with c2), d")
    parser.add_argument("--variant", default="", metavar="NAME,...", help="only these")
    parser.add_argument("--state", metavar="LABEL", help="only this state of them, as a failure names it")
    parser.add_argument("--mutant", choices=["no-fsync"], help="a disk that does not keep its promises: c must fail")
    parser.add_argument("--keep", metavar="FOLDER", help="leave states that fail there, as they were before it went on")
    parser.add_argument("--jobs", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("-v", action="store_true", help="a line for each state")
    return parser.parse_args()


class Count:
    """What came of the states of one phase and variant."""

    def __init__(self):
        self.passed = self.failed = self.must_keep = 0
        self.kept = []


class Crash:
    """One run of this program."""

    def __init__(self, lab, args):
        self.lab, self.args = lab, args
        self.counts = {}
        self.lock = threading.Lock()

    def rng(self, *words):
        return random.Random(" ".join(map(str, (self.args.seed, *words))))

    # ---- phases: which states there are

    def killed(self, variant):
        rng = self.rng("a", variant.name)
        numbers = range(1, self.lab.operations(variant) + 5)
        torn = [(number, rng.randint(1, 4096)) for number in numbers if rng.random() < 0.3]
        wanted = [(number, 0) for number in numbers]
        if self.args.sample:
            wanted, torn = rng.sample(wanted, 10), rng.sample(torn, 3)
        self.run_all("a", [(variant, spelled(s), lambda s=s: states.kill(self.lab, variant, *s)) for s in wanted + torn])

    def failed(self, variant):
        rng = self.rng("b", variant.name)
        numbers = range(1, self.lab.operations(variant) + 3)
        usual = [(n, name, how) for n in numbers for name in ("ENOSPC", "EIO") for how in ("", "FOREVER")]
        others = [(rng.choice(numbers), name, rng.choice(["", "FOREVER"])) for name in ("EDQUOT", "EROFS") for _ in range(15)]
        others += [(rng.choice(numbers), "EIO", "SHORT") for _ in range(15)]
        if self.args.sample or variant.name not in EVERY:
            usual = rng.sample(usual, 8 if self.args.sample else 60)
        if self.args.sample:
            others = rng.sample(others, 4)
        self.run_all("b", [(variant, spelled(s), lambda s=s: states.fail(self.lab, variant, *s)) for s in usual + others])

    def powerless(self, variant):
        count = 12 if self.args.sample else 150
        for first in range(0, count, TRACE_STATES):
            events = self.lab.trace(variant)
            if first // TRACE_STATES % 3 == 2:  # what a sync that failed was to keep may be lost whatever later ones say
                number = self.rng("trace", variant.name, first).choice(job.syncs(events))
                events = self.lab.trace(variant, FAIL_AT=number, FAIL_ERRNO=errno.EIO)
            wanted = []
            for k in range(first, min(first + TRACE_STATES, count)):
                words = (self.lab, variant, events, self.rng("c", variant.name, k), not self.args.mutant)
                wanted.append((variant, str(k), lambda words=words: states.cut_power(*words)))
            self.run_all("c", wanted)

    def ranks_killed(self, variants):
        wanted = []
        for k in range(5 if self.args.sample else 70):
            rng = self.rng("d", k)
            variant = rng.choice(variants)
            wanted.append((variant, str(k), lambda variant=variant, rng=rng: ranks.kill(self.lab, variant, rng)))
        self.run_all("d", wanted)

    def run(self, variants):
        steps = {"a": self.killed, "b": self.failed, "c": self.powerless}
        wanted = self.args.only.split(",")
        for phase in steps:
            for variant in variants if phase in wanted else []:
                steps[phase](variant)
        if "d" in wanted:
            self.ranks_killed([variant for variant in variants if variant.name in ranks.VARIANTS])

    # ---- one by one

    def run_all(self, phase, wanted):
        """Each is a variant, a label, and the function that makes the state."""
        wanted = [state for state in wanted if self.args.state in (None, state[1])]
        with ThreadPoolExecutor(self.args.jobs) as pool:
            list(pool.map(lambda state: self.run_one(phase, *state), wanted))

    def run_one(self, phase, variant, label, state):
        began, outcome, problem = time.monotonic(), None, None
        with self.lab.state(self.args.keep, f"{phase}-{variant.name}-{label.replace(':', '-')}") as place:
            try:
                outcome = state()
            except job.Problem as found:
                problem = str(found)
            except Exception:  # our own: it counts as a failed state
                problem = traceback.format_exc()
            place.failed = problem is not None
        with self.lock:
            self.note(outcome.phase if outcome else phase, variant, label, outcome, problem)
            if self.args.v:
                word = "FAILED" if problem else f"kept {outcome.kept}" if outcome else "not reached"
                print(f"{phase} {variant.name} {label}: {word} ({time.monotonic() - began:.1f} s)", flush=True)

    def note(self, phase, variant, label, outcome, problem):
        count = self.counts.setdefault((phase, variant.name), Count())
        if problem:
            count.failed += 1
            again = f"crash.py --only {phase[0]} --variant {variant.name} --state {label} --seed {self.args.seed}"
            again += " --sample" if self.args.sample else ""
            again += f" --mutant {self.args.mutant}" if self.args.mutant else ""
            print(f"FAILED {phase} {variant.name} {label}: {problem}\n  again: {again}", flush=True)
        elif outcome:
            count.passed += 1
            count.must_keep += outcome.must_keep
            count.kept += [outcome.kept] if outcome.kept else []

    def report(self):
        for (phase, name), count in sorted(self.counts.items()):
            text = f"{phase:2} {PHASES[phase]:16} {name:16} {count.passed:5} passed, {count.failed} failed"
            text += f"; {count.must_keep} with a checkpoint, {len(count.kept)} went on"
            if count.kept:
                text += f" with {min(count.kept)} to {max(count.kept)} items, {sum(count.kept) / len(count.kept):.0f} on average"
            print(text)
        passed, failed = (sum(getattr(count, word) for count in self.counts.values()) for word in ("passed", "failed"))
        print(f"crash: {passed} passed, {failed} failed")
        return 1 if failed or not passed else 0


def spelled(state):
    return ":".join(str(word) for word in state if word != 0).rstrip(":")


def prepare(lab, names):
    """The variants that this program can run."""
    ready, wanted = {}, [name for name in names.split(",") if name]
    every = job.variants()
    if unknown := set(wanted) - {variant.name for variant in every}:
        sys.exit(f"crash.py: no variant {', '.join(unknown)}")
    for variant in every:
        lacking = lab.lacks(variant) + ([] if not variant.stopped or lab.checkpoint else ["--checkpoint"])
        if lacking or (variant.after and variant.after not in ready):
            print(f"skipped {variant.name}: {' '.join(lacking) or variant.after} is not in this version")
        else:
            lab.prepare(variant, ready)
            ready[variant.name] = variant
    return [variant for variant in ready.values() if not wanted or variant.name in wanted]


def main():
    args = arguments()
    if not os.access(args.h5map, os.X_OK):
        print(f"crash.py: {args.h5map}: no such program (build it, or give --h5map)", file=sys.stderr)
        return 2
    home = tempfile.mkdtemp(prefix="crash-")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        job.harness.adopt_orphans()
        lab = job.Lab(args.h5map, args.shim, home, args.mpirun)
        lab.check_shim()
        if wrong := selfcheck.check():
            raise job.Problem(f"the simulated disk is none: {wrong}")
        crash, variants = Crash(lab, args), prepare(lab, args.variant)
        try:
            crash.run(variants)
        finally:  # also where it is stopped
            status = crash.report()
        return status
    except job.Problem as problem:
        print(f"crash.py: {problem}\ncrash: 0 passed, 1 failed")
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        job.harness.kill_descendants()
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
