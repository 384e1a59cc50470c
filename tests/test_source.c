/* Items out of datasets: the right ones, in this machine's types, in any cut. */
#include "data/bind.h"
#include "data/source.h"
#include "data_files.h"
#include "suite.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ITEMS_MAX 4096

static struct source *open_source(struct request *r)
{
    struct source *source = NULL;

    bound(r);
    CU_ASSERT_EQUAL_FATAL(source_open(&r->signature, &r->binding, &r->plan, &source, &r->error), OK);
    return source;
}

/* Read all items of the only input into `to`. */
static void read_all(struct request *r, void *to)
{
    struct source *source = open_source(r);
    void *into[PORTS_MAX] = {to};

    CU_ASSERT_EQUAL(source_read(source, 0, r->plan.items, into, &r->error), OK);
    source_close(source);
}

/* The bytes of the only input of `in.h5:PATH`, as `type`. */
static void check_bytes(const char *signature, const char *path, const void *expected, size_t bytes)
{
    unsigned char got[256];
    char input[64];
    struct request *r;

    snprintf(input, sizeof input, "in.h5:%s", path);
    memset(got, 0xee, sizeof got);
    r = request_make(signature, input);
    r->options.cast = true;
    read_all(r, got);
    CU_ASSERT_EQUAL(memcmp(got, expected, bytes), 0);
    CU_ASSERT_EQUAL(got[bytes], 0xee);
}

static void put_three(const char *path, hid_t stored, hid_t memory, const void *data)
{
    put_set((struct set){"in.h5", path, stored, memory, .rank = 1, .shape = {3}, .data = data});
}

static void reads_integers_of_any_width_and_order(void)
{
    static const int8_t i8[] = {-128, 0, 127};
    static const int16_t i16[] = {-32768, 1, 32767};
    static const int32_t i32[] = {INT32_MIN, 258, INT32_MAX}, i24[] = {-8388608, 258, 8388607};
    static const int64_t i64[] = {INT64_MIN, 258, INT64_MAX};
    static const uint16_t u16[] = {0, 258, UINT16_MAX};
    static const uint64_t u64[] = {0, 258, UINT64_MAX};
    const hid_t narrow = H5Tcopy(H5T_STD_I32BE);

    folder_make();
    CU_ASSERT(H5Tset_precision(narrow, 24) >= 0 && H5Tset_size(narrow, 3) >= 0);
    put_three("/i8", H5T_STD_I8BE, H5T_NATIVE_INT8, i8);
    put_three("/i16", H5T_STD_I16BE, H5T_NATIVE_INT16, i16);
    put_three("/i32", H5T_STD_I32BE, H5T_NATIVE_INT32, i32);
    put_three("/i32le", H5T_STD_I32LE, H5T_NATIVE_INT32, i32);
    put_three("/i24", narrow, H5T_NATIVE_INT32, i24);
    put_three("/i64", H5T_STD_I64BE, H5T_NATIVE_INT64, i64);
    put_three("/u16", H5T_STD_U16BE, H5T_NATIVE_UINT16, u16);
    put_three("/u64", H5T_STD_U64BE, H5T_NATIVE_UINT64, u64);
    put_three("/b16", H5T_STD_B16BE, H5T_NATIVE_B16, u16);
    check_bytes("x: int8 -> y: int8", "/i8", i8, sizeof i8);
    check_bytes("x: int16 -> y: int8", "/i16", i16, sizeof i16);
    check_bytes("x: int32 -> y: int8", "/i32", i32, sizeof i32);
    check_bytes("x: int32 -> y: int8", "/i32le", i32, sizeof i32);
    check_bytes("x: int32 -> y: int8", "/i24", i24, sizeof i24);
    check_bytes("x: int64 -> y: int8", "/i64", i64, sizeof i64);
    check_bytes("x: uint16 -> y: int8", "/u16", u16, sizeof u16);
    check_bytes("x: uint64 -> y: int8", "/u64", u64, sizeof u64);
    check_bytes("x: uint16 -> y: int8", "/b16", u16, sizeof u16);
    CU_ASSERT(H5Tclose(narrow) >= 0);
    folder_remove();
}

