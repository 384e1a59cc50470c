"""Which datasets feed the kernel, what they may look like, and where the results go."""

import os

import h5py
import numpy as np

from harness import Case


class Names(Case):
    def setUp(self):
        super().setUp()
        self.plus = self.kernel("ports") + ":plus"
        self.a, self.b = np.arange(6.0), np.arange(6.0) ** 2

    def check_sum(self, *words, out="out.h5", dataset="sum", expect=None):
        self.succeeded(self.h5map("run", *words))
        np.testing.assert_array_equal(self.read(out, dataset), self.a + self.b if expect is None else expect)

    def test_by_name(self):
        self.write("in.h5", a=self.a, b=self.b, other=np.zeros(3))
        self.check_sum(self.plus, "in.h5", "out.h5")

    def test_option_i(self):
        self.write("in.h5", x=self.a, b=self.b)
        self.check_sum(self.plus, "in.h5", "out.h5", "-i", "a=/x")

    def test_groups_and_long_options_in_any_place(self):
        with h5py.File(self.path("in.h5"), "w") as file:
            file["deep/er/x"], file["b"] = self.a, self.b
        self.check_sum("-i", "a=/deep/er/x", self.plus, "--overwrite", "in.h5", "out.h5")

    def test_another_file(self):
        self.write("in.h5", a=self.a)
        self.write("more.h5", y=self.b)
        self.check_sum(self.plus, "in.h5", "out.h5", "-i", "b=more.h5:/y")

    def test_same_dataset_twice(self):
        self.write("in.h5", x=self.a)
        self.check_sum(self.plus, "in.h5", "out.h5", "-i", "a=/x", "-i", "b=/x", expect=2 * self.a)

    def test_input_names_the_dataset(self):
        with h5py.File(self.path("in.h5"), "w") as file:
            file["group/x"] = self.a
        self.succeeded(self.h5map("run", "square", "in.h5:/group/x", "out.h5"))
        np.testing.assert_array_equal(self.read("out.h5", "results"), self.a**2)

    def test_a_file_with_the_whole_name_is_that_file(self):
        os.mkdir(self.path("odd:"))
        self.write("odd:/x", items=self.a)
        self.succeeded(self.h5map("run", "square", "odd:/x", "out.h5"))
        np.testing.assert_array_equal(self.read("out.h5", "results"), self.a**2)

    def test_results_elsewhere(self):
        self.write("in.h5", a=self.a, b=self.b)
        self.check_sum(self.plus, "in.h5", "out.h5", "-o", "sum=/made/groups/total", dataset="made/groups/total")
        with h5py.File(self.path("out.h5"), "r") as file:
            self.assertEqual(sorted(file), ["h5map", "made"])

    def test_output_names_the_dataset(self):
        self.write("in.h5", a=self.a, b=self.b)
        self.check_sum(self.plus, "in.h5", "out.h5:/g/total", dataset="g/total")
        self.check_absent("out.h5:")

    def test_names_that_are_not_ascii(self):
        with h5py.File(self.path("Ære være.h5"), "w") as file:
            file["måling"] = self.a
        self.succeeded(self.h5map("run", "square", "Ære være.h5:/måling", "ût.h5", "-o", "results=/öffnung"))
        np.testing.assert_array_equal(self.read("ût.h5", "öffnung"), self.a**2)

    def test_soft_and_external_links(self):
        self.write("far.h5", x=self.a)
        with h5py.File(self.path("in.h5"), "w") as file:
            file["real"] = self.b
            file["a"] = h5py.ExternalLink("far.h5", "/x")
            file["b"] = h5py.SoftLink("/real")
        self.check_sum(self.plus, "in.h5", "out.h5")

    def test_input_is_not_touched(self):
        self.write("in.h5", a=self.a, b=self.b)
        before = self.listing()["in.h5"]
        self.check_sum(self.plus, "in.h5", "out.h5")
        self.assertEqual(self.listing()["in.h5"], before)


