"""Without a launcher, with -j, and under a launcher that does not fit."""

import os
import shutil
import time
import unittest

import numpy as np

from harness import H5MAP, MPIRUN, Case, children_of


class Sequential(Case):
    """One process, no launcher."""

    def test_no_mpirun_anywhere(self):
        self.write("in.h5", items=np.arange(5.0))
        path = os.path.abspath(shutil.which(H5MAP))
        result = self.call(path, "run", "square", "in.h5", "out.h5", env={"PATH": "/nonexistent", "H5MAP_MPIRUN": "/nonexistent"})
        self.succeeded(result)
        np.testing.assert_array_equal(self.read("out.h5", "results"), np.arange(5.0) ** 2)

    def test_no_other_process(self):
        self.write("in.h5", x=np.full(10, 0.05))
        nap = self.kernel("work") + ":nap"
        self.succeeded(self.h5map("run", nap, "in.h5", "warm.h5", "--items", "0:0"))
        running, seen = self.start(H5MAP, "run", nap, "in.h5", "out.h5"), set()
        self.wait_for(lambda: os.path.exists(self.path("out.h5.part")), "out.h5.part")
        while not running.is_over():
            seen |= set(children_of(running.pid))
            time.sleep(0.01)
        self.succeeded(running.wait())
        self.assertEqual(seen, set())

    def test_found_through_path(self):
        self.write("in.h5", items=np.arange(5.0))
        folder = os.path.dirname(os.path.abspath(shutil.which(H5MAP)))
        env = {"PATH": folder + ":" + os.environ["PATH"]}
        self.succeeded(self.call("h5map", "run", "square", "in.h5", "one.h5", env=env))
        self.succeeded(self.call("h5map", "run", "-j2", "square", "in.h5", "two.h5", env=env))
        self.check_same("one.h5", "two.h5")


class J(Case):
    def setUp(self):
        super().setUp()
        self.write("in.h5", items=np.arange(100.0))

    def ranks(self, *words, command=(H5MAP,), **how):
        self.succeeded(self.call(*command, *words, **how))
        return len(self.read("out.h5", "h5map/ranks"))

    def test_forms(self):
        forms = [
            ("run", "-j", "3", "square", "in.h5", "out.h5"),
            ("run", "-j3", "square", "in.h5", "out.h5"),
            ("run", "square", "in.h5", "out.h5", "-j", "3"),
            ("run", "square", "-j", "3", "in.h5", "out.h5"),
            ("-j", "3", "run", "square", "in.h5", "out.h5"),
        ]
        for words in forms:
            with self.subTest(words=words):
                self.assertEqual(self.ranks(*words, "--overwrite"), 3)

    def test_all_cores(self):
        cores = len(os.sched_getaffinity(0))
        self.assertEqual(self.ranks("run", "-j", "square", "in.h5", "out.h5"), cores)
        self.assertEqual(self.ranks("run", "--overwrite", "square", "in.h5", "out.h5", "-j"), cores)

    def test_all_cores_that_it_may_use(self):
        core = str(min(os.sched_getaffinity(0)))
        words = ("run", "-j", "square", "in.h5", "out.h5")
        self.assertEqual(self.ranks(*words, command=("taskset", "-c", core, H5MAP)), 1)

    def test_one(self):
        self.assertEqual(self.ranks("run", "-j", "1", "square", "in.h5", "out.h5"), 1)

    def test_words_with_blanks_and_quotes(self):
        name = "a 'b' \"c\" $HOME.h5"
        self.write(name, items=np.arange(3.0))
        self.succeeded(self.h5map("run", "-j2", "square", name, "out 'x'.h5"))
        np.testing.assert_array_equal(self.read("out 'x'.h5", "results"), [0, 1, 4])

    def test_status_is_that_of_the_run(self):
        self.write("in.h5", x=np.array([1.0, -1.0] * 10))
        negative = self.kernel("fail") + ":negative"
        self.succeeded(self.h5map("run", "-j2", "--max-failures", "10", negative, "in.h5", "out.h5"), status=1)
        self.unfinished(self.h5map("run", "-j2", negative, "in.h5", "new.h5"), "h5map: .*--max-failures", "new.h5")
        self.check_refused("h5map: nothere.h5", "-j2", negative, "nothere.h5", "new.h5")

    def test_refused_under_a_launcher(self):
        before = self.listing()
        for words in (("-j", "2"), ("-j",)):
            result = self.mpi(2, "run", *words, "square", "in.h5", "out.h5")
            self.refused(result, r"h5map: -j.*: .*(mpirun|launcher)", before)

    def test_mpirun_can_be_chosen(self):
        self.text("starter", f'#!/bin/sh\nprintf "%s " "$@" >"{self.path("seen")}"\nexec {MPIRUN or "mpirun"} "$@"\n')
        os.chmod(self.path("starter"), 0o755)
        self.assertEqual(self.ranks("run", "-j2", "square", "in.h5", "out.h5", env={"H5MAP_MPIRUN": self.path("starter")}), 2)
        with open(self.path("seen")) as file:
            self.assertIn("-n 2" if MPIRUN else "--bind-to none", file.read())

    def test_mpirun_is_missing(self):
        env = {"H5MAP_MPIRUN": "/nonexistent/mpirun"}
        self.check_refused(r"h5map: /nonexistent/mpirun: .*\(.*\)$", "-j2", "square", "in.h5", "out.h5", env=env)

    def test_crash_of_a_rank(self):
        self.write("in.h5", x=np.arange(100.0))
        result = self.h5map("run", "-j3", "-p", "at=70", "-p", "how=1", self.kernel("stop"), "in.h5", "out.h5")
        self.assertNotEqual(result.status, 0, result)
        self.check_absent("out.h5")


