"""At how many ranks does rank 0 become the limit?

What a ticket costs rank 0's first thread, which talks MPI and, with --io root, reads and writes: processor time, measured
with small items and with large ones, one a ticket, on ranks that sleep and so keep rank 0 busy. From that, a model: rank 0
serves as many ranks as tickets' work takes longer than it takes rank 0 to deal and gather one. Tickets are as the program
makes them: 20 ms of work, at most 1 MiB of inputs and results with --io root (256 MiB with direct), at least one item.
"""

import os
import subprocess
import threading
import time

import h5py
import numpy as np
from bench import RUN

RANKS = 12
TICKETS, LARGE_TICKETS = 40_000, 2_500
SMALL, LARGE = 1, 32 * 1024  # doubles of an item, in and out
TICKET_S, TICKET_BYTES = 0.020, {"root": 1 << 20, "direct": 256 << 20}
NETWORKS = {"shared memory": "self,vader", "TCP": "self,tcp"}
ITEM_S = (1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1.0)
ITEM_BYTES = (32, 1024, 32 * 1024, 1 << 20)
DIRECT_BYTES = (32, 1 << 20)


class RootTime(threading.Thread):
    """Processor time of rank 0's first thread, from when the output is made until it ends."""

    def __init__(self, launcher, part):
        super().__init__(daemon=True)
        self.launcher, self.part, self.first_s, self.last_s = launcher, part, None, None
        self.over = threading.Event()

    def root(self):
        for pid in children_of(self.launcher):
            try:
                with open(f"/proc/{pid}/environ", "rb") as file:
                    if b"\0OMPI_COMM_WORLD_RANK=0\0" in b"\0" + file.read():
                        return pid
            except OSError:
                continue
        return None

    def run(self):
        pid = None
        while not self.over.wait(0.002):
            pid = pid or self.root()
            if not pid or not os.path.exists(self.part):
                continue
            try:
                with open(f"/proc/{pid}/task/{pid}/schedstat") as file:
                    self.last_s = int(file.read().split()[0]) * 1e-9
            except OSError:
                return
            self.first_s = self.first_s or self.last_s


def children_of(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as file:
            return [int(word) for word in file.read().split()]
    except OSError:
        return []


def per_ticket(bench, size, btl, how):
    """Seconds of rank 0 for each ticket that another rank mapped."""
    output, tickets = bench.path("limit_out.h5"), TICKETS if size == SMALL else LARGE_TICKETS
    source = f"limit_{size}.h5"
    if not os.path.exists(bench.path(source)):
        bench.make_file(source, (tickets // (10 if bench.args.quick else 1), size), "f8", lambda first, many: np.zeros((many, size)))
    command = ["mpirun", "-q", "--mca", "btl", btl, "--mca", "pml", "ob1", "-n", str(RANKS), *RUN]
    words = ["--overwrite", "--slice", "1", "--checkpoint", "1h", "--io", how, "kernel_limit.c", source, output]
    process = subprocess.Popen([*command, *words], cwd=bench.timer.home, env=bench.timer.env, stdin=subprocess.DEVNULL)
    clock = RootTime(process.pid, output + ".part")
    clock.start()
    status = process.wait()
    clock.over.set()
    clock.join()
    if status:
        raise SystemExit(f"limit: status {status}: {' '.join(words)}")
    with h5py.File(output) as file:
        others = int(file["h5map/ranks"]["items"][1:].sum())
    os.unlink(output)
    return (clock.last_s - clock.first_s) / others


def measure_costs(bench):
    """{(network, way): (seconds a ticket, seconds a byte)}"""
    costs = {}
    print("| ranks talk over | `--io` | a ticket costs rank 0, us | and a MiB of inputs and results, us |")
    print("| --- | --- | --- | --- |")
    for network, btl in NETWORKS.items():
        for how in ("root", "direct"):
            small, large = (min(per_ticket(bench, size, btl, how) for _ in range(bench.args.repeat)) for size in (SMALL, LARGE))
            a_byte = max(large - small, 0) / (16 * (LARGE - SMALL))
            costs[network, how] = (small, a_byte)
            print(f"| {network} | {how} | {small * 1e6:.1f} | {a_byte * 1e6 * (1 << 20):.0f} |", flush=True)
    return costs


def ranks_at_most(cost, item_s, item_bytes, how):
    """The ranks that rank 0 can keep at work."""
    items = max(1, min(TICKET_S / item_s, TICKET_BYTES[how] / item_bytes))
    a_ticket, a_byte = cost
    return items * item_s / (a_ticket + a_byte * items * item_bytes)


def plainly(number):
    """Two digits: more would pretend to be known."""
    if number < 1:
        return "< 1"
    digits = max(0, len(str(int(number))) - 2)
    rounded = int(number) // 10**digits * 10**digits
    return f"{rounded:,}" if rounded < 10**6 else "> 1,000,000"


def seconds(item_s):
    for unit, name in ((1e-9, "ns"), (1e-6, "us"), (1e-3, "ms"), (1.0, "s")):
        if item_s < unit * 999:
            return f"{item_s / unit:.0f} {name}"
    return f"{item_s:.0f} s"


def size(item_bytes):
    return f"{item_bytes} B" if item_bytes < 1024 else f"{item_bytes >> 10} KiB" if item_bytes < 1 << 20 else f"{item_bytes >> 20} MiB"


def tell_model(costs, network):
    print(f"\nRanks at which rank 0 becomes the limit, {network}\n")
    print("| an item takes | " + " | ".join(f"`root`, {size(b)}" for b in ITEM_BYTES)
          + " | " + " | ".join(f"`direct`, {size(b)}" for b in DIRECT_BYTES) + " |")  # fmt: skip
    print("| --- |" + " --- |" * (len(ITEM_BYTES) + len(DIRECT_BYTES)))
    direct = (costs[network, "direct"][0], 0)  # the bytes are no business of rank 0's
    for item_s in ITEM_S:
        cells = [plainly(ranks_at_most(costs[network, "root"], item_s, b, "root")) for b in ITEM_BYTES]
        cells += [plainly(ranks_at_most(direct, item_s, b, "direct")) for b in DIRECT_BYTES]
        print(f"| {seconds(item_s)} | " + " | ".join(cells) + " |")


def measure(bench):
    """Print the tables; what they show, in a sentence."""
    began = time.monotonic()
    costs = measure_costs(bench)
    tell_model(costs, "TCP")
    return f"Processor time of rank 0's first thread with {RANKS} ranks, least of {bench.args.repeat} rounds, {time.monotonic() - began:.0f} s in all"