class Loops(Case):
    quick = True

    def test_leading_dims(self):
        x = np.random.default_rng(1).normal(size=(3, 4, 5, 6))
        self.write("in.h5", x=x)
        self.succeeded(self.h5map("run", self.kernel("norm"), "in.h5", "out.h5"))
        self.assertEqual(self.read("out.h5", "length").shape, (3, 4, 5))
        np.testing.assert_allclose(self.read("out.h5", "length"), np.linalg.norm(x, axis=3), rtol=1e-14)

    def test_scalar_dataset_is_one_item(self):
        self.write("in.h5", items=np.float64(7))
        self.succeeded(self.h5map("run", "square", "in.h5", "out.h5"))
        self.assertEqual(self.read("out.h5", "results"), 49)
        self.assertEqual(self.read("out.h5", "results").shape, ())

    def test_one_item_of_all_dims(self):
        self.write("in.h5", x=np.arange(12, dtype=np.float32).reshape(3, 4))
        self.succeeded(self.h5map("run", "stats", "in.h5", "out.h5"))
        self.assertEqual(self.read("out.h5", "mean"), 5.5)
        self.assertEqual(self.read("out.h5", "mean").shape, ())

    def test_no_items(self):
        for number, shape in enumerate([(0,), (0, 4), (4, 0), (2, 0, 3)]):
            for ranks in (1, 3):
                for words in ([], ["--schedule", "static"]):
                    with self.subTest(shape=shape, ranks=ranks, words=words):
                        self.write("in.h5", items=np.zeros(shape))
                        out = f"out{number}-{ranks}-{len(words)}.h5"
                        self.succeeded(self.run_on(ranks, *words, "square", "in.h5", out))
                        self.assertEqual(self.read(out, "results").shape, shape)
                        self.assertEqual(len(self.read(out, "h5map/failures")), 0)

    def test_no_items_of_some_size(self):
        self.write("in.h5", x=np.zeros((0, 3)))
        self.succeeded(self.h5map("run", self.kernel("norm"), "in.h5", "out.h5"))
        self.assertEqual(self.read("out.h5", "length").shape, (0,))

    def test_items_without_elements(self):
        self.write("in.h5", x=np.zeros((5, 0)))
        self.succeeded(self.h5map("run", self.kernel("norm"), "in.h5", "out.h5"))
        np.testing.assert_array_equal(self.read("out.h5", "length"), np.zeros(5))

    def test_items(self):
        x = np.arange(23.0)
        self.write("in.h5", items=x)
        for number, items in enumerate(["0:23", "5:10", "::", ":7", "20:", "::5", "1:23:7", "4:4", "22:23:100"]):
            with self.subTest(items=items):
                out = f"out{number}.h5"
                self.succeeded(self.h5map("run", "square", "in.h5", out, "--items", items, "--slice", "2"))
                cut = slice(*(int(v) if v else None for v in items.split(":")))
                np.testing.assert_array_equal(self.read(out, "results"), x[cut] ** 2)

    def test_items_of_leading_dims(self):
        x = np.arange(60.0).reshape(10, 3, 2)
        self.write("in.h5", items=x)
        for ranks in (1, 3):
            for words in ([], ["--schedule", "static"]):
                out = f"out{ranks}-{len(words)}.h5"
                self.succeeded(self.run_on(ranks, *words, "--slice", "5", "--items", "1:9:3", "square", "in.h5", out))
                np.testing.assert_array_equal(self.read(out, "results"), x[1:9:3] ** 2)


