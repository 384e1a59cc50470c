"""Whatever can be mistyped: status 2, one line that starts with "h5map: ", nothing made or touched.

A row is (what is wrong, words after "run", pattern of the line behind "h5map: "). More is one more row.
"""

import os
import shutil
import subprocess

import h5py
import numpy as np

from harness import HEADERS, KERNELS, Case, cases

K = os.path.join(KERNELS, "e2e_")
SQUARE = ["square", "in.h5", "out.h5"]
PLUS = [K + "ports.c:plus", "in.h5", "out.h5"]
CITY = ["haversine", "in.h5", "out.h5", "-i", "lon=/items", "-i", "lat=/items", "-p", "lon0=1"]

LINES = [
    ("no command", None, r"command|usage"),
    ("unknown command", ["?", "frobnicate"], r"frobnicate: .*command"),
    ("mistyped command", ["?", "rnu", *SQUARE], r"rnu: .*run"),
    *[(f"{word}, later", ["?", word, *SQUARE], rf"{word}: .*") for word in ("check", "verify", "report")],
    ("no KERNEL", [], r"run: KERNEL is missing"),
    ("no INPUT", ["square"], r"run: INPUT is missing"),
    ("no OUTPUT", ["square", "in.h5"], r"run: OUTPUT is missing"),
    ("a word too many", [*SQUARE, "more.h5"], r"more\.h5"),
    ("empty KERNEL", ["", "in.h5", "out.h5"], r"run: KERNEL is an empty word"),
    ("empty INPUT", ["square", "", "out.h5"], r"run: INPUT is an empty word"),
    ("empty OUTPUT", ["square", "in.h5", ""], r"run: OUTPUT is an empty word"),
    ("unknown long option", [*SQUARE, "--frobnicate"], r"--frobnicate: .*option"),
    ("mistyped long option", [*SQUARE, "--overwirte"], r"--overwirte: .*--overwrite"),
    ("unknown short option", [*SQUARE, "-Z"], r"-Z: .*option"),
    ("unknown short option among others", [*SQUARE, "-qZ"], r"-q?Z: .*option"),
    ("ambiguous option", [*SQUARE, "--me", "--ma", "--s", "x"], r"--s: .*--schedule|--me|--ma"),
    ("value missing", [*SQUARE, "--memory"], r"--memory: .*"),
    ("value not wanted", [*SQUARE, "--cast=yes"], r"--cast.*: .*"),
    *[
        (f"--{option}, later", [*SQUARE, *f"--{option}".split()], rf"--{option.split()[0]}: .*version")
        for option in ("item-timeout 5s", "isolate", "trace t.json")
    ],
    *[
        (f"--{option} {time}", [*SQUARE, f"--{option}={time}"], rf"--{option}.*: .*\(give .*\)")
        for option in ("checkpoint", "time-limit")
        for time in ("", "90", "0", "1.5", "-5s", "-1:30", "soon", "1d", "90 s", "1h30m", "1e3s", "nans", "1:2:3:4", "1-12", ":30")
    ],
    *[
        (f"--{option} {time}", [*SQUARE, f"--{option}", time], rf"--{option} {time}: .*59.*23")
        for option in ("checkpoint", "time-limit")
        for time in ("1:60", "1:60:00", "1-24:00:00")
    ],
    *[(f"--time-limit {time}", [*SQUARE, "--time-limit", time], r"--time-limit .*: leaves no time") for time in ("0s", "0:00")],
    ("--checkpoint of ages", [*SQUARE, "--checkpoint", "100000h"], r"--checkpoint 100000h: longer than 10 years"),
    ("--accept, mistyped", [*SQUARE, "--accept", "flags,kernal"], r"--accept .*: unknown field kernal .*kernel\?.*flags, input"),
    ("--accept, unknown", [*SQUARE, "--accept", "everything"], r"--accept .*: unknown field everything .*kernel, flags, input"),
    *[(f"--accept {list}", [*SQUARE, f"--accept={list}"], r"--accept.*: .*empty") for list in ("", "kernel,", ",kernel", "kernel,,flags")],
    *[(f"--compress {level}", [*SQUARE, f"--compress={level}"], r"--compress.*: .*0 to 9") for level in ("", "10", "-1", "x", "1.5")],
    *[
        (f"--overwrite {other}", [*SQUARE, "--overwrite", *other.split()], rf"--overwrite: .*{other.split()[0]}")
        for other in ("--retry-failed", "--accept kernel")
    ],
    *[
        (f"--memory {size}", [*SQUARE, f"--memory={size}"], r"--memory.*: ")
        for size in ("", "0", "x", "-1", "64Q", "64MB", "1.5G", "M", "99999999999999999999", "99999999999999T", "1K")
    ],
    *[(f"--slice {n}", [*SQUARE, f"--slice={n}"], r"--slice.*: ") for n in ("", "0", "-3", "x", "1.5", "1e3", "99999999999999999999")],
    ("--schedule", [*SQUARE, "--schedule", "guided"], r"--schedule guided: .*dynamic.*static"),
    ("--progress", [*SQUARE, "--progress", "bar"], r"--progress bar: .*auto.*none"),
    *[
        (f"--max-failures {n}", [*SQUARE, f"--max-failures={n}"], r"--max-failures.*: ")
        for n in ("", "x", "-1", "1.5", "101%", "-1%", "%", "5%%", "nan%", "1e300")
    ],
    *[
        (f"--items {items}", [*SQUARE, f"--items={items}"], r"--items.*: ")
        for items in ("", "5", "a:b", "-1:3", "1:-1", "3:1", "0:5:0", "0:5:-1", "1:2:3:4", "0:6", "6:", "5:7", "1.0:3", "0:99999999999999999999")
    ],
    ("--items of a scalar", ["square", "in.h5:/scalar", "out.h5", "--items", "0:1"], r".*(--items|/scalar).*"),
    *[(f"-j {n}", [*SQUARE, *n.split()], r"-j") for n in ("-j 0", "-j0", "-jx", "-j 99999999999")],
    ("-j -1", [*SQUARE, "-j", "-1"], r"-1: unknown option"),
    # parameters
    ("-p without a value", [*CITY, "-p", "lat0"], r"-p lat0: .*NAME=VALUE"),
    ("-p with an empty value", [*CITY, "-p", "lat0="], r".*lat0"),
    ("-p without a name", [*CITY, "-p", "=3"], r"-p =3: "),
    ("-p unknown", [*CITY, "-p", "lat0=1", "-p", "lon_0=3"], r".*lon_0.*lon0"),
    ("-p of a kernel without", [*SQUARE, "-p", "x=3"], r"-p x: no such parameter"),
    ("-p twice", [*CITY, "-p", "lat0=1", "-p", "lat0=2"], r".*lat0.*twice"),
    ("-p not a number", [*CITY, "-p", "lat0=north"], r".*lat0.*north|.*north"),
    ("-p with more behind", [*CITY, "-p", "lat0=1x"], r".*lat0.*1x|.*1x"),
    ("-p missing", CITY, r".*lat0.*-p lat0="),
    ("-p of an input", [*SQUARE, "-p", "items=3"], r".*items"),
    ("-p too large", [K + "ports.c:head", "in.h5:/matrix", "out.h5", "-p", "k=3000000000"], r".*\bk\b.*3000000000"),
    ("-p not whole", [K + "ports.c:head", "in.h5:/matrix", "out.h5", "-p", "k=1.5"], r".*\bk\b.*1\.5"),
    ("-p negative as a dim", [K + "ports.c:head", "in.h5:/matrix", "out.h5", "-p", "k=-1"], r".*\bk\b.*-1"),
    # kernels
    ("built-in mistyped", ["squar", "in.h5", "out.h5"], r"squar: .*square"),
    ("source missing", ["nothere.c", "in.h5", "out.h5"], r"nothere\.c: .*No such file"),
    ("object missing", ["./nothere.so", "in.h5", "out.h5"], r"\./nothere\.so: .*No such file"),
    ("object that is text", ["./text.so", "in.h5", "out.h5"], r"\./text\.so: "),
    ("object that is empty", ["./empty.so", "in.h5", "out.h5"], r"\./empty\.so: "),
    ("object cut short", ["./cut.so", "in.h5", "out.h5"], r"\./cut\.so: "),
    ("object without a kernel", ["./plain.so", "in.h5", "out.h5"], r"\./plain\.so: .*kernel"),
    ("object that needs what is not there", ["./undefined.so", "in.h5", "out.h5"], r".*e2e_half"),
    ("object of another ABI", ["./abi.so", "in.h5", "out.h5"], r".*(ABI|version).*"),
    ("object without a signature", ["./unsigned.so", "in.h5", "out.h5"], r".*signature"),
    ("source that is a folder", ["folder.c", "in.h5", "out.h5"], r"folder\.c: "),
    ("source without a kernel", ["plain.c", "in.h5", "out.h5"], r"plain\.c: .*kernel"),
    ("several kernels", ["./many.so", "in.h5", "out.h5"], r"\./many\.so: .*thrice.*twice|\./many\.so: .*twice.*thrice"),
    ("no kernel of that name", ["./many.so:twise", "in.h5", "out.h5"], r"\./many\.so.*twise.*twice"),
    ("no name behind the colon", ["./many.so:", "in.h5", "out.h5"], r"\./many\.so:: .*name"),
    ("name of a built-in's kernel", ["square:square", "in.h5", "out.h5"], r"square:square: "),
    ("quote not closed in --cflags", ["plain.c", "in.h5", "out.h5", "--cflags", "'-DX"], r".*--cflags.*|.*quote"),
    # files and datasets
    ("no such file", ["square", "nothere.h5", "out.h5"], r"nothere\.h5: no such file"),
    ("no such file, with a dataset", ["square", "nothere.h5:/x", "out.h5"], r"nothere\.h5: no such file"),
    ("no such folder", ["square", "nowhere/in.h5", "out.h5"], r"nowhere/in\.h5: "),
    ("not HDF5", ["square", "text.so", "out.h5"], r"text\.so: .*HDF5"),
    ("empty file", ["square", "empty.so", "out.h5"], r"empty\.so: .*HDF5"),
    ("file cut short", ["square", "cut.h5", "out.h5"], r"cut\.h5: "),
    ("folder", ["square", "folder.c", "out.h5"], r"folder\.c: "),
    ("count:N of a kernel with an input", ["square", "count:100", "out.h5"], r"count:100: the kernel takes an input, items"),
    ("no dataset of the name", ["square", "other.h5", "out.h5"], r".*items.*(/alpha|/beta)"),
    ("no such dataset", ["square", "in.h5:/item", "out.h5"], r".*/item\b.*"),
    ("no such group", ["square", "in.h5:/nogroup/x", "out.h5"], r".*/nogroup"),
    ("a group", ["square", "in.h5:/group", "out.h5"], r".*/group\b.*"),
    ("dangling link", ["square", "in.h5:/dangling", "out.h5"], r".*/dangling"),
    ("INPUT with a dataset for two inputs", [PLUS[0], "in.h5:/items", "out.h5"], r".*(a, b|two|2|inputs).*"),
    ("-i unknown name", [*SQUARE, "-i", "itmes=/items"], r".*itmes.*items"),
    ("-i of a parameter", [*CITY, "-p", "lat0=1", "-i", "lon0=/items"], r".*lon0"),
    ("-i without =", [*SQUARE, "-i", "items"], r"-i items: .*NAME="),
    ("-i without a dataset", [*SQUARE, "-i", "items="], r"-i items=: "),
    ("-i that is not absolute", [*SQUARE, "-i", "items=items"], r"-i items=items: "),
    ("-i twice", [*SQUARE, "-i", "items=/items", "-i", "items=/other"], r".*items.*twice"),
    ("-i no such file", [*SQUARE, "-i", "items=nothere.h5:/items"], r"nothere\.h5.*: "),
    ("-i no such dataset", [*SQUARE, "-i", "items=/nope"], r".*/nope"),
    ("too few dims", [K + "norm.c", "in.h5:/scalar", "out.h5"], r".*/scalar.*"),
    ("stats of a vector", ["stats", "in.h5:/items", "out.h5", "--cast"], r".*/items.*x: float\[h, w\]|.*/items.*dim"),
    ("a literal dim of another size", [K + "ports.c:zip", "zip.h5", "out.h5"], r".*\bb\b.*[34]"),
    ("a named dim of two sizes", [K + "ports.c:product", "in.h5", "out.h5", "-i", "m=/m", "-i", "v=/wrong_v"], r".*\bw\b.*"),
    ("leading dims that differ", [*PLUS, "-i", "a=/items", "-i", "b=/six"], r".*(5.*6|6.*5)"),
    ("leading dims of another rank", [*PLUS, "-i", "a=/items", "-i", "b=/column"], r".*(/items|/column)"),
    ("no broadcasting", [*PLUS, "-i", "a=/items", "-i", "b=/scalar"], r".*(/items|/scalar)"),
    ("unsafe type", [K + "same.c:same_int32", "in.h5:/items", "out.h5"], r".*/items.*float64|.*/items.*double.*--cast"),
    ("complex into real", ["square", "in.h5:/complex", "out.h5", "--cast"], r".*/complex.*complex"),
    ("string", ["square", "in.h5:/string", "out.h5"], r".*/string.*string"),
    ("filter missing", ["square", "in.h5:/filtered", "out.h5"], r".*filter.*HDF5_PLUGIN_PATH|.*/filtered.*filter"),
    # results
    ("-o unknown name", [*SQUARE, "-o", "result=/r"], r".*result\b.*results"),
    ("-o without =", [*SQUARE, "-o", "results"], r"-o results: "),
    ("-o not absolute", [*SQUARE, "-o", "results=r"], r"-o results=r: "),
    ("-o twice", [*SQUARE, "-o", "results=/a", "-o", "results=/b"], r".*results.*twice"),
    ("-o in /h5map", [*SQUARE, "-o", "results=/h5map/results"], r".*/h5map"),
    ("-o as /h5map", [*SQUARE, "-o", "results=/h5map"], r".*/h5map"),
    ("-o as the root", [*SQUARE, "-o", "results=/"], r".*results=/"),
    ("-o two in one place", ["stats", "in.h5:/images", "out.h5", "-o", "min=/m", "-o", "max=/m"], r".*/m\b"),
    ("-o one below another", ["stats", "in.h5:/images", "out.h5", "-o", "min=/m", "-o", "max=/m/x"], r".*/m\b"),
    ("OUTPUT with a dataset for several results", ["stats", "in.h5:/images", "out.h5:/x"], r".*out\.h5:/x.*|.*results"),
    ("OUTPUT with /h5map", ["square", "in.h5", "out.h5:/h5map/x"], r".*/h5map"),
]  # fmt: skip


