"""The same bytes at every rank count, schedule and slice; what idle ranks cost."""

import os

import numpy as np

from harness import Case, slow

SCHEDULES = ([], ["--io", "direct"], ["--schedule", "static"])


class SameBytes(Case):
    """Each input is mapped by one rank, then by several in several ways."""

    def setUp(self):
        super().setUp()
        rng = np.random.default_rng(1)
        x = rng.normal(size=2000)
        x[[3, 500, 1999]] = -1e9
        naps = rng.uniform(0, 0.004, 200)
        matrix = rng.normal(size=(101, 3, 4))
        self.write("in.h5", x=x, naps=naps, matrix=matrix, few=x[:3], none=x[:0])

    def compare(self, kernel, dataset, ranks, ways, status=0, more=()):
        words = (*more, self.kernel(kernel.split(":")[0]) + ":" + kernel.split(":")[1], f"in.h5:/{dataset}")
        self.succeeded(self.h5map("run", "--overwrite", *words, "one.h5"), status=status)
        for n in ranks:
            for way in ways:
                with self.subTest(kernel=kernel, dataset=dataset, ranks=n, way=way):
                    self.succeeded(self.mpi(n, "run", "--overwrite", *way, *words, "many.h5"), status=status)
                    self.check_same("one.h5", "many.h5")

    def ways(self, *extra):
        return [schedule + list(more) for schedule in SCHEDULES for more in extra]

    def test_cheap(self):
        self.compare("work:cheap", "x", (1, 2, 3, 4), self.ways([]))
        self.compare("work:cheap", "x", (3, 5, 8), self.ways(["--slice", "7"]))

    def test_skewed(self):
        self.compare("work:skewed", "x", (2, 4), self.ways([]))
        self.compare("work:skewed", "x", (3,), self.ways(["--slice", "1"]))

    def test_napping(self):
        self.compare("work:nap", "naps", (3, 8), self.ways([]))

    def test_more_ranks_than_items(self):
        self.compare("work:cheap", "few", (4,), self.ways(["--slice", "1"]))
        self.compare("work:cheap", "few", (8,), self.ways([]))

    def test_no_items(self):
        self.compare("work:cheap", "none", (4,), self.ways([]))

    def test_failures(self):
        self.compare("fail:negative", "x", (3,), self.ways([], ["--slice", "3"]), 1, ["--max-failures", "100%"])

    def test_fills_of_every_type(self):
        self.compare("fail:fills", "x", (3,), self.ways(["--slice", "11"]), 1, ["--max-failures", "100%"])

    def test_several_results_in_leading_dims(self):
        self.compare("ports:head", "matrix", (2, 4), self.ways([], ["--slice", "5"]))

    def test_tiny_memory(self):
        self.compare("work:cheap", "x", (2, 3), self.ways(["--memory", "1M"]))

    def test_one_rank_under_a_launcher(self):
        self.compare("work:cheap", "x", (1,), self.ways([]))

    def test_sequential_in_every_way(self):
        words = (self.kernel("work") + ":cheap", "in.h5:/x")
        self.succeeded(self.h5map("run", *words, "one.h5"))
        for number, way in enumerate(self.ways(["--slice", "1"], ["--slice", "999"], ["--slice", "100000"], ["--memory", "1M"])):
            with self.subTest(way=way):
                self.succeeded(self.h5map("run", *way, *words, f"out{number}.h5"))
                self.check_same("one.h5", f"out{number}.h5")

    def test_sixteen_ranks(self):
        self.compare("work:skewed", "x", (16,), self.ways([]))

    def test_sixty_four_ranks(self):
        """Each such run takes a quarter of a minute; 24 ranks with direct are in test_ranks.py."""
        self.compare("work:cheap", "x", (64,), [[]])

    @slow
    def test_many_ranks_and_few_items(self):
        self.compare("work:nap", "naps", (32,), [["--slice", "1"]])
        self.compare("work:cheap", "few", (32,), [["--schedule", "static"]])


class Quick(Case):
    """A short tour for sanitizers: both schedules, conversions, failures, several ports."""

    quick = True

    def test_tour(self):
        x = np.arange(-50, 3000.0)
        self.write("in.h5", x=x)
        kernel = self.kernel("fail") + ":negative"
        self.succeeded(self.h5map("run", "--max-failures", "50", kernel, "in.h5", "one.h5"), status=1)
        for way in SCHEDULES:
            for slices in ([], ["--slice", "17"]):
                words = ("run", "--overwrite", "--max-failures", "50", *way, *slices, kernel, "in.h5", "three.h5")
                self.succeeded(self.mpi(3, *words), status=1)
                self.check_same("one.h5", "three.h5")


