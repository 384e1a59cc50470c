"""Every stored type into every type of a kernel: safe conversions, --cast, byte orders."""

import h5py
import numpy as np

from harness import Case, cases

TYPES = {
    "bool": np.bool_, "int8": np.int8, "int16": np.int16, "int32": np.int32, "int64": np.int64, "uint8": np.uint8,
    "uint16": np.uint16, "uint32": np.uint32, "uint64": np.uint64, "float": np.float32, "double": np.float64,
    "complex64": np.complex64, "complex128": np.complex128,
}  # fmt: skip


def is_complex(dtype):
    return np.dtype(dtype).kind == "c"


def samples(dtype):
    """Ordinary and extreme values of a type."""
    kind = np.dtype(dtype).kind
    if kind == "b":
        return np.array([0, 1, 1, 0], dtype)
    if kind in "iu":
        info = np.iinfo(dtype)
        values = {0, 1, 2, 100, 127, 128, 255, 256, info.max, info.max - 1, info.min, info.min + 1, 2**31, 2**53 + 1, -1, -129}
        return np.array(sorted(v for v in values if info.min <= v <= info.max), dtype)
    reals = [0, -0.0, 1, 2, 0.5, -1, 127, 128, 255, 256, -129, 65535, 65536, 2.0**31, 2.0**32, 2.0**63, -(2.0**63), 2.0**64]
    reals += [np.nan, np.inf, -np.inf, 1e-30, 3.25e10]
    if np.dtype(dtype).itemsize in (8, 16) and kind == "f":
        reals += [2.0**53 - 1, 1e-300, 0.1]
    values = np.array(reals, dtype)
    if kind == "c":
        values[3:] += np.array([1j, -2.5j, 1e10j] * 10, dtype)[: len(values) - 3]
    return values


def can_hold(value, dtype):
    """May --cast put this value there?"""
    kind = np.dtype(dtype).kind
    if kind in "fc":
        return True
    if isinstance(value, (float, np.floating)) and (not np.isfinite(value) or value != np.floor(value)):
        return False
    low, high = (0, 1) if kind == "b" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
    return low <= int(value) <= high


def fill_of(dtype):
    kind = np.dtype(dtype).kind
    if kind == "b":
        return False
    if kind == "i":
        return np.iinfo(dtype).min
    return np.iinfo(dtype).max if kind == "u" else np.nan


@cases([(f"{name} from every type", name) for name in TYPES])
class Pairs(Case):
    @classmethod
    def make_shared(cls):
        with h5py.File(f"{cls.shared}/in.h5", "w") as file:
            for name, dtype in TYPES.items():
                data = samples(dtype)
                file[name] = data
                if data.dtype.kind != "b":
                    file["big-" + name] = data.astype(data.dtype.newbyteorder(">"))

    def check(self, to):
        for come in TYPES:
            for stored in (come, "big-" + come) if come != "bool" else (come,):
                with self.subTest(stored=stored, to=to):
                    self.check_pair(come, stored, to)

    def check_pair(self, come, stored, to):
        source, target = TYPES[come], TYPES[to]
        values = samples(source)
        words = ("run", self.kernel("same") + ":same_" + to, self.of_class("in.h5") + ":/" + stored, "out.h5", "--overwrite")
        if np.can_cast(source, target, "safe"):
            self.succeeded(self.h5map(*words))
            with np.errstate(all="ignore"):
                np.testing.assert_array_equal(self.read("out.h5", "y"), values.astype(target))
            return
        if is_complex(source) and not is_complex(target):
            for more in ((), ("--cast",)) if stored == come else ():
                self.refused(self.h5map(*words, *more), rf"h5map: .*{come}.*{to}")
            return
        if stored == come:
            self.refused(self.h5map(*words), rf"h5map: .*{come}.*{to}.*--cast")
        self.check_cast(words, values, target)

    def check_cast(self, words, values, target):
        holds = np.array([can_hold(v, target) for v in values])
        result = self.h5map(*words, "--cast", "--max-failures", "100%")
        self.succeeded(result, status=0 if holds.all() else 1)
        with np.errstate(all="ignore"):
            expect = np.where(holds, values, 0).astype(target)
        expect[~holds] = fill_of(target)
        got = self.read("out.h5", "y")
        finite = np.isfinite(expect) == np.isfinite(got)
        np.testing.assert_array_equal(got[finite], expect[finite])
        self.assertTrue(finite.all(), f"{values[~finite]} became {got[~finite]}")
        failures = self.read("out.h5", "h5map/failures")
        self.assertEqual(sorted(f["index"] for f in failures), list(np.flatnonzero(~holds)))
        for failure in failures:
            self.assertGreater(len(failure["reason"]), 5, failures)


