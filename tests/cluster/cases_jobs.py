"""The scripts of jobs/ under a SLURM whose nodes all live: three nodes of eight cores."""

import os
import re
import time

import h5py
import numpy as np

from lab import (
    ALICE, H5MAP, JOBS, KERNELS, MPICH, MPIRUN, NAP, OPEN_MPI, WITH_MPICH, Job, call, check, expected, hosts_of, naps, output_of, runs_of, same,
    wait_for, write,
)  # fmt: skip

AT_A_TIME = 4
SRUN = {"H5MAP_LAUNCHER": "srun"}


def prepare():
    write("in.h5", items=np.arange(1000.0))
    expected("one.h5", "square", "in.h5")
    write("x.h5", x=np.arange(100.0))
    naps(600, 0.02)
    expected("slept.h5", NAP, "naps.h5")
    naps(4500, 0.02, "long.h5")
    expected("slept_long.h5", NAP, "long.h5")


def check_log(job, pattern, times=1):
    found = len(re.findall(pattern, job.log(), re.M))
    check(found == times, f"{found} times {pattern!r}, not {times}:\n{job.log()}")


# ---- launchers


def mpirun_on_three_nodes():
    job = Job("three", "-N3", "--ntasks-per-node=2", "--", "square", "in.h5", "three.h5")
    known = job.wait()
    same("three.h5", "one.h5")
    check(sorted(hosts_of("three.h5")) == ["n1", "n1", "n2", "n2", "n3", "n3"], hosts_of("three.h5"))
    check_log(job, rf"^h5map: job {job.id} on n\[1-3\]$")
    (run,) = runs_of("three.h5")
    check((run["job"], run["nodes"], run["ranks"]) == (job.id, known["NodeList"], 6), run)


def srun_on_three_nodes():
    Job("srun", "-N3", "--ntasks-per-node=1", "--", "square", "in.h5", "srun.h5", env=SRUN).wait()
    same("srun.h5", "one.h5")
    check(sorted(hosts_of("srun.h5")) == ["n1", "n2", "n3"], hosts_of("srun.h5"))


def in_an_allocation():
    output_of("salloc", "-Q", "-N2", "--ntasks-per-node=2", MPIRUN, *(["-q"] if OPEN_MPI else []), H5MAP, "run", "-q", "square", "in.h5", "salloc.h5")
    same("salloc.h5", "one.h5")


def fewer_ranks_than_tasks():
    Job("fewer", "-N2", "--ntasks-per-node=2", "--", "square", "in.h5", "fewer.h5", env={"H5MAP_RANKS": "3"}).wait()
    same("fewer.h5", "one.h5")
    check(len(hosts_of("fewer.h5")) == 3, hosts_of("fewer.h5"))


def refused(name, *command, program=H5MAP):
    """Programs that can't find each other: one line, status 2, what is there is not touched."""
    for old in (None, "one.h5"):
        output = f"{name}.h5"
        if old:
            output_of("cp", old, output)
        before = os.stat(output).st_mtime_ns if old else None
        status, text = call(*command, program, "run", "--overwrite", "square", "in.h5", output)
        lines = [line for line in text.splitlines() if line.startswith("h5map: ")]
        check(status == 2 and len(lines) == 1 and "launcher" in lines[0], f"status {status}: {text}")
        check((os.stat(output).st_mtime_ns if os.path.exists(output) else None) == before, f"{output} was touched")
        check(not os.path.exists(output + ".part"), f"{output}.part is there")


def srun_without_pmi():
    refused("without", "srun", "--mpi=none", "-n3")


# ---- coming back