@cases(LINES)
class Lines(Case):
    @classmethod
    def make_shared(cls):
        place = cls.shared
        with h5py.File(f"{place}/in.h5", "w") as file:
            file["items"], file["other"], file["six"] = np.arange(5.0), np.arange(5.0), np.arange(6.0)
            file["column"], file["scalar"] = np.zeros((5, 1)), np.float64(1)
            file["matrix"], file["images"] = np.zeros((5, 4)), np.zeros((2, 3, 4), np.float32)
            file["m"], file["v"], file["wrong_v"] = np.zeros((5, 2, 3)), np.zeros((5, 3)), np.zeros((5, 4))
            file["complex"], file["string"] = np.zeros(3, np.complex128), np.array([b"a", b"b"])
            file["group/x"] = np.zeros(3)
            file["dangling"] = h5py.SoftLink("/nothing")
            cls.filtered(file)
        with h5py.File(f"{place}/zip.h5", "w") as file:
            file["a"], file["b"] = np.zeros(2, np.int32), np.zeros((2, 4), np.float32)
            file["c"], file["up"] = np.zeros(2, np.complex128), np.zeros(2, bool)
        with h5py.File(f"{place}/other.h5", "w") as file:
            file["alpha"], file["beta"] = np.zeros(3), np.zeros(3)
        with open(f"{place}/in.h5", "rb") as whole, open(f"{place}/cut.h5", "wb") as cut:
            cut.write(whole.read()[:1000])
        cls.make_objects(place)
        os.mkdir(f"{place}/folder.c")

    @staticmethod
    def filtered(file):
        """A dataset behind a filter that nobody has."""
        plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plist.set_chunk((10,))
        plist.set_filter(32000, h5py.h5z.FLAG_OPTIONAL, ())
        dataset = h5py.h5d.create(file.id, b"filtered", h5py.h5t.NATIVE_DOUBLE, h5py.h5s.create_simple((10,)), plist)
        dataset.write_direct_chunk((0,), np.zeros(10).tobytes(), 0)

    @staticmethod
    def make_objects(place):
        def compile(source, name):
            command = ["cc", "-fPIC", "-shared", f"-I{HEADERS}", source, "-o", f"{place}/{name}.so"]
            subprocess.run(command, check=True, stderr=subprocess.DEVNULL)

        def written(name, text):
            with open(f"{place}/{name}.c", "w") as file:
                file.write(text)
            return f"{place}/{name}.c"

        kernel = "#include <h5map/kernel.h>\nstatic int odd(const h5map_item_t *i)\n{\n    (void)i;\n    return 0;\n}\n"
        compile(K + "many.c", "many")
        compile(K + "library.c", "undefined")
        compile(written("plain", "int nothing_to_map(void);\nint nothing_to_map(void)\n{\n    return 0;\n}\n"), "plain")
        abi = kernel.replace("static int odd", "#undef H5MAP_ABI\n#define H5MAP_ABI 999\nstatic int odd")
        compile(written("abi", abi + 'H5MAP_KERNEL(odd, .signature = "items: double -> results: double");\n'), "abi")
        compile(written("unsigned", kernel + "H5MAP_KERNEL(odd, .signature = NULL);\n"), "unsigned")
        with open(f"{place}/text.so", "w") as file:
            file.write("this is text\n" * 100)
        open(f"{place}/empty.so", "w").close()
        with open(f"{place}/many.so", "rb") as whole, open(f"{place}/cut.so", "wb") as cut:
            cut.write(whole.read()[:2000])

    def setUp(self):
        super().setUp()
        for name in os.listdir(self.shared):
            os.symlink(self.of_class(name), self.path(name))

    def check(self, words, pattern):
        if words is None:
            words = []
        elif words[:1] == ["?"]:
            words = words[1:]
        else:
            words = ["run", *words]
        before = self.listing()
        self.refused(self.h5map(*words), r"\Ah5map: " + f"(?:{pattern})", before)


