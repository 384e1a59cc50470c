"""What every end-to-end test shares: a private folder, h5map run as a user would, and what must always hold.

Always: stdout is empty (unless asked for), stderr holds whole lines that start with "h5map: ", no HDF5 stack, no
sanitizer report, and no process is left running.
"""

import ctypes
import glob
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import unittest

import h5py
import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
KERNELS = os.path.join(os.path.dirname(HERE), "kernels")
HEADERS = os.path.join(os.path.dirname(os.path.dirname(HERE)), "include")

H5MAP = os.environ.get("H5MAP", "h5map")
SANITIZED = bool(os.environ.get("H5MAP_SANITIZED"))
TIMEOUT_S = 480 if SANITIZED else 240

IO = os.environ.get("H5MAP_TEST_IO")
MPIRUN = os.environ.get("H5MAP_TEST_MPIRUN")

PR_SET_CHILD_SUBREAPER = 36
LAUNCHER_WARNING = re.compile(r"^\[warn\] Epoll .*\n", re.M)  # of mpirun's event loop, where it ends at once
FOREIGN = ("SLURM_", "OMPI_", "PMI_", "PMIX_", "PRTE_", "MPI_", "H5MAP")
MPI_SETTINGS = {
    "OMPI_ALLOW_RUN_AS_ROOT": "1",
    "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    "OMPI_MCA_rmaps_base_oversubscribe": "1",
    "OMPI_MCA_hwloc_base_binding_policy": "none",
}


def adopt_orphans():
    """Processes whose parent ends become ours, so that none can hide."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def children_of(pid):
    found = []
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children") as file:
                found += [int(word) for word in file.read().split()]
    except OSError:
        pass
    return found


def descendants_of(pid):
    found = children_of(pid)
    for child in list(found):
        found += descendants_of(child)
    return found


def kill_descendants(pid=None):
    for child in descendants_of(pid or os.getpid()):
        try:
            os.kill(child, signal.SIGKILL)
        except ProcessLookupError:
            pass


def command_of(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return ""


def is_zombie(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


class Result:
    """How a command ended."""

    def __init__(self, status, out, err, seconds, usage, command):
        self.status, self.out, self.err = status, out, err
        self.seconds, self.usage, self.command = seconds, usage, command

    @property
    def lines(self):
        return self.err.splitlines()

    @property
    def cpu_s(self):
        return self.usage.ru_utime + self.usage.ru_stime

    def __str__(self):
        return "\n".join(
            ["$ " + " ".join(self.command), f"status {self.status} after {self.seconds:.1f} s"]
            + ["stdout: " + line for line in self.out.splitlines()]
            + ["stderr: " + line for line in self.lines]
        )


def hear_signals():
    """A script in the background, as CI may be, or under nohup ignores some, and what it starts would inherit that. Done here
    once, not before each exec: that would make subprocess fork this whole process, which takes long."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, lambda *_: None)  # not the default: nohup is to hold for the tests themselves


def with_io(command):
    """The words of `run.py --io`, where the command is a run that may have them."""
    if not IO or H5MAP not in command or "run" not in command or {"static", "--help", "--io"} & set(command):
        return command
    at = command.index("run", command.index(H5MAP))
    return [*command[: at + 1], "--io", IO, *command[at + 1 :]]


def with_mpirun(command):
    """The launcher of `run.py --mpirun`, which may not know Open MPI's -q."""
    return [MPIRUN, *command[2:]] if MPIRUN and command[:2] == ["mpirun", "-q"] else command


class Running:
    """A command on its way."""

    def __init__(self, command, cwd, env, scratch):
        self.command = command = with_mpirun(with_io(command))
        self.out = tempfile.TemporaryFile(dir=scratch)
        self.err = tempfile.TemporaryFile(dir=scratch)
        self.began = time.monotonic()
        self.process = subprocess.Popen(
            command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=self.out, stderr=self.err, start_new_session=True,
        )  # fmt: skip
        self.pid = self.process.pid

    def send(self, number):
        os.kill(self.pid, number)

    def is_over(self):
        return is_zombie(self.pid)

    def kill(self):
        kill_descendants(self.pid)
        os.kill(self.pid, signal.SIGKILL)

    def wait(self, timeout=None):
        late = threading.Event()

        def expire():
            late.set()
            self.kill()

        timer = threading.Timer(timeout or TIMEOUT_S, expire)
        timer.start()
        try:
            _, status, usage = os.wait4(self.pid, 0)
        finally:
            timer.cancel()
        seconds = time.monotonic() - self.began
        self.process.returncode = os.waitstatus_to_exitcode(status)
        texts = []
        for stream in (self.out, self.err):
            stream.seek(0)
            texts.append(LAUNCHER_WARNING.sub("", stream.read().decode(errors="replace")))
            stream.close()
        result = Result(self.process.returncode, *texts, seconds, usage, self.command)
        if late.is_set():
            raise AssertionError(f"still running after {timeout or TIMEOUT_S} s\n{result}")
        return result


