"""Compounds: matched by the names of fields, converted, given back as C lays them out."""

import os

import h5py
import numpy as np

from harness import Case

N = 5000

INNER = np.dtype([("good", "?"), ("at", "<f4", (2,)), ("flag", "u1"), ("unused", "i8")])
STAR = np.dtype(
    {
        "names": ["name", "B-V", "ra", "inner", "z", "note"],
        "formats": ["S7", ">f4", ">f2", (INNER, (2,)), "c8", h5py.string_dtype()],
        "offsets": [3, 16, 24, 32, 100, 120],
        "itemsize": 144,
    }
)
RESULT = np.dtype(
    {
        "names": ["bright", "sum", "name", "Z value", "inner"],
        "formats": ["?", "f8", "S6", "c8", {"names": ["count", "at"], "formats": ["i2", ("f8", (2,))], "offsets": [0, 8], "itemsize": 24}],
        "offsets": [0, 8, 16, 24, 32],
        "itemsize": 56,
    }
)


def stars(count=N, bad=()):
    made = np.zeros(count, STAR)
    k = np.arange(count)
    made["name"] = [b"star%d" % (i % 1000) for i in k]
    made["B-V"], made["ra"] = (k % 97) / 8, k % 100
    made["inner"]["flag"] = np.stack([k % 200, k % 3], 1)
    made["inner"]["at"] = np.stack([np.stack([k, k / 2], 1), np.stack([k % 7, -k / 4], 1)], 1)
    made["inner"]["good"] = np.stack([k % 2, k % 3 == 0], 1)
    made["z"] = k + 2j
    made["note"] = ["x" * (i % 5) for i in k]
    made["ra"][list(bad)] = -1
    return made


def expected(made, bad=()):
    result = np.zeros(len(made), RESULT)
    result["bright"] = made["B-V"] > 1
    result["sum"] = made["ra"].astype(float) + made["B-V"]
    for k in range(2):
        result["sum"] += made["inner"]["flag"][:, k] + made["inner"]["at"][:, k].astype(float).sum(1)
        result["sum"] += made["inner"]["good"][:, k]
    result["name"] = [name[:5] for name in made["name"]]
    result["Z value"] = made["z"].conj()
    result["inner"]["count"] = [len(name) for name in made["name"]]
    result["inner"]["at"] = made["inner"]["at"][:, 1]
    for k in bad:
        result[k] = (False, np.nan, b"", complex(np.nan, np.nan), (-32768, (np.nan, np.nan)))
    return result


