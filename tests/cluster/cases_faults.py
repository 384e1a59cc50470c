"""What happens to jobs when nodes, cables and processes fail; three nodes of eight cores under a SLURM with RequeueExit=75.

The cases take turns, for each of them breaks the cluster; and mends it.
"""

import os
import re
import signal
import time

import numpy as np

from lab import (
    MPICH, MPIRUN, NAP, OPEN_MPI, WITH_MPICH, Job, check, expected, hosts_of, mend_all, naps, node, node_starts, output_of, processes,
    ranks_of_run, runs_of, same, wait_for, write,
)  # fmt: skip

AT_A_TIME = 1
mend = mend_all
QUICK = {"H5MAP_LOST_S": "3"}


def prepare():
    naps(1500, 0.02)  # seconds, in which a busy machine gets to do something to the job
    expected("slept.h5", NAP, "naps.h5")
    naps(6000, 0.02, "long.h5")
    write("in.h5", items=np.arange(1000.0))
    with open(os.environ["SLURM_CONF"], "a") as file:
        file.write("RequeueExit=75\nPreemptType=preempt/partition_prio\nPreemptMode=REQUEUE\nSlurmctldParameters=preempt_send_user_signal\n")
        file.write("PartitionName=urgent Nodes=ALL MaxTime=10 State=UP PriorityTier=10\n")
    output_of("scontrol", "reconfigure")


def begin(name, env=None, words=("naps.h5",)):
    """A job that is at work on all three nodes, two ranks on each, with some items in its journal."""
    output = f"{name}.h5"
    words = [NAP, *words[:1], output, "--checkpoint", "0s", *words[1:]]
    job = Job(name, "-N3", "--ntasks-per-node=2", "--", *words, env={**QUICK, **(env or {})})
    job.wait_until_kept(output)
    time.sleep(0.4)
    check(len(ranks_of_run(output)) == 6, f"{ranks_of_run(output)}\n{job.log()}")
    return job


def comes_back(job, nodes, slept="slept.h5", look=None):
    """It ends on these nodes, after a restart, with the same bytes; with fewer ranks, where there are fewer nodes."""
    output = f"{job.name}.h5"
    if len(nodes) < 3:
        wait_for(lambda: job.state() == "PENDING", lambda: f"the restart: {job.show()}\n{job.log()}")
        output_of("scontrol", "update", f"JobId={job.id}", f"NumNodes={len(nodes)}", f"NumTasks={2 * len(nodes)}")
    known = job.wait(look=look)
    check(known["Restarts"] == "1", known)
    same(output, slept)
    check(set(hosts_of(output)) <= {f"n{k}" for k in nodes}, hosts_of(output))
    check(re.search(rf"^h5map: {output}: going on, [1-9]\d* of \d+ items are there", job.log(), re.M), job.log())
    first, last = runs_of(output)[0], runs_of(output)[-1]
    check(first["ranks"] == 6 and last["ranks"] == len(hosts_of(output)), runs_of(output))
    check(last["job"] == f"{job.id} restart 1", runs_of(output))


def all_are_up():
    wait_for(lambda: output_of("sinfo", "-h", "-t", "idle", "-o", "%D") == "3", "three idle nodes")
    output_of("srun", "-N3", "--mpi=none", "true")  # SLURM may be slow to trust a node again


def mended(number, how="start"):
    if how == "start":
        node_starts(number)
    else:
        node(how, number)
    all_are_up()


def a_rank_is_killed():
    job = begin("rank")
    victim = next(pid for pid, where in ranks_of_run("rank.h5").items() if where == 2)
    os.kill(victim, signal.SIGKILL)
    comes_back(job, (1, 2, 3))
    status = "137" if OPEN_MPI else r"\d+"
    check(re.search(rf"^h5map\.sbatch: job \d+: a rank, a node or mpirun was lost \(status {status}\)", job.log(), re.M), job.log())