def stops_before_the_limit():
    """USR1 comes before the limit, as soon as SLURM looks; the job is requeued, and ends. The limit is 2 minutes from when it is at work."""
    words = [NAP, "long.h5", "limit.h5", "--checkpoint", "0s"]
    job = Job("limit", "-N2", "--ntasks-per-node=1", "-t10", "--signal=B:USR1@110", "--", *words)
    job.wait_until_kept("limit.h5")
    output_of("scontrol", "update", f"JobId={job.id}", "TimeLimit=2")
    wait_for(lambda: job.show()["Restarts"] == "1" and job.state() == "PENDING", lambda: f"the restart: {job.show()}\n{job.log()}")
    output_of("scontrol", "update", f"JobId={job.id}", "TimeLimit=10")
    known = job.wait()
    check(known["Restarts"] == "1", f"{known}\n{job.log()}")
    same("limit.h5", "slept_long.h5")
    check_log(job, r"^h5map: stopped by SIGUSR1; [1-9]\d* of 4500 items are kept")
    check_log(job, r"^h5map: limit\.h5: going on, [1-9]\d* of 4500 items are there")
    check_log(job, rf"^h5map\.sbatch: job {job.id}: not finished; what is done is kept")
    check([run["job"] for run in runs_of("limit.h5")] == [job.id, f"{job.id} restart 1"], runs_of("limit.h5"))


def srun_hands_usr1_on():
    words = ["-N2", "--ntasks-per-node=1", "--no-requeue", "--", NAP, "naps.h5", "usr1.h5", "--checkpoint", "0s"]
    job = Job("usr1", *words, env=SRUN)
    job.wait_until_kept("usr1.h5")
    time.sleep(0.5)
    output_of("scancel", "--batch", "--signal=USR1", job.id)
    known = job.wait("75:0")
    check(known["Restarts"] == "0", known)
    check_log(job, r"^h5map: stopped by SIGUSR1; [1-9]\d* of 600 items are kept")
    Job("usr1_on", "-N1", "-n4", *words[3:]).wait()
    same("usr1.h5", "slept.h5")


def stops_between_tries():
    """Told to stop when an mpirun has ended before a rank ran, and the next is not begun: there is no next."""
    with open("falls.sh", "w") as file:
        file.write("#!/bin/bash\n{ sleep 0.3; kill -USR1 $PPID; } &\nexit 1\n")
    os.chmod("falls.sh", 0o755)
    env = {"H5MAP_MPIRUN": os.path.abspath("falls.sh")}
    job = Job("between", "-n1", "--no-requeue", "--", "square", "in.h5", "between.h5", env=env)
    job.wait("75:0")
    check_log(job, r"falls\.sh ended with 1 before a rank ran; once more$")
    check_log(job, rf"^h5map\.sbatch: job {job.id}: not finished; what is done is kept$")


def fails_for_good():
    """Status 2 and 3 are the end."""
    for name, status, words in [
        ("bad", "2:0", ["square", "in.h5:/nope", "bad.h5"]),
        ("stop", "3:0", [os.path.join(KERNELS, "e2e_fail.c") + ":negative", "negative.h5", "stop.h5", "--max-failures", "1"]),
    ]:
        write("negative.h5", x=-np.ones(100))
        job = Job(name, "-n2", "--", *words)
        known = job.wait(status)
        check(known["Restarts"] == "0" and not os.path.exists(words[2]), known)
        check_log(job, "requeue", 0)


def some_items_fail():
    write("some.h5", x=np.where(np.arange(1000) == 7, -1.0, 1.0))
    known = Job("some", "-n2", "--", os.path.join(KERNELS, "e2e_fail.c") + ":negative", "some.h5", "some_out.h5").wait("1:0")
    check(known["Restarts"] == "0", known)


def ends_after_so_many_restarts():
    """Each start comes to its own time limit at once."""
    words = ["-n1", "--", NAP, "naps.h5", "never.h5", "--time-limit", "1s"]
    job = Job("never", *words, env={"H5MAP_RESTARTS": "1"})
    known = job.wait("3:0")
    check(known["Restarts"] == "1", known)
    check_log(job, r"not started again, it was 1 times \(set H5MAP_RESTARTS")


def is_cancelled():
    """scancel is the end, whatever the script says; sbatch of the same goes on."""
    words = ["-N2", "--ntasks-per-node=1", "--", NAP, "naps.h5", "cancel.h5", "--checkpoint", "0s"]
    job = Job("cancel", *words)
    job.wait_until_kept("cancel.h5")
    time.sleep(1)
    job.cancel()
    wait_for(job.is_over, "the end")
    time.sleep(1)
    check(job.state() == "CANCELLED" and job.show()["Restarts"] == "0", job.show())
    job = Job("cancel2", *words)
    job.wait()
    check_log(job, r"going on, [1-9]\d* of 600 items are there")
    same("cancel.h5", "slept.h5")


