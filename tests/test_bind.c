/* Which dataset feeds which name, what is looped over, and the line for each wrong request. */
#include "data/bind.h"
#include "data_files.h"
#include "suite.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define NORM "x: double[n] -> length: double"
#define TWO "lon: double, lat: double -> distance: double, angle: double"

static const double numbers[120] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};

static void put_doubles(const char *file, const char *path, int rank, hsize_t a, hsize_t b)
{
    put_set((struct set){file, path, .stored = H5T_NATIVE_DOUBLE, .rank = rank, .shape = {a, b}, .data = numbers});
}

static void put_type(const char *file, const char *path, hid_t stored)
{
    put_set((struct set){file, path, .stored = stored, .rank = 1, .shape = {3}});
    if (H5Tget_class(stored) != H5T_INTEGER && H5Tget_class(stored) != H5T_FLOAT)
        H5Tclose(stored);
}

static void finds_datasets_by_name_and_by_option(void)
{
    struct request *r;
    struct stat status;

    folder_make();
    put_doubles("in.h5", "/x", 2, 5, 3);
    put_doubles("in.h5", "/g/pos", 2, 4, 2);
    put_doubles("b:c.h5", "/v", 1, 7, 0);
    r = bound(request_make(NORM, "in.h5"));
    CU_ASSERT_STRING_EQUAL(r->binding.in[0].file, "in.h5");
    CU_ASSERT_STRING_EQUAL(r->binding.in[0].dataset, "/x");
    CU_ASSERT_STRING_EQUAL(r->binding.in[0].type_name, "double");
    CU_ASSERT_EQUAL(r->binding.in[0].wire, TYPE_DOUBLE);
    CU_ASSERT_EQUAL(r->binding.loop_rank, 1);
    CU_ASSERT_EQUAL(r->binding.loop_shape[0], 5);
    CU_ASSERT_EQUAL(r->binding.rows, 5);
    CU_ASSERT_EQUAL(r->binding.step, 1);
    CU_ASSERT_EQUAL(r->binding.dim[0], 3);
    CU_ASSERT_STRING_EQUAL(r->binding.result[0], "/length");
    CU_ASSERT_STRING_EQUAL(r->binding.notes, "");
    CU_ASSERT_EQUAL(stat("in.h5", &status), 0);
    CU_ASSERT_EQUAL(r->binding.in[0].file_bytes, (uint64_t)status.st_size);
    CU_ASSERT_EQUAL(r->binding.in[0].mtime_ns, status.st_mtim.tv_sec * 1000000000L + status.st_mtim.tv_nsec);
    r = bound(request_make(NORM, "in.h5:/g/pos"));
    CU_ASSERT_EQUAL(r->binding.dim[0], 2);
    r = bound(with_input(request_make(NORM, "in.h5"), "x", "/g/pos"));
    CU_ASSERT_EQUAL(r->binding.loop_shape[0], 4);
    r = bound(with_input(request_make(NORM, "in.h5"), "x", "b:c.h5:/v"));
    CU_ASSERT_STRING_EQUAL(r->binding.in[0].file, "b:c.h5");
    CU_ASSERT_EQUAL(r->binding.loop_rank, 0);
    CU_ASSERT_EQUAL(r->binding.rows, 1);
    CU_ASSERT_EQUAL(r->binding.dim[0], 7);
    folder_remove();
}

static void refuses_names_and_words_that_bind_nothing(void)
{
    struct request *r;

    folder_make();
    put_doubles("in.h5", "/pos", 1, 5, 0);
    put_doubles("in.h5", "/g/mass", 1, 5, 0);
    refused(request_make("x: double -> y: double", "in.h5"),
            "x: no dataset /x in in.h5 (bind it with -i x=/DATASET; there are /g/mass, /pos)");
    refused(request_make(TWO, "in.h5:/pos"),
            "in.h5:/pos: the kernel has 2 inputs, lon, lat (give in.h5 and -i lon=/pos)");
    refused(request_make("x: double -> y: double", "count:10"),
            "count:10: the kernel takes an input, x (give FILE or FILE:/DATASET)");
    r = request_make("x: double -> y: double", "in.h5");
    r->signature.in_count = 0;
    refused(r, "in.h5: the kernel takes no input (give count:N for N items)");
    refused(with_input(request_make(TWO, "in.h5"), "y", "/pos"),
            "-i y=/pos: the kernel has no input y (there are lon, lat)");
    refused(with_input(request_make("x: double, param n: int32 -> y: double", "in.h5"), "n", "/pos"),
            "-i n=/pos: n is a parameter (give -p n=VALUE)");
    refused(with_input(with_input(request_make(TWO, "in.h5"), "lat", "/pos"), "lat", "/x"),
            "-i lat=/x: lat is bound already, to /pos in in.h5 (give one of the two)");
    refused(with_input(request_make("x: double -> y: double", "in.h5:/pos"), "x", "/g/mass"),
            "-i x=/g/mass: x is bound already, to /pos in in.h5 (give one of the two)");
    refused(with_input(request_make("x: double -> y: double", "in.h5"), "x", "b.h5"),
            "-i x=b.h5: no dataset in it (give x=/DATASET for one of in.h5, or x=FILE:/DATASET)");
    refused(with_input(request_make("x: double -> y: double", "in.h5"), "x", ""),
            "-i x=: no dataset in it (give x=/DATASET for one of in.h5, or x=FILE:/DATASET)");
    refused(with_input(request_make("x: double -> y: double", "in.h5"), "x", "/pos@/off"),
            "-i x=/pos@/off: items of x all have one size (give one dataset)");
    folder_remove();
}

