"""Datasets of variable-length strings, and of sequences of numbers."""

import os
import shutil

import h5py
import numpy as np

from harness import SANITIZED, Case

COUNT = 5000
WAYS = ([], ["--schedule", "static"], ["--io", "direct"], ["--slice", "64"])


def words_of(rng, count):
    """Of no letters to 40, some with bytes above 127, and two long ones."""
    letters = ["a", "Z", " ", "\u00e9", "\u20ac", "\U0001f600"]
    words = ["".join(letters[k] for k in rng.integers(0, len(letters), n)) for n in rng.integers(0, 41, count)]
    words[7], words[count - 1] = "x" * 70000, "\u00e9" * 20000
    return words


def write_sequences(path, **datasets):
    with h5py.File(path, "w") as file:
        for name, (kind, rows) in datasets.items():
            data = file.create_dataset(name, (len(rows),), h5py.vlen_dtype(np.dtype(kind)))
            for k, row in enumerate(rows):
                if row is not None:
                    data[k] = row


class Texts(Case):
    quick = True

    @classmethod
    def make_shared(cls):
        rng = np.random.default_rng(3)
        cls.words = words_of(rng, COUNT)
        cls.bytes = [word.encode() for word in cls.words]
        cls.x = rng.integers(-9, 9, COUNT).astype(np.int8)
        with h5py.File(os.path.join(cls.shared, "in.h5"), "w") as file:
            file.create_dataset("s", data=cls.words, dtype=h5py.string_dtype())
            file.create_dataset("zipped", data=cls.words, dtype=h5py.string_dtype(), chunks=(700,), compression=1)
            file["fixed"] = np.array(cls.bytes, "S70000")
            file["x"] = cls.x
            file.create_dataset("grid", data=np.array(cls.words[:4998], object).reshape(2, 51, 49), dtype=h5py.string_dtype())
            gaps = file.create_dataset("gaps", (COUNT,), h5py.string_dtype(), chunks=(100,))
            gaps[150] = "word"

    def compare(self, kernel, dataset, *words, status=0):
        """One rank and others, in several ways; returns OUTPUT of the first."""
        for way in WAYS:
            for ranks in (1, 3) if way else (1, 2, 3):
                with self.subTest(dataset=dataset, way=way, ranks=ranks):
                    out = "out.h5" if os.path.exists(self.path("first.h5")) else "first.h5"
                    source = self.of_class("in.h5") + (":/" + dataset if "-i" not in words else "")
                    run = self.run_on(ranks, *way, "--max-failures", "50%", "--overwrite", self.kernel("strings") + ":" + kernel, source, out, *words)
                    self.succeeded(run, status)
                    self.check_same("first.h5", out)
        return "first.h5"

    def test_as_strings_of_one_length(self):
        self.succeeded(self.h5map("run", "--max-failures", "50%", self.kernel("strings") + ":shout", self.of_class("in.h5") + ":/fixed", "fixed.h5"), 1)
        for dataset in ("s", "zipped"):
            self.compare("shout", dataset, status=1)
            self.check_same("fixed.h5", "first.h5")
        lengths = [len(word) or np.iinfo("u8").max for word in self.bytes]
        np.testing.assert_array_equal(self.read("first.h5", "length"), lengths)

    def test_slice_kernel_beside_numbers(self):
        words = ("-i", "x=/x", "--items", "5::3")
        for dataset in ("s", "fixed"):
            out = self.compare("measure", dataset, "-i", f"s=/{dataset}", *words)
            want = [len(word) + 1000 * int(x) for word, x in zip(self.bytes[5::3], self.x[5::3])]
            np.testing.assert_array_equal(self.read(out, "length").astype(np.int64), want)
            os.unlink(self.path("first.h5"))

    def test_leading_dims(self):
        out = self.compare("shout", "grid", "--items", "1:", status=1)
        want = [len(word) or np.iinfo("u8").max for word in self.bytes[2499:4998]]
        np.testing.assert_array_equal(self.read(out, "length"), np.reshape(want, (1, 51, 49)))

    def test_never_written(self):
        self.succeeded(self.h5map("run", "--max-failures", "100%", self.kernel("strings") + ":shout", self.of_class("in.h5") + ":/gaps", "out.h5"), 1)
        lengths = self.read("out.h5", "length")
        self.assertEqual((lengths[150], set(lengths[lengths != 4])), (4, {np.iinfo("u8").max}))

    def test_not_utf8(self):
        """Items that are not selected may be what they are."""
        words = list(self.bytes[:300])
        words[250] = b"caf\xe9"
        self.write("in.h5", x=0)
        with h5py.File(self.path("in.h5"), "w") as file:
            file.create_dataset("s", data=words, dtype=h5py.string_dtype("ascii"))
        kernel = self.kernel("strings") + ":shout"
        for ranks in (1, 2):
            self.check_refused(r"h5map: s: /s in in\.h5: item 250 is not UTF-8 \(correct it\)", kernel, "in.h5", "out.h5", ranks=ranks)
        self.succeeded(self.h5map("run", "--max-failures", "50%", kernel, "in.h5", "out.h5", "--items", ":250"), 1)

    def test_too_long_for_the_memory(self):
        self.write("in.h5", s=["a", "x" * 2_000_000])
        words = (self.kernel("strings") + ":shout", "in.h5:/s", "out.h5")
        self.check_refused(r"h5map: s: an item of 2000001 bytes does not fit in --memory 1M \(give --memory 3M\)", "--memory", "1M", *words)
        self.succeeded(self.h5map("run", "--memory", "3M", *words))

    def test_debug_kernel(self):
        if SANITIZED:
            self.skipTest("signals are the sanitizer's")
        words = ("--debug-kernel", "--max-failures", "50%", self.kernel("strings"))
        self.succeeded(self.h5map("run", "--max-failures", "50%", self.kernel("strings") + ":shout", self.of_class("in.h5") + ":/s", "plain.h5"), 1)
        self.succeeded(self.h5map("run", *words[:-1], words[-1] + ":shout", self.of_class("in.h5") + ":/s", "out.h5"), 1)
        self.check_same("plain.h5", "out.h5")
        result = self.h5map("run", *words[:-1], words[-1] + ":beyond", self.of_class("in.h5") + ":/s", "beyond.h5")
        self.unfinished(result, r"h5map: rank 0: e2e_strings\.c:\d+: reads element .* of input 's', which has .*, at item 0; ", "beyond.h5")