def compare_bytes(one, other):
    """How two output files differ in bytes, types, shapes, fill values or layout, /h5map aside; "" if they don't."""
    a, b = contents(one), contents(other)
    if a.keys() != b.keys():
        return f"datasets {sorted(a)} and {sorted(b)}"
    for name, first in a.items():
        for part, x, y in zip(("type", "shape", "bytes", "fill value", "layout"), first, b[name]):
            if x != y:
                return f"{name}: {part} differ"
    return ""


def contents(path):
    found = {}

    def visit(name, thing):
        if isinstance(thing, h5py.Dataset) and not name.startswith("h5map/"):
            data = thing[()]
            found[name] = (
                thing.id.get_type().encode(),
                thing.shape,
                np.asarray(data).tobytes(),
                np.asarray(thing.fillvalue).tobytes(),
                thing.chunks,
            )

    with h5py.File(path, "r") as file:
        file.visititems(visit)
    return found


class Case(unittest.TestCase):
    """One private folder a test; it is the current folder of what the test runs."""

    cache = None  # of compiled kernels, shared by the tests; made by run.py
    quick = False  # the tests of this class run under sanitizers too
    patient = False  # mpirun gives the others the usual time where a rank dies
    sleepy = False  # they sleep more than they work, and can run beside the others
    alone = False  # they want the machine for themselves

    @classmethod
    def setUpClass(cls):
        cls.shared = tempfile.mkdtemp(prefix="h5map-e2e-")
        cls.make_shared()

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.shared, ignore_errors=True)

    @classmethod
    def make_shared(cls):
        """Inputs that all tests of the class read."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="h5map-e2e-")
        os.chmod(self.folder, 0o755)
        self.addCleanup(shutil.rmtree, self.folder, True)
        self.addCleanup(self.check_no_process_is_left)
        self.env = {k: v for k, v in os.environ.items() if not k.startswith(FOREIGN)}
        self.env.update(MPI_SETTINGS)
        self.env["XDG_CACHE_HOME"] = Case.cache or self.folder
        if SANITIZED:
            self.env["ASAN_OPTIONS"] = "detect_leaks=0:abort_on_error=0"
            self.env["UBSAN_OPTIONS"] = "print_stacktrace=1:halt_on_error=1"

    # ---- files

    def path(self, name):
        return os.path.join(self.folder, name)

    def of_class(self, name):
        return os.path.join(self.shared, name)

    def kernel(self, name):
        return os.path.join(KERNELS, f"e2e_{name}.c")

    def write(self, name, **datasets):
        """An HDF5 file of these datasets at its root."""
        with h5py.File(self.path(name), "w") as file:
            for key, value in datasets.items():
                file[key] = value
        return name

    def text(self, name, content):
        with open(self.path(name), "w") as file:
            file.write(content)
        return name

    def read(self, name, dataset):
        with h5py.File(self.path(name), "r") as file:
            return file[dataset][()]

    def attribute(self, name, attribute):
        with h5py.File(self.path(name), "r") as file:
            value = file["h5map"].attrs[attribute]
        return value.decode() if isinstance(value, bytes) else value

    def listing(self):
        """Every file below the test's folder with what tells whether it was touched."""
        found = {}
        for folder, _, names in os.walk(self.folder):
            for name in names:
                path = os.path.join(folder, name)
                try:
                    status = os.lstat(path)
                except FileNotFoundError:  # renamed or removed by a run meanwhile
                    continue
                found[os.path.relpath(path, self.folder)] = (status.st_ino, status.st_size, status.st_mtime_ns)
        return found

    # ---- commands

    def environment(self, env):
        return {**self.env, **{k: v for k, v in (env or {}).items() if v is not None}}

    def start(self, *command, env=None, cwd=None):
        return Running(list(command), cwd or self.folder, self.environment(env), self.folder)

    def call(self, *command, env=None, cwd=None, timeout=None):
        """mpirun would take two seconds to end after a rank that ends with another status than 0: they are left out, unless patient."""
        env = {"OMPI_MCA_odls_base_sigkill_timeout": "1" if self.patient else "0", **(env or {})}
        return self.start(*command, env=env, cwd=cwd).wait(timeout)

    def h5map(self, *words, **how):
        return self.call(H5MAP, *words, **how)

    def mpi(self, ranks, *words, **how):
        return self.call("mpirun", "-q", "-n", str(ranks), H5MAP, *words, **how)

    def run_on(self, ranks, *words, **how):
        """`h5map run` on this many ranks; on 1 without a launcher."""
        return self.h5map("run", *words, **how) if ranks == 1 else self.mpi(ranks, "run", *words, **how)

    def terminal(self, *words, env=None, timeout=60):
        """h5map with a terminal as its stderr; its status and what the terminal saw."""
        master, slave = pty.openpty()
        process = subprocess.Popen(
            [H5MAP, *words], cwd=self.folder, env=self.environment(env), stdin=subprocess.DEVNULL,
            stdout=slave, stderr=slave, start_new_session=True,
        )  # fmt: skip
        os.close(slave)
        seen, limit = b"", time.monotonic() + timeout
        while time.monotonic() < limit:
            if select.select([master], [], [], 0.1)[0]:
                try:
                    part = os.read(master, 65536)
                except OSError:  # the terminal's other side is closed
                    break
                if not part:
                    break
                seen += part
        else:
            process.kill()
        os.close(master)
        return process.wait(timeout), seen.decode(errors="replace")

    def wait_for(self, condition, what, timeout=TIMEOUT_S):
        limit = time.monotonic() + timeout
        while not condition():
            self.assertLess(time.monotonic(), limit, f"waited {timeout} s for {what}")
            time.sleep(0.01)

    # ---- what must hold

    def sound(self, result, out=""):
        self.assertEqual(result.out, out, result)
        for line in result.lines:
            self.assertRegex(line, r"\Ah5map: \S", result)
        self.assertFalse(result.err and not result.err.endswith("\n"), result)
        self.assertNotRegex(result.err, r"HDF5-DIAG|Sanitizer|runtime error:|\x1b", result)

    def succeeded(self, result, status=0):
        self.assertEqual(result.status, status, result)
        self.sound(result)
        return result

    def refused(self, result, pattern, before=None, status=2):
        """Status 2, one line that matches, and nothing made or touched."""
        self.assertEqual(result.status, status, result)
        self.sound(result)
        self.assertEqual(len(result.lines), 1, result)
        self.assertRegex(result.lines[0], pattern, result)
        self.assertLess(len(result.lines[0]), 600, result)
        if before is not None:
            self.assertEqual(self.listing(), before, result)
        return result

    def unfinished(self, result, pattern, out, status=3):
        """One line that matches, no output; what was kept for the next run is cleared away."""
        self.refused(result, pattern, status=status)
        self.check_absent(out, out + ".lock")
        for path in glob.glob(self.path(out) + ".*"):
            os.unlink(path)

    def check_refused(self, pattern, *words, ranks=1, **how):
        before = self.listing()
        return self.refused(self.run_on(ranks, *words, **how), pattern, before)

    def check_same(self, one, other):
        self.assertEqual(compare_bytes(self.path(one), self.path(other)), "", f"{one} and {other}")

    def check_absent(self, *names):
        for name in names:
            self.assertFalse(os.path.lexists(self.path(name)), f"{name} is there")

    def check_no_process_is_left(self):
        limit = time.monotonic() + 3
        while True:
            self.reap()
            left = [pid for pid in children_of(os.getpid()) if not is_zombie(pid)]
            if not left:
                return
            if time.monotonic() > limit:
                break
            time.sleep(0.02)
        names = [command_of(pid) for pid in left]
        kill_descendants()
        self.fail(f"left running: {names}")

    @staticmethod
    def reap():
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            pass


def cases(table):
    """Class decorator: one test for each (name, arguments...) of the table, run by the class's `check(*arguments)`."""

    def decorate(cls):
        for position, (name, *arguments) in enumerate(table):
            word = re.sub(r"\W+", "_", name).strip("_")
            method = f"test_{position:03}_{word}"

            def test(self, arguments=tuple(arguments)):
                self.check(*arguments)

            test.__doc__ = name
            setattr(cls, method, test)
        return cls

    return decorate


def slow(test):
    """A test that only --all runs."""
    return unittest.skipUnless(os.environ.get("H5MAP_TEST_ALL"), "only with --all")(test)


def open_mpi(test):
    """A test of what Open MPI's mpirun does where a rank dies: MPICH's kills the others at once, and says so in its own words."""
    return unittest.skipIf(MPIRUN, "not with --mpirun")(test)