class Stored(Case):
    """Types that files have and kernels don't."""

    quick = True

    def create(self, stored, data, memory=None):
        with h5py.File(self.path("in.h5"), "w") as file:
            space = h5py.h5s.create_simple(data.shape)
            dataset = h5py.h5d.create(file.id, b"x", stored, space)
            dataset.write(h5py.h5s.ALL, h5py.h5s.ALL, data, memory or h5py.h5t.py_create(data.dtype))

    def same(self, kernel, expect, *words):
        self.succeeded(self.h5map("run", "--overwrite", self.kernel("same") + ":same_" + kernel, "in.h5", "out.h5", *words))
        np.testing.assert_array_equal(self.read("out.h5", "y"), expect)

    def test_half_precision(self):
        x = np.array([0, 1, -2.5, 65504, np.inf, 1e-7], np.float16)
        self.write("in.h5", x=x)
        self.same("float", x.astype(np.float32))
        self.same("double", x.astype(np.float64))

    def test_enum(self):
        dtype = h5py.enum_dtype({"RED": 0, "GREEN": 1, "BLUE": 42}, basetype="i2")
        with h5py.File(self.path("in.h5"), "w") as file:
            file.create_dataset("x", data=np.array([0, 42, 1], "i2"), dtype=dtype)
        self.same("int16", [0, 42, 1])
        self.same("double", [0, 42, 1])

    def test_bitfield(self):
        data = np.array([0, 255, 1000], np.uint16)
        self.create(h5py.h5t.STD_B16LE, data, h5py.h5t.NATIVE_B16)
        self.same("uint16", data)

    def test_complex_of_other_names(self):
        stored = np.dtype([("real", "<f8"), ("imag", "<f8")])
        values = np.array([(1, 2), (-3, 0.5)], stored)
        with h5py.File(self.path("in.h5"), "w") as file:
            file["x"] = values
        self.same("complex128", [1 + 2j, -3 + 0.5j])

    def test_complex_with_fields_the_other_way_round(self):
        values = np.array([(1, 2), (-3, 0.5)], np.dtype([("i", "<f4"), ("r", "<f4")]))
        with h5py.File(self.path("in.h5"), "w") as file:
            file["x"] = values
        self.same("complex64", [2 + 1j, 0.5 - 3j])

    def test_integers_of_odd_width(self):
        stored = h5py.h5t.STD_I32LE.copy()
        stored.set_precision(24)
        data = np.array([0, 1, -5, 2**23 - 1, -(2**23)], np.int32)
        self.create(stored, data)
        self.same("int32", data)

    def test_committed_type(self):
        with h5py.File(self.path("in.h5"), "w") as file:
            file["type"] = np.dtype("<f4")
            file.create_dataset("x", data=np.arange(4, dtype="f4"), dtype=file["type"])
        self.same("float", np.arange(4))

    def test_refused_types(self):
        compound = np.array([(1, 2.0)], np.dtype([("a", "<i4"), ("b", "<f8")]))
        datasets = {
            "compound": compound,
            "string": np.array([b"ab", b"c"]),
            "opaque": np.array([b"ab"], "V2"),
        }
        with h5py.File(self.path("in.h5"), "w") as file:
            for name, data in datasets.items():
                file[name] = data
            file.create_dataset("text", data=["a", "b"], dtype=h5py.string_dtype())
            ragged = file.create_dataset("ragged", (2,), dtype=h5py.vlen_dtype(np.float64))
            ragged[0] = [1.0, 2.0]
            file.create_dataset("reference", data=[file["string"].ref], dtype=h5py.ref_dtype)
            file.create_dataset("array", (2,), dtype=np.dtype(("<f8", (3,))))
            for name in [*datasets, "text", "ragged", "reference"]:
                with self.subTest(name=name):
                    file.flush()
        for name in [*datasets, "text", "ragged", "reference"]:
            with self.subTest(name=name):
                self.check_refused(rf"h5map: .*/{name}\b", "square", f"in.h5:/{name}", "out.h5")

    def test_long_double_is_refused_by_name(self):
        self.create(h5py.h5t.NATIVE_LDOUBLE, np.arange(3, dtype=np.longdouble), h5py.h5t.NATIVE_LDOUBLE)
        self.check_refused(r"h5map: .*/x.*(long double|float.*(80|96|128)|16.byte)", "square", "in.h5:/x", "out.h5")