static void reads_floats_of_any_width_and_order(void)
{
    static const float f[] = {-1.5f, 0, 65504.f};
    static const double d[] = {-1e300, 0.1, 3};
    const hid_t half = H5Tcopy(H5T_IEEE_F32BE);

    folder_make();
    CU_ASSERT(H5Tset_fields(half, 15, 10, 5, 0, 10) >= 0 && H5Tset_size(half, 2) >= 0 && H5Tset_ebias(half, 15) >= 0);
    put_three("/half", half, H5T_NATIVE_FLOAT, f);
    put_three("/f", H5T_IEEE_F32BE, H5T_NATIVE_FLOAT, f);
    put_three("/d", H5T_IEEE_F64BE, H5T_NATIVE_DOUBLE, d);
    check_bytes("x: float -> y: int8", "/half", f, sizeof f);
    check_bytes("x: float -> y: int8", "/f", f, sizeof f);
    check_bytes("x: double -> y: int8", "/d", d, sizeof d);
    CU_ASSERT(H5Tclose(half) >= 0);
    folder_remove();
}

static hid_t compound(const char *first, const char *second, hid_t part)
{
    const size_t bytes = H5Tget_size(part);
    const hid_t made = H5Tcreate(H5T_COMPOUND, 2 * bytes);

    CU_ASSERT(H5Tinsert(made, first, 0, part) >= 0 && H5Tinsert(made, second, bytes, part) >= 0);
    return made;
}

static void reads_complex_numbers_however_they_are_stored(void)
{
    static const float c64[] = {1, 2, 3, 4, 5, 6};
    static const double c128[] = {1, 2, 3, 4, 5, 6}, turned[] = {2, 1, 4, 3, 6, 5};
    const hid_t ri = compound("r", "i", H5T_IEEE_F32BE), mat = compound("real", "imag", H5T_NATIVE_DOUBLE);
    const hid_t ir = compound("i", "r", H5T_NATIVE_DOUBLE), native = compound("r", "i", H5T_NATIVE_FLOAT);

    folder_make();
    put_three("/ri", ri, native, c64);
    put_three("/mat", mat, mat, c128);
    put_three("/ir", ir, ir, c128);
    check_bytes("x: complex64 -> y: int8", "/ri", c64, sizeof c64);
    check_bytes("x: complex128 -> y: int8", "/mat", c128, sizeof c128);
    check_bytes("x: complex128 -> y: int8", "/ir", turned, sizeof turned);
    CU_ASSERT(H5Tclose(ri) >= 0 && H5Tclose(mat) >= 0 && H5Tclose(ir) >= 0 && H5Tclose(native) >= 0);
    folder_remove();
}

static void reads_enums_and_truths(void)
{
    static const int16_t values[] = {-7, 9, -7};
    static const signed char no = 0, yes = 1, truths[] = {0, 1, 2};
    static const unsigned char expected[] = {0, 1, 1}, twin[] = {0, 255, 128};
    static const int8_t stored[] = {0, -1, -128};
    const hid_t numbers = H5Tenum_create(H5T_STD_I16BE), truth = H5Tenum_create(H5T_NATIVE_INT8);
    const hid_t native = H5Tenum_create(H5T_NATIVE_INT16);

    folder_make();
    CU_ASSERT(H5Tenum_insert(native, "A", &values[0]) >= 0 && H5Tenum_insert(native, "B", &values[1]) >= 0);
    CU_ASSERT(H5Tenum_insert(numbers, "A", "\xff\xf9") >= 0 && H5Tenum_insert(numbers, "B", "\x00\x09") >= 0);
    CU_ASSERT(H5Tenum_insert(truth, "FALSE", &no) >= 0 && H5Tenum_insert(truth, "TRUE", &yes) >= 0);
    put_three("/enum", numbers, native, values);
    put_three("/bool", truth, truth, truths);
    put_three("/twin", H5T_STD_I8LE, H5T_NATIVE_INT8, stored);
    put_text("in.h5", "/twin", "_Unsigned", "true", false);
    check_bytes("x: int16 -> y: int8", "/enum", values, sizeof values);
    check_bytes("x: bool -> y: int8", "/bool", expected, sizeof expected);
    check_bytes("x: float -> y: int8", "/twin", twin, sizeof twin);
    CU_ASSERT(H5Tclose(numbers) >= 0 && H5Tclose(truth) >= 0 && H5Tclose(native) >= 0);
    folder_remove();
}