static void refuses_files_that_can_not_be_read(void)
{
    struct request *r;

    folder_make();
    put_doubles("in.h5", "/x", 1, 5, 0);
    put_file("text", "this is no HDF5 file, though it is long enough to be looked at");
    put_file("empty", "");
    put_file("classic.nc", "CDF\001 and so on");
    CU_ASSERT_EQUAL(mkdir("folder", 0700) + mkfifo("pipe", 0600), 0);
    refused(request_make("x: double -> y: double", "no.h5"), "no.h5: no such file");
    refused(request_make("x: double -> y: double", "in.h5:x"),
            "in.h5:x: no such file (for a dataset of in.h5 give in.h5:/x)");
    refused(request_make("x: double -> y: double", "text"), "text: is not an HDF5 file");
    refused(request_make("x: double -> y: double", "empty"), "empty: is empty (give an HDF5 file)");
    refused(request_make("x: double -> y: double", "folder"), "folder: is a folder (give an HDF5 file)");
    refused(request_make("x: double -> y: double", "pipe"), "pipe: is no regular file (give an HDF5 file)");
    refused(request_make("x: double -> y: double", "text/in.h5"), "text/in.h5: Not a directory");
    refused(request_make("x: double -> y: double", "classic.nc"),
            "classic.nc: is a netCDF classic file, not HDF5 (convert it: nccopy -k nc4 classic.nc NEW.nc)");
    CU_ASSERT_EQUAL(truncate("in.h5", 700), 0);
    r = request_make("x: double -> y: double", "in.h5");
    CU_ASSERT_EQUAL(request_bind(r), REFUSED);
    CU_ASSERT_PTR_NOT_NULL(strstr(r->error.text, "in.h5: can't be opened as HDF5: truncated file"));
    folder_remove();
}

static void names_the_way_around_a_lock(void)
{
    int fd;

    folder_make();
    put_doubles("in.h5", "/x", 1, 5, 0);
    fd = open("in.h5", O_RDWR | O_CLOEXEC);
    CU_ASSERT(fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0);
    refused(request_make("x: double -> y: double", "in.h5"),
            "in.h5: is locked: another program has it open for writing, or the file system has no locks (wait for that "
            "program, or set HDF5_USE_FILE_LOCKING=FALSE)");
    CU_ASSERT_EQUAL(close(fd), 0);
    folder_remove();
}

static void put_links(const char *name)
{
    const hid_t file = H5Fopen(name, H5F_ACC_RDWR, H5P_DEFAULT);

    CU_ASSERT(H5Lcreate_soft("/nowhere", file, "/soft", H5P_DEFAULT, H5P_DEFAULT) >= 0);
    CU_ASSERT(H5Lcreate_soft("/g/x", file, "/good", H5P_DEFAULT, H5P_DEFAULT) >= 0);
    CU_ASSERT(H5Lcreate_external("no.h5", "/x", file, "/external", H5P_DEFAULT, H5P_DEFAULT) >= 0);
    CU_ASSERT(H5Lcreate_external("out.h5", "/x", file, "/other", H5P_DEFAULT, H5P_DEFAULT) >= 0);
    CU_ASSERT(H5Fclose(file) >= 0);
}

static void refuses_what_is_no_dataset(void)
{
    struct request *r;

    folder_make();
    put_doubles("in.h5", "/g/x", 1, 5, 0);
    put_links("in.h5");
    bound(request_make("x: double -> y: double", "in.h5:/good"));
    refused(request_make("x: double -> y: double", "in.h5:/g"),
            "x: /g in in.h5 is a group, no dataset (there are /g/x, /good)");
    refused(request_make("x: double -> y: double", "in.h5:/g/x/y"),
            "x: no dataset /g/x/y in in.h5 (bind it with -i x=/DATASET; there are /g/x, /good)");
    refused(request_make("x: double -> y: double", "in.h5:/soft"),
            "x: /soft in in.h5 can't be opened: a path or the target of a link does not exist");
    r = request_make("x: double -> y: double", "in.h5:/external");
    CU_ASSERT_EQUAL(request_bind(r), REFUSED);
    CU_ASSERT_PTR_NOT_NULL(strstr(r->error.text, "x: /external in in.h5 can't be opened: "));
    CU_ASSERT_PTR_NOT_NULL(strstr(r->error.text, "no.h5"));
    put_doubles("out.h5", "/x", 1, 5, 0);
    refused(request_make("x: double -> y: double", "in.h5:/other"),
            "x: /other in in.h5 is in the output, out.h5 (give another OUTPUT)");
    refused(request_make("x: double -> y: double", "out.h5"),
            "x: /x in out.h5 is in the output, out.h5 (give another OUTPUT)");
    CU_ASSERT_EQUAL(link("out.h5", "same.h5"), 0);
    refused(request_make("x: double -> y: double", "same.h5"),
            "x: /x in same.h5 is in the output, out.h5 (give another OUTPUT)");
    folder_remove();
}

static hid_t compound(const char *first, const char *second, hid_t part)
{
    const size_t bytes = H5Tget_size(part);
    const hid_t made = H5Tcreate(H5T_COMPOUND, 2 * bytes);

    CU_ASSERT(H5Tinsert(made, first, 0, part) >= 0 && H5Tinsert(made, second, bytes, part) >= 0);
    return made;
}