SIGNATURES = [
    # (signature, pattern): what parses but can't be run yet, then what is wrong
    ("z: double, shared x: {a: double, b: string}[n] -> y: double", r"string shared table 'x'"),
    ("z: double, shared x: string -> y: double", r"string shared table 'x'"),
    ("x: double -> y: {a: string}", r"a string in a result without a length"),
    ("x: string[16] -> y: double", r"a string in an input with a length"),
    ("x: {a: double, b: string}[*n] -> y: double", r"a ragged input 'x'"),
    ("x: double -> y: string[4], z: {a: double}[*]", r"a ragged result 'z'"),
    ("shared lut: double[*m], x: double -> y: double", r"shared 'lut' has a ragged dim"),
    ("", r"signature"),
    ("x: double", r"->|result"),
    ("x: double ->", r"result|end|name"),
    ("x: dbl -> y: double", r"dbl.*double|dbl"),
    ("x double -> y: double", r"\bx\b|:"),
    ("x: double, x: double -> y: double", r"\bx\b.*twice|\bx\b"),
    ("x: double -> x: double", r"\bx\b"),
    ("x: double -> y: double[n]", r"\bn\b"),
    ("x: double[ -> y: double", r"\[|dim"),
    ("x: double[0] -> y: double", r"0|dim"),
    ("x: double[-1] -> y: double", r"-|dim"),
    ("x: double[n,] -> y: double", r"dim|\]"),
    ("x: double[99999999999999999999] -> y: double", r"9999"),
    ("x: double, param p: double[3] -> y: double", r"\bp\b"),
    ("x: double, param p: double = x -> y: double", r"\bp\b"),
    ("x: double, param p: int8 = 300 -> y: double", r"\bp\b.*300|300"),
    ("x: double, param p: double -> y: double[p]", r"\bp\b"),
    ("x: double -> param y: double", r"param"),
    ("x: double -> y: double, ", r"end|name"),
    ("x: double -> y: double -> z: double", r"->"),
    ("x: double -> y: double = 3", r"="),
    ("x: double -> y: double z", r"\bz\b"),
    ("1x: double -> y: double", r"1x|name"),
    (", ".join(f"x{k}: double" for k in range(40)) + " -> y: double", r"32|too many|more than"),
    ("x: double[a,b,c,d,e,f,g,h,i] -> y: double", r"8|dims"),
    ("x" * 100 + ": double -> y: double", r"xxx|name"),
]