class Compounds(Case):
    quick = True
    BAD = (17, 4999)

    @classmethod
    def make_shared(cls):
        with h5py.File(os.path.join(cls.shared, "in.h5"), "w") as file:
            file["star"] = stars(bad=cls.BAD)
            file.create_dataset("chunked", data=stars(bad=cls.BAD), chunks=(333,), compression=4, shuffle=True)

    def setUp(self):
        super().setUp()
        self.describe = self.kernel("compounds") + ":describe"

    def check_output(self, name, made=None, bad=BAD):
        made = stars(bad=bad) if made is None else made
        with h5py.File(self.path(name), "r") as file:
            y = file["y"]
            self.assertEqual(y.dtype, RESULT)
            self.assertEqual(y.id.get_type().get_size(), 56)
            fill = y.fillvalue
            got, want = y[()], expected(made, bad)
            raw = np.frombuffer(got.tobytes(), np.uint8).reshape(-1, 56)
        self.assertEqual(str(fill), str(expected(made[:1], (0,))[0]))
        for field in ("bright", "sum", "name", "Z value"):
            np.testing.assert_array_equal(got[field], want[field], field)
        for field in ("count", "at"):
            np.testing.assert_array_equal(got["inner"][field], want["inner"][field], field)
        for first, last in ((1, 8), (22, 24), (34, 40)):
            self.assertFalse(raw[:, first:last].any(), "padding")

    def test_ranks(self):
        for ranks in (1, 2, 3):
            self.succeeded(self.run_on(ranks, self.describe, self.of_class("in.h5"), f"o{ranks}.h5"), 1)
            self.check_output(f"o{ranks}.h5")
            self.check_same("o1.h5", f"o{ranks}.h5")
        self.assertIn("star17 is nowhere", str(self.read("o3.h5", "h5map/failures")))

    def test_ways(self):
        chunked = f"star={self.of_class('in.h5')}:/chunked"
        self.succeeded(self.h5map("run", self.describe, self.of_class("in.h5"), "o.h5"), 1)
        for k, words in enumerate(
            (["--schedule", "static"], ["--io", "direct"], ["--slice", "7"], ["-i", chunked], ["-i", chunked, "--io", "direct"])
        ):
            self.succeeded(self.run_on(3, *words, self.describe, self.of_class("in.h5"), f"w{k}.h5"), 1)
            self.check_same("o.h5", f"w{k}.h5")

    def test_compress(self):
        for ranks, words in ((1, ["--compress", "4"]), (3, ["--compress", "4"]), (2, ["--compress", "4", "--io", "direct"])):
            out = f"c{ranks}.h5"
            self.succeeded(self.run_on(ranks, *words, self.describe, self.of_class("in.h5"), out), 1)
            self.check_output(out)
            self.check_same("c1.h5", out)

    def test_retry_failed(self):
        self.write("in.h5", star=stars(100, (3, 99)))
        self.succeeded(self.run_on(1, "--max-failures", "5", self.describe, "in.h5", "o.h5"), 1)
        kernel = self.text("k.c", open(self.kernel("compounds")).read().replace("star->ra < 0", "star->ra < -1"))
        words = ["--retry-failed", "--accept", "kernel", kernel + ":describe"]
        words[-1] = "./" + words[-1]
        self.succeeded(self.run_on(2, *words, "in.h5", "o.h5"))
        self.check_output("o.h5", stars(100, (3, 99)), ())
        self.assertIn("nothing to do", self.succeeded(self.run_on(1, *words[3:], "in.h5", "o.h5")).err)

    def test_scalar_and_matrix(self):
        made = stars(6)
        self.write("one.h5", star=made[2])
        self.write("six.h5", star=made.reshape(2, 3))
        for compress in ("0", "3"):
            self.succeeded(self.run_on(1, "--compress", compress, "--overwrite", self.describe, "one.h5", "o.h5"))
            self.assertEqual(self.read("o.h5", "y"), expected(made)[2])
            self.succeeded(self.run_on(2, "--compress", compress, "--overwrite", self.describe, "six.h5", "o.h5"))
            self.assertEqual(self.read("o.h5", "y").shape, (2, 3))
            np.testing.assert_array_equal(self.read("o.h5", "y").ravel(), expected(made))

    def test_as_stored(self):
        """Nothing is to be converted, and nothing is where only the order is another."""
        plain = self.kernel("compounds") + ":plain"
        k = np.arange(60)
        want = (k[::2] * k[::2] / 4 + k[1::2] * k[1::2] / 4).astype(float)
        for number, names in enumerate((["a", "b"], ["b", "a"], ["b", "x", "a"])):
            formats = {"a": "i4", "b": "f8", "x": "i2"}
            pair = np.zeros(60, np.dtype([(name, formats[name]) for name in names], align=number == 0))
            pair["a"], pair["b"] = k, k / 4
            self.write(f"p{number}.h5", pair=pair.reshape(30, 2))
            self.succeeded(self.run_on(2, plain, f"p{number}.h5", f"o{number}.h5"))
            np.testing.assert_array_equal(self.read(f"o{number}.h5", "y"), want)

    def test_conversion(self):
        narrow = self.kernel("compounds") + ":narrow"
        x = np.zeros(40, np.dtype([("a", "f8"), ("in", [("b", "i4", (2,))])]))
        x["a"], x["in"]["b"] = np.arange(40), np.stack([np.arange(40), -np.arange(40)], 1)
        x["a"][5], x["in"]["b"][7, 1] = 2.5, 40000
        self.write("x.h5", x=x)
        self.check_refused(
            r"x: field 'a' of /x in x.h5 holds double, the kernel takes uint8 \(give --cast to convert, items that do not fit fail\)",
            narrow, "x.h5", "o.h5",
        )  # fmt: skip
        self.succeeded(self.run_on(2, "--cast", "--max-failures", "2", narrow, "x.h5", "o.h5"), 1)
        want = np.arange(40)
        want[[5, 7]] = np.iinfo("i4").min
        np.testing.assert_array_equal(self.read("o.h5", "y"), want)
        reasons = str(self.read("o.h5", "h5map/failures"))
        self.assertIn("field 'a': 2.5 is not a uint8", reasons)
        self.assertIn("field 'in.b': 40000 is not an int16", reasons)

    def test_refusals(self):
        plain, narrow = self.kernel("compounds") + ":plain", self.kernel("compounds") + ":narrow"
        vlen = h5py.string_dtype()
        table = (
            (plain, "pair", [("a", "i4"), ("c", "f8")], r"pair: /pair in in.h5 has no field 'b' \(its fields are a, c\)"),
            (plain, "pair", [("a", "S4"), ("b", "f8")], r"pair: field 'a' of /pair in in.h5 holds strings, the kernel takes int32 \("),
            (plain, "pair", [("a", vlen), ("b", "f8")], r"field 'a' of /pair in in.h5 holds variable-length strings, the kernel takes int32 \("),
            (plain, "pair", [("a", "i4"), ("b", "c16")], r"field 'b' of .* holds complex128, the kernel takes double \(complex numbers can't"),
            (plain, "pair", [("a", "i4", (3,)), ("b", "f8")], r"field 'a' of .* holds int32\[3\], the kernel takes int32 \(take it with the dims"),
            (plain, "pair", "f8", r"pair: /pair in in.h5 holds double, the kernel takes compounds \{a: int32, b: double\} \(bind another"),
            (plain, "pair", "S3", r"pair: /pair in in.h5 holds strings, the kernel takes compounds \{a: int32, b: double\} \("),
            (narrow, "x", [("a", "u1"), ("in", "i2")], r"field 'in' of /x in in.h5 holds int16, the kernel takes \{b: int16\[2\]\} \("),
            (narrow, "x", [("a", "u1"), ("in", [("b", "i2")])], r"field 'in.b' of .* holds int16, the kernel takes int16\[2\] \("),
            (narrow, "x", [("a", "u1"), ("in", [("b", "i2", (3,))])], r"field 'in.b' of .* holds int16\[3\], the kernel takes int16\[2\] \("),
            (narrow, "x", [("a", "u1"), ("in", [("c", "i2", (3,))])], r"x: /x in in.h5 has no field 'in.b' \(its fields are c\)"),
        )  # fmt: skip
        for kernel, name, dtype, pattern in table:
            with self.subTest(pattern):
                with h5py.File(self.path("in.h5"), "w") as file:
                    file.create_dataset(name, (4, 2) if name == "pair" else (4,), np.dtype(dtype))
                self.check_refused(pattern, kernel, "in.h5", "o.h5")
        self.check_refused("has no field 'b'", plain, "in.h5", "o.h5", "-i", "pair=/x", ranks=2)

    def test_complex_is_a_compound_too(self):
        kernel = self.text(
            "k.c",
            "#include <h5map/kernel.h>\n"
            "static int k(const h5map_item_t *item)\n"
            "{ const double *z = item->in[0]; *(double *)item->out[0] = z[0] - z[1]; return 0; }\n"
            'H5MAP_KERNEL(k, .signature = "z: {re=\\"r\\": double, im=\\"i\\": double} -> y: double");\n',
        )
        self.write("z.h5", z=np.arange(5) + 3j * np.arange(5))
        self.succeeded(self.run_on(1, "./" + kernel, "z.h5", "o.h5"))
        np.testing.assert_array_equal(self.read("o.h5", "y"), -2.0 * np.arange(5))