static hid_t enumeration(hid_t base, const char *one)
{
    const hid_t made = H5Tenum_create(base);
    const signed char values[8] = {0, 0}, first[8] = {1};

    CU_ASSERT(H5Tenum_insert(made, "FALSE", values) >= 0 && H5Tenum_insert(made, one, first) >= 0);
    return made;
}

static void check_type(const char *path, const char *name, enum type wire)
{
    char input[64];
    struct request *r;

    snprintf(input, sizeof input, "in.h5:%s", path);
    r = request_make("x: complex128 -> y: double", input);
    r->options.cast = true;
    bound(r);
    CU_ASSERT_STRING_EQUAL(r->binding.in[0].type_name, name);
    CU_ASSERT_EQUAL(r->binding.in[0].wire, wire);
}

static hid_t small_float(void)
{
    const hid_t made = H5Tcopy(H5T_IEEE_F32BE);

    CU_ASSERT(H5Tset_fields(made, 15, 10, 5, 0, 10) >= 0 && H5Tset_size(made, 2) >= 0 && H5Tset_ebias(made, 15) >= 0);
    return made;
}

static hid_t narrow_integer(void)
{
    const hid_t made = H5Tcopy(H5T_STD_I32LE);

    CU_ASSERT(H5Tset_precision(made, 24) >= 0 && H5Tset_size(made, 3) >= 0);
    return made;
}

static void takes_all_kinds_of_numbers(void)
{
    folder_make();
    put_type("in.h5", "/i8", H5T_STD_I8LE);
    put_type("in.h5", "/u16be", H5T_STD_U16BE);
    put_type("in.h5", "/i64", H5T_STD_I64LE);
    put_type("in.h5", "/i24", narrow_integer());
    put_type("in.h5", "/f16", small_float());
    put_type("in.h5", "/f32be", H5T_IEEE_F32BE);
    put_type("in.h5", "/bool", enumeration(H5T_NATIVE_INT8, "TRUE"));
    put_type("in.h5", "/enum", enumeration(H5T_STD_I16LE, "ONE"));
    put_type("in.h5", "/bits", H5Tcopy(H5T_STD_B16LE));
    put_type("in.h5", "/ri", compound("r", "i", H5T_IEEE_F32LE));
    put_type("in.h5", "/mat", compound("real", "imag", H5T_IEEE_F64BE));
    check_type("/i8", "int8", TYPE_INT8);
    check_type("/u16be", "big-endian uint16", TYPE_UINT16);
    check_type("/i64", "int64", TYPE_INT64);
    check_type("/i24", "24-bit int32", TYPE_INT32);
    check_type("/f16", "big-endian float16", TYPE_FLOAT);
    check_type("/f32be", "big-endian float", TYPE_FLOAT);
    check_type("/bool", "bool", TYPE_BOOL);
    check_type("/enum", "enum of int16", TYPE_INT16);
    check_type("/bits", "bitfield of 16 bits", TYPE_UINT16);
    check_type("/ri", "complex64", TYPE_COMPLEX64);
    check_type("/mat", "big-endian complex128", TYPE_COMPLEX128);
    folder_remove();
}

static void check_no_number(const char *path, const char *held)
{
    char input[64], line[200];

    snprintf(input, sizeof input, "in.h5:%s", path);
    snprintf(line, sizeof line, "x: %s in in.h5 holds %s, the kernel takes numbers (bind another dataset)", path, held);
    refused(request_make("x: complex128 -> y: double", input), line);
}

static void refuses_what_is_no_number(void)
{
    const hsize_t two = 2;
    const hid_t variable = H5Tcopy(H5T_C_S1);

    folder_make();
    CU_ASSERT(H5Tset_size(variable, H5T_VARIABLE) >= 0);
    put_type("in.h5", "/text", H5Tcopy(H5T_C_S1));
    put_type("in.h5", "/vtext", variable);
    put_type("in.h5", "/ld", H5T_NATIVE_LDOUBLE);
    put_type("in.h5", "/opaque", H5Tcreate(H5T_OPAQUE, 4));
    put_type("in.h5", "/nested", H5Tvlen_create(H5Tvlen_create(H5T_NATIVE_INT)));
    put_type("in.h5", "/array", H5Tarray_create2(H5T_NATIVE_INT, 1, &two));
    put_type("in.h5", "/ref", H5Tcopy(H5T_STD_REF_OBJ));
    put_type("in.h5", "/ab", compound("a", "b", H5T_NATIVE_INT));
    put_type("in.h5", "/ri_int", compound("r", "i", H5T_NATIVE_INT));
    put_type("in.h5", "/long", compound("a_name_that_is_long_enough", "to_need_another_line_or_so", H5T_NATIVE_INT));
    check_no_number("/text", "strings");
    check_no_number("/vtext", "variable-length strings");
    check_no_number("/ld", "long doubles (16 bytes)");
    check_no_number("/opaque", "opaque bytes");
    check_no_number("/nested", "variable-length sequences");
    check_no_number("/array", "elements that are arrays themselves");
    check_no_number("/ref", "references");
    check_no_number("/ab", "compounds {a, b}");
    check_no_number("/ri_int", "compounds {r, i}");
    check_no_number("/long", "compounds {a_name_that_is_long_enough, to_need_another_line...}");
    refused(request_make("x: double -> y: double", "in.h5"),
            "x: no dataset /x in in.h5 (bind it with -i x=/DATASET; there are /ab, /long, /ri_int, /text, /vtext)");
    folder_remove();
}

