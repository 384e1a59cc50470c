"""Commands that take turns: wall time and the memory of their largest process, as lap.c measures them."""

import collections
import os
import statistics
import subprocess
import sys

Lap = collections.namedtuple("Lap", "wall_s peak_mb")
LONG_S, LONG_ROUNDS = 10.0, 3
NOISE = 1.1
FOREIGN = ("SLURM_", "OMPI_", "PMI_", "PMIX_", "PRTE_", "MPI_", "H5MAP", "HDF5_")


def machine_busy_s():
    """Processor time that the whole machine has spent, or lost to other machines."""
    with open("/proc/stat") as file:
        user, nice, system, _, _, interrupts, soft, stolen = map(int, file.readline().split()[1:9])
    return (user + nice + system + interrupts + soft + stolen) / os.sysconf("SC_CLK_TCK")


class Entry:
    """A command that takes part. Its words IN and OUT stand for files; without the word IN it has no items to map, and
    its time is all start-up. `processes` says beside which of h5map's it is set."""

    def __init__(self, name, command, processes=1, env=None):
        self.name, self.command, self.processes, self.env = name, command, processes, env or {}
        self.laps, self.start_laps = [], []

    @property
    def has_items(self):
        return "IN" in self.command and bool(self.start_laps)

    def start_s(self):
        return statistics.median(lap.wall_s for lap in self.start_laps)

    def wall_s(self):
        return statistics.median(lap.wall_s for lap in self.laps)

    def peak_mb(self):
        return statistics.median(lap.peak_mb for lap in self.laps)

    def times(self, other):
        """How many times the other's time this takes: whole commands, lap by lap, the median."""
        return statistics.median(mine.wall_s / its.wall_s for mine, its in zip(self.laps, other.laps))

    def times_without_start(self, other):
        """The same less the start-ups; None where these are lost in the noise."""
        mine, its = self.start_s(), other.start_s()
        if min(self.wall_s() / mine, other.wall_s() / its) < NOISE:
            return None
        return statistics.median((a.wall_s - mine) / (b.wall_s - its) for a, b in zip(self.laps, other.laps))


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

    def lap(self, entry, source, target):
        """One run; what the disk still has to write of the one before is waited for first."""
        words = [{"IN": source, "OUT": target}.get(word, word) for word in entry.command]
        if os.path.exists(self.path(target)):
            os.unlink(self.path(target))
        os.sync()
        env, busy_before = {**self.env, **entry.env}, machine_busy_s()
        done = subprocess.run([self.path("lap"), "lap.txt", *words], cwd=self.home, env=env, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"{' '.join(words)}: can't be timed")
        with open(self.path("lap.txt")) as file:
            wall_s, peak_kib, busy_s, status = file.read().split()
        if status != "0":
            sys.exit(f"{' '.join(words)}: status {status}\n{done.stdout}{done.stderr}")
        self.others_s += max(machine_busy_s() - busy_before - float(busy_s), 0)
        self.cores_s += float(wall_s) * os.cpu_count()
        return Lap(float(wall_s), float(peak_kib) / 1024)

    def turns(self, entries, repeat, check=None):
        """A first round to warm up, whose results are checked; then all entries take turns. After each run with items
        comes one on zero items, the start-up. Entries that take more than LONG_S sit out after LONG_ROUNDS."""
        with_items = os.path.exists(self.path("some.h5"))
        for turn in range(repeat + 1):
            for number, entry in enumerate(entries):
                if turn > LONG_ROUNDS and entry.laps[0].wall_s > LONG_S:
                    continue
                lap = self.lap(entry, "some.h5" if with_items else "none.h5", f"out{number}.h5")
                start = self.lap(entry, "none.h5", "none-out.h5") if with_items else None
                if turn:
                    entry.laps.append(lap)
                    entry.start_laps += [start] if start else []
            if turn == 0 and check:
                check([(entry, self.path(f"out{number}.h5")) for number, entry in enumerate(entries)])
