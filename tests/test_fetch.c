/* Items out of chunks as they are stored: the same as H5Dread reads, in any cut, or left to it. */
#include "data/chunking.h"
#include "data/source.h"
#include "data_files.h"
#include "run/spans.h"
#include "suite.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ITEMS_MAX 4096

/* What a source gives. */
struct taken {
    int bundles, others; /* spans that came as bundles, and as items */
    int wrong;
};

static void take_span(struct source *source, struct unpacker *unpacker, uint64_t bytes, struct gap span,
                      struct taken *taken)
{
    const uint64_t count = span.count;
    unsigned char *plain = malloc(count * bytes + 1), *out = malloc(count * bytes + 1);
    unsigned char *to = malloc(bundle_room(count * bytes) + 1);
    struct error error = {0};
    void *into[PORTS_MAX] = {to};
    uint32_t bundled;

    memset(plain, 0xaa, count * bytes + 1);
    memset(out, 0xbb, count * bytes + 1);
    to[bundle_room(count * bytes)] = 0xcc;
    CU_ASSERT_EQUAL(source_read(source, span.first, count, (void *[PORTS_MAX]){plain}, &error), OK);
    bundled = source_fetch(source, span.first, count, into);
    CU_ASSERT_EQUAL(into[0] == NULL, bundled);
    CU_ASSERT_EQUAL(source_read(source, span.first, count, into, &error), OK);
    if (bundled)
        CU_ASSERT_EQUAL(unpacker_unpack(unpacker, (const struct bundle *)to, out, &error), OK);
    taken->bundles += bundled == 1;
    taken->others += bundled == 0;
    taken->wrong += memcmp(plain, bundled ? out : to, count * bytes) != 0;
    taken->wrong += to[bundle_room(count * bytes)] != 0xcc;
    taken->wrong += plain[count * bytes] != 0xaa || out[count * bytes] != 0xbb;
    free(to);
    free(out);
    free(plain);
}

/* All spans of the request's items, both ways. */
static struct taken take_all(struct request *r)
{
    struct taken taken = {0};
    struct source *source = NULL;
    struct unpacker *unpacker = NULL;
    uint64_t bytes;

    r->options.cast = true;
    bound(r);
    bytes = type_bytes(r->binding.in[0].wire);
    for (int k = r->binding.loop_rank; k < r->binding.in[0].rank; k++)
        bytes *= r->binding.in[0].shape[k];
    r->plan.in[0].bundled = r->binding.in[0].bundles;
    CU_ASSERT_EQUAL_FATAL(source_open(&r->signature, &r->binding, &r->plan, &source, &r->error), OK);
    CU_ASSERT_EQUAL_FATAL(unpacker_open(r->binding.in[0].chunk_bytes, &unpacker, &r->error), OK);
    for (uint64_t first = 0; first < r->plan.items; first++)
        for (uint64_t count = 1; count <= r->plan.items - first; count++)
            take_span(source, unpacker, bytes, (struct gap){first, count}, &taken);
    unpacker_close(unpacker);
    source_close(source);
    return taken;
}

/* Some spans come as bundles, those that hold too little of their chunks do not, and all are right. */
static void check_bundles(struct request *r)
{
    const struct taken taken = take_all(r);

    CU_ASSERT_EQUAL(taken.wrong, 0);
    CU_ASSERT(taken.bundles > 0);
}

static void check_items(struct request *r)
{
    const struct taken taken = take_all(r);

    CU_ASSERT_EQUAL(taken.wrong, 0);
    CU_ASSERT_EQUAL(taken.bundles, 0);
}

static const int32_t *counting(void)
{
    static int32_t data[ITEMS_MAX];

    for (int32_t k = 0; k < ITEMS_MAX; k++)
        data[k] = (int32_t)((uint32_t)k * 1000003u);
    return data;
}

static void put_counting(const char *path, int rank, const hsize_t shape[4], const hsize_t chunk[4])
{
    struct set set = {"in.h5", path, H5T_STD_I32LE, H5T_NATIVE_INT32, .rank = rank, .deflate = 3};

    set.data = counting();
    memcpy(set.shape, shape, (size_t)rank * sizeof *shape);
    memcpy(set.chunk, chunk, (size_t)rank * sizeof *chunk);
    put_set(set);
}