static void converts_safely_or_when_told(void)
{
    struct request *r;

    folder_make();
    put_type("in.h5", "/d", H5T_NATIVE_DOUBLE);
    put_type("in.h5", "/i", H5T_STD_I32BE);
    put_type("in.h5", "/c", compound("r", "i", H5T_IEEE_F32LE));
    bound(request_make("x: double -> y: double", "in.h5:/i"));
    refused(request_make("x: float -> y: double", "in.h5:/d"),
            "x: /d in in.h5 holds double, the kernel takes float (give --cast to convert, items that do not fit fail)");
    refused(request_make("x: int16 -> y: double", "in.h5:/i"),
            "x: /i in in.h5 holds big-endian int32, the kernel takes int16 (give --cast to convert, items that do not "
            "fit fail)");
    r = request_make("x: int16 -> y: double", "in.h5:/i");
    r->options.cast = true;
    bound(r);
    r = request_make("x: double -> y: double", "in.h5:/c");
    r->options.cast = true;
    refused(r, "x: /c in in.h5 holds complex64, the kernel takes double (complex numbers can't become real ones)");
    folder_remove();
}

static void loops_over_the_leading_dims(void)
{
    struct request *r;

    folder_make();
    put_set((struct set){"in.h5", "/cube", H5T_NATIVE_FLOAT, .rank = 4, .shape = {2, 3, 4, 5}});
    put_doubles("in.h5", "/one", 0, 0, 0);
    put_doubles("in.h5", "/none", 2, 0, 3);
    put_doubles("in.h5", "/thin", 2, 3, 0);
    r = bound(request_make("x: float[h, 5] -> y: double", "in.h5:/cube"));
    CU_ASSERT_EQUAL(r->binding.loop_rank, 2);
    CU_ASSERT_EQUAL(r->binding.loop_shape[1], 3);
    CU_ASSERT_EQUAL(r->binding.dim[0], 4);
    CU_ASSERT_EQUAL(r->plan.items, 6);
    r = bound(request_make("x: float -> y: double", "in.h5:/cube"));
    CU_ASSERT_EQUAL(r->binding.loop_rank, 4);
    CU_ASSERT_EQUAL(r->plan.items, 120);
    r = bound(request_make("x: double -> y: double", "in.h5:/one"));
    CU_ASSERT_EQUAL(r->binding.loop_rank, 0);
    CU_ASSERT_EQUAL(r->plan.items, 1);
    r = bound(request_make(NORM, "in.h5:/none"));
    CU_ASSERT_EQUAL(r->plan.items, 0);
    CU_ASSERT_EQUAL(r->binding.dim[0], 3);
    r = bound(request_make(NORM, "in.h5:/thin"));
    CU_ASSERT_EQUAL(r->plan.items, 3);
    CU_ASSERT_EQUAL(r->binding.dim[0], 0);
    folder_remove();
}

static void refuses_shapes_that_do_not_fit(void)
{
    const hid_t space = H5Screate(H5S_NULL), file = (folder_make(), H5Fcreate("null.h5", H5F_ACC_TRUNC, 0, 0));
    struct request *r;

    CU_ASSERT(H5Dclose(H5Dcreate2(file, "x", H5T_NATIVE_INT, space, 0, 0, 0)) >= 0 && H5Fclose(file) >= 0);
    put_doubles("in.h5", "/lon", 1, 5, 0);
    put_doubles("in.h5", "/lat", 2, 5, 3);
    put_doubles("other.h5", "/lat", 1, 6, 0);
    refused(request_make("x: double -> y: double", "null.h5"), "x: /x in null.h5 holds nothing (a null dataspace)");
    refused(request_make("x: double[2] -> y: double", "in.h5:/lat"),
            "x: /lat in in.h5 has shape (5, 3), the kernel takes double[2]");
    refused(request_make("x: double[h, w, 2] -> y: double", "in.h5:/lat"),
            "x: /lat in in.h5 has shape (5, 3), the kernel takes double[h, w, 2] (3 dims at least)");
    refused(request_make("lon: double[n], lat: double[n] -> y: double", "in.h5"),
            "lat: /lat in in.h5 has shape (5, 3), the kernel takes double[n], where n is 5 by lon");
    refused(request_make("x: double[n, n] -> y: double", "in.h5:/lat"),
            "x: /lat in in.h5 has shape (5, 3), the kernel takes double[n, n], where n is 5 by x");
    refused(request_make(TWO, "in.h5"), "lon and lat: the leading dims differ: (5) of /lon in in.h5, (5, 3) of /lat in "
                                        "in.h5 (they must be the same)");
    refused(with_input(request_make(TWO, "in.h5"), "lat", "other.h5:/lat"),
            "lon and lat: the leading dims differ: (5) of /lon in in.h5, (6) of /lat in other.h5 (they must be the "
            "same)");
    r = request_make("x: double[n], param n: int32 -> y: double[n]", "in.h5:/lat");
    r->param[1] = (struct scalar){{4}};
    refused(r, "x: /lat in in.h5 has shape (5, 3), the kernel takes double[n], where n is 4 by n");
    r->param[1] = (struct scalar){{255, 255, 255, 255}};
    refused(r, "-p n: a dim can't be negative");
    r->param[1] = (struct scalar){{3}};
    bound(r);
    folder_remove();
}