def mpirun_is_killed():
    job = begin("mpirun")
    (victim,) = [pid for pid, words in processes(os.path.basename(MPIRUN)) if "mpirun.h5" in words]
    os.kill(victim, signal.SIGKILL)
    comes_back(job, (1, 2, 3))


def a_node_is_killed():
    job = begin("worker")
    node("kill", 3)
    comes_back(job, (1, 2))
    mended(3)


def a_cable_is_cut():
    job = begin("cable")
    node("cut", 3)
    comes_back(job, (1, 2))
    mended(3, "mend")


def a_node_is_killed_under_srun():
    job = begin("srun", env={"H5MAP_LAUNCHER": "srun"})
    node("kill", 3)
    comes_back(job, (1, 2))
    mended(3)


def a_cable_is_cut_under_mpich():
    """Its mpirun hears nothing of it; SLURM does."""
    if not MPICH:
        return
    job = begin("mpich", env=WITH_MPICH)
    node("cut", 3)
    comes_back(job, (1, 2))
    mended(3, "mend")


def preempted(name, grace_s):
    """By a job of a partition that goes before, which wants every core: it stops in good order, and comes back."""
    output_of("scontrol", "update", "PartitionName=batch", f"GraceTime={grace_s}")
    job = begin(name)
    urgent = Job(f"{name}_urgent", "-p", "urgent", "-N3", "--ntasks-per-node=8", "--", "square", "in.h5", f"{name}_urgent.h5")
    known = urgent.wait()
    check((known["Restarts"], job.show()["Restarts"]) == ("0", "1"), f"{known} {job.show()}")
    comes_back(job, (1, 2, 3))
    return job


def is_preempted():
    preempted("preempted", 0)


def is_preempted_with_grace():
    job = preempted("graceful", 20)
    check(re.search(r"^h5map: stopped by SIGUSR1; [1-9]\d* of 1500 items are kept", job.log(), re.M), job.log())


def the_batch_node_is_killed():
    job = begin("batch")
    node("kill", 1)
    comes_back(job, (2, 3))
    mended(1)


def cut_off(name, *words):
    """The batch node's cable is cut, and for a minute nobody there notices: the old rank 0 goes on beside the new job."""
    output = f"{name}.h5"
    slept = expected(f"slept_{name}.h5", NAP, "long.h5", *words)
    job = begin(name, env={"H5MAP_LOST_S": "60"}, words=("long.h5", *words))
    old = {pid for pid, where in ranks_of_run(output).items() if where == 1}
    beside = []

    def look():
        now = ranks_of_run(output)
        beside.append(bool(old & set(now) and {pid for pid in now if now[pid] != 1} and job.show()["Restarts"] == "1"))

    node("cut", 1)
    comes_back(job, (2, 3), slept, look)
    check(any(beside), "the old ranks were not beside the new")
    if not OPEN_MPI:
        mended(1, "mend")  # they wait for the others until SLURM, which sees the node again, ends them
    wait_for(lambda: not old & set(ranks_of_run(output)), "the end of the old ranks")
    same(output, slept)
    if OPEN_MPI:
        mended(1, "mend")


def a_cut_off_rank_0_goes_on():
    cut_off("stale")


def a_cut_off_rank_0_goes_on_direct():
    cut_off("stale_direct", "--io", "direct")


def a_cut_off_rank_0_goes_on_compressing():
    cut_off("stale_packed", "--compress", "1")


CASES = [
    a_rank_is_killed, mpirun_is_killed, a_node_is_killed, a_cable_is_cut, is_preempted, the_batch_node_is_killed, a_cut_off_rank_0_goes_on,
]  # fmt: skip
LONG = [
    a_node_is_killed_under_srun, a_cable_is_cut_under_mpich, is_preempted_with_grace, a_cut_off_rank_0_goes_on_direct, a_cut_off_rank_0_goes_on_compressing,
]  # fmt: skip