class Layouts(Case):
    """How a dataset is stored makes no difference."""

    def make(self, file, name, data, **how):
        file.create_dataset(name, data=data, **how)

    def test_layouts(self):
        x = np.random.default_rng(2).normal(size=(517, 7))
        layouts = {
            "chunked": dict(chunks=(50, 3)),
            "whole_rows": dict(chunks=(64, 7)),
            "gzip": dict(chunks=(100, 7), compression="gzip"),
            "shuffled": dict(chunks=(33, 4), compression="gzip", shuffle=True),
            "checked": dict(chunks=(33, 4), fletcher32=True),
            "extendible": dict(chunks=(10, 7), maxshape=(None, 7)),
            "large_chunk": dict(chunks=(517, 7), compression="gzip"),
            "compact": None,
        }
        with h5py.File(self.path("in.h5"), "w") as file:
            for name, how in layouts.items():
                if how is None:
                    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
                    plist.set_layout(h5py.h5d.COMPACT)
                    space = h5py.h5s.create_simple(x.shape)
                    h5py.h5d.create(file.id, name.encode(), h5py.h5t.IEEE_F64LE, space, plist).write(
                        h5py.h5s.ALL, h5py.h5s.ALL, x
                    )
                else:
                    self.make(file, name, x, **how)
        for name in layouts:
            for words in ([], ["--slice", "13"], ["--items", "3:500:11"]):
                with self.subTest(layout=name, words=words):
                    out = f"{name}{len(words)}{words[:1]}.h5"
                    self.succeeded(self.h5map("run", "square", f"in.h5:/{name}", out, *words))
                    cut = slice(3, 500, 11) if "--items" in words else slice(None)
                    np.testing.assert_array_equal(self.read(out, "results"), x[cut] ** 2)

    def test_chunks_never_written_hold_the_fill_value(self):
        with h5py.File(self.path("in.h5"), "w") as file:
            data = file.create_dataset("items", (1000,), "f8", chunks=(10,), fillvalue=3.0)
            data[200:300] = 5
        self.succeeded(self.h5map("run", "square", "in.h5", "out.h5"))
        expect = np.full(1000, 9.0)
        expect[200:300] = 25
        np.testing.assert_array_equal(self.read("out.h5", "results"), expect)

    def test_userblock(self):
        with h5py.File(self.path("in.h5"), "w", userblock_size=512) as file:
            file["items"] = np.arange(9.0)
        self.succeeded(self.h5map("run", "square", "in.h5", "out.h5"))
        np.testing.assert_array_equal(self.read("out.h5", "results"), np.arange(9.0) ** 2)

    def test_latest_format(self):
        with h5py.File(self.path("in.h5"), "w", libver="latest") as file:
            file.create_dataset("items", data=np.arange(900.0), chunks=(7,), maxshape=(None,))
        self.succeeded(self.h5map("run", "square", "in.h5", "out.h5"))
        np.testing.assert_array_equal(self.read("out.h5", "results"), np.arange(900.0) ** 2)

    def test_netcdf4(self):
        """The attributes, dimension scales and order of creation that netCDF-4 writes."""
        raw = np.array([[0, 10, -32768], [5, 32767, -1]], np.int16)
        with h5py.File(self.path("in.nc"), "w", track_order=True) as file:
            file.attrs["_NCProperties"] = np.bytes_("version=2,netcdf=4.9.0,hdf5=1.10.8")
            for number, (name, size) in enumerate((("time", 2), ("station", 3))):
                file.create_dataset(name, data=np.arange(size, dtype=float)).make_scale(name)
                file[name].attrs["_Netcdf4Dimid"] = np.int32(number)
            data = file.create_dataset("temperature", data=raw, chunks=(1, 3), compression="gzip", shuffle=True,
                                       fillvalue=np.int16(-32768))  # fmt: skip
            data.dims[0].attach_scale(file["time"])
            data.dims[1].attach_scale(file["station"])
            data.attrs["_FillValue"] = np.array([-32768], np.int16)
            data.attrs["scale_factor"], data.attrs["add_offset"] = 0.01, 273.15
            data.attrs["_Netcdf4Coordinates"] = np.array([0, 1], np.int32)
        self.succeeded(self.h5map("run", self.kernel("same") + ":same_double", "in.nc:/temperature", "out.h5"))
        expect = np.where(raw == -32768, np.nan, raw * 0.01 + 273.15)
        np.testing.assert_array_equal(self.read("out.h5", "y"), expect)