/* Read items first .. first + count - 1 and compare them with what `item` says they hold. */
static int reads_right(struct source *source, const struct request *r, uint64_t first, uint64_t count, int elements)
{
    int32_t got[ITEMS_MAX];
    void *into[PORTS_MAX] = {got};
    const struct plan *plan = &r->plan;

    memset(got, 0xee, sizeof got);
    if (source_read(source, first, count, into, &(struct error){0}))
        return 0;
    for (uint64_t k = 0; k < count; k++) {
        const uint64_t p = first + k, inner = plan->inner;
        const uint64_t index = (plan->start + p / inner * plan->step) * inner + p % inner;

        for (int e = 0; e < elements; e++)
            if (got[k * (uint64_t)elements + (uint64_t)e] != (int32_t)(index * (uint64_t)elements) + e)
                return 0;
    }
    return got[count * (uint64_t)elements] == (int32_t)0xeeeeeeee;
}

/* All spans of all selections of a dataset whose elements count up. */
static void check_spans(struct request *r, int elements)
{
    struct source *source = open_source(r);
    int wrong = 0;

    for (uint64_t first = 0; first < r->plan.items; first++)
        for (uint64_t count = 1; count <= r->plan.items - first; count++)
            wrong += !reads_right(source, r, first, count, elements);
    CU_ASSERT_EQUAL(wrong, 0);
    source_close(source);
}

static void put_counting(const char *path, int rank, const hsize_t shape[4], const hsize_t chunk[4])
{
    int32_t data[ITEMS_MAX];
    struct set set = {"in.h5", path, H5T_STD_I32LE, .rank = rank, .data = data};

    for (int32_t k = 0; k < ITEMS_MAX; k++)
        data[k] = k;
    memcpy(set.shape, shape, (size_t)rank * sizeof *shape);
    if (chunk)
        memcpy(set.chunk, chunk, (size_t)rank * sizeof *chunk);
    set.deflate = chunk ? 4 : 0;
    put_set(set);
}

static void reads_any_span_of_leading_dims(void)
{
    folder_make();
    put_counting("/a", 1, (hsize_t[4]){13}, NULL);
    put_counting("/ab", 2, (hsize_t[4]){5, 4}, NULL);
    put_counting("/abc", 3, (hsize_t[4]){3, 4, 5}, NULL);
    put_counting("/chunked", 4, (hsize_t[4]){4, 3, 2, 3}, (hsize_t[4]){3, 2, 2, 2});
    check_spans(request_make("x: int32 -> y: int8", "in.h5:/a"), 1);
    check_spans(request_make("x: int32[n] -> y: int8", "in.h5:/ab"), 4);
    check_spans(request_make("x: int32 -> y: int8", "in.h5:/ab"), 1);
    check_spans(request_make("x: int32 -> y: int8", "in.h5:/abc"), 1);
    check_spans(request_make("x: int32[n] -> y: int8", "in.h5:/abc"), 5);
    check_spans(request_make("x: int32[n, m] -> y: int8", "in.h5:/abc"), 20);
    check_spans(request_make("x: int32[n] -> y: int8", "in.h5:/chunked"), 3);
    check_spans(request_make("x: int32 -> y: int8", "in.h5:/chunked"), 1);
    folder_remove();
}

static void reads_any_span_of_a_selection(void)
{
    folder_make();
    put_counting("/a", 1, (hsize_t[4]){13}, NULL);
    put_counting("/abc", 3, (hsize_t[4]){7, 3, 4}, NULL);
    put_counting("/chunked", 3, (hsize_t[4]){7, 3, 4}, (hsize_t[4]){2, 3, 3});
    check_spans(with_items(request_make("x: int32 -> y: int8", "in.h5:/a"), 2, 12, 3), 1);
    check_spans(with_items(request_make("x: int32 -> y: int8", "in.h5:/a"), 4, 9, 1), 1);
    check_spans(with_items(request_make("x: int32 -> y: int8", "in.h5:/a"), 12, 13, 100), 1);
    check_spans(with_items(request_make("x: int32 -> y: int8", "in.h5:/abc"), 1, UINT64_MAX, 2), 1);
    check_spans(with_items(request_make("x: int32[n] -> y: int8", "in.h5:/abc"), 2, 6, 3), 4);
    check_spans(with_items(request_make("x: int32 -> y: int8", "in.h5:/chunked"), 0, UINT64_MAX, 3), 1);
    folder_remove();
}