# ---- sweeps, threads, users, scaling


def sweeps():
    """Each task of an array has its value, and is requeued for itself."""
    for k in ("2", "0.5", "-3"):
        expected(f"scale_{k}.h5", os.path.join(KERNELS, "e2e_sweep.c"), "x.h5", "-p", f"k={k}")
    words = ["--array=1-4", "-n2", "--", "2 0.5 -3", "-p", "k={}", os.path.join(KERNELS, "e2e_sweep.c"), "x.h5", "y{}.h5"]
    job = Job("sweep_%a", *words, script="array.sbatch")
    for task, k in enumerate(("2", "0.5", "-3"), 1):
        job.wait(task=task)
        same(f"y{k}.h5", f"scale_{k}.h5")
    job.wait("2:0", task=4)
    with open("sweep_4.log") as file:
        check("there is no value for task 4 (give sbatch --array=1-3)" in file.read(), "the log of task 4")


def sweeps_come_back():
    """The first task can't end within its limit (two ranks nap for six seconds), the second can."""
    with open("limits.txt", "w") as file:
        file.write("6s\n60s\n")
    job = Job("back_%a", "--array=1-2", "-n2", "--", "@limits.txt", NAP, "naps.h5", "back_{}.h5", "--time-limit", "{}", script="array.sbatch")
    restarts = [int(job.wait(task=task)["Restarts"]) for task in (2, 1)]
    check(restarts[0] == 0 and restarts[1] >= 1, restarts)
    for limit in ("6s", "60s"):
        same(f"back_{limit}.h5", "slept.h5")
    check(re.fullmatch(r"\d+_1 restart \d+", runs_of("back_6s.h5")[-1]["job"]), runs_of("back_6s.h5"))


def kernels_get_their_cores():
    """An OpenMP kernel has as many threads as SLURM gave the task cores, on each node."""
    for name, env in (("mpirun", {}), ("srun", SRUN)):
        words = [os.path.join(KERNELS, "e2e_threads.c"), "x.h5", f"threads_{name}.h5", "--cflags", "-fopenmp"]
        Job(f"threads_{name}", "-N2", "--ntasks-per-node=2", "--cpus-per-task=3", "--", *words, env=env).wait()
        with h5py.File(f"threads_{name}.h5") as file:
            check(set(file["count"][()]) == {3}, f"{name}: {set(file['count'][()])}")


def another_user():
    os.mkdir("alice")
    os.chown("alice", ALICE, ALICE)
    where = os.path.abspath("alice")
    env = {"XDG_CACHE_HOME": where + "/cache", "HOME": where}
    words = ["-N3", "--ntasks-per-node=1", "--", NAP, os.path.abspath("naps.h5"), "naps.h5"]
    for name, more in (("root", []), ("direct", ["--io", "direct", "--overwrite"])):
        job = Job(name, *words, *more, user=ALICE, env=env, cwd=where)
        job.wait()
        same("alice/naps.h5", "slept.h5")
        check("not possible" not in job.log(), job.log())
        check(os.stat("alice/naps.h5").st_uid == ALICE, os.stat("alice/naps.h5"))


def scales():
    env = {"H5MAP_SCALING": "scale"}
    job = Job("scale", "-N2", "--ntasks-per-node=3", "--", NAP, "naps.h5", "--items", "0:300", script="scaling.sbatch", env=env)
    job.wait()
    with open("scale.txt") as file:
        rows = [[float(word) for word in line.split()] for line in file if not line.startswith("#")]
    check([row[0] for row in rows] == [1, 2, 4, 6], rows)
    check(rows[0][2:] == [1, 1] and rows[0][1] > 6, rows)
    check(all(abs(row[2] / row[0] - row[3]) < 0.011 for row in rows), rows)
    with open("scale.svg") as file:
        check(file.read().count("measured") >= 3, "the picture")
    check(not [name for name in os.listdir(".") if name.startswith("scale-output")], os.listdir("."))


