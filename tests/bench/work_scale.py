"""The same kernel on more and more items: time per item of the loop alone, and each rank's memory."""

import numpy as np
import table
from bench import H5MAP, RANKS, Entry, mpirun

ITEM_S = 100e-9
FLAT = 1.10
MEMORY_MIB = 5
UNDER_LAP = ["sh", "-c", 'exec ./lap "rank.${OMPI_COMM_WORLD_RANK-0}" "$@"', "-"]


def run(count, launcher):
    command = [*launcher, *UNDER_LAP, H5MAP, "run", "-q", "kernels.c:work", "IN", "OUT"]
    return Entry(f"{count:,}", command, loop=True, source=f"{count}.h5")


def by_hand(bench, count, processes):
    command = [bench.path("pieces"), "work", str(processes), "IN", "OUT"]
    return Entry(f"{count:,}", command, loop=True, source=f"{count}.h5")


def tell_times(title, counts, entries, judged=True):
    """Beside the most items, whose time is the surest."""
    for number, (count, entry) in enumerate(zip(counts, entries)):
        table.note_laps(title, entry)
        last = entry is entries[-1]
        ratio = entry.times(entries[-1]) * counts[-1] / count
        target = "" if last or not judged else f"{1 / FLAT:.2f} to {FLAT:.2f}: {table.verdict(1 / FLAT <= ratio <= FLAT)}"
        table.row("" if number else title, f"{count:,}: {entry.median_s() / count * 1e9:.1f} ns an item",
                  table.seconds(entry.median_s()), "", "", "1" if last else table.times(ratio), target)  # fmt: skip


def tell_memory(title, entries):
    for rank, (few, many) in enumerate(zip(entries[0].rank_peaks_mib(), entries[-1].rank_peaks_mib())):
        target = f"within {MEMORY_MIB} MiB: {table.verdict(abs(many - few) <= MEMORY_MIB)}"
        table.row("" if rank else title, f"rank {rank}: {few:.1f}, then {many:.1f}", "", "", f"{many:.0f}",
                  f"{many - few:+.1f} MiB", target)  # fmt: skip


def scale(bench):
    counts = bench.count((10**6, 3 * 10**6, 10**7), (10**6, 10**7, 10**8))
    rounds, _ = bench.item_rounds(ITEM_S)
    for count in counts:
        bench.make_file(f"{count}.h5", (count,), "f8", lambda first, many: np.full(many, round(rounds)))
    alone = [run(count, []) for count in counts]
    together = [run(count, mpirun(RANKS, "--bind-to", "none")) for count in counts]
    hand_alone, hand_together = ([by_hand(bench, count, processes) for count in counts] for processes in (1, RANKS))
    bench.timer.turns([*alone, *together, *hand_alone, *hand_together], bench.args.repeat)
    bench.remove_data()
    ns = f"{ITEM_S * 1e9:.0f} ns"
    tell_times(f"items of {ns}, the loop alone, 2 ranks", counts, together)
    tell_times("C: pread, map, pwrite, 2 processes", counts, hand_together, judged=False)
    tell_times("the same, sequential", counts, alone)
    tell_times("the same C, 1 process", counts, hand_alone, judged=False)
    tell_memory(f"peak MiB of a rank, {counts[0]:,} and {counts[-1]:,} items", together)
    tell_memory("the same, sequential", alone)