static void gives_any_span_of_any_shape(void)
{
    folder_make();
    put_counting("/a", 1, (hsize_t[4]){23}, (hsize_t[4]){4});
    put_counting("/ab", 2, (hsize_t[4]){9, 4}, (hsize_t[4]){3, 4});
    put_counting("/abc", 3, (hsize_t[4]){5, 4, 3}, (hsize_t[4]){2, 3, 2});
    put_counting("/abcd", 4, (hsize_t[4]){4, 3, 2, 3}, (hsize_t[4]){1, 2, 2, 2});
    check_bundles(request_make("x: int32 -> y: int8", "in.h5:/a"));
    check_bundles(request_make("x: int32[n] -> y: int8", "in.h5:/a"));
    check_bundles(request_make("x: int32 -> y: int8", "in.h5:/ab"));
    check_bundles(request_make("x: int32[n] -> y: int8", "in.h5:/ab"));
    check_bundles(request_make("x: int32 -> y: int8", "in.h5:/abc"));
    check_bundles(request_make("x: int32[n] -> y: int8", "in.h5:/abc"));
    check_bundles(request_make("x: int32[n, m] -> y: int8", "in.h5:/abc"));
    check_bundles(request_make("x: int32 -> y: int8", "in.h5:/abcd"));
    check_bundles(request_make("x: int32[n] -> y: int8", "in.h5:/abcd"));
    folder_remove();
}

static void gives_selections(void)
{
    folder_make();
    put_counting("/a", 1, (hsize_t[4]){23}, (hsize_t[4]){4});
    put_counting("/abc", 3, (hsize_t[4]){7, 3, 4}, (hsize_t[4]){2, 3, 3});
    check_bundles(with_items(request_make("x: int32 -> y: int8", "in.h5:/a"), 5, 22, 1));
    check_bundles(with_items(request_make("x: int32 -> y: int8", "in.h5:/abc"), 3, 6, 1));
    check_items(with_items(request_make("x: int32 -> y: int8", "in.h5:/a"), 1, 22, 2));
    folder_remove();
}

/* Below half of what would be decoded, HDF5's cache serves better. */
static void leaves_small_parts_of_chunks_to_hdf5(void)
{
    struct taken taken;

    folder_make();
    put_counting("/a", 1, (hsize_t[4]){10}, (hsize_t[4]){10});
    taken = take_all(request_make("x: int32 -> y: int8", "in.h5:/a"));
    CU_ASSERT_EQUAL(taken.wrong, 0);
    CU_ASSERT_EQUAL(taken.bundles, 1 + 2 + 3 + 4 + 5 + 6);
    CU_ASSERT_EQUAL(taken.others, 10 + 9 + 8 + 7);
    folder_remove();
}

static hid_t filtered(bool shuffle, unsigned deflate)
{
    const hid_t plist = H5Pcreate(H5P_DATASET_CREATE);

    CU_ASSERT(!shuffle || H5Pset_shuffle(plist) >= 0);
    CU_ASSERT(!deflate || H5Pset_deflate(plist, deflate) >= 0);
    return plist;
}

static void put_by(hid_t plist, const char *path, hid_t stored, hid_t memory)
{
    put_set((struct set){"in.h5", path, stored, memory, 1, {30}, {8}, 0, plist, counting()});
    CU_ASSERT(H5Pclose(plist) >= 0);
}

