"""--io direct: every rank reads its items and writes its results itself; the same bytes, and nothing is lost.

Other tests that use it: test_parallel.py (the same bytes), test_resume.py and test_signals.py. `run.py --io direct` runs
all tests that way.
"""

import os
import resource
import subprocess
import time

import h5py
import numpy as np

from harness import H5MAP, Case, descendants_of

DIRECT = ["--io", "direct"]


class Direct(Case):
    """2 million numbers, 16 MB, of which three fail; tickets of 16 pages; an input that is chunked and compressed beside it."""

    @classmethod
    def make_shared(cls):
        cls.x = np.random.default_rng(3).uniform(0, 100, 2000000)
        cls.x[[5, 70000, 1999999]] = -1
        with h5py.File(os.path.join(cls.shared, "in.h5"), "w") as file:
            file["x"] = cls.x
            file.create_dataset("packed", data=cls.x, chunks=(77777,), compression=1, shuffle=True)

    def setUp(self):
        super().setUp()
        self.words = ["--slice", "8192", self.kernel("fail") + ":negative", self.of_class("in.h5") + ":/x", "out.h5"]
        self.succeeded(self.h5map("run", "-q", *self.words[:-1], "whole.h5"), status=1)

    def together(self, *ranks):
        """mpirun's words: each of `ranks` is what goes before h5map there."""
        words = ["mpirun", "-q"]
        for number, before in enumerate(ranks):
            words += [*([":"] if number else []), "-n", "1", *before, H5MAP, "run", *DIRECT, *self.words]
        return words


class Alone(Direct):
    def test_one_rank(self):
        for dataset in ("x", "packed"):
            self.words[-2] = self.of_class("in.h5") + ":/" + dataset
            self.succeeded(self.h5map("run", "--overwrite", *DIRECT, *self.words), status=1)
            self.check_same("whole.h5", "out.h5")

    def test_compressed(self):
        for ranks in (1, 3):
            with self.subTest(ranks=ranks):
                self.succeeded(self.run_on(ranks, "--overwrite", "--compress", "4", *DIRECT, *self.words), status=1)
                self.succeeded(self.run_on(1, "--overwrite", "--compress", "4", *self.words[:-1], "packed.h5"), status=1)
                self.check_same("packed.h5", "out.h5")

    def test_every_item_fails_in_little_memory(self):
        """Reasons fill what an image has room for, beside tickets that end where pages of small results do."""
        self.text(
            "no.c",
            "#include <h5map/kernel.h>\nstatic int no(const h5map_item_t *item)\n{\n"
            '    return h5map_fail(item, "no %d", (int)(item->index % 7));\n}\n'
            'H5MAP_KERNEL(no, .signature = "x: double[20] -> y: int8");\n',
        )
        self.write("ones.h5", x=np.ones((100_000, 20)))
        words = ["--memory", "1M", "--max-failures", "100%", "no.c", "ones.h5"]
        self.succeeded(self.h5map("run", *words, "root.h5"), status=1)
        for ranks in (1, 3):
            with self.subTest(ranks=ranks):
                result = self.succeeded(self.run_on(ranks, *DIRECT, "--overwrite", *words, "out.h5"), status=1)
                self.assertIn("100000 items failed", result.err)
                self.check_same("root.h5", "out.h5")

    def test_not_with_static(self):
        self.check_refused("--io direct: deals items to who asks, but --schedule static in rounds", *DIRECT, "--schedule", "static", *self.words)

    def test_unknown_word(self):
        self.check_refused(r"--io each: unknown word \(give root or direct\)", "--io", "each", *self.words)


class EachForItself(Direct):
    """What happens to one rank shows that it goes to the files itself."""

    def test_a_rank_that_may_not_write(self):
        """Beyond 8 MiB: MPI's own shared files are smaller than that."""
        hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
        limit = f"--fsize={8 << 20}:{hard if hard != resource.RLIM_INFINITY else 'unlimited'}"
        result = self.call(*self.together([], [], ["prlimit", limit]))
        self.assertEqual(result.status, 3, result)
        self.sound(result)
        self.assertRegex(result.lines[-1], r"h5map: rank 2: out\.h5: can't write: File too large; \d+ of 2000000 items are kept")
        self.succeeded(self.call(*self.together([], [])), status=1)
        self.check_same("whole.h5", "out.h5")

    def test_checkpoints_wait_for_all_ranks(self):
        """With a checkpoint at every moment, and a kill: what the journal tells is there."""
        words = [*DIRECT, "--checkpoint", "0s", self.kernel("work") + ":nap", "in.h5", "naps.h5"]
        self.write("in.h5", x=np.full(3000, 0.002))
        running = self.start("mpirun", "-q", "-n", "3", H5MAP, "run", *words)
        self.wait_for(lambda: os.path.exists(self.path("naps.h5.jnl.1")), "the journal")
        time.sleep(0.3)
        for pid in descendants_of(running.pid):
            os.kill(pid, 9)
        running.wait(20)
        result = self.succeeded(self.mpi(2, "run", *words))
        self.assertRegex(result.err, r"naps\.h5: going on, [1-9]\d* of 3000 items are there")
        np.testing.assert_array_equal(self.read("naps.h5", "y"), np.full(3000, 0.002))


class OtherFiles(Direct):
    """A rank that sees other files than root: rank 0 reads and writes for all, and says so."""

    def elsewhere(self, *commands):
        """Words before h5map that run it where these shell commands have been run in a mount namespace."""
        words = ["unshare", "-m", "sh", "-c", "; ".join([*commands, 'exec "$@"']), "sh"]
        if os.geteuid() or subprocess.run([*words, "true"], cwd=self.folder, capture_output=True).returncode:
            self.skipTest("needs root and mount namespaces")
        return words

    def check_root_does_it(self, words, why):
        result = self.succeeded(self.call(*words), status=1)
        self.assertRegex(result.err, r"--io direct is not possible, rank 0 reads and writes for all: rank [12] on \S+: .*" + why)
        self.check_same("whole.h5", "out.h5")
        self.assertEqual([name for name in os.listdir(self.folder) if name.startswith("out.h5.")], [])

    def test_another_output(self):
        hidden = self.elsewhere(f"mount -t tmpfs tmpfs {self.folder}")
        self.check_root_does_it(self.together([], hidden, []), r"out\.h5\.lock can't be opened: No such file")

    def test_the_lock_of_another_run(self):
        text = "h 1 0 - 0123456789abcdef"
        hidden = self.elsewhere(f"mount -t tmpfs tmpfs {self.folder}", f"echo {text} > {self.folder}/out.h5.lock")
        self.check_root_does_it(self.together([], [], hidden), r"out\.h5\.lock is another file")

    def test_another_input(self):
        hidden = self.elsewhere(f"mount -t tmpfs tmpfs {self.shared}")
        self.check_root_does_it(self.together([], hidden), r"in\.h5: no such file")

    def test_an_input_that_is_older(self):
        hidden = self.elsewhere(
            f"cp {self.of_class('in.h5')} {self.folder}/copy", f"mount --bind {self.folder}/copy {self.of_class('in.h5')}"
        )
        self.check_root_does_it(self.together([], hidden), r"in\.h5 is another file")
