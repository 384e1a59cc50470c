"""The small run that is crashed: its data and kernel, its variants, and what must hold at its end."""

import itertools
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass, field

import h5py
import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "tests", "e2e"))
import harness

from disk import SYNC, History, read_trace
from disk import WORDS as WORDS_OF_EVENTS

ITEMS = 487
OUT = "out.h5"
TIMEOUT_S = 30
JOURNAL = re.compile(r"out\.h5\.jnl\.\d+")
KEPT = re.compile(r"going on, (\d+) of \d+ items are there")
WORDS = ["--slice", "32", "--max-failures", "20%"]
PACE = {"CRASH_NAP_US": "100", "CRASH_SYNC_US": "300"}  # slow enough for many checkpoints


@dataclass
class Variant:
    """One command, and from what it starts."""

    name: str
    words: tuple = ()
    env: dict = field(default_factory=dict)
    kernel: str = "mixed"
    after: str = ""  # the variant that ran before it in the same folder
    stopped: bool = False  # and was killed when about half of its operations were done
    keeps: bool = True  # what a checkpoint has recorded is kept by the same command
    start: dict = None  # what is in the folder, {name: bytes}
    expected: tuple = None  # what the output holds at the end
    status: int = None
    end: dict = None  # the whole folder at the end

    @property
    def options(self):
        return [word for word in self.words if word.startswith("--")]


def variants():
    """A variant comes behind the one that it starts after."""
    fixed = {"CRASH_FIXED": "1"}
    scaled = ("-p", "scale=2")
    squeezed = ("--compress", "3")
    return [
        Variant("plain"),
        Variant("compress", squeezed),
        Variant("direct", ("--io", "direct")),
        Variant("overwrite", (*scaled, "--overwrite"), after="plain"),
        Variant("retry", ("--retry-failed",), fixed, after="plain"),
        Variant("compress-retry", (*squeezed, "--retry-failed"), fixed, after="compress"),
        Variant("resume", after="plain", stopped=True),
        Variant("direct-resume", ("--io", "direct"), after="direct", stopped=True),
        Variant("compress-resume", squeezed, after="compress", stopped=True),
        Variant("accept", (*scaled, "--accept", "param"), after="plain", stopped=True),
        Variant("overwrite-resume", (*scaled, "--overwrite"), after="overwrite", stopped=True),
        Variant("retry-resume", ("--retry-failed",), fixed, after="retry", stopped=True),
        Variant("ragged", kernel="rows"),
        Variant("ragged-retry", ("--retry-failed",), fixed, kernel="rows", after="ragged"),
        Variant("ragged-resume", kernel="rows", after="ragged", stopped=True),
        Variant("ragged-compress", squeezed, kernel="rows"),
    ]


class Problem(Exception):
    """Something that must hold does not."""


@dataclass
class Result:
    status: int
    lines: list
    late: bool

    def __str__(self):
        return "\n".join([f"status {self.status}" + (", killed as it took too long" if self.late else "")] + self.lines)


class Place:
    """Where the folders of one state are made; they go with it, unless it failed and `keep` names a folder for such."""

    def __init__(self, lab, keep, name):
        self.lab, self.target = lab, os.path.join(keep, name) if keep else None
        self.path = os.path.join(lab.home, str(next(lab.numbers)))
        self.scratch = os.path.join(self.path, "t")  # short: MPI makes sockets below it
        os.makedirs(self.scratch)
        self.failed = False

    def __enter__(self):
        self.lab.local.place = self
        return self

    def __exit__(self, *_):
        self.lab.local.place = None
        if self.failed and self.target:
            shutil.copytree(self.path, self.target, ignore=shutil.ignore_patterns("t"), dirs_exist_ok=True)
        shutil.rmtree(self.path, ignore_errors=True)  # a process that is about to end may still make files