static void takes_types_that_lie_in_the_file_as_in_memory(void)
{
    const hid_t numbers = H5Tenum_create(H5T_STD_I16LE), truth = H5Tenum_create(H5T_NATIVE_INT8);
    const hid_t complex = H5Tcreate(H5T_COMPOUND, 16), narrow = H5Tcopy(H5T_STD_I32LE);

    folder_make();
    CU_ASSERT(H5Tenum_insert(numbers, "A", "\1") >= 0 && H5Tenum_insert(numbers, "B", "\2") >= 0);
    CU_ASSERT(H5Tenum_insert(truth, "FALSE", "\0") >= 0 && H5Tenum_insert(truth, "TRUE", "\1") >= 0);
    CU_ASSERT(H5Tinsert(complex, "r", 0, H5T_IEEE_F64LE) >= 0 && H5Tinsert(complex, "i", 8, H5T_IEEE_F64LE) >= 0);
    CU_ASSERT(H5Tset_precision(narrow, 24) >= 0);
    put_by(filtered(true, 1), "/f", H5T_IEEE_F32LE, H5T_NATIVE_FLOAT);
    put_by(filtered(false, 1), "/u16", H5T_STD_U16LE, H5T_NATIVE_UINT16);
    put_by(filtered(true, 1), "/i8", H5T_STD_I8LE, H5T_NATIVE_INT8);
    put_by(filtered(true, 1), "/bits", H5T_STD_B64LE, H5T_NATIVE_B64);
    put_by(filtered(true, 1), "/enum", numbers, numbers);
    put_by(filtered(true, 1), "/complex", complex, complex);
    put_by(filtered(true, 1), "/twin", H5T_STD_I16LE, H5T_NATIVE_INT16);
    put_text("in.h5", "/twin", "_Unsigned", "true", false);
    put_by(filtered(true, 1), "/big", H5T_STD_I32BE, H5T_NATIVE_INT32);
    put_by(filtered(true, 1), "/bool", truth, truth);
    put_by(filtered(true, 1), "/narrow", narrow, H5T_NATIVE_INT32);
    check_bundles(request_make("x: float -> y: int8", "in.h5:/f"));
    check_bundles(request_make("x: double -> y: int8", "in.h5:/u16"));
    check_bundles(request_make("x: int8 -> y: int8", "in.h5:/i8"));
    check_bundles(request_make("x: uint64 -> y: int8", "in.h5:/bits"));
    check_bundles(request_make("x: int16 -> y: int8", "in.h5:/enum"));
    check_bundles(request_make("x: complex128 -> y: int8", "in.h5:/complex"));
    check_bundles(request_make("x: float -> y: int8", "in.h5:/twin"));
    check_items(request_make("x: int32 -> y: int8", "in.h5:/big"));
    check_items(request_make("x: bool -> y: int8", "in.h5:/bool"));
    check_items(request_make("x: int32 -> y: int8", "in.h5:/narrow"));
    CU_ASSERT(H5Tclose(numbers) >= 0 && H5Tclose(truth) >= 0 && H5Tclose(complex) >= 0 && H5Tclose(narrow) >= 0);
    folder_remove();
}

static void leaves_other_filters_to_hdf5(void)
{
    const hid_t sum = filtered(true, 1), turned = filtered(false, 1);
    const hid_t shuffled = filtered(true, 0), none = filtered(false, 0);

    folder_make();
    CU_ASSERT(H5Pset_fletcher32(sum) >= 0 && H5Pset_shuffle(turned) >= 0);
    put_by(sum, "/sum", H5T_STD_I32LE, H5T_NATIVE_INT32);
    put_by(turned, "/turned", H5T_STD_I32LE, H5T_NATIVE_INT32);
    put_by(shuffled, "/shuffled", H5T_STD_I32LE, H5T_NATIVE_INT32);
    put_by(none, "/none", H5T_STD_I32LE, H5T_NATIVE_INT32);
    check_items(request_make("x: int32 -> y: int8", "in.h5:/sum"));
    check_items(request_make("x: int32 -> y: int8", "in.h5:/turned"));
    check_items(request_make("x: int32 -> y: int8", "in.h5:/shuffled"));
    check_items(request_make("x: int32 -> y: int8", "in.h5:/none"));
    folder_remove();
}