class Sharing(Case):
    def of_ranks(self, output, column="items"):
        return self.read(output, "h5map/ranks")[column]

    def test_work_is_shared(self):
        """40 naps of 0.1 s on 4 ranks: each takes its part."""
        self.write("in.h5", x=np.full(40, 0.1))
        for way in SCHEDULES:
            output = f"o{len(way)}.h5"
            self.succeeded(self.mpi(4, "run", *way, self.kernel("work") + ":nap", "in.h5", output))
            items = self.of_ranks(output)
            self.assertEqual(sum(items), 40)
            self.assertGreater(min(items), 4)

    def test_a_long_item_holds_nobody_up(self):
        """One item of 4 s first, then 60 of 0.02 s: the other rank makes them meanwhile, on a busy machine too."""
        self.write("in.h5", x=np.array([4.0] + [0.02] * 60))
        self.succeeded(self.mpi(2, "run", self.kernel("work") + ":nap", "in.h5", "o.h5"))
        self.assertGreater(max(self.of_ranks("o.h5")), 45)

    def test_a_long_item_behind_many_short_ones(self):
        """One rank's lane sits in the first long item; the other rank gets the others."""
        self.text(
            "nap.c",
            "#include <h5map/kernel.h>\n#include <time.h>\nstatic int nap(const h5map_item_t *item)\n{\n"
            "    const double x = *(const double *)item->in[0];\n    if (x > 0)\n"
            "        nanosleep(&(struct timespec){(time_t)x, (long)((x - (time_t)x) * 1e9)}, 0);\n"
            "    *(double *)item->out[0] = x;\n    return 0;\n}\n"
            'H5MAP_KERNEL(nap, .signature = "x: double -> y: double");\n',
        )
        few = np.concatenate([np.zeros(100_000), [3.0], np.zeros(300_000), np.full(60, 0.02)])
        self.write("in.h5", x=few)
        self.succeeded(self.mpi(2, "run", "--slice", "100", "nap.c", "in.h5:/x", "o.h5"))
        busy = self.of_ranks("o.h5", "busy_s")
        self.assertGreater(min(busy), 1.1)
        self.assertLess(max(busy + self.of_ranks("o.h5", "waiting_s")), 4.0)

    def test_idle_ranks_leave_the_cores_alone(self):
        """One nap of 2 s, 4 ranks: three of them and every main thread have nothing to do."""
        self.write("in.h5", x=np.array([2.0]))
        self.write("none.h5", x=np.zeros(0))
        nap = self.kernel("work") + ":nap"
        for way in SCHEDULES:
            with self.subTest(way=way):
                idle = self.succeeded(self.mpi(4, "run", *way, nap, "none.h5", f"n{len(way)}.h5"))
                result = self.succeeded(self.mpi(4, "run", *way, nap, "in.h5", f"o{len(way)}.h5"))
                self.assertLess(result.cpu_s - idle.cpu_s, 1.0)

    def test_ranks_are_recorded(self):
        self.write("in.h5", x=np.arange(100.0))
        self.succeeded(self.mpi(3, "run", self.kernel("work") + ":cheap", "in.h5", "o.h5"))
        ranks = self.read("o.h5", "h5map/ranks")
        self.assertEqual(list(ranks["rank"]), [0, 1, 2])
        self.assertEqual(sum(ranks["items"]), 100)
        self.assertEqual({h.decode() for h in ranks["host"]}, {os.uname().nodename})


class Several(Case):
    """Runs at the same time, in one folder, do not disturb each other."""

    def test_two_runs_at_a_time(self):
        self.write("in.h5", x=np.full(20, 0.02))
        nap = self.kernel("work") + ":nap"
        runs = [self.start("mpirun", "-q", "-n", "2", os.environ["H5MAP"], "run", nap, "in.h5", f"o{k}.h5") for k in range(3)]
        for run in runs:
            self.succeeded(run.wait())
        self.check_same("o0.h5", "o1.h5")
        self.check_same("o0.h5", "o2.h5")
