"""Several hosts and a real SLURM over them, made for the test (tests/cluster/with_cluster.sh); ctest -C Slurm -L slurm.

The cases are in tests/cluster/cases_*.py; with --mpirun MPICH's ways are taken all through. The clusters of a wave, which
mostly wait, run side by side.
"""

import os
import re
import shutil

from harness import H5MAP, HERE, MPIRUN, Case, slow

CLUSTER = os.path.join(os.path.dirname(HERE), "cluster")
LONG = bool(os.environ.get("H5MAP_TEST_LONG"))
LOSSES = ["rank_is_killed", "mpirun_is_killed", "a_node", "cable"]
TAKEOVERS = ["batch_node", "cut_off", "preempted"]
HOSTS = ["on_three", "sharing", "shared", "mpich"]
HOSTS_LOST = ["stops", "is_cut", "is_killed", "loses"]
# What runs together: the cluster's options, then the words of tests/cluster/run.py; how many cases that are.
CLUSTERS = {
    "jobs": (["-s"], ["jobs"], 19),
    "losses": ([], ["faults", *LOSSES], 6 if LONG else 4),
    "takeovers": ([], ["faults", *TAKEOVERS], 6 if LONG else 3),
    "hosts": (["-H"], ["hosts", *HOSTS], 5),
    "hosts_lost": (["-H"], ["hosts", *HOSTS_LOST], 5 if LONG else 4),
}
WAVES = [["jobs"], ["losses", "takeovers"], ["hosts", "hosts_lost"]]


class Slurm(Case):
    alone = True

    def begin(self, name):
        options, words, _ = CLUSTERS[name]
        folder = self.path(name)
        os.mkdir(folder)
        env = {"H5MAP": shutil.copy(shutil.which(H5MAP), folder)}
        if LONG:
            env["H5MAP_TEST_LONG"] = "1"
        if mpich := os.environ.get("H5MAP_TEST_MPICH"):
            os.mkdir(os.path.join(folder, "mpich"))
            env["H5MAP_MPICH"] = shutil.copy(mpich, os.path.join(folder, "mpich"))
        if MPIRUN:
            env |= {"H5MAP_MPICH": env["H5MAP"], "H5MAP_MPIRUN": MPIRUN, "H5MAP_SRUN_MPI": "pmi2"}
        command = [os.path.join(CLUSTER, "with_cluster.sh"), *options, "-n", "3", "-c", "8", "/usr/bin/python3", "-B"]
        return self.start("env", "-u", "OMPI_MCA_rmaps_base_oversubscribe", *command, os.path.join(CLUSTER, "run.py"), *words, env=env, cwd=folder)

    @slow
    def test_clusters(self):
        results = {}
        for wave in WAVES:
            running = {name: self.begin(name) for name in wave}
            results |= {name: run.wait(timeout=900) for name, run in running.items()}
        for name, result in results.items():
            if result.status == 77 and re.search("not root|no namespaces", result.err):
                self.skipTest(result.err.strip())
            cases = re.split(r"(?m)^(?=ok |FAILED )", result.out)[1:]
            with self.subTest(cluster=name):
                self.assertEqual(len(cases), CLUSTERS[name][2], result)
            for case in cases:
                with self.subTest(case=case.split()[1]):
                    self.assertTrue(case.startswith("ok "), case)