def with_variable_names(made):
    """The same stars, their names of variable length in the file."""
    kinds = [(name, STAR[name]) for name in ("note", "z", "ra", "inner", "B-V")] + [("name", h5py.string_dtype())]
    result = np.zeros(made.shape, np.dtype(kinds))
    for name in result.dtype.names:
        result[name] = made[name]
    result["name"].flat = [name.decode() for name in made["name"].flat]
    return result


class VariableText(Case):
    """Texts of variable length in compounds."""

    quick = True

    def setUp(self):
        super().setUp()
        self.describe = self.kernel("compounds") + ":describe"

    def test_same_as_fixed(self):
        made = stars(3000, (17, 2999))
        with h5py.File(self.path("in.h5"), "w") as file:
            file["star"] = made
            file["variable"] = with_variable_names(made)
            file.create_dataset("chunked", data=with_variable_names(made), chunks=(333,), compression=4, shuffle=True)
        self.succeeded(self.h5map("run", self.describe, "in.h5", "o.h5"), 1)
        for name in ("variable", "chunked"):
            for ranks, words in ((1, []), (2, ["--slice", "7"]), (3, []), (3, ["--io", "direct"]), (2, ["--schedule", "static"])):
                with self.subTest(name=name, ranks=ranks, words=words):
                    self.succeeded(self.run_on(ranks, *words, "-i", f"star=/{name}", self.describe, "in.h5", "v.h5", "--overwrite"), 1)
                    self.check_same("o.h5", "v.h5")
        self.succeeded(self.h5map("run", "--items", "5:2000:3", self.describe, "in.h5", "some.h5"), 1)
        self.succeeded(self.run_on(2, "--items", "5:2000:3", "-i", "star=/variable", self.describe, "in.h5", "v.h5", "--overwrite"), 1)
        self.check_same("some.h5", "v.h5")

    def test_lengths(self):
        """Empty, never written, short, far longer than the others, nested and in arrays; long items of many of them."""
        kernel = self.text(
            "k.c",
            "#include <h5map/kernel.h>\n"
            "typedef struct { double x; struct { const char *b; int16_t k; } in[3]; const char *a; } item_t;\n"
            "static int k(const h5map_item_t *item)\n"
            "{\n"
            "    const item_t *x = item->in[0];\n"
            "    double sum = 0;\n"
            "    for (uint64_t m = 0; m < item->dim[0]; m++) {\n"
            "        sum += x[m].x + 1000.0 * (double)strlen(x[m].a);\n"
            "        for (int j = 0; j < 3; j++)\n"
            "            sum += x[m].in[j].k * (double)(unsigned char)x[m].in[j].b[0] + (double)strlen(x[m].in[j].b);\n"
            "    }\n"
            "    *(double *)item->out[0] = sum;\n"
            "    return 0;\n"
            "}\n"
            'H5MAP_KERNEL(k, .signature = "x: {x: double, in: {b: string, k: int16}[3], a: string}[m] -> y: double");\n',
        )
        words = h5py.string_dtype()
        kind = np.dtype([("a", words), ("in", [("k", "i2"), ("b", words)], (3,)), ("x", "f4")])
        data = np.zeros((40, 30), kind)
        data["a"] = "name"
        for k in range(40):
            for m in range(30):
                for j in range(3):
                    data["in"][k, m, j] = (j, "\u00e9t\u00e9"[: (k + m) % 4])
        data["a"][7, 3], data["a"][9, 9], data["in"]["b"][39, 29, 2] = "x" * 70000, "", "y" * 3000
        data["x"] = np.arange(1200).reshape(40, 30)
        want = data["x"].astype(float).sum(1)
        for k in range(40):
            for m in range(30):
                want[k] += 1000.0 * len(data["a"][k, m])
                for j in range(3):
                    text = data["in"]["b"][k, m, j].encode()
                    want[k] += j * (text[0] if text else 0) + len(text)
        with h5py.File(self.path("in.h5"), "w") as file:
            file["x"] = data
            part = file.create_dataset("part", (40, 30), kind, chunks=(5, 7))
            part[10:20] = data[10:20]
            file.create_dataset("none", (40, 30), kind)
        for name, result in (("x", want), ("part", np.where((np.arange(40) >= 10) & (np.arange(40) < 20), want, 0)), ("none", np.zeros(40))):
            for ranks, words in ((1, []), (2, []), (3, ["--io", "direct", "--slice", "1"])):
                with self.subTest(name=name, ranks=ranks):
                    self.succeeded(self.run_on(ranks, *words, "--overwrite", "./" + kernel, f"in.h5:/{name}", "o.h5"))
                    np.testing.assert_array_equal(self.read("o.h5", "y"), result)

    def test_refusals(self):
        made = with_variable_names(stars(3))
        for text, pattern in (
            (b"caf\xe9", r"star: /star in in\.h5: item 1: field 'name' is not UTF-8 \(correct it\)"),
            (b"x" * (40 << 20), r"star: field '.*' of /star in in\.h5 holds too many bytes, the kernel takes less \(bind a dataset of smaller compounds\)"),
        ):
            with self.subTest(pattern), h5py.File(self.path("in.h5"), "w") as file:
                made["name"][1] = text
                file["star"] = made
                file.close()
                self.check_refused(pattern, self.describe, "in.h5", "o.h5")
        with self.subTest("its heap is damaged"):
            made["name"] = "find me here"
            self.write("in.h5", star=made)
            with open(self.path("in.h5"), "r+b") as file:
                at = file.read().index(b"GCOL")
                file.seek(at)
                file.write(b"gone")
            self.check_refused(r"star: /star in in\.h5: can't read items 0 to [0-9]+: ", self.describe, "in.h5", "o.h5")


class Stopped(Case):
    def test_resume(self):
        """Stopped at some point, it goes on, and ends as if it had not been."""
        kernel = self.text(
            "slow.c",
            "#include <time.h>\n"
            + open(self.kernel("compounds"))
            .read()
            .replace("    result_t result;\n", "    result_t result;\n    struct timespec nap = {0, 1000000};\n\n    nanosleep(&nap, NULL);\n"),
        )
        self.write("in.h5", star=stars(bad=Compounds.BAD))
        command = [f"./{kernel}:describe", "in.h5"]
        self.succeeded(self.run_on(3, *command, "whole.h5"), 1)
        for k, words in enumerate(([], ["--io", "direct"], ["--compress", "4"])):
            out = f"o{k}.h5"
            result = self.run_on(2, "--time-limit", "1s", "--checkpoint", "1s", "--slice", "50", *words, *command, out)
            self.succeeded(result, 75)
            self.check_absent(out)
            self.succeeded(self.run_on(3, *words, *command, out), 1)
            if not words or words[0] == "--io":
                self.check_same("whole.h5", out)
            self.assertEqual(self.read(out, "y").tobytes(), self.read("whole.h5", "y").tobytes())