static void reads_scalars_and_nothing(void)
{
    const int32_t seven = 7;
    int32_t got = 0;
    struct source *source;
    void *into[PORTS_MAX] = {&got};
    struct request *r;

    folder_make();
    put_set((struct set){"in.h5", "/one", H5T_STD_I32BE, H5T_NATIVE_INT32, .data = &seven});
    put_set((struct set){"in.h5", "/none", H5T_STD_I32LE, .rank = 2, .shape = {0, 3}});
    put_set((struct set){"in.h5", "/thin", H5T_STD_I32LE, .rank = 2, .shape = {3, 0}});
    put_counting("/image", 2, (hsize_t[4]){2, 3}, NULL);
    read_all(request_make("x: int32 -> y: int8", "in.h5:/one"), &got);
    CU_ASSERT_EQUAL(got, 7);
    read_all(request_make("x: int32[n] -> y: int8", "in.h5:/none"), NULL);
    r = request_make("x: int32[n] -> y: int8", "in.h5:/thin");
    source = open_source(r);
    CU_ASSERT_EQUAL(source_read(source, 1, 2, into, &r->error), OK);
    CU_ASSERT_EQUAL(got, 7);
    source_close(source);
    check_spans(request_make("x: int32[h, w] -> y: int8", "in.h5:/image"), 6);
    source_close(NULL);
    folder_remove();
}

static void reads_several_inputs_and_leaves_parameters_alone(void)
{
    int32_t a[2] = {0}, b[4] = {0};
    void *into[PORTS_MAX] = {a, (void *)1, b};
    struct request *r;
    struct source *source;

    folder_make();
    put_counting("/a", 1, (hsize_t[4]){6}, NULL);
    put_counting("/b", 2, (hsize_t[4]){6, 2}, (hsize_t[4]){4, 1});
    r = request_make("a: int32, param p: double, b: int32[2] -> y: int8", "in.h5");
    source = open_source(r);
    CU_ASSERT_EQUAL(source_read(source, 3, 2, into, &r->error), OK);
    CU_ASSERT(a[0] == 3 && a[1] == 4);
    CU_ASSERT(b[0] == 6 && b[1] == 7 && b[2] == 8 && b[3] == 9);
    source_close(source);
    folder_remove();
}

/* Their raw file is beside the HDF5 file, not in the current folder. */
static void reads_external_and_virtual_data(void)
{
    static const int32_t raw[3] = {1, 2, 3};
    const hid_t external = H5Pcreate(H5P_DATASET_CREATE), views = H5Pcreate(H5P_DATASET_CREATE);
    const hsize_t three = 3;
    const hid_t space = H5Screate_simple(1, &three, NULL);
    int32_t got[3] = {0};
    FILE *file;

    folder_make();
    CU_ASSERT_EQUAL(mkdir("d", 0700), 0);
    file = fopen("d/raw.bin", "wb");
    CU_ASSERT(file && fwrite(raw, sizeof raw, 1, file) == 1 && fclose(file) == 0);
    CU_ASSERT(H5Pset_external(external, "raw.bin", 0, sizeof raw) >= 0);
    CU_ASSERT(H5Pset_virtual(views, space, "source.h5", "/s", space) >= 0);
    put_set((struct set){"d/in.h5", "/e", H5T_STD_I32LE, .rank = 1, .shape = {3}, .creation = external});
    put_set((struct set){"d/in.h5", "/v", H5T_STD_I32LE, .rank = 1, .shape = {3}, .creation = views});
    put_set((struct set){"d/source.h5", "/s", H5T_STD_I32LE, .rank = 1, .shape = {3}, .data = raw});
    read_all(request_make("x: int32 -> y: int8", "d/in.h5:/e"), got);
    CU_ASSERT_EQUAL(memcmp(got, raw, sizeof raw), 0);
    memset(got, 0, sizeof got);
    read_all(request_make("x: int32 -> y: int8", "d/in.h5:/v"), got);
    CU_ASSERT_EQUAL(memcmp(got, raw, sizeof raw), 0);
    CU_ASSERT(H5Sclose(space) >= 0 && H5Pclose(external) >= 0 && H5Pclose(views) >= 0);
    folder_remove();
}