class Packing(Case):
    """CF packing is undone for floating inputs."""

    quick = True

    def pack(self, raw, **attributes):
        with h5py.File(self.path("in.h5"), "w") as file:
            file["x"] = raw
            for name, value in attributes.items():
                file["x"].attrs[name] = value

    def check(self, kernel, expect, *words, note=r"h5map: .*(packed|unpack|scale_factor|_FillValue|missing)"):
        result = self.h5map("run", "--overwrite", self.kernel("same") + ":" + kernel, "in.h5", "out.h5", *words)
        self.succeeded(result)
        got = self.read("out.h5", "y")
        np.testing.assert_array_equal(got, np.asarray(expect, got.dtype))
        if note:
            self.assertRegex(result.err, note)
        return result

    raw = np.array([-32768, -32767, -1, 0, 1, 1000, 32767], np.int16)

    def test_scale_and_offset(self):
        self.pack(self.raw, scale_factor=0.25, add_offset=-3.5)
        self.check("same_double", self.raw * 0.25 - 3.5)

    def test_into_float(self):
        self.pack(self.raw, scale_factor=0.1, add_offset=1e-3)
        self.check("same_float", (self.raw * 0.1 + 1e-3).astype(np.float32))

    def test_scale_of_float_type_is_used_in_double(self):
        self.pack(self.raw, scale_factor=np.float32(0.1), add_offset=np.float32(0.3))
        self.check("same_double", self.raw * float(np.float32(0.1)) + float(np.float32(0.3)))

    def test_fill_value(self):
        self.pack(self.raw, scale_factor=0.5, _FillValue=np.int16(-32768))
        self.check("same_double", [np.nan, *(self.raw[1:] * 0.5)])

    def test_fill_value_alone(self):
        self.pack(self.raw, _FillValue=np.int16(1000))
        self.check("same_double", np.where(self.raw == 1000, np.nan, self.raw))

    def test_missing_values(self):
        self.pack(self.raw, add_offset=1.0, missing_value=np.array([0, 1], np.int16), _FillValue=np.int16(-1))
        self.check("same_double", np.where(np.isin(self.raw, [-1, 0, 1]), np.nan, self.raw + 1.0))

    def test_fill_value_of_floats(self):
        x = np.array([1, -999, 3], np.float32)
        self.pack(x, _FillValue=np.float32(-999))
        self.check("same_double", [1, np.nan, 3])

    def test_unsigned(self):
        self.pack(np.array([-1, -128, 0, 127], np.int8), _Unsigned=np.bytes_("true"), scale_factor=2.0)
        self.check("same_double", [510, 256, 0, 254])

    def test_big_endian(self):
        self.pack(self.raw.astype(">i2"), scale_factor=0.25, _FillValue=np.array(-32768, ">i2"))
        self.check("same_double", [np.nan, *(self.raw[1:] * 0.25)])

    def test_integer_inputs_stay_raw(self):
        self.pack(self.raw, scale_factor=0.25, _FillValue=np.int16(-32768))
        self.check("same_int16", self.raw)

    def test_raw(self):
        self.pack(self.raw, scale_factor=0.25, _FillValue=np.int16(-32768))
        self.check("same_double", self.raw, "--raw", note=None)

    def test_int64_is_safe_when_packed(self):
        self.pack(np.array([1, 2**40], np.int64), scale_factor=0.5)
        self.check("same_float", [0.5, 2.0**39])

    def test_same_on_several_ranks(self):
        self.pack(np.arange(-500, 500, dtype=np.int16), scale_factor=0.01, add_offset=5.0, _FillValue=np.int16(7))
        kernel = self.kernel("same") + ":same_double"
        self.succeeded(self.h5map("run", kernel, "in.h5", "one.h5"))
        self.succeeded(self.mpi(3, "run", "--slice", "17", kernel, "in.h5", "three.h5"))
        self.check_same("one.h5", "three.h5")