def scripts_refuse():
    for script, words, pattern in [
        ("h5map.sbatch", ["square", "in.h5"], r"^h5map\.sbatch: a word is missing \("),
        ("h5map.sbatch", ["square", "in.h5", "a.h5"], r"^h5map\.sbatch: not in a SLURM job \("),
        ("array.sbatch", ["1", "square"], r"^array\.sbatch: a word is missing \("),
        ("array.sbatch", ["1 2", "square", "in.h5", "{}"], r"^array\.sbatch: not in a job array \("),
        ("scaling.sbatch", ["square"], r"^scaling\.sbatch: a word is missing \("),
        ("scaling.sbatch", ["square", "in.h5"], r"^scaling\.sbatch: not in a SLURM job \("),
        ("mpirun.sh", ["hosts"], r"^mpirun\.sh: a word is missing \("),
        ("mpirun.sh", ["nothere", "square", "in.h5", "a.h5"], r"^mpirun\.sh: nothere: no such file of hosts \("),
    ]:
        status, text = call("bash", os.path.join(JOBS, script), *words)
        check(status == 2 and re.match(pattern, text) and text.count("\n") == 1, f"{script} {words}: {status}: {text}")
    for name, env, pattern in [
        ("no_h5map", {"H5MAP": "/nope/h5map"}, r"^h5map\.sbatch: /nope/h5map: no such program \("),
        ("no_mpirun", {"H5MAP_MPIRUN": "/nope/mpirun"}, r"^h5map\.sbatch: /nope/mpirun: no such program \("),
        ("odd", {"H5MAP_LAUNCHER": "ssh"}, r"^h5map\.sbatch: H5MAP_LAUNCHER=ssh: unknown launcher \("),
        ("few", {"H5MAP_RESTARTS": "some"}, r"^h5map\.sbatch: H5MAP_RESTARTS and H5MAP_LOST_S are whole numbers"),
    ]:
        job = Job(name, "-n1", "--", "square", "in.h5", "a.h5", env=env)
        job.wait("2:0")
        check_log(job, pattern)
    check(not os.path.exists("a.h5"), "a.h5 is there")


# ---- MPICH


def mpich():
    """The program built with MPICH: its own mpirun, srun with its protocol, and one line with another's."""
    if not MPICH:
        return
    Job("mpich", "-N2", "--ntasks-per-node=2", "--", "square", "in.h5", "mpich.h5", env=WITH_MPICH).wait()
    same("mpich.h5", "one.h5")
    check(sorted(hosts_of("mpich.h5")) == ["n1", "n1", "n2", "n2"], hosts_of("mpich.h5"))
    Job("pmi2", "-N2", "--ntasks-per-node=2", "--", "square", "in.h5", "pmi2.h5", env={**WITH_MPICH, **SRUN, "H5MAP_SRUN_MPI": "pmi2"}).wait()
    same("pmi2.h5", "one.h5")
    check(len(hosts_of("pmi2.h5")) == 4, hosts_of("pmi2.h5"))
    refused("family", "srun", "--mpi=pmix", "-N2", "--ntasks-per-node=1", program=MPICH)
    known = Job("family_job", "-n3", "--", "square", "in.h5", "family_job.h5", env={**WITH_MPICH, **SRUN, "H5MAP_SRUN_MPI": "pmix"}).wait("2:0")
    check(known["Restarts"] == "0" and not os.path.exists("family_job.h5"), known)


CASES = [
    stops_before_the_limit, ends_after_so_many_restarts, sweeps_come_back, is_cancelled, srun_hands_usr1_on, scales,
    mpirun_on_three_nodes, srun_on_three_nodes, in_an_allocation, fewer_ranks_than_tasks, srun_without_pmi, stops_between_tries, fails_for_good,
    some_items_fail, sweeps, kernels_get_their_cores, another_user, scripts_refuse, mpich,
]  # fmt: skip
LONG = []
