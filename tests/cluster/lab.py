"""What the cases on a cluster share: jobs, nodes, files. Runs inside with_cluster.sh, as root, in a folder of its own."""

import glob
import os
import re
import shutil
import subprocess
import sys
import time

import h5py
import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
JOBS = os.path.abspath("jobs")  # copies, which every user can read
KERNELS = os.path.abspath("kernels")
NAP = os.path.join(KERNELS, "e2e_work.c") + ":nap"
NODE = os.path.join(HERE, "node.sh")
RSH = os.path.join(HERE, "rsh.sh")
ALICE = 20001
H5MAP = os.environ.get("H5MAP", "")
MPIRUN = os.environ.get("H5MAP_MPIRUN", "mpirun")
MPICH = os.environ.get("H5MAP_MPICH")  # the same program, built with MPICH
WITH_MPICH = {"H5MAP": MPICH, "H5MAP_MPIRUN": "mpiexec.mpich"}
OPEN_MPI = H5MAP != MPICH
OVER = {"COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL", "BOOT_FAIL", "DEADLINE", "OUT_OF_MEMORY"}
HUNG_S = 240  # what takes longer has hung: no measure of speed, however busy the machine is

sys.path.insert(0, os.path.join(ROOT, "tests", "e2e"))
from harness import compare_bytes  # noqa: E402


class Unexpected(Exception):
    """What a case has found wrong."""


def check(holds, what):
    if not holds:
        raise Unexpected(what)


def wait_for(condition, what, timeout_s=HUNG_S):
    limit = time.monotonic() + timeout_s
    while not (found := condition()):
        check(time.monotonic() < limit, f"waited {timeout_s} s for {what() if callable(what) else what}")
        time.sleep(0.05)
    return found


def call(*words, **how):
    """A command to its end: its status and all that it said."""
    how.setdefault("timeout", HUNG_S)
    done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **how)
    return done.returncode, done.stdout


def output_of(*words, **how):
    status, text = call(*words, **how)
    check(status == 0, f"{' '.join(words)}: status {status}: {text}")
    return text.strip()


def node(word, number, *command):
    """kill, start, cut or mend a node, or run a command there (node.sh)."""
    return output_of(NODE, word, str(number), *command)