static void binds_shared_tables(void)
{
    const char *lookup = "x: double, shared lut: double[m, 2] -> y: double[m]",
               *alone = "shared lut: double[m] -> y: double";
    struct request *r;

    folder_make();
    put_doubles("in.h5", "/x", 2, 4, 6);
    put_doubles("in.h5", "/lut", 2, 5, 2);
    put_doubles("in.h5", "/flat", 1, 6, 0);
    put_doubles("t.h5", "/lut", 2, 7, 2);
    r = bound(request_make(lookup, "in.h5:/x"));
    CU_ASSERT_STRING_EQUAL(r->binding.in[1].file, "in.h5");
    CU_ASSERT_STRING_EQUAL(r->binding.in[1].dataset, "/lut");
    CU_ASSERT(r->binding.loop_rank == 2 && r->binding.loop_shape[1] == 6 && r->binding.dim[0] == 5);
    r = bound(with_input(request_make(lookup, "in.h5"), "lut", "t.h5:/lut"));
    CU_ASSERT_STRING_EQUAL(r->binding.in[1].file, "t.h5");
    CU_ASSERT_EQUAL(r->binding.dim[0], 7);
    r = bound(with_input(request_make(alone, "count:12"), "lut", "in.h5:/flat"));
    CU_ASSERT(r->binding.counted && r->binding.loop_shape[0] == 12 && r->binding.dim[0] == 6);
    refused(request_make(alone, "count:12"),
            "lut: no file is given, and INPUT, count:N, is none (give -i lut=FILE:/DATASET)");
    refused(with_input(request_make(alone, "count:12"), "lut", "/flat"),
            "lut: no file is given, and INPUT, count:N, is none (give -i lut=FILE:/DATASET)");
    refused(with_input(request_make(alone, "count:12"), "lut", "in.h5"),
            "lut: no file is given, and INPUT, count:N, is none (give -i lut=FILE:/DATASET)");
    refused(request_make(alone, "in.h5"), "in.h5: the kernel takes no input (give count:N for N items)");
    refused(with_input(request_make(lookup, "in.h5"), "lut", "/none"),
            "lut: no dataset /none in in.h5 (bind it with -i lut=/DATASET; there are /flat, /lut, /x)");
    refused(with_input(request_make(lookup, "in.h5"), "lot", "/lut"),
            "-i lot=/lut: the kernel has no input lot (there are x, lut)");
    refused(with_input(request_make(lookup, "in.h5"), "lut", "/flat"),
            "lut: /flat in in.h5 has shape (6), the kernel takes a whole dataset as shared double[m, 2] (bind another "
            "with -i lut=/DATASET)");
    refused(
        with_input(request_make("x: double, shared lut: double[m] -> y: double", "in.h5"), "lut", "/x"),
        "lut: /x in in.h5 has shape (4, 6), the kernel takes a whole dataset as shared double[m] (bind another with "
        "-i lut=/DATASET)");
    refused(with_input(request_make(lookup, "in.h5"), "lut", "/x"),
            "lut: /x in in.h5 has shape (4, 6), the kernel takes double[m, 2]");
    refused(
        with_input(request_make("x: double[m], shared lut: double[m] -> y: double", "in.h5"), "lut", "t.h5:/lut"),
        "lut: /lut in t.h5 has shape (7, 2), the kernel takes a whole dataset as shared double[m] (bind another with "
        "-i lut=/DATASET)");
    refused(request_make("x: double[m], shared lut: double[m, 2] -> y: double", "in.h5"),
            "lut: /lut in in.h5 has shape (5, 2), the kernel takes double[m, 2], where m is 6 by x");
    refused(
        request_make("x: double, shared lut: int32[m, 2] -> y: double", "in.h5"),
        "lut: /lut in in.h5 holds double, the kernel takes int32 (give --cast to convert, where every element fits)");
    r = request_make("x: double, shared lut: double[n, 2], param n: int32 -> y: double", "in.h5");
    r->param[2] = (struct scalar){{4}};
    refused(r, "lut: /lut in in.h5 has shape (5, 2), the kernel takes double[n, 2], where n is 4 by n");
    folder_remove();
}

static void selects_items(void)
{
    struct request *r;

    folder_make();
    put_doubles("in.h5", "/x", 2, 10, 3);
    r = bound(with_items(request_make("x: double -> y: double", "in.h5"), 2, UINT64_MAX, 3));
    CU_ASSERT_EQUAL(r->binding.start, 2);
    CU_ASSERT_EQUAL(r->binding.step, 3);
    CU_ASSERT_EQUAL(r->binding.rows, 3);
    CU_ASSERT_EQUAL(r->plan.items, 9);
    CU_ASSERT_EQUAL(r->binding.loop_shape[0], 10);
    r = bound(with_items(request_make("x: double -> y: double", "in.h5"), 0, 10, 1));
    CU_ASSERT_EQUAL(r->binding.rows, 10);
    r = bound(with_items(request_make("x: double -> y: double", "in.h5"), 10, 10, 1));
    CU_ASSERT_EQUAL(r->binding.rows, 0);
    r = bound(with_items(request_make("x: double -> y: double", "in.h5"), 9, 10, UINT64_MAX));
    CU_ASSERT_EQUAL(r->binding.rows, 1);
    refused(with_items(request_make("x: double -> y: double", "in.h5"), 0, 11, 1),
            "--items: 11 is beyond the end, axis 0 of /x in in.h5 has size 10");
    refused(with_items(request_make("x: double -> y: double", "in.h5"), 11, UINT64_MAX, 1),
            "--items: 11 is beyond the end, axis 0 of /x in in.h5 has size 10");
    refused(with_items(request_make("x: double -> y: double", "in.h5"), 5, 4, 1), "--items: START 5 is behind STOP 4");
    refused(with_items(request_make("x: double -> y: double", "in.h5"), 5, 6, 0),
            "--items: a STEP of 0 (give 1 or more)");
    refused(with_items(request_make("x: double[h, w] -> y: double", "in.h5"), 0, 1, 1),
            "--items: /x in in.h5 is one item as a whole, there is nothing to select");
    folder_remove();
}

