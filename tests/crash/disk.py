"""What the shim recorded (shim.h), and what a disk may hold after a power cut at some moment of it.

A disk holds what was synced. Of what came later each sector of 512 bytes is as some later moment left it, each on its own; so
is a file's length; of the folder's changes some have been lost (see kept_names). What was cut off stays off: a
file whose cut has reached the disk shows nothing from before it.
"""

import errno
import os
import struct
from dataclasses import dataclass

SECTOR = 512
OPEN, WRITE, CUT, ALLOCATE, SYNC, SYNCED, RANGE, RENAME, LINK, UNLINK, TIMES = range(1, 12)
WORDS = "? open write cut allocate sync synced range rename link unlink times".split()
OPEN_MADE, OPEN_CUT, OPEN_FOLDER = 1, 2, 4
KEEP_SIZE, PUNCH_HOLE, ZERO_RANGE = 1, 2, 16  # of fallocate
NO_REPLACE, EXCHANGE = 1, 2  # of renameat2
RECORD = struct.Struct("=II5qIIII")


@dataclass
class Event:
    kind: int
    flags: int
    number: int
    id: int
    offset: int
    length: int
    result: int
    made_to_fail: int
    name: str
    other: str
    data: bytes

    def __str__(self):
        where = " ".join(word for word in (self.name, self.other) if word)
        size = f"{len(self.data)} bytes at {self.offset}" if self.kind == WRITE else ""
        end = f": {errno.errorcode.get(-self.result, self.result)}" if self.result < 0 else ""
        return " ".join(f"{self.number} {WORDS[self.kind]} {where} {size}".split()) + end


def read_trace(path):
    """The events; a record cut short by a kill is none."""
    events, at = [], 0
    if not os.path.exists(path):
        return events
    with open(path, "rb") as file:
        data = file.read()
    while at + RECORD.size <= len(data):
        *fields, name, other, size = RECORD.unpack_from(data, at)
        at += RECORD.size
        texts = []
        for length in (name, other, size):
            texts.append(data[at : at + length])
            at += length
        events.append(Event(*fields, texts[0].decode(), texts[1].decode(), texts[2]))
    return events


class File:
    """One file: what it held at first, and what was done to it; `moment` is the index of an event."""

    def __init__(self, data=b""):
        self.first = bytes(data)
        self.live = bytearray(data)
        self.changes = []  # (moment, "write", offset, bytes) or (moment, "size", bytes, holes), a cut being one of the latter
        self.synced = 0  # changes before this moment are on disk for good
        self.doomed = []  # (first, count) of moments: a sync of these failed, and no later one is sure to have them

    def write(self, moment, offset, data):
        if not data:  # nothing, wherever that is: the file does not grow
            return
        self.changes.append((moment, "write", offset, data))
        apply(self.live, self.changes[-1])

    def resize(self, moment, size, allocated=False):
        self.changes.append((moment, "size", size, allocated))
        apply(self.live, self.changes[-1])

    def is_pending(self, moment):
        return moment >= self.synced or any(first <= moment < last for first, last in self.doomed)


def apply(data, change):
    _, kind, a, b = change
    if kind == "size":
        del data[a:]
        data.extend(bytes(a - len(data)))
    else:
        data.extend(bytes(max(0, a + len(b) - len(data))))
        data[a : a + len(b)] = b