def node_starts(number):
    """Start it; slurmd goes on in the background."""
    subprocess.run([NODE, "start", str(number)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)


def mend_all():
    """After a case that did not come to its end: all nodes as they were."""
    for number in (1, 2, 3):
        with open(os.path.join(os.environ["CLUSTER"], "run", f"node{number}.pid")) as file:
            inside = file.read().strip()
        if os.path.exists(f"/proc/{inside}"):
            node("mend", number)
        else:
            node_starts(number)


def processes(name):
    """Those of the cluster whose command line begins with this program: their numbers here, whatever their node."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                words = file.read().split(b"\0")
        except OSError:
            continue
        if os.path.basename(words[0].decode(errors="replace")) == name:
            found.append((int(pid), [word.decode(errors="replace") for word in words]))
    return found


def host_of(pid):
    """The node that a process is on; None: it has ended."""
    try:
        space = os.readlink(f"/proc/{pid}/ns/uts")
    except OSError:
        return None
    for name in os.listdir(os.path.join(os.environ["CLUSTER"], "run")):
        if match := re.fullmatch(r"node(\d+)\.pid", name):
            with open(os.path.join(os.environ["CLUSTER"], "run", name)) as file:
                inside = file.read().strip()
            if os.path.exists(f"/proc/{inside}") and os.readlink(f"/proc/{inside}/ns/uts") == space:
                return int(match[1])
    return 0


def ranks_of_run(output):
    """The h5map processes that write this output: {pid: node}."""
    found = {pid: host_of(pid) for pid, words in processes("h5map") if output in words and "run" in words}
    return {pid: host for pid, host in found.items() if host is not None}


# ---- jobs


class Job:
    """A job in the queue; what it logs is in NAME.log."""

    def __init__(self, name, *words, script="h5map.sbatch", user=None, env=None, cwd=None):
        self.name, self.cwd = name, cwd or os.getcwd()
        self.hurried = {}
        command = ["sbatch", "--parsable", "-o", f"{name}.log", *words]
        at = command.index("--")
        command[at] = os.path.join(JOBS, script)
        self.id = output_of(*as_user(user), *command, env={**os.environ, **(env or {})}, cwd=self.cwd)

    def show(self, task=None):
        """What scontrol knows: of an array, of this task."""
        which = self.id if task is None else f"{self.id}_{task}"
        line = wait_for(lambda: self.shown(which), f"scontrol show job {which}")  # slow under load
        return dict(word.split("=", 1) for word in line.split() if "=" in word)

    @staticmethod
    def shown(which):
        """The first line of a job, behind what scontrol may say of a controller that it had to ask again; "": none."""
        _, text = call("scontrol", "show", "job", "-o", which)
        return next((line for line in text.splitlines() if line.startswith("JobId=")), "")

    def log(self):
        path = os.path.join(self.cwd, self.name + ".log")
        if not os.path.exists(path):
            return ""
        with open(path, errors="replace") as file:
            return file.read()

    def state(self, task=None):
        return self.show(task)["JobState"]

    def hurry(self, known):
        """A job that was requeued has to wait for two minutes: make that shorter, which SLURM hears after five seconds."""
        key, now = (known["JobId"], known["Restarts"]), time.monotonic()
        if known["JobState"] == "PENDING" and int(known["Restarts"]) > 0 and now > self.hurried.setdefault(key, now) + 5:
            call("scontrol", "update", f"JobId={known['JobId']}", "StartTime=now")
            self.hurried[key] = now - 3

    def is_over(self, task=None, look=None):
        known = self.show(task)
        self.hurry(known)
        if look:
            look()
        if known["JobState"] not in OVER:
            return False
        time.sleep(0.5)  # a job that is being requeued looks ended for a moment
        return self.state(task) in OVER

    def wait(self, status="0:0", state=None, task=None, look=None, timeout_s=HUNG_S):
        """Until it is over, with a look every now and then; how it must have ended: state, and status:signal."""
        wait_for(lambda: self.is_over(task, look), lambda: f"the end of {self.show(task)}\n{self.log()}", timeout_s)
        known = self.show(task)
        state = state or ("COMPLETED" if status == "0:0" else "FAILED")
        seen = (known["JobState"], known["ExitCode"])
        check(seen == (state, status), f"{seen}, not {(state, status)}\n{self.log()}")
        return known

    def wait_until_kept(self, output):
        """Until its journal holds something."""

        def look():
            found = has_kept(output)
            check(found or not self.is_over() or has_kept(output), f"over, and no journal was seen: {self.show()}\n{self.log()}")
            return found

        wait_for(look, lambda: f"the journal of {output}: {self.show()}\n{self.log()}")

    def cancel(self):
        call("scancel", self.id)


def as_user(user):
    return ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"] if user else []


# ---- files


def write(name, **datasets):
    with h5py.File(name, "w") as file:
        for key, value in datasets.items():
            file[key] = value
    return name


def same(output, expected):
    check(os.path.exists(output), f"{output} is not there: {sorted(os.listdir('.'))}")
    difference = compare_bytes(output, expected)
    check(not difference, f"{output} and {expected}: {difference}")
    left = [name for name in os.listdir(os.path.dirname(output) or ".") if name.startswith(os.path.basename(output) + ".")]
    left = [name for name in left if re.search(r"\.(part|jnl|lock)", name)]
    check(not left, f"left behind: {left}")


def runs_of(output):
    """/h5map/runs as a list of {column: value}."""
    with h5py.File(output, "r") as file:
        table = file["h5map/runs"][()]
    return [{k: v.decode() if isinstance(v, bytes) else v for k, v in zip(table.dtype.names, row)} for row in table]


def hosts_of(output):
    with h5py.File(output, "r") as file:
        return [host.decode() for host in file["h5map/ranks"]["host"]]


def has_kept(output):
    """The journal of a run holds something by now."""
    return bool(glob.glob(f"{output}.jnl.*"))


def naps(items, seconds, name="naps.h5"):
    """An input of naps of about so many seconds, no two results the same."""
    return write(name, x=seconds + np.arange(items) * 1e-6)


def expected(name, *words):
    """The same on this host: what all others must give. Naps by many ranks, for they take long by one."""
    many = ["-j", "16"] if NAP in words else []
    output_of(os.environ["H5MAP"], "run", "-q", *many, *words[:2], name, *words[2:])
    return name


# ---- running cases


def copy_files():
    shutil.copytree(os.path.join(ROOT, "jobs"), JOBS)
    shutil.copytree(os.path.join(ROOT, "tests", "kernels"), KERNELS)


def said_by_slurm():
    """The last lines of the controller's log."""
    log = os.path.join(os.environ["CLUSTER"], "log", "slurmctld.log")
    if not os.path.exists(log):
        return ""
    with open(log, errors="replace") as file:
        return "".join(file.readlines()[-60:])


def run_case(case, mend=None):
    """The line that tells how it went. `mend` is called after a case that failed."""
    began = time.monotonic()
    try:
        case()
    except (Unexpected, OSError, subprocess.SubprocessError, LookupError, ValueError) as problem:
        if mend:
            mend()
        text = str(problem) if isinstance(problem, Unexpected) else repr(problem)
        text += f"\n{said_by_slurm()}"
        return f"FAILED {case.__name__} ({time.monotonic() - began:.1f} s): " + text.replace("\n", "\n    ")
    return f"ok {case.__name__} ({time.monotonic() - began:.1f} s)"
