"""Hosts without a scheduler: jobs/mpirun.sh, hosts that share no files, hosts that share them all; three of them."""

import os
import re
import signal
import subprocess
import time

import numpy as np

from lab import (
    H5MAP, HUNG_S, JOBS, KERNELS, MPICH, NAP, OPEN_MPI, RSH, WITH_MPICH, check, expected, has_kept, hosts_of, mend_all, naps, node, node_starts, ranks_of_run,
    same, wait_for, write,
)  # fmt: skip

AT_A_TIME = 1
mend = mend_all
LOST_S = 4
MOST_S = LOST_S + 16 if OPEN_MPI else 40  # from the loss to the end: MPICH's mpirun has to be ended in steps
FAIL = os.path.join(KERNELS, "e2e_fail.c") + ":negative"


def prepare():
    os.mkdir("files")  # hidden from some hosts
    naps(1500, 0.02, "files/naps.h5")
    expected("slept.h5", NAP, "files/naps.h5")
    x = np.random.default_rng(3).uniform(0, 100, 2_000_000)
    x[[5, 70000, 1999999]] = -1
    write("files/x.h5", x=x)
    expected_failing("failed.h5")
    expected_failing("failed_packed.h5", "--compress", "1")
    with open("hosts", "w") as file:
        file.write("".join(f"n{k} slots=2 # ranks\n" for k in (1, 2, 3)))


def expected_failing(name, *words):
    status = subprocess.run([H5MAP, "run", "-q", FAIL, "files/x.h5", name, *words], check=False).returncode
    check(status == 1, f"status {status}")


class Run:
    """jobs/mpirun.sh, as typed on a host that runs no rank."""

    def __init__(self, *words, hosts="hosts", env=None):
        settings = {"H5MAP_RSH": RSH, "H5MAP_LOST_S": str(LOST_S), **(env or {})}
        command = ["env", *(f"{k}={v}" for k, v in settings.items()), os.path.join(JOBS, "mpirun.sh"), hosts, *words]
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def send(self, number):
        """To the script itself."""
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as file:
                    words = file.read().decode().split("\0")
            except OSError:
                continue
            if words[:2] == ["/bin/bash", os.path.join(JOBS, "mpirun.sh")]:
                os.kill(int(pid), number)
                return
        check(False, "no mpirun.sh")

    def wait(self, status=0, timeout_s=HUNG_S):
        began = time.monotonic()
        try:
            text, _ = self.process.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            check(False, f"still running after {timeout_s} s")
        allowed = status if isinstance(status, tuple) else (status,)
        check(self.process.returncode in allowed, f"status {self.process.returncode}, not {status}: {text}")
        return text, time.monotonic() - began


def hidden(*numbers):
    """The hosts' view of the files: an empty folder."""
    for number in numbers:
        node("exec", number, "mount", "-t", "tmpfs", "tmpfs", os.path.abspath("files"))


def shown(*numbers):
    for number in numbers:
        node("exec", number, "umount", os.path.abspath("files"))


def on_three_hosts():
    Run(NAP, "files/naps.h5", "files/three.h5").wait()
    same("files/three.h5", "slept.h5")
    check(sorted(hosts_of("files/three.h5")) == ["n1", "n1", "n2", "n2", "n3", "n3"], hosts_of("files/three.h5"))


def sharing_nothing():
    """Only n1 has the files, the kernel's source and the compiler's cache; the others get the object by bytes."""
    with open(os.path.join(KERNELS, "e2e_fail.c")) as source, open("files/fail.c", "w") as copy:
        copy.write(source.read())
    hidden(2, 3)
    Run("files/fail.c:negative", "files/x.h5", "files/alone.h5", env={"XDG_CACHE_HOME": os.path.abspath("files/cache")}).wait(1)
    text, _ = Run("files/fail.c:negative", "files/x.h5", "files/alone_direct.h5", "--io", "direct").wait(1)
    shown(2, 3)
    check(re.search(r"--io direct is not possible, rank 0 reads and writes for all: rank [2-5] on n[23]: ", text), text)
    for output in ("files/alone.h5", "files/alone_direct.h5"):
        same(output, "failed.h5")


def shared_tables():
    """A table on each host once; from rank 0, where only that has the file."""
    lookup = os.path.join(KERNELS, "e2e_shared.c") + ":lookup"
    size = 1_000_000
    write("files/table.h5", x=np.arange(0, size, 7.0), lut=np.sqrt(np.arange(float(size))))
    expected("looked_up.h5", lookup, "files/table.h5")
    Run(lookup, "files/table.h5", "files/direct_table.h5", "--io", "direct").wait()
    same("files/direct_table.h5", "looked_up.h5")
    hidden(2, 3)
    Run(lookup, "files/table.h5", "files/table_out.h5").wait()
    shown(2, 3)
    same("files/table_out.h5", "looked_up.h5")
    check(len(hosts_of("files/table_out.h5")) == 6, hosts_of("files/table_out.h5"))