class History:
    """The folder as the events tell: its names and files, moment by moment."""

    def __init__(self, start, events, watched=""):
        self.names = {name: File(data) for name, data in start.items()}
        self.start = dict(self.names)
        self.moves = []  # (moment, {name: File or None}): what one operation changed, all or nothing
        self.opened = {}  # id: File
        self.folder_synced = self.any_synced = 0
        self.watched, self.whole = watched, []  # (File, its bytes) whenever it got the watched name
        self.problems = []
        if watched in self.names:
            self.whole.append((self.names[watched], bytes(self.names[watched].live)))
        begun = {}
        for moment, event in enumerate(events):
            if event.kind == SYNC:
                begun[event.number] = moment
                if event.result < 0 and self.opened.get(event.id):
                    file = self.opened[event.id]
                    file.doomed.append((file.synced, moment))
            elif event.kind == SYNCED:
                self.sync(event, begun[event.number])
            elif event.result >= 0:
                self.do(moment, event)

    def sync(self, event, moment):
        self.any_synced = max(self.any_synced, moment)
        if event.flags & OPEN_FOLDER:
            self.folder_synced = max(self.folder_synced, moment)
        elif event.id in self.opened:
            self.opened[event.id].synced = max(self.opened[event.id].synced, moment)

    def do(self, moment, event):
        file = self.opened.get(event.id)
        if file and event.kind in (WRITE, CUT, ALLOCATE) and file is self.names.get(self.watched):
            self.problems.append(f"{self.watched} is changed under its final name: {event}")
        if event.kind == OPEN:
            self.open(moment, event)
        elif event.kind == WRITE:
            file.write(moment, event.offset, event.data)
        elif event.kind == CUT:
            file.resize(moment, event.length)
        elif event.kind == ALLOCATE:
            self.allocate(moment, event, file)
        elif event.kind == RENAME:
            names = {event.name: self.names.get(event.other) if event.flags & EXCHANGE else None}
            self.move(moment, names | {event.other: self.names[event.name]})
        elif event.kind == LINK:
            file = self.names[event.name]
            self.move(moment, {event.name: file, event.other: file})
        elif event.kind == UNLINK:
            self.move(moment, {event.name: None})

    def open(self, moment, event):
        if event.flags & OPEN_FOLDER:
            return
        if event.flags & OPEN_MADE:
            self.move(moment, {event.name: File()})
        file = self.opened[event.id] = self.names[event.name]
        if event.flags & OPEN_CUT:
            if event.name == self.watched:
                self.problems.append(f"{self.watched} is cut under its final name: {event}")
            file.resize(moment, 0)

    def allocate(self, moment, event, file):
        last = event.offset + event.length
        if event.flags & ~(KEEP_SIZE | PUNCH_HOLE | ZERO_RANGE):
            raise ValueError(f"fallocate with mode {event.flags} is not modelled")
        if event.flags & (PUNCH_HOLE | ZERO_RANGE):
            hole = min(last, len(file.live)) - event.offset
            file.write(moment, event.offset, bytes(max(0, hole)))
        if not event.flags & KEEP_SIZE and last > len(file.live):
            file.resize(moment, last, True)

    def move(self, moment, names):
        self.moves.append((moment, names))
        for name, file in names.items():
            self.names.pop(name, None)
            if file:
                self.names[name] = file
        file = names.get(self.watched)
        if file:
            self.whole.append((file, bytes(file.live)))
        elif self.watched in names:
            self.problems.append(f"{self.watched} is removed or renamed")

    def contents(self):
        return {name: bytes(file.live) for name, file in self.names.items()}


# ---- what is left of one file


@dataclass
class Odds:
    """How much a power cut leaves, drawn once for a state."""

    keep: float  # of the sectors that were not synced, this share has its last content; 0 and 1 are for all
    torn: float  # share of those that hold parts of two moments
    stale: bool  # what was never written may hold anything
    names: str  # "journaled", "strict" or "own" (see kept_names)

    @classmethod
    def draw(cls, rng):
        keep = rng.choice([0, 0, 1, 1, 0.5, 0.1, 0.9, rng.random()])
        return cls(keep, rng.choice([0, 0, 0.1]), rng.random() < 0.2, rng.choice(["journaled", "strict", "own"]))


def left_of(file, odds, rng):
    """The bytes of one file after the cut."""
    data, changes = bytearray(file.first), list(file.changes)
    while changes and not file.is_pending(changes[0][0]):
        apply(data, changes.pop(0))
    stages, least, size = [[]], 0, len(data)
    for change in changes:
        if change[1] == "size" and change[2] < size:
            stages.append([])
        if not file.is_pending(change[0]):
            least = len(stages) - 1
        stages[-1].append(change)
        size = change[2] if change[1] == "size" else max(size, change[2] + len(change[3]))
    last = least + choose(len(stages) - 1 - least, odds, rng)
    for change in sum(stages[:last], stages[last][:1] if last else []):
        apply(data, change)
    return mix(data, [(file.is_pending(change[0]), change) for change in stages[last][last > 0 :]], odds, rng)