static void undoes_packing(void)
{
    const double missing[2] = {-999, 7};
    const int16_t fill = -32768, second = -999;
    const struct packing *packing;
    struct request *r;

    folder_make();
    put_type("in.h5", "/t", H5T_STD_I16BE);
    put_number("in.h5", "/t", "scale_factor", H5T_NATIVE_DOUBLE, 0.01);
    put_number("in.h5", "/t", "add_offset", H5T_NATIVE_DOUBLE, 273.15);
    put_number("in.h5", "/t", "_FillValue", H5T_STD_I16BE, -32768);
    put_numbers("in.h5", "/t", "missing_value", H5T_NATIVE_INT, 2, missing);
    r = bound(request_make("x: double -> y: double", "in.h5:/t"));
    packing = &r->binding.in[0].packing;
    CU_ASSERT(packing->given && packing->scale == 0.01 && packing->offset == 273.15);
    CU_ASSERT_EQUAL(packing->fill_count, 3);
    CU_ASSERT_EQUAL(memcmp(packing->fill[0].bytes, &fill, sizeof fill), 0);
    CU_ASSERT_EQUAL(memcmp(packing->fill[1].bytes, &second, sizeof second), 0);
    CU_ASSERT_STRING_EQUAL(r->binding.notes,
                           "x: unpacked with scale_factor 0.01, add_offset 273.15, _FillValue -32768, "
                           "missing_value -999, missing_value 7 (give --raw for the stored values)");
    r = bound(request_make("x: int16 -> y: double", "in.h5:/t"));
    CU_ASSERT_FALSE(r->binding.in[0].packing.given);
    CU_ASSERT_PTR_NOT_NULL(strstr(r->binding.notes, "x: /t is packed (scale_factor 0.01, "));
    CU_ASSERT_PTR_NOT_NULL(strstr(r->binding.notes, "); the kernel takes int16 and gets the stored values"));
    r = request_make("x: double -> y: double", "in.h5:/t");
    r->options.raw = true;
    bound(r);
    CU_ASSERT_FALSE(r->binding.in[0].packing.given);
    CU_ASSERT_STRING_EQUAL(r->binding.notes, "");
    folder_remove();
}

static void undoes_odd_packing(void)
{
    struct request *r;
    const double nan = strtod("nan", NULL), many[9] = {0};

    folder_make();
    put_type("in.h5", "/u", H5T_STD_I8LE);
    put_text("in.h5", "/u", "_Unsigned", "true", false);
    put_number("in.h5", "/u", "_FillValue", H5T_STD_I8LE, -1);
    put_type("in.h5", "/v", H5T_STD_I8LE);
    put_text("in.h5", "/v", "_Unsigned", "true", true);
    put_type("in.h5", "/f", H5T_IEEE_F64LE);
    put_number("in.h5", "/f", "_FillValue", H5T_IEEE_F32LE, 1e20);
    put_type("in.h5", "/nan", H5T_IEEE_F64LE);
    put_number("in.h5", "/nan", "_FillValue", H5T_IEEE_F64LE, nan);
    put_type("in.h5", "/words", H5T_IEEE_F64LE);
    put_text("in.h5", "/words", "scale_factor", "two", false);
    put_number("in.h5", "/words", "_Unsigned", H5T_NATIVE_INT, 1);
    put_type("in.h5", "/many", H5T_IEEE_F64LE);
    put_numbers("in.h5", "/many", "missing_value", H5T_NATIVE_INT, 9, many);
    r = bound(request_make("x: double -> y: double", "in.h5:/u"));
    CU_ASSERT_EQUAL(r->binding.in[0].wire, TYPE_UINT8);
    CU_ASSERT_EQUAL(r->binding.in[0].packing.fill[0].bytes[0], 255);
    r = bound(request_make("x: int8 -> y: double", "in.h5:/u"));
    CU_ASSERT_EQUAL(r->binding.in[0].wire, TYPE_INT8);
    r = bound(request_make("x: float -> y: double", "in.h5:/v"));
    CU_ASSERT_EQUAL(r->binding.in[0].wire, TYPE_UINT8);
    r = bound(request_make("x: float -> y: double", "in.h5:/f"));
    CU_ASSERT_EQUAL(r->binding.in[0].packing.fill_count, 1);
    r = bound(request_make("x: double -> y: double", "in.h5:/nan"));
    CU_ASSERT_FALSE(r->binding.in[0].packing.given);
    r = bound(request_make("x: double -> y: double", "in.h5:/words"));
    CU_ASSERT_FALSE(r->binding.in[0].packing.given);
    refused(request_make("x: double -> y: double", "in.h5:/many"),
            "x: /many in in.h5 has more than 8 values in its attribute missing_value (--raw ignores it)");
    folder_remove();
}