@cases([(signature[:40] or "empty", number) for number, (signature, _) in enumerate(SIGNATURES)])
class Signatures(Case):
    """One source file with a kernel of each signature, compiled once."""

    @classmethod
    def make_shared(cls):
        with open(f"{cls.shared}/odd.c", "w") as file:
            file.write("#include <h5map/kernel.h>\n")
            for number, (signature, _) in enumerate(SIGNATURES):
                text = signature.replace("\\", "\\\\").replace('"', '\\"')
                file.write(f"static int odd{number}(const h5map_item_t *i)\n{{\n    (void)i;\n    return 0;\n}}\n")
                file.write(f'H5MAP_KERNEL(odd{number}, .signature = "{text}");\n')
        with h5py.File(f"{cls.shared}/in.h5", "w") as file:
            file["x"] = np.zeros(3)

    def check(self, number):
        shutil.copy(self.of_class("in.h5"), self.path("in.h5"))
        pattern = rf"\Ah5map: .*odd{number}\b.*({SIGNATURES[number][1]})"
        self.check_refused(pattern, f"{self.of_class('odd.c')}:odd{number}", "in.h5", "out.h5")


class EveryRank(Case):
    """A refusal is one line at every rank count, and status 2."""

    quick = True

    def test_one_line_on_three_ranks(self):
        self.write("in.h5", items=np.arange(5.0))
        rows = [
            (["squar", "in.h5", "out.h5"], "squar"),
            (["square", "nothere.h5", "out.h5"], r"nothere\.h5"),
            (["square", "in.h5:/nope", "out.h5"], "/nope"),
            (["square", "in.h5", "nowhere/out.h5"], "nowhere"),
            (["square", "in.h5", "out.h5", "--frob"], "--frob"),
            (["square", "in.h5"], "OUTPUT"),
            (["square", "in.h5", "out.h5", "-p", "x=1"], r"\bx\b"),
            (["square", "in.h5", "out.h5", "--items", "0:9"], "--items"),
        ]
        for words, pattern in rows:
            with self.subTest(words=words):
                self.check_refused(r"\Ah5map: .*" + pattern, *words, ranks=3)