/* Files of the latest format may have chunks at the edges that no filter saw. */
static void leaves_edges_without_filters_to_hdf5(void)
{
    const hid_t access = H5Pcreate(H5P_FILE_ACCESS), plist = filtered(true, 1);
    const hsize_t shape[] = {30}, chunk[] = {8};
    const hid_t space = H5Screate_simple(1, shape, NULL);
    hid_t file, dataset;

    folder_make();
    CU_ASSERT(H5Pset_libver_bounds(access, H5F_LIBVER_LATEST, H5F_LIBVER_LATEST) >= 0);
    CU_ASSERT(H5Pset_chunk(plist, 1, chunk) >= 0);
    CU_ASSERT(H5Pset_chunk_opts(plist, H5D_CHUNK_DONT_FILTER_PARTIAL_CHUNKS) >= 0);
    file = H5Fcreate("in.h5", H5F_ACC_TRUNC, H5P_DEFAULT, access);
    dataset = H5Dcreate2(file, "/x", H5T_STD_I32LE, space, H5P_DEFAULT, plist, H5P_DEFAULT);
    CU_ASSERT(H5Dwrite(dataset, H5T_NATIVE_INT32, H5S_ALL, H5S_ALL, H5P_DEFAULT, counting()) >= 0);
    CU_ASSERT(H5Dclose(dataset) >= 0 && H5Fclose(file) >= 0 && H5Sclose(space) >= 0);
    CU_ASSERT(H5Pclose(plist) >= 0 && H5Pclose(access) >= 0);
    check_items(request_make("x: int32 -> y: int8", "in.h5:/x"));
    folder_remove();
}

/* A dataset of 40 numbers in chunks of 8, of which the second is written by HDF5, and the fourth as it comes. */
static void put_partly(const char *path, hid_t plist, uint32_t mask)
{
    const hid_t file = access("in.h5", F_OK) ? H5Fcreate("in.h5", H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT)
                                             : H5Fopen("in.h5", H5F_ACC_RDWR, H5P_DEFAULT);
    const hsize_t all = 40, eight = 8, second = 8, fourth = 24;
    const hid_t space = H5Screate_simple(1, &all, NULL), memory = H5Screate_simple(1, &eight, NULL);
    const int32_t fill = 77;
    hid_t dataset;

    CU_ASSERT(H5Pset_chunk(plist, 1, &eight) >= 0 && H5Pset_fill_value(plist, H5T_NATIVE_INT32, &fill) >= 0);
    dataset = H5Dcreate2(file, path, H5T_STD_I32LE, space, H5P_DEFAULT, plist, H5P_DEFAULT);
    CU_ASSERT(H5Sselect_hyperslab(space, H5S_SELECT_SET, &second, NULL, &eight, NULL) >= 0);
    CU_ASSERT(H5Dwrite(dataset, H5T_NATIVE_INT32, memory, space, H5P_DEFAULT, counting()) >= 0);
    if (mask)
        CU_ASSERT(H5Dwrite_chunk(dataset, H5P_DEFAULT, mask, &fourth, 32, counting()) >= 0);
    CU_ASSERT(H5Dclose(dataset) >= 0 && H5Sclose(space) >= 0 && H5Sclose(memory) >= 0 && H5Pclose(plist) >= 0);
    CU_ASSERT(H5Fclose(file) >= 0);
}

static void fills_chunks_that_were_never_written(void)
{
    const hid_t never = filtered(true, 1);

    folder_make();
    CU_ASSERT(H5Pset_fill_time(never, H5D_FILL_TIME_NEVER) >= 0);
    put_partly("/some", filtered(true, 1), 0);
    put_partly("/never", never, 0);
    check_bundles(request_make("x: int32 -> y: int8", "in.h5:/some"));
    check_bundles(request_make("x: int32 -> y: int8", "in.h5:/never"));
    put_set((struct set){"in.h5", "/empty", H5T_STD_I32LE, .rank = 1, .shape = {20}, .chunk = {5}, .deflate = 1});
    check_items(request_make("x: int32 -> y: int8", "in.h5:/empty"));
    folder_remove();
}

static void heeds_masks(void)
{
    folder_make();
    put_partly("/plain", filtered(true, 1), 3);
    put_partly("/single", filtered(false, 1), 1);
    check_bundles(request_make("x: int32 -> y: int8", "in.h5:/plain"));
    check_bundles(request_make("x: int32 -> y: int8", "in.h5:/single"));
    folder_remove();
}