static void knows_the_chunks(void)
{
    struct request *r;

    folder_make();
    put_set((struct set){"in.h5", "/x", H5T_STD_I16BE, .rank = 3, .shape = {10, 5, 7}, .chunk = {4, 2, 7}});
    r = bound(request_make("x: int16[h, w] -> y: double", "in.h5"));
    CU_ASSERT_EQUAL(r->binding.in[0].chunk_rows, 4);
    CU_ASSERT_EQUAL(r->binding.in[0].chunk_bytes, 4 * 2 * 7 * 2);
    CU_ASSERT_EQUAL(r->binding.in[0].row_chunks, 3);
    folder_remove();
}

static void refuses_a_missing_filter(void)
{
    const hid_t plist = H5Pcreate(H5P_DATASET_CREATE);

    folder_make();
    CU_ASSERT(H5Pset_filter(plist, 32008, H5Z_FLAG_OPTIONAL, 0, NULL) >= 0);
    put_set((struct set){"in.h5", "/x", H5T_NATIVE_INT, .rank = 1, .shape = {4}, .chunk = {2}, .creation = plist});
    refused(
        request_make("x: int32 -> y: double", "in.h5"),
        "x: /x in in.h5 needs the HDF5 filter 'bitshuffle' (32008), which is not there (set HDF5_PLUGIN_PATH to its "
        "folder)");
    CU_ASSERT(H5Pclose(plist) >= 0);
    folder_remove();
}

static void looks_for_external_files_beside_the_file(void)
{
    const hid_t plist = H5Pcreate(H5P_DATASET_CREATE);

    folder_make();
    CU_ASSERT_EQUAL(mkdir("d", 0700), 0);
    CU_ASSERT(H5Pset_external(plist, "raw.bin", 4, 8) >= 0 &&
              H5Pset_external(plist, "more.bin", 0, H5F_UNLIMITED) >= 0);
    put_set((struct set){"d/in.h5", "/x", H5T_STD_I32LE, .rank = 1, .shape = {3}, .creation = plist});
    refused(request_make("x: int32 -> y: double", "d/in.h5"),
            "x: /x in d/in.h5 is stored in the external file raw.bin: No such file or directory");
    put_file("d/raw.bin", "skipABCDEFG");
    put_file("d/more.bin", "abc");
    refused(request_make("x: int32 -> y: double", "d/in.h5"),
            "x: /x in d/in.h5 is stored in the external file raw.bin, which is too short: 11 bytes, not 12");
    put_file("d/raw.bin", "skipABCDEFGH");
    refused(request_make("x: int32 -> y: double", "d/in.h5"),
            "x: /x in d/in.h5 is stored in the external file more.bin, which is too short: 3 bytes, not 4");
    put_file("d/more.bin", "abcd");
    bound(request_make("x: int32 -> y: double", "d/in.h5"));
    CU_ASSERT(H5Pclose(plist) >= 0);
    folder_remove();
}

static void put_virtual(const char *file, const char *source_file)
{
    const hid_t plist = H5Pcreate(H5P_DATASET_CREATE);
    const hsize_t five = 5;
    const hid_t space = H5Screate_simple(1, &five, NULL);

    CU_ASSERT(H5Pset_virtual(plist, space, source_file, "/x", space) >= 0);
    put_set((struct set){file, "/v", H5T_NATIVE_DOUBLE, .rank = 1, .shape = {5}, .creation = plist});
    CU_ASSERT(H5Pclose(plist) >= 0 && H5Sclose(space) >= 0);
}

static void refuses_a_virtual_dataset_without_its_source(void)
{
    folder_make();
    CU_ASSERT_EQUAL(mkdir("d", 0700), 0);
    put_virtual("d/in.h5", "source.h5");
    refused(request_make("x: double -> y: double", "d/in.h5:/v"),
            "x: /v in d/in.h5 is a virtual dataset, and its source /x in source.h5 can't be opened");
    put_doubles("d/source.h5", "/other", 1, 5, 0);
    refused(request_make("x: double -> y: double", "d/in.h5:/v"),
            "x: /v in d/in.h5 is a virtual dataset, and its source /x in source.h5 can't be opened");
    put_doubles("d/source.h5", "/x", 1, 5, 0);
    bound(request_make("x: double -> y: double", "d/in.h5:/v"));
    CU_ASSERT_EQUAL(symlink("d/in.h5", "link.h5"), 0);
    bound(request_make("x: double -> y: double", "link.h5:/v"));
    put_virtual("self.h5", ".");
    put_doubles("self.h5", "/x", 1, 5, 0);
    bound(request_make("x: double -> y: double", "self.h5:/v"));
    folder_remove();
}

static void names_the_results(void)
{
    struct request *r;

    folder_make();
    put_doubles("in.h5", "/lon", 1, 5, 0);
    put_doubles("in.h5", "/lat", 1, 5, 0);
    r = bound(with_output(request_make(TWO, "in.h5"), "angle", "/g/a"));
    CU_ASSERT_STRING_EQUAL(r->binding.result[0], "/distance");
    CU_ASSERT_STRING_EQUAL(r->binding.result[1], "/g/a");
    r = request_make("x: double -> y: double", "in.h5:/lon");
    r->options.output = "out.h5:/deep/y";
    bound(r);
    CU_ASSERT_STRING_EQUAL(r->binding.result[0], "/deep/y");
    refused(with_output(r, "y", "/z"), "-o y=/z: y is named already, /deep/y (give one of the two)");
    r = request_make(TWO, "in.h5");
    r->options.output = "out.h5:/y";
    refused(r, "out.h5:/y: the kernel has 2 results, distance, angle (give out.h5 and -o NAME=/DATASET)");
    refused(with_output(request_make(TWO, "in.h5"), "dist", "/d"),
            "-o dist=/d: the kernel has no result dist (there are distance, angle)");
    refused(with_output(request_make(TWO, "in.h5"), "angle", "/distance"),
            "distance: /distance is also the dataset of the result angle, /distance (give another with -o)");
    refused(with_output(request_make(TWO, "in.h5"), "angle", "/distance/a"),
            "angle: /distance/a is below the dataset of the result distance, /distance (give another with -o)");
    bound(with_output(request_make(TWO, "in.h5"), "angle", "/distances"));
    refused(with_output(request_make(TWO, "in.h5"), "angle", "/h5map/a"),
            "angle: the result can't be stored as /h5map/a, /h5map keeps the record of the run (give -o "
            "angle=/DATASET)");
    refused(request_make("x: double -> h5map: double", "in.h5:/lon"),
            "h5map: the result can't be stored as /h5map, /h5map keeps the record of the run (give -o "
            "h5map=/DATASET)");
    folder_remove();
}

