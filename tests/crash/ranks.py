"""Real runs of 2 and 3 ranks, of which some or all processes are killed at random moments."""

import os
import signal
import subprocess
import time

import job
from job import Problem, harness
from states import Outcome

VARIANTS = ("plain", "direct", "compress", "retry", "accept", "overwrite", "ragged")
KILLS_MOST = 3
WAIT_S = 60
BUSY = "another run"
RANK = (b"OMPI_COMM_WORLD_RANK=", b"PMI_RANK=")  # as Open MPI's launcher and MPICH's tell it
LAUNCHER_LOST = "PMIX ERROR"  # Open MPI's mpirun hangs where a rank dies while it says hello


def kill(lab, variant, rng):
    """Start it, kill some of it, start it again; a few times, then to its end."""
    folder = lab.folder(variant.start)
    kills = rng.randint(1, KILLS_MOST)
    for _ in range(kills):
        run(lab, variant, folder, rng, strike_it=True)
        lab.keep(folder)
        lab.check_output(variant, folder)
    alone = not who_runs(folder)  # a rank that has lost its launcher may go on for a while, and even finish
    done = lab.check_output(variant, folder)
    must_keep = variant.keeps and alone and not done and job.has_journal(os.listdir(folder))
    result = run(lab, variant, folder, rng)
    limit = time.monotonic() + WAIT_S
    while result.status == 2 and any(BUSY in line for line in result.lines) and time.monotonic() < limit:
        time.sleep(0.2)
        result = run(lab, variant, folder, rng)
    lab.check_finished(variant, folder, result)
    check_nothing_runs(folder)
    kept = job.kept_items(result)
    over = any("nothing to do" in line for line in result.lines)  # it had come to its end before it was struck
    if must_keep and not kept and not over:
        raise Problem(f"a checkpoint had been recorded, but nothing was kept\n{result}")
    return Outcome("d", must_keep, kept)


def command(lab, variant, rng):
    """At some rank count, by one launcher or the other, or, once in a while, by none."""
    schedule = ["--schedule", rng.choice(["dynamic", "dynamic", "dynamic" if "direct" in variant.words or variant.kernel == "rows" else "static"])]
    many = rng.choice([2, 2, 3, 3, 1])
    if many == 1:
        return lab.command(variant, *schedule)
    if rng.random() < 0.5:
        return lab.command(variant, "-j", str(many), *schedule)
    return [*lab.launcher, "-n", str(many), *lab.command(variant, *schedule)]


def run(lab, variant, folder, rng, strike_it=False):
    """To its end, or until it is struck."""
    nap_us = rng.choice([2000, 4000, 8000]) if strike_it else 0
    env = lab.environment(variant, {"CRASH_NAP_US": str(nap_us), "OMPI_MCA_btl_vader_backing_directory": lab.home})
    words, struck = command(lab, variant, rng), ""
    with open(folder + ".text", "w+b") as text:
        process = subprocess.Popen(
            words, cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=text, stderr=subprocess.STDOUT, start_new_session=True
        )
        if strike_it and wait_for_moment(process, folder, rng):
            struck = strike(process.pid, rng)
        late = is_late(process)
        text.seek(0)
        lines = text.read().decode(errors="replace").splitlines()
    if late and not (struck and any(LAUNCHER_LOST in line for line in lines)):
        raise Problem("\n".join([f"it hangs{struck}", " ".join(words), *lines]))
    return job.Result(process.returncode, lines, late)


def is_late(process):
    """Wait for its end; where it does not come, all of it is killed."""
    try:
        process.wait(job.TIMEOUT_S)
        return False
    except subprocess.TimeoutExpired:
        harness.kill_descendants(process.pid)
        process.kill()
        process.wait()
        return True


def wait_for_moment(process, folder, rng):
    """Some time from its start, or, more often, from when it has begun to compute. false: it has ended before."""
    limit = time.monotonic() + job.TIMEOUT_S
    begun = rng.random() < 0.3
    while not begun and process.poll() is None and time.monotonic() < limit:
        begun = any(".part" in name for name in os.listdir(folder))
        time.sleep(0.005)
    try:
        process.wait(rng.uniform(0, 0.9))
        return False
    except subprocess.TimeoutExpired:
        return True


def rank_of(pid):
    """Its rank, "" if it is a launcher or the like."""
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            words = file.read().split(b"\0")
    except OSError:
        return ""
    found = [word.split(b"=")[1].decode() for word in words if word.startswith(RANK)]
    return found[0] if found else ""


def strike(pid, rng):
    """Kill root, another rank, the launchers, or all; in words, whom."""
    everybody = [pid, *harness.descendants_of(pid)]
    roots = [one for one in everybody if rank_of(one) == "0"]
    others = [one for one in everybody if rank_of(one) not in ("", "0")]
    launchers = [one for one in everybody if rank_of(one) == ""]
    groups = {"root": roots, "another rank": others[:1], "the launchers": launchers, "everybody": everybody}
    whom = rng.choice([name for name, pids in groups.items() if pids])
    for one in groups[whom]:
        try:
            os.kill(one, signal.SIGKILL)
        except ProcessLookupError:
            pass
    return f" after {whom} was killed"


def check_nothing_runs(folder):
    limit = time.monotonic() + WAIT_S
    while left := who_runs(folder):
        if time.monotonic() > limit:
            raise Problem(f"still running: {[harness.command_of(pid) for pid in left]}")
        time.sleep(0.05)


def who_runs(folder):
    """Whoever works there. Lists of children are not to be relied on while some of them end."""
    return [pid for pid in os.listdir("/proc") if pid.isdigit() and works_in(pid, folder)]


def works_in(pid, folder):
    try:
        return os.readlink(f"/proc/{pid}/cwd") == folder and not harness.is_zombie(pid)
    except OSError:
        return False
