"""Under a real SLURM of two nodes, made for the test (tests/cluster/with_cluster.sh)."""

import os
import re
import shutil

import numpy as np

from harness import H5MAP, HERE, KERNELS, Case

ROOT = os.path.dirname(os.path.dirname(HERE))
CLUSTER = os.path.join(os.path.dirname(HERE), "cluster")


class Slurm(Case):
    sleepy = True

    def test_jobs(self):
        self.write("in.h5", items=np.arange(1000.0))
        self.write("naps.h5", x=np.full(20000, 0.02))
        self.succeeded(self.h5map("run", "square", "in.h5", "one.h5"))
        self.succeeded(self.h5map("run", self.kernel("work") + ":nap", "naps.h5", "warm.h5", "--items", "0:0"))
        program = os.path.abspath(shutil.which(H5MAP))
        words = [os.path.join(CLUSTER, "jobs.sh"), program, os.path.join(ROOT, "jobs", "h5map.sbatch")]
        env = {"KERNELS": KERNELS}
        result = self.call(os.path.join(CLUSTER, "with_cluster.sh"), "-n", "2", "-c", "4", *words, env=env, timeout=180)
        if result.status == 77 and not os.environ.get("H5MAP_TEST_ALL"):
            self.skipTest(result.err.strip())
        cases = re.split(r"(?m)^(?=ok |FAILED )", result.out)[1:]
        self.assertEqual(len(cases), 8, result)
        for case in cases:
            with self.subTest(case=case.split()[1].rstrip(":")):
                self.assertTrue(case.startswith("ok "), case)
