"""The table: Markdown rows as they come; the single laps on stderr."""

import sys

HEAD = ("work", "program", "s", "start-up", "MiB", "times", "target")
LARGE = 10


def seconds(value):
    return f"{value:.1f}" if value >= LARGE else f"{value:.2f}" if value >= 1 else f"{value:.3f}"


def times(value):
    """1.04, or 1/80 where it is small."""
    return f"1/{1 / value:.0f}" if value < 1 / LARGE else f"{value:.2f}"


def verdict(held):
    return "holds" if held else "**missed**"


def row(*columns):
    print("| " + " | ".join(str(column) for column in columns) + " |", flush=True)


def head():
    row(*HEAD)
    row(*["---"] * len(HEAD))


def note_laps(work, entry):
    laps = " ".join(f"{entry.time_s(lap):.3f}" for lap in entry.laps)
    starts = f"; start-up {' '.join(f'{lap.wall_s:.3f}' for lap in entry.start_laps)}" if entry.start_laps else ""
    print(f"{work}: {entry.name}: {laps}{starts}", file=sys.stderr, flush=True)


def target(entry, ratio):
    return f"{times(entry.most)}: {verdict(ratio <= entry.most)}" if entry.most else ""


def entry_row(work, entry, baseline):
    if entry.missing:
        return row(work, entry.name, "", "", "", "", f"{times(entry.most)}: {entry.missing}")
    ratio = entry.times(baseline)
    start = seconds(entry.start_s()) if entry.start_laps else ""
    peak = f"{entry.peak_mib():.0f}" if entry.laps else ""
    return row(work, entry.name, seconds(entry.median_s()), start, peak,
               "1" if entry is baseline else times(ratio), target(entry, ratio))  # fmt: skip


def tell(work, entries):
    """The rows of a work; its first entry is what the others are set against."""
    for number, entry in enumerate(entries):
        note_laps(work, entry)
        entry_row("" if number else work, entry, entries[0])
