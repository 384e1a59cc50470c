"""h5map template: what it prints compiles without a warning and runs, for all kinds of files."""

import re
import shlex

import h5py
import numpy as np

from harness import H5MAP, Case

WARNINGS = "--cflags=-Wall -Wextra -Wshadow -Wpedantic -Werror"
RNG = np.random.default_rng(1)


class Template(Case):
    def printed(self, *words):
        result = self.h5map("template", *words)
        self.assertEqual((result.status, result.err), (0, ""), result)
        with open(self.path("total.c"), "w") as file:
            file.write(result.out)
        return result.out

    def total(self, *words, ranks=1):
        """What the kernel gives that is printed for these words, run by the command in its head."""
        text = self.printed(*words)
        line = re.search(r"^ \*   h5map run (total\.c .*)$", text, re.MULTILINE).group(1)
        self.succeeded(self.run_on(ranks, "--overwrite", WARNINGS, *shlex.split(line)))
        return self.read("OUTPUT.h5", "sum")

    def test_scalars_vectors_and_images(self):
        a, pos = RNG.normal(size=9), RNG.normal(size=(9, 3)).astype("f4")
        vel, image = RNG.normal(size=(9, 3)), RNG.integers(0, 200, (9, 4, 5)).astype("u1")
        self.write("in.h5", a=a, pos=pos, vel=vel, image=image)
        for ranks in (1, 2):
            got = self.total("in.h5", ranks=ranks)
            np.testing.assert_allclose(got, a + pos.astype(float).sum(1) + vel.sum(1) + image.sum((1, 2)))
        text = self.printed("in.h5")
        self.assertIn('.signature = "a: double, image: uint8[n, m], pos: float[l], vel: double[l] -> sum: double"', text)
        self.assertIn(" *   pos: float[l]  is /pos, float, 9 x 3\n", text)
        self.assertIn(" *   h5map run total.c in.h5 OUTPUT.h5\n", text)

    def test_every_type(self):
        names = ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", ">i4", ">f8", "c8", "c16", "?"]
        want = np.zeros(5)
        with h5py.File(self.path("in.h5"), "w") as file:
            for name in names:
                x = RNG.integers(0, 2, (5, 2)).astype(name)
                file["x" + name.strip(">?") + ("b" if ">" in name else "")] = x
                want += x.real.astype(float).sum(1)
        got = np.zeros(5)
        for first in (names[:8], names[8:]):  # 8 are offered at once
            bindings = [w for n in first for key in ["x" + n.strip(">?") + ("b" if ">" in n else "")] for w in ("-i", f"{key}=/{key}")]
            got += self.total("in.h5", *bindings)
        np.testing.assert_allclose(got, want)

    def test_packed(self):
        self.write("in.h5", t=np.arange(10, 16, dtype="i2"))
        with h5py.File(self.path("in.h5"), "a") as file:
            file["t"].attrs["scale_factor"] = 0.5
        text = self.printed("in.h5")
        self.assertIn('"t: double -> sum: double"', text)
        result = self.h5map("run", "total.c", "in.h5", "OUTPUT.h5")
        self.assertEqual(result.status, 0, result)
        np.testing.assert_array_equal(self.read("OUTPUT.h5", "sum"), np.arange(10, 16) / 2)

    def test_names_that_are_none(self):
        """Keywords, the kernel's own words, blanks, signs, digits, names that become the same; one long."""
        names = ["double", "item", "sum", "n", "k", "k_", "B-V", "B+V", "2nd", "a b", "it's", "ü", "m" * 80, "x__y", "I"]
        values = {name: RNG.normal(size=(4, 2)) for name in names}
        self.write("in.h5", **values)
        want = sum(values[name].sum(1) for name in sorted(names)[:8])
        np.testing.assert_allclose(self.total("in.h5"), want)
        for name in names:
            with self.subTest(name=name):
                np.testing.assert_allclose(self.total(f"in.h5:/{name}"), values[name].sum(1))

    def test_what_fits(self):
        """The datasets that as many items have as most; what is left out is named."""
        a, b = RNG.normal(size=8), RNG.normal(size=(8, 2))
        self.write("in.h5", a=a, b=b, few=np.zeros(3), one=5.0, pairs=np.zeros((8, 2), "S3"), words=["ab"] * 8)
        with h5py.File(self.path("in.h5"), "a") as file:
            file.create_group("group")["c"] = a
            file["nothing"] = h5py.Empty("f4")
        np.testing.assert_allclose(self.total("in.h5"), a + b.sum(1) + 2)
        left = re.search(r"Left out: (.*)", self.printed("in.h5")).group(1)
        for name in ("/few (another number of items)", "/one (", "/nothing (", "/pairs (an array of strings)"):
            self.assertIn(name, left)
        self.assertNotIn("group", left)

    def test_bindings(self):
        x, y = RNG.normal(size=(6, 2)), RNG.normal(size=6)
        self.write("one.h5", g=0.0)
        with h5py.File(self.path("one.h5"), "a") as file:
            file["run 7/pos"] = x
        self.write("two.h5", y=y)
        got = self.total("one.h5", "-i", "mine=/run 7/pos", "-i", "other=two.h5:/y")
        np.testing.assert_allclose(got, x.sum(1) + y)
        self.assertIn("-i 'mine=/run 7/pos' -i other=two.h5:/y", self.printed("one.h5", "-i", "mine=/run 7/pos", "-i", "other=two.h5:/y"))
        np.testing.assert_allclose(self.total("one.h5:/run 7/pos"), x.sum(1))

    def test_compounds(self):
        """Nested, in arrays, with names that are none, and members that no kernel can take."""
        inner = np.dtype([("flag", "u1"), ("at", ">f8", (2, 3)), ("good", "?"), ("2nd", "i2")])
        words = h5py.string_dtype()
        star = np.dtype(
            [("ra", "f4"), ("B-V", "f8"), ("B+V", "f8"), ("inner", inner, (2,)), ("z", "c16"), ("name", "S5"), ("double", "i8"), ("k", "u4"),
             ('q"q', "f4"), ("text", words), ("x__y", "u1"), ("M_PI", "f4"), ("one", inner), ("\\??/", "f4"), ("tags", "S2", (3,)), ("none", [("t", "S2", (2,))])]
        )  # fmt: skip
        data, want = np.zeros((7, 3), star), np.zeros((7, 3))
        for name in ("ra", "B-V", "B+V", "double", "k", "x__y", "M_PI", "\\??/"):
            data[name] = RNG.integers(0, 100, (7, 3))
            want += data[name]
        data["name"] = RNG.choice([b"", b"Vega", b"Sirius"], (7, 3))
        want += np.char.str_len(data["name"])
        data["z"] = RNG.normal(size=(7, 3)) + 1j
        want += data["z"].real
        for part in (data["inner"][..., 0], data["inner"][..., 1], data["one"]):
            for name in ("flag", "good", "2nd"):
                part[name] = RNG.integers(0, 2, (7, 3))
                want += part[name]
            part["at"] = RNG.normal(size=(7, 3, 2, 3))
            want += part["at"].sum((2, 3))
        data["text"] = "four"
        want += 4
        with h5py.File(self.path("in.h5"), "w") as file:
            file["star"] = data
            file["double"] = data["one"][:, 0]
        np.testing.assert_allclose(self.total("in.h5:/star"), want.sum(1))
        np.testing.assert_allclose(self.total("in.h5", "-i", "s=/star", ranks=2), want.sum(1))
        one = data["one"][:, 0]
        also = one["flag"].astype(float) + one["good"] + one["2nd"] + one["at"].sum((1, 2))
        np.testing.assert_allclose(self.total("in.h5"), want.sum(1) + also)
        text = self.printed("in.h5:/star")
        for line in ("    } inner[2];\n", "double at[2][3];\n", "_Static_assert(sizeof(struct star) == 280, ", " *   star: struct star[n]  is /star, compound, 7 x 3\n"):
            self.assertIn(line, text)
        for left in ('star.q"q (no signature can have its name)', "star.tags (arrays of strings)", "star.none.t (arrays of strings)", "star.none (compounds {t})"):
            self.assertIn(left, text)

    def test_many_fields(self):
        """As many as a signature may have; what is beyond is left out."""
        with h5py.File(self.path("in.h5"), "w") as file:
            for name in ("a", "b"):
                file[name] = np.ones(4, [(f"f{k}" + "x" * 50, "i2") for k in range(100)])
        with self.subTest("all of one, some of the other"):
            text = self.printed("in.h5")
            self.assertIn("/b.f28" + "x" * 50 + " (one field more than a signature may have)", text)
        self.succeeded(self.h5map("run", "total.c", "in.h5", "OUTPUT.h5"))
        np.testing.assert_array_equal(self.read("OUTPUT.h5", "sum"), np.full(4, 128.0))

    def test_strings(self):
        names = np.array([b"", b"a", b"four", b"seven.."])
        self.write("in.h5", text=names, x=np.arange(4.0), pairs=np.array([[b"ab", b"c"]] * 4))
        np.testing.assert_array_equal(self.total("in.h5"), [0, 2, 6, 10])
        np.testing.assert_array_equal(self.total("in.h5:/pairs"), [[2, 1]] * 4)
        self.assertIn('.signature = "text: string, x: double -> sum: double"', self.printed("in.h5"))

    def test_variable_lengths(self):
        rows = [[1.0, 2.0], [], [5.0]]
        self.write("in.h5", words=["ab", "", "\u00e9t\u00e9"], x=np.arange(3.0))
        with h5py.File(self.path("in.h5"), "a") as file:
            data = file.create_dataset("rows", (3,), h5py.vlen_dtype("f8"))
            for k, row in enumerate(rows):
                data[k] = row
            file.create_dataset("more", (3,), h5py.vlen_dtype("i2"))
        want = np.array([2, 0, 5]) + [3.0, 0.0, 5.0] + np.arange(3.0)
        for ranks in (1, 2):
            np.testing.assert_allclose(self.total("in.h5", ranks=ranks), want)
        self.assertIn('.signature = "more: int16[*n], rows: double[*m], words: string, x: double -> sum: double"', self.printed("in.h5"))
        np.testing.assert_allclose(self.total("in.h5:/rows"), [3.0, 0.0, 5.0])

    def test_ragged(self):
        """Two that share their offsets, one with others, and one whose items all have one size."""
        v, w, u = RNG.normal(size=20), RNG.normal(size=(20, 3)), RNG.normal(size=(12, 3))
        at, begin, x = np.array([0, 5, 5, 20]), np.array([0, 4, 9]), RNG.normal(size=(3, 4))
        self.write("in.h5", v=v, w=w, at=at, u=u, begin=begin, x=x)
        want = np.array([v[a:b].sum() + w[a:b].sum() for a, b in zip(at, at[1:])]) + x.sum(1)
        want += [u[a:b].sum() for a, b in ((0, 4), (4, 9), (9, 12))]
        words = ["in.h5", "-i", "v=/v@/at", "-i", "w=/w@/at", "-i", "u=/u@/begin", "-i", "x=/x"]
        for ranks in (1, 2):
            np.testing.assert_allclose(self.total(*words, ranks=ranks), want)
        self.assertIn('"v: double[*n], w: double[*n, m], u: double[*l, m], x: double[p] -> sum: double"', self.printed(*words))
        self.assertIn("u: double[*l, m]  is /u, double, 12 x 3, 3 items by /begin\n", self.printed(*words))
        np.testing.assert_allclose(self.total("in.h5:/v@/at"), [v[a:b].sum() for a, b in zip(at, at[1:])])
        pair = np.zeros((20, 2), [("id", "u1"), ("weight", "f4", (2,))])
        pair["id"] = RNG.integers(0, 9, (20, 2))
        pair["weight"] = 1.5
        self.write("pairs.h5", pair=pair, at=at)
        want = [pair["id"][a:b].sum() + 6 * (b - a) for a, b in zip(at, at[1:])]
        np.testing.assert_allclose(self.total("pairs.h5", "-i", "pair=/pair@/at"), want)

    def test_shared(self):
        """What is named and has not as many items as the first is a table; the kernel takes one element of it."""
        x, lut, entry = RNG.normal(size=(10, 3)), RNG.normal(size=(3, 4)), np.zeros(5, [("id", "u1"), ("at", ">f4", (2,))])
        entry["id"], entry["at"] = np.arange(5), np.arange(10).reshape(5, 2)
        self.write("in.h5", x=x, one=7)
        self.write("tables.h5", lut=lut, entry=entry)
        k = np.arange(10)
        want = x.sum(1) + lut.ravel()[k % 12] + 7 + entry["id"][k % 5] + entry["at"].sum(1)[k % 5]
        words = ["in.h5", "-i", "x=/x", "-i", "lut=tables.h5:/lut", "-i", "one=/one", "-i", "entry=tables.h5:/entry"]
        text = self.printed(*words)
        self.assertIn('"x: double[n], shared lut: double[n, m], shared one: int64, shared entry: {id: uint8, at: "\n', text)
        line = re.search(r"^ \*   h5map run (total\.c .*)$", text, re.MULTILINE).group(1)
        for ranks in (1, 2, 3):
            self.succeeded(self.run_on(ranks, "--overwrite", WARNINGS, *shlex.split(line)))
            np.testing.assert_allclose(self.read("OUTPUT.h5", "sum"), want)

    def test_a_name_that_ends_the_comment(self):
        self.write("in.h5", **{"a": np.ones(3)})
        with h5py.File(self.path("in.h5"), "a") as file:
            file["x*"] = h5py.Group(file.create_group("g").id)
            file["x*/y"] = np.ones((3, 2))
        self.printed("in.h5", "-i", "v=/x*/y")
        self.succeeded(self.h5map("run", WARNINGS, "total.c", "in.h5", "OUTPUT.h5", "-i", "v=/x*/y"))

    def test_many_dims(self):
        x = RNG.normal(size=(3,) + (2,) * 11)
        self.write("in.h5", x=x)
        np.testing.assert_allclose(self.total("in.h5"), x.sum(tuple(range(4, 12))))

    def test_refusals(self):
        self.write("in.h5", a=np.ones(3), b=np.ones(4), one=2.0, words=["a"], texts=np.zeros((3, 2), "S2"), at=[0, 3], zero=np.zeros((2, 0)))
        with h5py.File(self.path("in.h5"), "a") as file:
            file.create_dataset("none", (3,), [("t", h5py.ref_dtype)])
        self.write("none.h5", one=2.0)
        with h5py.File(self.path("none.h5"), "a") as file:
            file["deep/x"] = np.ones(2)
        self.text("text.h5", "no HDF5\n")
        self.write("empty.h5")
        with h5py.File(self.path("vlen.h5"), "w") as file:
            file.create_dataset("v", (3,), h5py.vlen_dtype("S3"))
            file.create_dataset("two", (3, 3), h5py.vlen_dtype("f8"))
        with h5py.File(self.path("far.h5"), "w") as file:
            file.create_dataset("x", (3,), "f8", external="gone.raw")
        for pattern, *words in [
            (r"template: INPUT is missing \(h5map template INPUT",),
            (r"more\.h5: one word too many", "in.h5", "more.h5"),
            (r"gone\.h5: no such file", "gone.h5"),
            (r"text\.h5: is not an HDF5 file", "text.h5"),
            (r"none\.h5: no dataset at its root can be an input: /one \(a single value\) \(give FILE:/DATASET; there are /deep/x, /one\)", "none.h5"),
            (r"empty\.h5: no dataset in it can be an input \(give another file\)", "empty.h5"),
            (r"vlen\.h5: no dataset at its root can be an input: /two \(more than one dim of sequences\), /v \(variable-length sequences\) \(give another file\)", "vlen.h5"),
            (r"far\.h5: no dataset at its root can be an input: /x \(a filter or a file that it needs is not there\) \(give FILE:/DATASET; there are /x\)", "far.h5"),
            (r"x: /x in far\.h5 is stored in the external file gone\.raw: No such file or directory", "far.h5:/x"),
            (r"nope: no dataset /nope in in\.h5 \(bind it with -i nope=/DATASET; there are /a, ", "in.h5:/nope"),
            (r"one: /one in in\.h5 is a single value, it has no items", "in.h5:/one"),
            (r"w: /two in vlen\.h5 has 2 dims of sequences \(bind another dataset\)", "vlen.h5", "-i", "w=/two"),
            (r"gone: no dataset /gone in in\.h5 \(bind it with -i gone=/DATASET; there are /a, /at, /b, /none, /one, /texts, /words, /zero\)", "in.h5:/gone"),
            (r"y: 1 items, but x has 3 \(bind datasets of as many items\)", "in.h5", "-i", "x=/a", "-i", "y=/a@/at"),
            (r"y: 1 items, but x has 4 \(bind datasets of as many items\)", "in.h5", "-i", "x=/b", "-i", "y=/words"),
            (r"y: /texts in in\.h5 has not as many items as x, 4, and is no shared table: it holds strings", "in.h5", "-i", "x=/b", "-i", "y=/texts"),
            (r"y: /zero in in\.h5 has not as many items as x, 3, and is no shared table: it has no elements", "in.h5", "-i", "x=/a", "-i", "y=/zero"),
            (r"t: /texts in in\.h5 is an array of strings \(bind it alone\)", "in.h5", "-i", "x=/a", "-i", "t=/texts"),
            (r"none: no field of /none in in\.h5 can be an input: /none\.t \(references\)", "in.h5:/none"),
            (r"t: /texts in in\.h5 holds strings, and is no ragged input \(bind another dataset\)", "in.h5", "-i", "t=/texts@/at"),
            (r"v: the offsets /a in in\.h5 are no integers ", "in.h5", "-i", "v=/b@/a"),
            (r"in\.h5:/a: names a dataset, and so does -i", "in.h5:/a", "-i", "x=/a"),
            (r"--cast: does not go with template", "in.h5", "--cast"),
        ]:
            with self.subTest(words=words):
                before = self.listing()
                self.refused(self.h5map("template", *words), "h5map: " + pattern, before)

    def test_under_a_launcher(self):
        self.write("in.h5", a=np.ones(3))
        result = self.call("mpirun", "-q", "-n", "2", H5MAP, "template", "in.h5")
        self.assertEqual((result.status, result.err, result.out), (0, "", self.printed("in.h5")), result)