def sharing_files():
    """--io direct: each rank reads and writes for itself, on every host."""
    for name, reference, words in [
        ("direct", "failed.h5", ["--checkpoint", "0s"]),
        ("direct_slices", "failed.h5", ["--slice", "1000"]),
        ("direct_packed", "failed_packed.h5", ["--compress", "1"]),
    ]:
        text, _ = Run(FAIL, "files/x.h5", f"files/{name}.h5", "--io", "direct", *words).wait(1)
        check("not possible" not in text, text)
        same(f"files/{name}.h5", reference)
        check(len(hosts_of(f"files/{name}.h5")) == 6, hosts_of(f"files/{name}.h5"))


def begin(name, *words, env=None):
    run = Run(NAP, "files/naps.h5", f"files/{name}.h5", "--checkpoint", "0s", *words, env=env)
    wait_for(lambda: has_kept(f"files/{name}.h5"), f"the journal of {name}.h5")
    time.sleep(0.4)
    check(len(ranks_of_run(f"files/{name}.h5")) == 6, ranks_of_run(f"files/{name}.h5"))
    return run


def stops_in_good_order():
    for name, number in (("int", signal.SIGINT), ("term", signal.SIGTERM), ("usr1", signal.SIGUSR1)):
        run = begin(name)
        run.send(number)
        text, _ = run.wait(75)
        check(re.search(r"^h5map: stopped by SIGUSR1; [1-9]\d* of 1500 items are kept", text, re.M), text)
    Run(NAP, "files/naps.h5", "files/usr1.h5", "--checkpoint", "0s").wait()
    same("files/usr1.h5", "slept.h5")


def ends_soon_and_goes_on(run, name, *words):
    """It ends within seconds, with one line that says why; the other hosts go on from there."""
    text, seconds = run.wait(3)
    check(seconds < MOST_S, f"{seconds:.1f} s: {text}")
    check(re.search(r"^mpirun\.sh: a rank, a host or mpi\S+ was lost \(status \d+\): what the last checkpoint", text, re.M), text)
    with open("two_hosts", "w") as file:
        file.write("n1 slots=3\nn2 slots=1\n")
    text, _ = Run(NAP, "files/naps.h5", f"files/{name}.h5", *words, hosts="two_hosts").wait()
    check(re.search(r"going on, [1-9]\d* of 1500 items are there", text), text)
    same(f"files/{name}.h5", "slept.h5")
    check(len(hosts_of(f"files/{name}.h5")) == 4, hosts_of(f"files/{name}.h5"))


def a_cable_is_cut():
    for name, words in (("cable", []), ("cable_direct", ["--io", "direct"])):
        run = begin(name, *words)
        node("cut", 3)
        ends_soon_and_goes_on(run, name, *words)
        node("mend", 3)
        wait_for(lambda: not ranks_of_run(f"files/{name}.h5"), "the end of the ranks that were cut off")
        same(f"files/{name}.h5", "slept.h5")


def a_host_is_killed():
    run = begin("host")
    node("kill", 3)
    ends_soon_and_goes_on(run, "host")
    node_starts(3)
    time.sleep(0.5)


def a_rank_is_killed():
    run = begin("rank")
    os.kill(next(pid for pid, where in ranks_of_run("files/rank.h5").items() if where == 2), signal.SIGKILL)
    ends_soon_and_goes_on(run, "rank")


def mpich():
    """MPICH's mpirun, on the same host file."""
    if not MPICH:
        return
    Run(NAP, "files/naps.h5", "files/mpich.h5", env=WITH_MPICH).wait()
    same("files/mpich.h5", "slept.h5")
    check(sorted(hosts_of("files/mpich.h5")) == ["n1", "n1", "n2", "n2", "n3", "n3"], hosts_of("files/mpich.h5"))
    Run(FAIL, "files/x.h5", "files/mpich_direct.h5", "--io", "direct", env=WITH_MPICH).wait(1)
    same("files/mpich_direct.h5", "failed.h5")


def the_other_mpi_loses_a_host():
    """Its mpirun hears nothing of it; jobs/mpirun.sh asks the hosts."""
    if not MPICH:
        return
    for number, name, words in ((3, "cable_mpich", []), (3, "cable_mpich_direct", ["--io", "direct"]), (1, "cable_mpich_root", [])):
        run = begin(name, *words, env=WITH_MPICH)
        node("cut", number)
        text, seconds = run.wait((75, 3))
        check(seconds < 40, f"{seconds:.1f} s: {text}")
        check(f"mpirun.sh: no answer from n{number}; the run is stopped\n" in text, text)
        node("mend", number)
        wait_for(lambda: not ranks_of_run(f"files/{name}.h5"), "the end of the ranks that were cut off")
        text, _ = Run(NAP, "files/naps.h5", f"files/{name}.h5", *words, env=WITH_MPICH).wait()
        check(re.search(r"going on, [1-9]\d* of 1500 items are there", text), text)
        same(f"files/{name}.h5", "slept.h5")


CASES = [on_three_hosts, sharing_nothing, shared_tables, sharing_files, stops_in_good_order, a_cable_is_cut, a_host_is_killed, a_rank_is_killed, mpich]
LONG = [the_other_mpi_loses_a_host]