class Lab:
    """The program, its input, and a place for folders."""

    def __init__(self, program, shim, home, mpirun=None):
        self.program, self.shim, self.home = os.path.abspath(program), shim and os.path.abspath(shim), home
        self.launcher = [mpirun] if mpirun else ["mpirun", "-q"]
        self.local, self.numbers = threading.local(), itertools.count(1)
        self.most = {}
        self.input, self.kernel = os.path.join(home, "in.h5"), os.path.join(home, "kernel.so")
        self.env = {key: value for key, value in os.environ.items() if not key.startswith(harness.FOREIGN)}
        self.env |= harness.MPI_SETTINGS | {"TMPDIR": home, "XDG_CACHE_HOME": os.path.join(home, "cache")}
        include = os.path.join(ROOT, "include")
        build = ["cc", "-O2", "-fPIC", "-shared", "-I", include, "-o", self.kernel, os.path.join(HERE, "kernel.c"), "-lm"]
        subprocess.run(build, check=True)
        if not self.shim:
            self.shim = os.path.join(home, "shim.so")
            sources = [os.path.join(HERE, f"shim{part}.c") for part in ("", "_names", "_open", "_write")]
            build = ["cc", "-O2", "-fPIC", "-shared", "-D_GNU_SOURCE", "-o", self.shim, *sources, "-pthread"]
            subprocess.run(build, check=True)
        draw = random.Random(1)
        with h5py.File(self.input, "w") as file:
            file["x"] = np.array([[draw.gauss(0, 10) for _ in range(3)] for _ in range(ITEMS)])
            file["m"] = np.arange(ITEMS, dtype="i4")
        self.help = subprocess.run([self.program, "--help"], env=self.env, capture_output=True, text=True).stdout
        self.checkpoint = ["--checkpoint", "0s"] if "--checkpoint" in self.help else []

    def lacks(self, variant):
        """The options that the program does not know."""
        return [option for option in variant.options if option not in self.help]

    def state(self, keep, name):
        return Place(self, keep, name)

    def keep(self, folder):
        """Have a copy of it as it is now, if the state fails and is to be kept."""
        place = getattr(self.local, "place", None)
        if place and place.target:
            shutil.copytree(folder, f"{folder}.{len(os.listdir(place.path))}-before")

    def folder(self, files=None):
        """A new one, with these files."""
        place = getattr(self.local, "place", None)
        path = tempfile.mkdtemp(prefix="run-", dir=place.path if place else self.home)
        for name, data in (files or {}).items():
            with open(os.path.join(path, name), "wb") as file:
                file.write(data)
        return path

    def command(self, variant, *words):
        return [self.program, "run", *words, f"{self.kernel}:{variant.kernel}", self.input, OUT, *WORDS, *self.checkpoint, *variant.words]

    def environment(self, variant, env=None):
        """A folder for temporary files of its own: MPI programs that share one remove each other's."""
        place = getattr(self.local, "place", None)
        scratch = {"TMPDIR": place.scratch} if place else {}
        return self.env | scratch | variant.env | (env or {})

    def run(self, variant, folder, *words, **env):
        """The command on one rank, in the folder."""
        process = subprocess.Popen(
            self.command(variant, *words), cwd=folder, env=self.environment(variant, env), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        late = threading.Event()
        timer = threading.Timer(TIMEOUT_S, lambda: (late.set(), os.killpg(process.pid, signal.SIGKILL)))
        timer.start()
        text = process.communicate()[0]
        timer.cancel()
        return Result(process.returncode, text.decode(errors="replace").splitlines(), late.is_set())

    def run_followed(self, variant, start, *words, **settings):
        """The same under the shim: how it ended, its folder, what it did."""
        folder = self.folder(start)
        trace = folder + ".trace"
        env = {"LD_PRELOAD": self.shim, "CRASH_FOLDER": folder, "CRASH_TRACE": trace} | PACE
        result = self.run(variant, folder, *words, **env, **{key: str(value) for key, value in settings.items()})
        return result, folder, read_trace(trace)

    # ---- variants

    def prepare(self, variant, others):
        """Find out from what it starts and what it must end with."""
        before = others.get(variant.after)
        if not before:
            variant.start = {}
        elif variant.stopped:
            variant.start = self.stop_halfway(before)
        else:
            variant.start = before.end
        folder = self.folder(variant.start)
        result = self.run(variant, folder)
        if result.status not in (0, 1):
            raise Problem(f"{variant.name} fails undisturbed: {result}")
        if variant.stopped and not kept_items(result):
            raise Problem(f"{variant.name} does not say what it has kept: {result}")
        variant.status, variant.expected, variant.end = result.status, contents(os.path.join(folder, OUT)), files_in(folder)
        if sorted(variant.end) != [OUT]:
            raise Problem(f"{variant.name} leaves {sorted(variant.end)} behind")
        shutil.rmtree(folder)

    def stop_halfway(self, variant):
        """The folder of a run that was killed with something recorded and something left to do."""
        most = self.operations(variant)
        for share in (0.5, 0.6, 0.7, 0.4, 0.8, 0.3, 0.9):
            _, folder, events = self.run_followed(variant, variant.start, CRASH_AT=int(share * most))
            files = files_in(folder)
            result = self.run(variant, folder)
            shutil.rmtree(folder)
            if 0 < kept_items(result) < ITEMS and any(JOURNAL.fullmatch(name) for name in files):
                return files
        raise Problem(f"no kill leaves {variant.name} with something recorded and something left to do")

    def trace(self, variant, **settings):
        """The events of a run that nobody kills."""
        result, folder, events = self.run_followed(variant, variant.start, **settings)
        check_replay(variant.start, events, folder)
        if not settings:
            self.check_finished(variant, folder, result)
        return events

    def operations(self, variant):
        """How many there are, more or less: threads meet differently each time."""
        if variant.name not in self.most:
            self.most[variant.name] = max(event.number for _ in range(2) for event in self.trace(variant))
        return self.most[variant.name]

    def check_shim(self):
        """Does the shim see every call that it stands in for? A script that makes them all is replayed."""
        folder = self.folder({"old": b"x" * 3000})
        env = {"LD_PRELOAD": self.shim, "CRASH_FOLDER": folder, "CRASH_TRACE": folder + ".trace"}
        subprocess.run(["/usr/bin/python3", os.path.join(HERE, "calls.py")], cwd=folder, env=self.env | env, check=True)
        events = read_trace(folder + ".trace")
        check_replay({"old": b"x" * 3000}, events, folder)
        missing = set(range(1, len(WORDS_OF_EVENTS))) - {event.kind for event in events}
        if missing:
            raise Problem(f"the shim does not see: {', '.join(WORDS_OF_EVENTS[kind] for kind in missing)}")

    # ---- what must hold

    def check_finished(self, variant, folder, result):
        """The command has been run again: it ends well, and everything is as if nothing had happened."""
        check_lines(result)
        if result.late or result.status != variant.status:
            raise Problem(f"status {variant.status} was expected\n{result}")
        if sorted(os.listdir(folder)) != [OUT]:
            raise Problem(f"left in the folder: {sorted(os.listdir(folder))}\n{result}")
        check_same(variant.expected, os.path.join(folder, OUT))

    def check_output(self, variant, folder):
        """What has the final name is complete: the new or the old. true: the new."""
        path = os.path.join(folder, OUT)
        if not os.path.exists(path):
            if OUT in variant.start:
                raise Problem("the output that was there before is gone")
            return False
        with open(path, "rb") as file:
            if file.read() == variant.start.get(OUT):
                return False
        check_same(variant.expected, path)
        return True


def files_in(folder):
    files = {}
    for name in os.listdir(folder):
        with open(os.path.join(folder, name), "rb") as file:
            files[name] = file.read()
    return files


def contents(path):
    """What is compared: all that is no record of how it was made, the failed items, why they failed."""
    try:
        found = harness.contents(path)
        with h5py.File(path, "r") as file:
            rows = file["h5map/failures"][()]
            found["h5map/failed"] = file["h5map/failed"][()].tobytes()
            found["h5map/failures"] = [(int(row["index"]), bytes(row["reason"])) for row in rows]
    except Exception as problem:  # whatever h5py makes of a broken file
        raise Problem(f"{os.path.basename(path)} can't be read: {problem}") from problem
    return found


def check_same(expected, path):
    found = contents(path)
    if found.keys() != expected.keys():
        raise Problem(f"{OUT} holds {sorted(found)} instead of {sorted(expected)}")
    differing = [name for name in expected if found[name] != expected[name]]
    if differing:
        raise Problem(f"{OUT} differs in {', '.join(differing)}{where(expected, found, differing[0])}")


def where(expected, found, name):
    """In which items."""
    if name.startswith("h5map/"):
        return ""
    one, other = expected[name][2], found[name][2]
    size = max(1, len(one) // ITEMS)
    items = sorted({k // size for k in range(min(len(one), len(other))) if one[k] != other[k]})
    return f": items {items[:5]} and so on, {len(items)} of {ITEMS}" if items else ""


def check_lines(result):
    for line in result.lines:
        if not line.startswith("h5map: "):
            raise Problem(f"a line that is none of h5map's\n{result}")


def check_replay(start, events, folder):
    """Does the trace tell what the folder holds? Otherwise the shim misses a way of writing."""
    history = History(start, events, OUT)
    replayed, there = history.contents(), files_in(folder)
    if replayed.keys() != there.keys():
        raise Problem(f"the trace tells of {sorted(replayed)}, the folder holds {sorted(there)}")
    for name in there:
        if replayed[name] != there[name]:
            raise Problem(f"the trace tells of another {name} than the folder holds: something writes past the shim")
    if history.problems:
        raise Problem(history.problems[0])
    return history


def kept_items(result):
    """How many items it says were there already."""
    for line in result.lines:
        if match := KEPT.search(line):
            return int(match[1])
    return 0


def has_journal(names):
    return any(JOURNAL.fullmatch(name) for name in names)


def syncs(events):
    return [event.number for event in events if event.kind == SYNC]