class Sequences(Case):
    quick = True

    @classmethod
    def make_shared(cls):
        rng = np.random.default_rng(4)
        lengths = rng.integers(0, 30, COUNT)
        lengths[[0, COUNT - 1]] = 0
        lengths[77] = 3000
        cls.rows = [rng.integers(-100, 100, n).astype(np.int16) for n in lengths]
        cls.offset = np.concatenate([[0], np.cumsum(lengths)])
        write_sequences(os.path.join(cls.shared, "in.h5"), double=("f8", cls.rows), int16=(">i2", cls.rows),
                        nothing=("f4", [None] * 9), short=("f8", cls.rows[:-1]), others=("f8", cls.rows[::-1]))
        with h5py.File(os.path.join(cls.shared, "in.h5"), "a") as file:
            file["values"], file["offset"] = np.concatenate(cls.rows).astype(float), cls.offset

    def of(self, name):
        return self.kernel("ragged") + ":" + name

    def add(self, ranks, dataset, out, *words, name="add"):
        return self.run_on(ranks, "--overwrite", *words, self.of(name), self.of_class("in.h5"), out, "-i", f"x=/{dataset}")

    def test_as_values_and_offsets(self):
        self.succeeded(self.add(1, "values@/offset", "want.h5"))
        np.testing.assert_array_equal(self.read("want.h5", "sum"), [row.sum(dtype=float) for row in self.rows])
        for dataset in ("double", "int16"):
            for name in ("add", "add_all"):
                for way in WAYS if dataset == "double" else WAYS[:1]:
                    for ranks in (1, 3) if way else (1, 2, 3):
                        with self.subTest(dataset=dataset, name=name, way=way, ranks=ranks):
                            self.succeeded(self.add(ranks, dataset, "out.h5", *way, name=name))
                            self.check_same("want.h5", "out.h5")

    def test_selected_items(self):
        self.succeeded(self.add(2, "double", "out.h5", "--items", "3:4000:11"))
        np.testing.assert_array_equal(self.read("out.h5", "sum"), [row.sum(dtype=float) for row in self.rows[3:4000:11]])

    def test_nothing(self):
        self.succeeded(self.add(1, "nothing", "out.h5"))
        np.testing.assert_array_equal(self.read("out.h5", "length"), np.zeros(9))

    def test_inputs_that_share_a_dim(self):
        self.text("dot.c", '#include <h5map/kernel.h>\nstatic int dot(const h5map_item_t *item)\n{\n'
                  "    const double *a = item->in[0], *b = item->in[1];\n    for (size_t k = 0; k < item->dim[0]; k++)\n"
                  "        *(double *)item->out[0] += a[k] * b[k];\n    return 0;\n}\n"
                  'H5MAP_KERNEL(dot, .signature = "a: double[*n], b: double[*n] -> y: double");\n')
        source = self.of_class("in.h5")
        for b in ("int16", "values@/offset"):
            for ranks in (1, 3):
                self.succeeded(self.run_on(ranks, "--overwrite", "dot.c", source, "out.h5", "-i", "a=/double", "-i", f"b=/{b}"))
                np.testing.assert_array_equal(self.read("out.h5", "y"), [(row.astype(float) ** 2).sum() for row in self.rows])
        self.check_refused(r"h5map: a and b: item \d+ has \d+ and \d+ rows \(they share a dim; ", "dot.c", source, "no.h5", "-i", "a=/double", "-i", "b=/others")
        self.check_refused(r"h5map: a and b: the leading dims differ: \(5000\) .*, \(4999\) of ", "dot.c", source, "no.h5", "-i", "a=/double", "-i", "b=/short")

    def test_refusals(self):
        source = self.of_class("in.h5")
        write_sequences(self.path("odd.h5"), table=("f8", [[1.0]]))
        with h5py.File(self.path("odd.h5"), "a") as file:
            file.create_dataset("matrix", (2, 2), h5py.vlen_dtype(np.dtype("f8")))
            file.create_dataset("texts", (2,), h5py.vlen_dtype(np.dtype("S3")))
        for line, *words in (
            (r"x: /double in .*in\.h5 holds sequences of double, the kernel takes items of one size \(write double\[\*n\]\)", self.kernel("work") + ":cheap", source + ":/double"),
            (r"x: items of /values have lengths of their own \(give -i x=/VALUES@/OFFSETS, or a dataset of sequences\)", self.of("add"), source + ":/values"),
            (r"x: /double in .* holds sequences of double, which need no offsets \(give -i x=/double\)", self.of("add"), source, "-i", "x=/double@/offset"),
            (r"x: /matrix in odd\.h5 has 2 dims of sequences, the kernel takes a sequence an item", self.of("add"), "odd.h5:/matrix"),
            (r"x: /texts in odd\.h5 holds variable-length sequences, the kernel takes numbers", self.of("add"), "odd.h5:/texts"),
        ):
            with self.subTest(line=line):
                self.check_refused("h5map: " + line, *words[:2], "no.h5", *words[2:])

    def test_a_damaged_sequence(self):
        """What the file says of its place is not so."""
        shutil.copy(self.of_class("in.h5"), self.path("in.h5"))
        with open(self.path("in.h5"), "r+b") as file:
            data = file.read()
            at = data.find(b"GCOL")
            self.assertGreater(at, 0)
            file.seek(at)
            file.write(b"XXXX")
        before = self.listing()
        result = self.run_on(2, self.of("add"), "in.h5:/double", "out.h5")
        self.refused(result, r"h5map: x: /double in in\.h5: can't read items \d+ to \d+: ", before)