class Help(Case):
    def test_help(self):
        for words in (["--help"], ["-h"], ["run", "--help"], ["run", "square", "--help"], ["--help", "run"]):
            with self.subTest(words=words):
                result = self.h5map(*words)
                self.assertEqual((result.status, result.err), (0, ""), result)
                self.assertRegex(result.out, r"\AUsage: h5map run KERNEL INPUT OUTPUT")
                for option in ("-i", "-o", "-p", "-j", "--items", "--cast", "--raw", "--max-failures", "--overwrite", "--memory",
                               "--schedule", "--slice", "--cflags", "--libs", "--progress", "-q", "-v", "--version", "--checkpoint",
                               "--time-limit", "--accept", "--retry-failed", "--compress"):  # fmt: skip
                    self.assertIn(option, result.out)
                for option in ("--resume", "--isolate", "--item-timeout", "--trace"):
                    self.assertNotIn(option, result.out)
                self.assertLessEqual(max(map(len, result.out.splitlines())), 80)

    def test_version(self):
        result = self.h5map("--version")
        self.assertEqual((result.status, result.err), (0, ""), result)
        self.assertRegex(result.out, r"\Ah5map \d+\.\d+\.\d+ \(.*MPI.*HDF5 \d+\.\d+\.\d+\)\n")

    def test_help_on_a_closed_or_full_output(self):
        result = self.call("sh", "-c", '"$0" --help >/dev/full', os.environ["H5MAP"])
        self.assertNotEqual(result.status, 0, result)