@unittest.skipUnless(MPIRUN, "Open MPI's MPI_Finalize has no limit: it may take its time with many ranks")
class NoEnd(Case):
    """An MPI library that hangs in MPI_Finalize, where all is done: the command ends all the same, with its status."""

    sleepy = True

    def test_finalize_hangs(self):
        self.text("hang.c", "#include <unistd.h>\nint MPI_Finalize(void)\n{\n    for (;;)\n        pause();\n}\n")
        self.succeeded(self.call("cc", "-shared", "-fPIC", "hang.c", "-o", "hang.so"))
        self.write("in.h5", x=np.array([1.0] * 200 + [-1.0]))
        words = ["run", self.kernel("fail") + ":negative", "in.h5", "out.h5", "--overwrite"]
        self.h5map(*words)  # compiled
        for launcher in ([], ["mpirun", "-q", "-n", "2"]):
            with self.subTest(launcher=launcher):
                self.text("told", "")
                command = ["env", f"LD_PRELOAD={self.path('hang.so')}", H5MAP, *words]
                result = self.call(*launcher, *command, env={"H5MAP_STATUS": self.path("told")})
                self.assertGreater(result.seconds, 4, result)
                self.assertLess(result.seconds, 60, result)
                self.assertRegex(result.err, r"h5map: out\.h5: 201 items in .*1 item failed", result)
                with open(self.path("told")) as file:
                    self.assertEqual(file.read(), "1\n")
                if not launcher:
                    self.assertEqual(result.status, 1, result)


