"""Commands that take turns: wall time and the memory of their largest process, as lap.c measures them."""

import collections
import glob
import os
import statistics
import subprocess
import sys

import h5py

Lap = collections.namedtuple("Lap", "wall_s peak_mib loop_s rank_peaks_mib")
LONG_S, LONG_ROUNDS = 10.0, 3
SHORT_S, SHORT_TIMES = 1.0, 3
BRIEF_S, BRIEF_TIMES = 0.5, 9  # of the work alone
LOST = 0.1
FOREIGN = ("SLURM_", "OMPI_", "PMI_", "PMIX_", "PRTE_", "MPI_", "H5MAP", "HDF5_")


def machine_busy_s():
    """Processor time that the whole machine has spent, or lost to other machines."""
    with open("/proc/stat") as file:
        user, nice, system, _, _, interrupts, soft, stolen = map(int, file.readline().split()[1:9])
    return (user + nice + system + interrupts + soft + stolen) / os.sysconf("SC_CLK_TCK")


def loop_s(path):
    """What the program that wrote the file says of its loop alone: the attribute loop_s, or root's time in /h5map/ranks."""
    with h5py.File(path, "r") as file:
        if "loop_s" in file.attrs:
            return float(file.attrs["loop_s"])
        root = file["h5map/ranks"][0]
        return float(root["busy_s"] + root["waiting_s"])


class Entry:
    """A command that takes part. Its words IN and OUT stand for files; without the word IN it has no items to map, and its
    time is all start-up. `most`: its target, times the time of the first entry of its work. `loop`: its time is that of the
    loop alone, as it says itself. `source`: IN, where the entries of a work differ in it. `missing`: why it can't take
    part. `fixed_s`: there is no command, its time is known."""

    def __init__(self, name, command, most=None, **more):
        self.name, self.command, self.most = name, command, most
        self.env, self.loop, self.source = more.get("env", {}), more.get("loop", False), more.get("source", "some.h5")
        self.missing, self.fixed_s = more.get("missing"), more.get("fixed_s")
        self.laps, self.start_laps, self.rounds_s = [], [], []

    def time_s(self, lap):
        return lap.loop_s if self.loop else lap.wall_s

    def start_s(self):
        return statistics.median(lap.wall_s for lap in self.start_laps) if self.start_laps else 0.0

    def median_s(self):
        return self.fixed_s or statistics.median(map(self.time_s, self.laps))

    def peak_mib(self):
        return statistics.median(lap.peak_mib for lap in self.laps)

    def rank_peaks_mib(self):
        """The median of each rank."""
        return [statistics.median(peaks) for peaks in zip(*(lap.rank_peaks_mib for lap in self.laps))]

    def end_round(self, laps, start_laps):
        """The round's time is that of its median lap, without the start-up that was timed beside it; below a tenth of that, it
        is lost in the noise."""
        start_s = statistics.median(lap.wall_s for lap in start_laps) if start_laps else 0.0
        self.rounds_s.append(max(statistics.median(map(self.time_s, laps)) - start_s, LOST * start_s))
        self.laps += laps
        self.start_laps += start_laps

    def times(self, other):
        """How many times the other's time this takes, without start-ups: round by round, the median."""
        if self.fixed_s or other.fixed_s:
            return self.median_s() / other.median_s()
        return statistics.median(a / b for a, b in zip(self.rounds_s, other.rounds_s))


def times_a_round(entry, lap, start):
    """By its first turn: the same in all rounds."""
    lap, start = (entry.laps or [lap])[0], (entry.start_laps or [start])[0]
    if entry.time_s(lap) - (start.wall_s if start else 0) < BRIEF_S:
        return BRIEF_TIMES
    return SHORT_TIMES if lap.wall_s < SHORT_S else 1


class Timer:
    """Runs commands in the folder `home`, without settings of MPI, HDF5 or h5map from outside. others_s of cores_s is what
    the rest of the machine took of it meanwhile."""

    def __init__(self, home, extra_env):
        self.home = home
        self.env = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
        self.env.update({"TMPDIR": home, "XDG_CACHE_HOME": home, **extra_env})
        self.others_s = self.cores_s = 0.0

    def path(self, name):
        return os.path.join(self.home, name)

    def run(self, entry, words):
        """Wall time, peak and processor time of the command, which must succeed."""
        env, report = {**self.env, **entry.env}, self.path("lap.txt")
        done = subprocess.run([self.path("lap"), report, *words], cwd=self.home, env=env, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"{' '.join(words)}: can't be timed")
        with open(report) as file:
            wall_s, peak_kib, busy_s, status = file.read().split()
        if status != "0":
            sys.exit(f"{' '.join(words)}: status {status}\n{done.stdout}{done.stderr}")
        return float(wall_s), float(peak_kib) / 1024, float(busy_s)

    def rank_peaks_mib(self):
        """What a command left that started each of its ranks under lap, in files rank.N; these go."""
        peaks = []
        for path in sorted(glob.glob(self.path("rank.*"))):
            with open(path) as file:
                peaks.append(float(file.read().split()[1]) / 1024)
            os.unlink(path)
        return peaks

    def lap(self, entry, source, target):
        """One run; what the disk still has to write of the one before is waited for first."""
        words = [{"IN": source, "OUT": target}.get(word, word) for word in entry.command]
        if os.path.exists(self.path(target)):
            os.unlink(self.path(target))
        os.sync()
        busy_before = machine_busy_s()
        wall_s, peak_mib, busy_s = self.run(entry, words)
        self.others_s += max(machine_busy_s() - busy_before - busy_s, 0)
        self.cores_s += wall_s * os.cpu_count()
        return Lap(wall_s, peak_mib, loop_s(self.path(target)) if entry.loop else None, self.rank_peaks_mib())

    def turns(self, entries, repeat, check=None):
        """A first round to warm up, whose results are checked; then as many rounds as `repeat` says, in which all entries take
        turns. Those below SHORT_S, which any disturbance shows in, have SHORT_TIMES turns a round, those whose work takes less
        than BRIEF_S have BRIEF_TIMES; those above LONG_S sit out after LONG_ROUNDS."""
        entries = [entry for entry in entries if not entry.missing and not entry.fixed_s]
        for number, entry in enumerate(entries):
            self.turn(entry, number)
        if check:
            check([(entry, self.path(f"out{number}.h5")) for number, entry in enumerate(entries)])
        for done in range(repeat):
            laps = {entry: [] for entry in entries if done < LONG_ROUNDS or entry.laps[0].wall_s <= LONG_S}
            for again in range(BRIEF_TIMES):
                for number, entry in enumerate(entries):
                    if entry in laps and (again == 0 or again < times_a_round(entry, *laps[entry][0])):
                        laps[entry].append(self.turn(entry, number))
            for entry, pairs in laps.items():
                entry.end_round([lap for lap, _ in pairs], [start for _, start in pairs if start])

    def turn(self, entry, number):
        """A run with items, and one on zero items, the start-up (None: the loop alone is timed)."""
        lap, start = self.lap(entry, entry.source, f"out{number}.h5"), None
        if "IN" in entry.command and not entry.loop:
            start = self.lap(entry, "none.h5", "none-out.h5")
        return lap, start