static void refuses_paths_that_are_none(void)
{
    static const char *const paths[] = {"a", "", "/", "//a", "/a/", "/a//b", "/./a", "/a/..", "/a/."};

    folder_make();
    put_doubles("in.h5", "/x", 1, 5, 0);
    for (size_t k = 0; k < sizeof paths / sizeof *paths; k++) {
        char line[128];

        snprintf(line, sizeof line, "y: the result can't be stored as '%s' (give -o y=/DATASET)", paths[k]);
        refused(with_output(request_make("x: double -> y: double", "in.h5"), "y", paths[k]), line);
    }
    bound(with_output(request_make("x: double -> y: double", "in.h5"), "y", "/.a/...b"));
    folder_remove();
}

/* All ids that HDF5 has given out. */
static hsize_t ids(void)
{
    static const H5I_type_t types[] = {H5I_FILE,    H5I_GROUP, H5I_DATATYPE,   H5I_DATASPACE,
                                       H5I_DATASET, H5I_ATTR,  H5I_GENPROP_LST};
    hsize_t all = 0, some;

    for (size_t k = 0; k < sizeof types / sizeof *types; k++)
        if (H5Inmembers(types[k], &some) >= 0)
            all += some;
    return all;
}

static void closes_what_it_opens(void)
{
    const hid_t external = (folder_make(), H5Pcreate(H5P_DATASET_CREATE));
    hsize_t before;

    CU_ASSERT(H5Pset_external(external, "no.bin", 0, H5F_UNLIMITED) >= 0);
    put_doubles("in.h5", "/x", 1, 5, 0);
    put_set((struct set){"in.h5", "/e", H5T_STD_I32LE, .rank = 1, .shape = {3}, .creation = external});
    put_type("in.h5", "/c", compound("r", "i", H5T_IEEE_F32LE));
    put_type("in.h5", "/b", enumeration(H5T_NATIVE_INT8, "TRUE"));
    put_type("in.h5", "/i", H5T_NATIVE_INT);
    put_number("in.h5", "/i", "_FillValue", H5T_NATIVE_INT, 7);
    put_text("in.h5", "/i", "_Unsigned", "true", true);
    put_virtual("in.h5", ".");
    before = ids();
    bound(request_make("x: double -> y: double", "in.h5"));
    bound(request_make("x: double -> y: double", "in.h5:/i"));
    bound(request_make("x: double -> y: double", "in.h5:/v"));
    bound(request_make("x: bool -> y: double", "in.h5:/b"));
    bound(request_make("x: complex64 -> y: double", "in.h5:/c"));
    CU_ASSERT_EQUAL(request_bind(request_make("x: int8 -> y: double", "in.h5")), REFUSED);
    CU_ASSERT_EQUAL(request_bind(request_make("x: int8 -> y: double", "in.h5:/e")), REFUSED);
    CU_ASSERT_EQUAL(request_bind(request_make("x: double -> y: double", "in.h5:/y")), REFUSED);
    CU_ASSERT_EQUAL(ids(), before);
    CU_ASSERT(H5Pclose(external) >= 0);
    folder_remove();
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"finds datasets by name and by option", finds_datasets_by_name_and_by_option},
        {"refuses names and words that bind nothing", refuses_names_and_words_that_bind_nothing},
        {"refuses files that can't be read", refuses_files_that_can_not_be_read},
        {"names the way around a lock", names_the_way_around_a_lock},
        {"refuses what is no dataset", refuses_what_is_no_dataset},
        {"takes all kinds of numbers", takes_all_kinds_of_numbers},
        {"refuses what is no number", refuses_what_is_no_number},
        {"converts safely or when told", converts_safely_or_when_told},
        {"loops over the leading dims", loops_over_the_leading_dims},
        {"refuses shapes that don't fit", refuses_shapes_that_do_not_fit},
        {"binds shared tables", binds_shared_tables},
        {"selects items", selects_items},
        {"undoes packing", undoes_packing},
        {"undoes odd packing", undoes_odd_packing},
        {"knows the chunks", knows_the_chunks},
        {"refuses a missing filter", refuses_a_missing_filter},
        {"looks for external files beside the file", looks_for_external_files_beside_the_file},
        {"refuses a virtual dataset without its source", refuses_a_virtual_dataset_without_its_source},
        {"names the results", names_the_results},
        {"refuses paths that are none", refuses_paths_that_are_none},
        {"closes what it opens", closes_what_it_opens},
        CU_TEST_INFO_NULL};

    unsetenv("HDF5_USE_FILE_LOCKING");
    return data_suite("bind", tests);
}
