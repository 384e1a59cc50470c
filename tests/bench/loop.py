"""The item loop: what an item costs apart from its arithmetic, in a kernel's two forms beside a loop by hand."""

import os
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
FLAGS = ["-O3", "-march=native", "-D_GNU_SOURCE", "-Wall"]  # as h5map compiles kernels
INCLUDE = os.path.join(os.path.dirname(os.path.dirname(HERE)), "include")
WORKS = {"square": "square of a double", "norm": "norm of 3 doubles"}


def measure(bench):
    """Print the table; what it shows, in a sentence."""
    program = bench.path("item_loop")
    source = os.path.join(HERE, "item_loop.c")
    subprocess.run(["cc", *FLAGS, "-I" + INCLUDE, "-I" + HERE, source, "-lm", "-o", program], check=True)
    lines = subprocess.run([program], capture_output=True, text=True, check=True).stdout.splitlines()
    ns = {(kernel, way): float(value) for kernel, way, value in map(str.split, lines)}
    print("| item | loop by hand, ns | `H5MAP_KERNEL`, ns | more than by hand, ns | `H5MAP_SLICE_KERNEL`, ns |")
    print("| --- | --- | --- | --- | --- |")
    for kernel, title in WORKS.items():
        hand, item, slice_ = (ns[kernel, way] for way in ("hand", "item", "slice"))
        print(f"| {title} | {hand:.2f} | {item:.2f} | {item - hand:+.2f} | {slice_:.2f} |", flush=True)
    return "Processor time of an item, medians of 301 turns on 512 KiB that stay in the cache"