def choose(last, odds, rng):
    """One of 0 .. last: how many of so many changes are there."""
    if odds.keep in (0, 1):
        return last * odds.keep
    return last if rng.random() < odds.keep else rng.randint(0, last)


def mix(data, stage, odds, rng):
    """Apply changes that only add: sector by sector as many as chance has it, and what is sure."""
    old_size = len(data)
    touches, allocated, sizes = {}, set(), [old_size]
    for pending, (_, kind, a, b) in stage:
        last = a if kind == "size" else a + len(b)
        if kind == "write":
            for sector in sectors(a, last):
                touches.setdefault(sector, []).append((pending, a, b))
        elif b:
            allocated.update(sectors(sizes[-1], last))
        size = max(sizes[-1], last)
        sizes = [*sizes, size] if pending else [size]
    size = sizes[choose(len(sizes) - 1, odds, rng)]
    data.extend(bytes(max(0, sizes[-1] - len(data))))
    empty = set(range(-(-old_size // SECTOR), size // SECTOR)) - allocated
    for sector, changes in touches.items():
        if mix_sector(data, sector, changes, odds, rng):
            empty.discard(sector)
    for sector in sorted(empty) if odds.stale else ():
        data[sector * SECTOR : (sector + 1) * SECTOR] = rng.randbytes(SECTOR)
    return bytes(data[:size])


def sectors(first, last):
    """Those that hold bytes first .. last - 1."""
    return range(first // SECTOR, -(-last // SECTOR))


def mix_sector(data, sector, changes, odds, rng):
    """true: at least one of the changes is there."""
    sure = max((k + 1 for k, change in enumerate(changes) if not change[0]), default=0)
    count = sure + choose(len(changes) - sure, odds, rng)
    for k, (_, offset, new) in enumerate(changes[: count + 1]):
        low, high = max(sector * SECTOR, offset), min((sector + 1) * SECTOR, offset + len(new))
        if k == count:
            if rng.random() >= odds.torn:
                break
            high = rng.randint(low, high)
        data[low:high] = new[low - offset : high - offset]
    return count > 0


# ---- what is left of the folder


def kept_names(history, odds, rng):
    """The folder's names after the cut.

    journaled: as ext4 has it: changes reach the disk in their order, and any sync takes all before it along. strict: as POSIX has
    it: only a sync of the folder is a promise, and changes that share no name may be lost one by one. own: the same, but a file's
    sync keeps the name it was made with.
    """
    names = dict(history.start)
    sure = history.any_synced if odds.names == "journaled" else history.folder_synced
    pending = [move for move in history.moves if move[0] >= sure]
    for _, move in history.moves[: len(history.moves) - len(pending)]:
        names.update(move)
    if odds.names == "journaled":
        kept = pending[: choose(len(pending), odds, rng)]
    else:
        kept = independent(pending, odds, rng)
    for _, move in kept:
        names.update(move)
    return {name: file for name, file in names.items() if file}


def independent(pending, odds, rng):
    """Those of the changes that are there: in order by name, and with what a file's own sync has kept."""
    needed, sure = set(), set()
    for moment, move in reversed(pending):
        made = [file for file in move.values() if file]
        own = odds.names == "own" and len(move) == 1 and made and made[0].synced > moment
        if own or not needed.isdisjoint(move):
            sure.add(moment)
            needed.update(move)
    kept, lost = [], set()
    for moment, move in pending:
        if moment in sure or (lost.isdisjoint(move) and choose(1, odds, rng)):
            kept.append((moment, move))
        else:
            lost.update(move)
    return kept


def cut(history, odds, rng):
    """What is on disk after a power cut at the end of the history, {name: bytes}."""
    names, left = kept_names(history, odds, rng), {}
    for file in names.values():
        if id(file) not in left:
            left[id(file)] = left_of(file, odds, rng)
    return {name: left[id(file)] for name, file in names.items()}


def sure_names(history):
    """The names that any power cut leaves."""
    return kept_names(history, Odds(0, 0, False, "strict"), None)


def without_syncs(events, suffix=""):
    """As if no sync of a file opened under such a name had done anything; of the folder neither, where all are meant."""
    ids = {event.id for event in events if event.kind == OPEN and event.name.endswith(suffix)}
    return [event for event in events if event.kind not in (SYNC, SYNCED) or (suffix and event.id not in ids)]