class CrashAtTheEnd(Case):
    """An MPI library that crashes in MPI_Finalize, where all is done: a line, and the status of the run."""

    def test_finalize_crashes(self):
        self.text(
            "crash.c",
            "#include <signal.h>\n#include <stdlib.h>\n"
            "int PMPI_Finalize(void);\n"
            "int MPI_Finalize(void)\n"
            "{\n"
            '    const char *rank = getenv("OMPI_COMM_WORLD_RANK") ? getenv("OMPI_COMM_WORLD_RANK") : getenv("PMI_RANK");\n'
            "    const int code = PMPI_Finalize();\n"
            '    if (atoi(rank ? rank : "0") == atoi(getenv("E2E_RANK")))\n'
            "        raise(SIGSEGV);\n"
            "    return code;\n"
            "}\n",
        )
        self.succeeded(self.call("cc", "-shared", "-fPIC", "crash.c", "-o", "crash.so"))
        self.write("fails.h5", x=np.array([1.0] * 200 + [-1.0]))
        self.write("holds.h5", x=np.ones(200))
        kernel = self.kernel("fail") + ":negative"
        self.h5map("run", kernel, "holds.h5", "out.h5")  # compiled
        for ranks, rank, source, status in ((1, 0, "fails.h5", 1), (2, 0, "holds.h5", 0), (2, 1, "holds.h5", 0)):
            with self.subTest(ranks=ranks, rank=rank):
                self.text("told", "")
                env = {"H5MAP_STATUS": self.path("told"), "E2E_RANK": str(rank), "LD_PRELOAD": self.path("crash.so")}
                result = self.run_on(ranks, "--overwrite", kernel, source, "out.h5", env=env)
                line = f"h5map: rank {rank}: crashed while it ended (SIGSEGV, a bad address); the run was over"
                self.assertIn(line, result.lines, result)
                self.assertRegex(result.err, r"h5map: out\.h5: 20[01] items in ", result)
                with open(self.path("told")) as file:
                    self.assertEqual(file.read(), f"{status}\n")
                self.assertEqual(result.status, status, result)


class Wrong(Case):
    """Several programs of one rank each, as a launcher of another family starts them."""

    def setUp(self):
        super().setUp()
        self.write("in.h5", items=np.arange(5.0))
        self.write("out.h5", old=np.arange(3))

    promises = [
        ("PMI_RANK", "PMI_SIZE"),
        ("SLURM_PROCID", "SLURM_STEP_NUM_TASKS"),
    ]

    def test_root_says_so(self):
        for rank, size in self.promises:
            with self.subTest(size=size):
                env = {rank: "0", size: "4", "SLURM_JOB_ID": "1" if "SLURM" in rank else None}
                self.check_refused(r"h5map: .*\b4\b.*launcher|h5map: .*launcher.*\b4\b", "square", "in.h5", "out.h5", "--overwrite", env=env)

    def test_others_are_silent(self):
        for rank, size in self.promises:
            with self.subTest(size=size):
                before = self.listing()
                result = self.h5map("run", "--overwrite", "square", "in.h5", "out.h5", env={rank: "2", size: "4"})
                self.assertEqual((result.status, result.out, result.err), (2, "", ""), result)
                self.assertEqual(self.listing(), before)

    def test_all_at_a_time(self):
        before = self.listing()
        env = {"PMI_SIZE": "3"}
        runs = [self.start(H5MAP, "run", "square", "in.h5", "new.h5", env={**env, "PMI_RANK": str(k)}) for k in range(3)]
        results = [run.wait() for run in runs]
        self.assertEqual([r.status for r in results], [2, 2, 2])
        self.assertEqual([len(r.lines) for r in results], [1, 0, 0])
        self.assertEqual(self.listing(), before)

    def test_a_batch_script_is_no_step(self):
        """Inside sbatch, without srun: sequential, whatever the job's size."""
        env = {"SLURM_JOB_ID": "1", "SLURM_NTASKS": "4", "SLURM_PROCID": "0", "SLURM_NNODES": "2"}
        self.succeeded(self.h5map("run", "--overwrite", "square", "in.h5", "out.h5", env=env))

    def test_one_task(self):
        self.succeeded(
            self.h5map("run", "--overwrite", "square", "in.h5", "out.h5", env={"SLURM_PROCID": "0", "SLURM_STEP_NUM_TASKS": "1"})
        )
