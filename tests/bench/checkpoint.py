"""What checkpoints cost: the same run with --checkpoint 10s and with 1h, in pairs, on two ranks.

A compute-bound one, and one that mostly moves bytes: norms of 3-vectors, whose input repeats one file of random numbers, so
that only the output needs room on the disk.
"""

import glob
import os
import shutil
import statistics
import subprocess
import sys
import threading
import time

import h5py
import numpy as np
from timing import Entry

OFTEN, SELDOM = "10s", "1h"
RUN_S, QUICK_RUN_S = 80.0, 20.0
LEAST_S = 60.0
VECTORS = 40_000_000
TRIAL = 8
SAMPLES = 1000


class Watch(threading.Thread):
    """Counts the checkpoints of a run from outside: the moments at which its journal grows."""

    LOOK_S, APART_S = 0.1, 1.0

    def __init__(self, output):
        super().__init__(daemon=True)
        self.journals, self.over, self.count = glob.escape(output) + ".jnl.*", threading.Event(), 0

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.join()

    def run(self):
        before, grew_s = 0, -self.APART_S
        while not self.over.wait(self.LOOK_S):
            size, now_s = self.size(), time.monotonic()
            if size > before:
                self.count += now_s - grew_s > self.APART_S
                grew_s = now_s
            before = size

    def size(self):
        total = 0
        for path in glob.glob(self.journals):
            try:
                total += 0 if path.endswith(".new") else os.path.getsize(path)
            except FileNotFoundError:
                pass
        return total


class Pairs:
    """Runs of a command with either interval, one after the other, the first of a pair in turns."""

    def __init__(self, bench, name, command, most):
        self.bench, self.name, self.command, self.most = bench, name, command, most
        self.walls = {OFTEN: [], SELDOM: []}
        self.checkpoints = {OFTEN: [], SELDOM: []}
        self.sample = None

    def lap(self, interval):
        output, timer = self.bench.path("out.h5"), self.bench.timer
        others_s, cores_s = timer.others_s, timer.cores_s
        with Watch(output) as watch:
            lap = timer.lap(Entry("", [*self.command, "--checkpoint", interval]), "some.h5", "out.h5")
        others = 100 * (timer.others_s - others_s) / (timer.cores_s - cores_s)
        self.walls[interval].append(lap.wall_s)
        self.checkpoints[interval].append(watch.count)
        print(f"{self.name}: --checkpoint {interval}: {lap.wall_s:.2f} s, {watch.count} checkpoints; other processes took "
              f"{others:.0f} % of the machine", file=sys.stderr, flush=True)  # fmt: skip
        if interval == OFTEN and watch.count == 0 and lap.wall_s > 15:
            sys.exit(f"{self.name}: --checkpoint {interval} made no checkpoint in {lap.wall_s:.0f} s")
        if left := glob.glob(glob.escape(output) + ".*"):
            sys.exit(f"{self.name}: left {', '.join(map(os.path.basename, left))} behind")
        self.compare(output)

    def compare(self, output):
        with h5py.File(output, "r") as file:
            y = file["y"]
            sample = y[:: max(len(y) // SAMPLES, 1)]
        if self.sample is None:
            self.sample = sample
        if not np.array_equal(sample, self.sample):
            sys.exit(f"{self.name}: two runs gave different results")

    def measure(self, repeat):
        self.bench.timer.lap(Entry("", [*self.command, "--items", "0:1"]), "some.h5", "out.h5")
        for k in range(repeat):
            for interval in (SELDOM, OFTEN) if k % 2 == 0 else (OFTEN, SELDOM):
                self.lap(interval)

    def tell(self):
        ratios = [often / seldom for often, seldom in zip(self.walls[OFTEN], self.walls[SELDOM])]
        ratio = statistics.median(ratios)
        walls = [f"{statistics.median(self.walls[interval]):.1f}" for interval in (SELDOM, OFTEN)]
        made = " and ".join(f"{statistics.median(self.checkpoints[interval]):.0f}" for interval in (SELDOM, OFTEN))
        verdict = "met" if ratio <= self.most else "missed"
        if min(self.walls[SELDOM]) < LEAST_S:
            verdict = f"not judged: less than {LEAST_S:.0f} s"
        columns = (self.name, *walls, made, f"{ratio:.3f}", f"{min(ratios):.3f} to {max(ratios):.3f}",
                   f"{self.most:.2f}, {verdict}")  # fmt: skip
        print("| " + " | ".join(columns) + " |", flush=True)


def computing(bench, run, run_s):
    """Items of 20 us."""
    rounds, item_s = bench.item_rounds()
    count = round(run_s * bench.ranks / item_s)
    bench.make((count,), "f8", lambda first, many: np.full(many, rounds))
    return Pairs(bench, f"{count:,} items of {item_s * 1e6:.0f} us", [*run, "kernels.c:work", "IN", "OUT"], 1.05)


def repeat_vectors(bench, times):
    """some.h5 with /x: the vectors of x.raw, that many times over."""
    with h5py.File(bench.path("some.h5"), "w") as file:
        file.create_dataset("x", (times * VECTORS, 3), "f8", external=[("x.raw", 0, VECTORS * 24)] * times)


def moving(bench, run, run_s):
    """Norms; as many as a trial lets expect to take that long, and as the disk has room for."""
    some, command = VECTORS // 40, [*run, "kernels.c:norm", "IN", "OUT"]
    with open(bench.path("x.raw"), "wb") as file:
        for _ in range(40):
            bench.rng.random((some, 3)).tofile(file)
    repeat_vectors(bench, TRIAL)
    trial = bench.timer.lap(Entry("", command), "some.h5", "out.h5")
    os.unlink(bench.path("out.h5"))
    room = shutil.disk_usage(bench.timer.home).free // 2 // (VECTORS * 8)
    times = max(min(round(run_s / trial.wall_s * TRIAL), room), 1)
    repeat_vectors(bench, times)
    count = times * VECTORS
    title = f"norm of {count:,} vectors of 3 doubles ({count * 24 / 1e9:.0f} GB in, {count * 8 / 1e9:.0f} GB out)"
    return Pairs(bench, title, command, 1.15)


def file_system(home):
    found = subprocess.run(["findmnt", "-n", "-o", "FSTYPE", "-T", home], capture_output=True, text=True, check=True)
    return found.stdout.strip()


def measure(bench, run):
    """Both kinds of run. `run`: how to start h5map on two ranks."""
    kind = file_system(bench.timer.home)
    if kind in ("tmpfs", "ramfs"):
        sys.exit(f"{bench.timer.home}: is in memory ({kind}); set TMPDIR to a folder on a disk")
    print(f"| work, 2 ranks | --checkpoint {SELDOM}, s | --checkpoint {OFTEN}, s | checkpoints | times | single pairs | at most |")
    print("| --- | --- | --- | --- | --- | --- | --- |", flush=True)
    for work in (computing, moving):
        pairs = work(bench, run, QUICK_RUN_S if bench.args.quick else RUN_S)
        pairs.measure(bench.args.repeat)
        pairs.tell()
        bench.remove_data()
    return f"Medians of {bench.args.repeat} pairs; files on {kind}"
