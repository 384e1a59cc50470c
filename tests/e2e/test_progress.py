"""What a run tells: a bar on a terminal, lines in a log, the closing line, nothing under -q."""

import re
import time

import numpy as np

from harness import Case, slow

CLOSING = r"h5map: {out}: {items} items? in [0-9.]+ s on {ranks} ranks?, [0-9.]+( thousand| million| billion)? items/s, .*busy [0-9.]+ ?%"


class Closing(Case):
    def setUp(self):
        super().setUp()
        self.write("in.h5", items=np.arange(1000.0))

    def test_closing_line(self):
        for ranks in (1, 3):
            with self.subTest(ranks=ranks):
                result = self.succeeded(self.run_on(ranks, "square", "in.h5", f"o{ranks}.h5"))
                self.assertEqual(len(result.lines), 1, result)
                self.assertRegex(result.err, r"\A" + CLOSING.format(out=f"o{ranks}\\.h5", items=1000, ranks=ranks) + r"\n\Z")

    def test_closing_line_with_failures(self):
        self.write("in.h5", x=np.array([1.0, -1, 2]))
        result = self.succeeded(self.h5map("run", self.kernel("fail") + ":negative", "in.h5", "out.h5"), status=1)
        self.assertRegex(result.lines[-1], CLOSING.format(out="out.h5", items=3, ranks=1) + r".*\b1 item failed.*/h5map/failures")

    def test_no_items(self):
        self.write("in.h5", items=np.zeros(0))
        result = self.succeeded(self.h5map("run", "square", "in.h5", "out.h5"))
        self.assertRegex(result.err, r"\Ah5map: out\.h5: 0 items in .*\n\Z")
        self.assertNotRegex(result.err, "nan|inf")

    def test_quiet(self):
        for words in (["run", "-q", "square", "in.h5", "q.h5"], ["run", "square", "in.h5", "q.h5", "--quiet"]):
            result = self.succeeded(self.h5map(*words, "--overwrite"))
            self.assertEqual(result.err, "")
        self.assertEqual(self.succeeded(self.mpi(2, "run", "-q", "square", "in.h5", "p.h5")).err, "")
        self.assertEqual(self.succeeded(self.h5map("run", "-j2", "-q", "square", "in.h5", "j.h5")).err, "")

    def test_quiet_still_prints_errors(self):
        self.check_refused("h5map: nothere", "-q", "square", "nothere.h5", "out.h5")

    def test_a_short_run_prints_no_progress_into_a_log(self):
        result = self.succeeded(self.h5map("run", "square", "in.h5", "out.h5"))
        self.assertEqual(len(result.lines), 1, result)


class Terminal(Case):
    sleepy = True

    def setUp(self):
        super().setUp()
        self.write("in.h5", x=np.full(30, 0.05))
        self.nap = self.kernel("work") + ":nap"
        self.succeeded(self.h5map("run", self.nap, "in.h5", "warm.h5", "--items", "0:0"))

    def test_bar(self):
        for words in (["run"], ["run", "-j", "2"]):
            with self.subTest(words=words):
                status, seen = self.terminal(*words, "--slice", "1", "--overwrite", self.nap, "in.h5", "out.h5")
                self.assertEqual(status, 0, seen)
                parts = [part for part in seen.split("\r") if "%" in part and "left" in part]
                self.assertGreaterEqual(len(parts), 2, repr(seen))
                self.assertRegex(parts[-1], r"\[#+-*\] .*\d+ of 30 items \(\d+ %\), [0-9.]+ items/s, \d+:\d+ left")
                shares = [int(re.search(r"(\d+) %", part).group(1)) for part in parts]
                self.assertEqual(shares, sorted(shares))
                last = seen.replace("\r\n", "\n").split("\r")[-1]
                self.assertRegex(last, r"\A" + CLOSING.format(out="out.h5", items=30, ranks=r"\d") + r"\n\Z")

    def test_no_bar(self):
        for words in (["--progress", "none"], ["--progress=none"]):
            status, seen = self.terminal("run", *words, "--overwrite", self.nap, "in.h5", "out.h5")
            self.assertEqual(status, 0, seen)
            self.assertRegex(seen.replace("\r\n", "\n"), r"\Ah5map: out\.h5: 30 items.*\n\Z")

    def test_quiet(self):
        status, seen = self.terminal("run", "-q", self.nap, "in.h5", "out.h5")
        self.assertEqual((status, seen), (0, ""))

    def test_an_error_takes_the_bar_away(self):
        self.write("in.h5", x=np.array([0.3, 0.3, 0.3, -1.0]))
        self.text(
            "dies.c",
            '#include <h5map/kernel.h>\n#include <time.h>\nstatic int dies(const h5map_item_t *item)\n{\n'
            "    const double x = *(const double *)item->in[0];\n    struct timespec t = {0, 300000000};\n\n"
            '    nanosleep(&t, NULL);\n    return x < 0 ? h5map_stop(item, "the end") : 0;\n}\n'
            'H5MAP_KERNEL(dies, .signature = "x: double -> y: double");\n',
        )
        status, seen = self.terminal("run", "--slice", "1", "dies.c", "in.h5", "out.h5")
        self.assertEqual(status, 3, seen)
        last = seen.replace("\r\n", "\n").split("\r")[-1]
        self.assertRegex(last, r"\Ah5map: .*the end.*\n\Z")


class Log(Case):
    sleepy = True

    @slow
    def test_a_line_every_thirty_seconds(self):
        self.write("in.h5", x=np.full(700, 0.05))
        running = self.start(__import__("os").environ["H5MAP"], "run", self.kernel("work") + ":nap", "in.h5", "out.h5")
        time.sleep(32)
        running.err.seek(0, 2)
        flushed = running.err.tell()
        result = self.succeeded(running.wait())
        self.assertGreater(flushed, 20, "the line is there while the run goes on")
        self.assertEqual(len(result.lines), 2, result)
        self.assertRegex(result.lines[0], r"\Ah5map: \d+ of 700 items \(\d+ %\), [0-9.]+ items/s, \d+:\d+ left\Z")
