"""Text of a fixed length: its paddings and encodings as inputs, string[N] as results."""

import h5py
import numpy as np

from harness import Case

WORDS = [b"", b"a", b"alpha", b"\xc3\xa9t\xc3\xa9", b"sixteen letters.", b"two words", b" in front"]


def stored(file, name, padding, charset, words=WORDS, bytes_=16):
    """A dataset of HDF5 strings with this padding, as written by other programs."""
    kind = h5py.h5t.C_S1.copy()
    kind.set_size(bytes_)
    kind.set_strpad(padding)
    kind.set_cset(charset)
    pad = b" " if padding == h5py.h5t.STR_SPACEPAD else b"\0"
    data = np.array([word.ljust(bytes_, pad) for word in words], f"S{bytes_}")
    raw = np.frombuffer(b"".join(word.ljust(bytes_, pad) for word in words), np.uint8)
    space = h5py.h5s.create_simple((len(words),))
    dataset = h5py.h5d.create(file.id, name.encode(), kind, space)
    dataset.write(h5py.h5s.ALL, h5py.h5s.ALL, raw, mtype=kind)
    return data


def shouted(word):
    text = b"%d:%s" % (len(word), word)
    return bytes(c - 32 if 97 <= c <= 122 else c for c in text[:11])


class Strings(Case):
    quick = True

    def setUp(self):
        super().setUp()
        self.shout = self.kernel("strings") + ":shout"

    def check_output(self, name, words):
        with h5py.File(self.path(name), "r") as file:
            kind = file["t"].id.get_type()
            self.assertEqual((kind.get_size(), kind.get_strpad(), kind.get_cset()), (12, h5py.h5t.STR_NULLPAD, h5py.h5t.CSET_UTF8))
            self.assertEqual(file["t"].fillvalue, b"")
            raw = file["t"][()]
            lengths = file["length"][()]
        self.assertEqual(list(raw), [shouted(word) if word else b"" for word in words])
        self.assertEqual(raw.tobytes(), b"".join((shouted(word) if word else b"").ljust(12, b"\0") for word in words))
        np.testing.assert_array_equal(lengths, [len(word) or np.iinfo("u8").max for word in words])

    def test_paddings(self):
        paddings = {"term": h5py.h5t.STR_NULLTERM, "null": h5py.h5t.STR_NULLPAD, "space": h5py.h5t.STR_SPACEPAD}
        with h5py.File(self.path("in.h5"), "w") as file:
            for name, padding in paddings.items():
                for word, charset in (("ascii", h5py.h5t.CSET_ASCII), ("utf8", h5py.h5t.CSET_UTF8)):
                    stored(file, f"{name}_{word}", padding, charset)
        for name in paddings:
            for word in ("ascii", "utf8"):
                out = f"{name}_{word}.h5"
                self.succeeded(self.run_on(1, "--max-failures", "1", self.shout, f"in.h5:/{name}_{word}", out), 1)
                self.check_output(out, WORDS)

    def test_ways(self):
        words = [b"word %d" % k if k % 500 else b"" for k in range(20000)]
        with h5py.File(self.path("in.h5"), "w") as file:
            file["s"] = np.array(words, "S10")
            file.create_dataset("c", data=np.array(words, "S10"), chunks=(777,), compression=1)
        self.succeeded(self.run_on(1, self.shout, "in.h5", "o.h5"), 1)
        self.check_output("o.h5", words)
        ways = (
            (2, []), (3, []), (3, ["--schedule", "static"]), (3, ["--io", "direct"]), (2, ["-i", "s=/c"]),
            (2, ["-i", "s=/c", "--io", "direct"]),
        )  # fmt: skip
        for k, (ranks, extra) in enumerate(ways):
            self.succeeded(self.run_on(ranks, *extra, self.shout, "in.h5", f"w{k}.h5"), 1)
            self.check_same("o.h5", f"w{k}.h5")
        for ranks in (1, 2):
            self.succeeded(self.run_on(ranks, "--compress", "4", self.shout, "in.h5", f"c{ranks}.h5"), 1)
            self.check_output(f"c{ranks}.h5", words)
            self.check_same("c1.h5", f"c{ranks}.h5")

    def test_beside_numbers(self):
        self.write("in.h5", a=np.array([b"x", b"yy"], "S3"), x=np.array([1.5, 2]), b=np.array([b"long text", b""], "S9"))
        self.succeeded(self.run_on(2, self.kernel("strings") + ":join", "in.h5", "o.h5"))
        self.assertEqual(self.read("o.h5", "t").tolist(), [(b"x", b"long te", b"1.5"), (b"yy", b"", b"2")])

    def test_items(self):
        self.write("in.h5", s=np.array([b"\xff", b"one", b"\xff", b"two", b"\xff"], "S4"))
        self.succeeded(self.run_on(1, "--items", "1:5:2", self.shout, "in.h5", "o.h5"))
        self.assertEqual(list(self.read("o.h5", "t")), [b"3:ONE", b"3:TWO"])

    def test_not_utf8(self):
        for bad in (b"\xe9t\xe9", b"\xc0\x80", b"a\xed\xa0\x80", b"\xf4\x90\x80\x80", b"end\xc3"):
            self.write("in.h5", s=np.array([b"fine"] * 1234 + [bad, b"\xff"], "S5"))
            for ranks in (1, 2):
                self.check_refused(r"s: /s in in.h5: item 1234 is not UTF-8 \(correct it\)", self.shout, "in.h5", "o.h5", ranks=ranks)
        star = np.zeros(9, [("a", "u1"), ("name", "S3")])
        star["name"][7] = b"\xff"
        self.write("in.h5", star=star)
        self.text(
            "k.c",
            "#include <h5map/kernel.h>\n"
            "static int k(const h5map_item_t *item) { *(uint64_t *)item->out[0] = strlen(*(const char *const *)item->in[0]); return 0; }\n"
            'H5MAP_KERNEL(k, .signature = "star: {name: string} -> y: uint64");\n',
        )
        self.check_refused(r"star: /star in in.h5: item 7: field 'name' is not UTF-8", "./k.c", "in.h5", "o.h5")
        self.succeeded(self.run_on(1, "--items", "0:7", "./k.c", "in.h5", "o.h5"))

    def test_refusals(self):
        with h5py.File(self.path("in.h5"), "w") as file:
            file["s"] = np.arange(3)
            file.create_dataset("v", data=["a", "b"], dtype=h5py.string_dtype())
            file["x"] = np.array([b"a"], "S1")
        self.check_refused(r"s: /s in in.h5 holds int64, the kernel takes strings \(bind another dataset\)", self.shout, "in.h5", "o.h5")
        self.check_refused(r"x: /x in in.h5 holds strings, ", self.kernel("norm"), "in.h5", "o.h5")
        table = (
            ("s: string -> y: string", "a string in a result without a length"),
            ("s: string[4] -> y: double", "a string in an input with a length"),
            ("s: {a: string[4]} -> y: double", "a string in an input with a length"),
            ("x: double -> y: {a: string}", "a string in a result without a length"),
            ("x: double -> y: string[40000]", "a string of more than 32768 bytes"),
            ("x: double -> y: {a: double[5000]}", "an element of result 'y' takes 40000 bytes, more than 32768"),
            ("x: {a: double[5000000]} -> y: double", "more than 16 MiB"),
            ("x: {a: double, a: float} -> y: double", "a second 'a'"),
        )
        for signature, pattern in table:
            self.text("k.c", f'#include <h5map/kernel.h>\nstatic int k(const h5map_item_t *i) {{ (void)i; return 0; }}\nH5MAP_KERNEL(k, .signature = "{signature}");\n')
            self.check_refused(pattern, "./k.c", "in.h5", "o.h5")