/* Overwrite what follows the first chunk's start in the file. */
static void damage(const char *name, const char *path)
{
    const hid_t file = H5Fopen(name, H5F_ACC_RDONLY, H5P_DEFAULT), dataset = H5Dopen2(file, path, H5P_DEFAULT);
    const hsize_t at[1] = {8};
    haddr_t address = HADDR_UNDEF;
    unsigned mask;
    hsize_t bytes = 0;
    int fd;

    CU_ASSERT(H5Dget_chunk_info_by_coord(dataset, at, &mask, &address, &bytes) >= 0);
    CU_ASSERT(H5Dclose(dataset) >= 0 && H5Fclose(file) >= 0);
    fd = open(name, O_WRONLY | O_CLOEXEC);
    CU_ASSERT(pwrite(fd, "XXXXXXXX", 8, (off_t)address) == 8 && close(fd) == 0);
}

static void tells_which_items_can_not_be_read(void)
{
    int32_t got[16];
    void *into[PORTS_MAX] = {got};
    struct request *r;
    struct source *source;

    folder_make();
    put_counting("/x", 1, (hsize_t[4]){16}, (hsize_t[4]){8});
    damage("in.h5", "/x");
    r = request_make("x: int32 -> y: int8", "in.h5");
    source = open_source(r);
    CU_ASSERT_EQUAL(source_read(source, 0, 8, into, &r->error), OK);
    CU_ASSERT_EQUAL(source_read(source, 5, 5, into, &r->error), FAILED);
    CU_ASSERT_STRING_EQUAL(r->error.text, "x: /x in in.h5: can't read items 5 to 9: inflate() failed");
    source_close(source);
    r = with_items(request_make("x: int32 -> y: int8", "in.h5"), 1, 16, 3);
    source = open_source(r);
    CU_ASSERT_EQUAL(source_read(source, 1, 3, into, &r->error), FAILED);
    CU_ASSERT_STRING_EQUAL(r->error.text, "x: /x in in.h5: can't read items 4 to 10: inflate() failed");
    source_close(source);
    folder_remove();
}

static void tells_what_is_gone_since_it_was_bound(void)
{
    struct source *source = NULL;
    struct request *r;

    folder_make();
    put_counting("/x", 1, (hsize_t[4]){16}, NULL);
    r = bound(request_make("x: int32 -> y: int8", "in.h5"));
    CU_ASSERT_EQUAL(unlink("in.h5"), 0);
    CU_ASSERT_NOT_EQUAL(source_open(&r->signature, &r->binding, &r->plan, &source, &r->error), OK);
    CU_ASSERT_PTR_NULL(source);
    CU_ASSERT_STRING_EQUAL(r->error.text, "in.h5: can't be opened as HDF5: No such file or directory");
    CU_ASSERT_EQUAL(H5Fget_obj_count(H5F_OBJ_ALL, H5F_OBJ_FILE | H5F_OBJ_DATASET), 0);
    folder_remove();
}

int main(void)
{
    CU_TestInfo tests[] = {{"reads integers of any width and order", reads_integers_of_any_width_and_order},
                           {"reads floats of any width and order", reads_floats_of_any_width_and_order},
                           {"reads complex numbers however stored", reads_complex_numbers_however_they_are_stored},
                           {"reads enums and truths", reads_enums_and_truths},
                           {"reads any span of leading dims", reads_any_span_of_leading_dims},
                           {"reads any span of a selection", reads_any_span_of_a_selection},
                           {"reads scalars and nothing", reads_scalars_and_nothing},
                           {"reads several inputs", reads_several_inputs_and_leaves_parameters_alone},
                           {"reads external and virtual data", reads_external_and_virtual_data},
                           {"tells which items can't be read", tells_which_items_can_not_be_read},
                           {"tells what is gone since it was bound", tells_what_is_gone_since_it_was_bound},
                           CU_TEST_INFO_NULL};

    return data_suite("source", tests);
}