/* Overwrite a chunk's beginning in the file. */
static void damage(const char *path, hsize_t at)
{
    const hid_t file = H5Fopen("in.h5", H5F_ACC_RDONLY, H5P_DEFAULT), dataset = H5Dopen2(file, path, H5P_DEFAULT);
    haddr_t address = HADDR_UNDEF;
    unsigned mask;
    hsize_t bytes = 0;
    int fd;

    CU_ASSERT(H5Dget_chunk_info_by_coord(dataset, &at, &mask, &address, &bytes) >= 0);
    CU_ASSERT(H5Dclose(dataset) >= 0 && H5Fclose(file) >= 0);
    fd = open("in.h5", O_WRONLY | O_CLOEXEC);
    CU_ASSERT(pwrite(fd, "XXXXXXXX", 8, (off_t)address) == 8 && close(fd) == 0);
}

/* The ten items from `first` on: did they come as a bundle, and what comes of it? */
static int unpack_ten(struct request *r, uint64_t first, bool *bundled, struct error *error)
{
    static unsigned char to[8192], out[ITEMS_MAX];
    struct source *source = NULL;
    struct unpacker *unpacker = NULL;
    void *into[PORTS_MAX] = {to};
    int code;

    bound(r);
    r->plan.in[0].bundled = true;
    CU_ASSERT_EQUAL_FATAL(source_open(&r->signature, &r->binding, &r->plan, &source, error), OK);
    CU_ASSERT_EQUAL_FATAL(unpacker_open(1024, &unpacker, error), OK);
    *bundled = source_fetch(source, first, 10, into) == 1;
    code = source_read(source, first, 10, into, error);
    if (!code && *bundled)
        code = unpacker_unpack(unpacker, (const struct bundle *)to, out, error);
    unpacker_close(unpacker);
    source_close(source);
    return code;
}

static void tells_damage(void)
{
    struct error error = {0};
    bool bundled;

    folder_make();
    put_counting("/x", 1, (hsize_t[4]){30}, (hsize_t[4]){10});
    damage("/x", 20);
    CU_ASSERT_EQUAL(unpack_ten(request_make("x: int32 -> y: int8", "in.h5:/x"), 10, &bundled, &error), OK);
    CU_ASSERT(bundled);
    CU_ASSERT_EQUAL(unpack_ten(request_make("x: int32 -> y: int8", "in.h5:/x"), 20, &bundled, &error), FAILED);
    CU_ASSERT_STRING_EQUAL(error.text, "x: /x in in.h5: the chunk at [20] is damaged");
    folder_remove();
}

/* Where the first chunk comes out wrong, HDF5 reads all, and has the word. */
static void leaves_all_to_hdf5_where_the_first_is_wrong(void)
{
    struct error error = {0};
    bool bundled;

    folder_make();
    put_counting("/x", 1, (hsize_t[4]){30}, (hsize_t[4]){10});
    damage("/x", 0);
    CU_ASSERT_EQUAL(unpack_ten(request_make("x: int32 -> y: int8", "in.h5:/x"), 10, &bundled, &error), OK);
    CU_ASSERT_FALSE(bundled);
    CU_ASSERT_EQUAL(unpack_ten(request_make("x: int32 -> y: int8", "in.h5:/x"), 0, &bundled, &error), FAILED);
    CU_ASSERT_STRING_EQUAL(error.text, "x: /x in in.h5: can't read items 0 to 9: inflate() failed");
    folder_remove();
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"gives any span of any shape", gives_any_span_of_any_shape},
        {"gives selections", gives_selections},
        {"leaves small parts of chunks to HDF5", leaves_small_parts_of_chunks_to_hdf5},
        {"takes types that lie in the file as in memory", takes_types_that_lie_in_the_file_as_in_memory},
        {"leaves other filters to HDF5", leaves_other_filters_to_hdf5},
        {"leaves edges without filters to HDF5", leaves_edges_without_filters_to_hdf5},
        {"fills chunks that were never written", fills_chunks_that_were_never_written},
        {"heeds masks", heeds_masks},
        {"tells damage", tells_damage},
        {"leaves all to HDF5 where the first is wrong", leaves_all_to_hdf5_where_the_first_is_wrong},
        CU_TEST_INFO_NULL};

    return data_suite("fetch", tests);
}
