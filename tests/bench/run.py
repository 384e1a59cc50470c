#!/usr/bin/python3
"""run.py [--quick] [--repeat N] [WORK...]: h5map beside what people write by hand, on this machine, in one run.

Prints a Markdown table of medians. All programs of a work take turns, after a round to warm up in which their results are
compared; `times` is the median of the ratios, round by round, to the work's first program, without what either took on
zero items (its start-up) in that round. A peak is that of the largest process. A target that is missed is told, and is no
failure. Usually started by run.sh. The works `checkpoint` (h5map beside itself, with many checkpoints and with none),
`loop` (an item's cost apart from its arithmetic) and `limit` (at how many ranks rank 0 becomes the limit) are done only
when named.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import time

import checkpoint
import limit
import loop
import table
import work_bytes
import work_items
import work_scale
from bench import H5MAP, RANKS, RUN, Bench
from timing import BRIEF_S, BRIEF_TIMES, LONG_ROUNDS, LONG_S, SHORT_S, SHORT_TIMES

WORKS = {
    "square": work_items.square,
    "norm": work_bytes.norm,
    "stream": work_bytes.stream,
    "even": work_items.even,
    "rising": work_items.rising,
    "zipped": work_bytes.zipped,
    "images": work_bytes.images,
    "naps": work_items.naps,
    "scale": work_scale.scale,
}
CHECKPOINT, LOOP, LIMIT = "checkpoint", "loop", "limit"
KNOWN = [*WORKS, CHECKPOINT, LOOP, LIMIT]


def tell_machine(bench, how):
    with open("/proc/cpuinfo") as file:
        model = next((line.split(":")[1].strip() for line in file if line.startswith("model name")), "unknown processor")
    version = subprocess.run([H5MAP, "--version"], capture_output=True, text=True, check=True).stdout.partition("\n")[0]
    text = f"{version}, {time.strftime('%Y-%m-%d')}, {os.cpu_count()} cores of {model}. {how}."
    if bench.timer.cores_s:
        others = 100 * bench.timer.others_s / bench.timer.cores_s
        text += f" Other processes took {others:.0f} % of the machine meanwhile."
    print("\n" + textwrap.fill(text, 118))


def beside_others(bench, words):
    table.head()
    for word in words:
        WORKS[word](bench)
    repeat = bench.args.repeat
    quick = " Quick: less data than the targets are meant for." if bench.args.quick else ""
    times = f"{SHORT_TIMES} turns in each below {SHORT_S:.0f} s, {BRIEF_TIMES} where the work takes less than {BRIEF_S} s"
    turns = f"Medians of {repeat} rounds (of {min(LONG_ROUNDS, repeat)} above {LONG_S:.0f} s), with {times}."
    tell_machine(bench, f"{turns}{quick} h5map and the C programs sync their output to the disk, the Python scripts do not")


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="smaller data, fewer rounds")
    parser.add_argument("--repeat", type=int, help="rounds (default 9; 3 with --quick)")
    parser.add_argument("works", nargs="*", metavar="WORK", help=f"only these: {', '.join(KNOWN)}")
    args = parser.parse_args()
    args.repeat = args.repeat or (3 if args.quick else 9)
    if unknown := [word for word in args.works if word not in KNOWN]:
        parser.error(f"{unknown[0]}: no such work ({', '.join(KNOWN)})")
    return args


def main():
    args = parse()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    home = tempfile.mkdtemp(prefix="h5map-bench-")
    try:
        bench = Bench(home, args)
        bench.build()
        if words := [word for word in WORKS if not args.works or word in args.works]:
            beside_others(bench, words)
        if CHECKPOINT in args.works:
            tell_machine(bench, checkpoint.measure(bench, [*RUN, "-j", str(RANKS)]))
        if LOOP in args.works:
            tell_machine(bench, loop.measure(bench))
        if LIMIT in args.works:
            tell_machine(bench, limit.measure(bench))
    finally:
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main()
