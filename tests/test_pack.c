/* The compressed output: the same results and the same record as the contiguous one, in chunks of bounded size. */
#include "data/bind.h"
#include "data/pack.h"
#include "output_files.h"
#include "suite.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

/* The staged file, and when it is to fail. */
struct stage {
    int fd;
    int reads, looks;         /* so far */
    int fail_read, fail_look; /* the how manieth fails; 0: none */
    size_t most;              /* bytes of the largest read */
};

static int read_stage(void *self, uint64_t offset, void *to, size_t bytes, struct error *error)
{
    struct stage *stage = self;

    if (++stage->reads == stage->fail_read)
        return error_set(error, FAILED, "out.h5: can't read back: as told");
    if (bytes > stage->most)
        stage->most = bytes;
    CU_ASSERT_EQUAL(pread(stage->fd, to, bytes, (off_t)offset), (ssize_t)bytes);
    return OK;
}

static int look_stage(void *self, struct error *error)
{
    struct stage *stage = self;

    return ++stage->looks == stage->fail_look ? error_set(error, STOPPED, "stopped by a signal") : OK;
}

/* Make out.pack of out.part. */
static int pack(struct request *r, const struct layout *layout, int level, struct stage *stage)
{
    const struct record record = record_for(r);
    const struct ending ending = filled_ending(r);
    const struct pack job = {.target = {"out.pack", "out.h5"},
                             .record = &record,
                             .ending = &ending,
                             .items = r->plan.items,
                             .block = r->plan.block ? r->plan.block : 1,
                             .staged = {layout, stage, read_stage, filled_no_chunk, look_stage},
                             .level = level};
    int code;

    stage->fd = open("out.part", O_RDONLY | O_CLOEXEC);
    CU_ASSERT_FATAL(stage->fd >= 0);
    code = pack_write(&job, &r->error);
    CU_ASSERT_EQUAL(close(stage->fd), 0);
    return code;
}

static hid_t open_file(const char *name)
{
    const hid_t file = H5Fopen(name, H5F_ACC_RDONLY, H5P_DEFAULT);

    CU_ASSERT_FATAL(file >= 0);
    return file;
}

/* All bytes of the dataset, as it stores them; its shape and type must be those in the other file. */
static unsigned char *read_all(const hid_t files[2], const char *path, size_t *bytes)
{
    const hid_t one = H5Dopen2(files[0], path, H5P_DEFAULT), two = H5Dopen2(files[1], path, H5P_DEFAULT);
    const hid_t type = H5Dget_type(one), other = H5Dget_type(two), space = H5Dget_space(one);
    const hid_t other_space = H5Dget_space(two);
    unsigned char *got;

    CU_ASSERT(one >= 0 && two >= 0 && H5Tequal(type, other) > 0 && H5Sextent_equal(space, other_space) > 0);
    *bytes = (size_t)H5Sget_simple_extent_npoints(space) * H5Tget_size(type);
    got = calloc(1, *bytes + 1);
    CU_ASSERT(H5Dread(one, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, got) >= 0);
    CU_ASSERT(H5Tclose(type) >= 0 && H5Tclose(other) >= 0 && H5Sclose(space) >= 0 && H5Sclose(other_space) >= 0);
    CU_ASSERT(H5Dclose(one) >= 0 && H5Dclose(two) >= 0);
    return got;
}

static void check_dataset(const hid_t files[2], const char *path, const unsigned char *expected, size_t bytes)
{
    size_t got_bytes;
    unsigned char *got = read_all(files, path, &got_bytes);

    CU_ASSERT_EQUAL(got_bytes, bytes);
    CU_ASSERT(got_bytes != bytes || bytes == 0 || !memcmp(got, expected, bytes));
    free(got);
}

/* The same dataset in both files. */
static void check_same(const hid_t files[2], const char *path)
{
    const hid_t swapped[2] = {files[1], files[0]};
    size_t bytes;
    unsigned char *expected = read_all(swapped, path, &bytes);

    check_dataset(files, path, expected, bytes);
    free(expected);
}

/* Chunks of 1 MiB at most, shuffled and deflated, with the fill value of the contiguous one. */
static void check_storage(const hid_t files[2], const char *path, bool chunked)
{
    const hid_t one = H5Dopen2(files[0], path, H5P_DEFAULT), two = H5Dopen2(files[1], path, H5P_DEFAULT);
    const hid_t plist = H5Dget_create_plist(one), other = H5Dget_create_plist(two), type = H5Dget_type(one);
    unsigned char fill[16] = {0}, expected[16] = {1};
    hsize_t chunk[32];
    size_t bytes = H5Tget_size(type);

    CU_ASSERT(H5Pget_fill_value(plist, type, fill) >= 0 && H5Pget_fill_value(other, type, expected) >= 0);
    CU_ASSERT(!memcmp(fill, expected, bytes));
    CU_ASSERT_EQUAL(H5Pget_layout(plist), chunked ? H5D_CHUNKED : H5D_CONTIGUOUS);
    CU_ASSERT_EQUAL(H5Pget_nfilters(plist), chunked ? 2 : 0);
    if (chunked) {
        CU_ASSERT_EQUAL(H5Pget_filter2(plist, 0, NULL, NULL, NULL, 0, NULL, NULL), H5Z_FILTER_SHUFFLE);
        CU_ASSERT_EQUAL(H5Pget_filter2(plist, 1, NULL, NULL, NULL, 0, NULL, NULL), H5Z_FILTER_DEFLATE);
        for (int k = H5Pget_chunk(plist, 32, chunk); k-- > 0;)
            bytes *= chunk[k];
        CU_ASSERT(bytes <= 1 << 20);
    }
    CU_ASSERT(H5Tclose(type) >= 0 && H5Pclose(plist) >= 0 && H5Pclose(other) >= 0);
    CU_ASSERT(H5Dclose(one) >= 0 && H5Dclose(two) >= 0);
}

static void check_record(const hid_t files[2])
{
    static const char *const names[] = {"identity", "inputs", "parameters", "runs", "made", "ranks", "failures"};
    char path[64];
    H5O_info_t info[2];

    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        snprintf(path, sizeof path, "/h5map/%s", names[k]);
        check_same(files, path);
    }
    CU_ASSERT(H5Oget_info_by_name(files[0], "/h5map", &info[0], H5P_DEFAULT) >= 0);
    CU_ASSERT(H5Oget_info_by_name(files[1], "/h5map", &info[1], H5P_DEFAULT) >= 0);
    CU_ASSERT_EQUAL(info[0].num_attrs, info[1].num_attrs);
    CU_ASSERT_EQUAL(info[0].num_attrs, 9);
}

/* Stage the request's results, pack them, and compare. */
static void check_round_trip(struct request *r, int level)
{
    struct filled filled;
    struct stage stage = {0};
    hid_t files[2];
    bool failed_is_chunked;

    bound(r);
    filled_make(r, &filled);
    filled_complete(r);
    CU_ASSERT_EQUAL(pack(r, &filled.layout, level, &stage), OK);
    CU_ASSERT_STRING_EQUAL(r->error.text, "");
    CU_ASSERT(stage.most <= 1 << 20 && stage.looks == stage.reads);
    files[0] = open_file("out.pack");
    files[1] = open_file("out.part");
    for (int k = 0; k < r->signature.out_count; k++) {
        const bool scalar = r->binding.loop_rank + r->signature.out[k].rank == 0;

        check_dataset(files, r->binding.result[k], filled.result[k], filled.bytes[k]);
        check_storage(files, r->binding.result[k], filled.bytes[k] && !scalar);
    }
    check_dataset(files, "/h5map/failed", filled.failed, filled.failed_bytes);
    failed_is_chunked = filled.failed_bytes > 0;
    check_storage(files, "/h5map/failed", failed_is_chunked);
    check_record(files);
    CU_ASSERT(H5Fclose(files[0]) >= 0 && H5Fclose(files[1]) >= 0);
    filled_free(&filled);
}

/* A round trip for an input of this shape. */
static void round_trip(const char *signature, int rank, const hsize_t *shape)
{
    struct set set = {"in.h5", "/x", H5T_NATIVE_UINT8, .rank = rank};

    for (int k = 0; k < rank; k++)
        set.shape[k] = shape[k];
    unlink("in.h5");
    put_set(set);
    check_round_trip(request_make(signature, "in.h5"), 4);
}

static void packs_every_shape(void)
{
    folder_make();
    round_trip("x: uint8 -> y: double", 1, (hsize_t[]){10});
    round_trip("x: uint8 -> y: double", 1, (hsize_t[]){131072});
    round_trip("x: uint8 -> y: double", 1, (hsize_t[]){131073});
    round_trip("x: uint8 -> y: double[3], z: int16", 1, (hsize_t[]){100000});
    round_trip("x: uint8 -> y: float[2, 5]", 3, (hsize_t[]){30, 7, 211});
    round_trip("x: uint8[n] -> y: double[n, 4]", 2, (hsize_t[]){1000, 77});
    round_trip("x: uint8 -> y: int8[1500000], z: bool", 1, (hsize_t[]){2});
    round_trip("x: uint8 -> y: double[3, 300, 700]", 2, (hsize_t[]){1, 2});
    round_trip("x: uint8 -> y: complex128[2, 3, 70000]", 1, (hsize_t[]){1});
    folder_remove();
}

static void packs_what_is_empty_or_has_no_axes(void)
{
    folder_make();
    round_trip("x: uint8 -> y: double, z: bool[3]", 0, NULL);
    round_trip("x: uint8[n] -> y: double[n], z: int32", 2, (hsize_t[]){20, 0});
    round_trip("x: uint8 -> y: double[4], z: int32", 2, (hsize_t[]){3, 0});
    round_trip("x: uint8 -> y: double[4], z: int32", 1, (hsize_t[]){0});
    folder_remove();
}

static void packs_every_type(void)
{
    folder_make();
    round_trip("x: uint8 -> a: bool, b: int8, c: int16, d: int32, e: int64, f: uint8, g: uint16, h: uint32, i: uint64, "
               "j: float, k: double, l: complex64, m: complex128",
               2, (hsize_t[]){1000, 333});
    folder_remove();
}

/* The chunks of a result. */
static void check_chunks(const char *signature, const hsize_t *shape, const hsize_t *expected)
{
    struct filled filled;
    struct stage stage = {0};
    struct request *r;
    hid_t file, dataset, plist;
    hsize_t chunk[8];
    int rank;

    unlink("in.h5");
    put_set((struct set){"in.h5", "/x", H5T_NATIVE_UINT8, .rank = 2, .shape = {shape[0], shape[1]}});
    r = bound(request_make(signature, "in.h5"));
    filled_make(r, &filled);
    CU_ASSERT_EQUAL(pack(r, &filled.layout, 1, &stage), OK);
    file = open_file("out.pack");
    dataset = H5Dopen2(file, "/y", H5P_DEFAULT);
    plist = H5Dget_create_plist(dataset);
    rank = H5Pget_chunk(plist, 8, chunk);
    for (int k = 0; k < rank; k++)
        CU_ASSERT_EQUAL(chunk[k], expected[k]);
    CU_ASSERT(H5Pclose(plist) >= 0 && H5Dclose(dataset) >= 0 && H5Fclose(file) >= 0);
    filled_free(&filled);
}

static void cuts_along_the_first_axis_that_can_be(void)
{
    folder_make();
    check_chunks("x: uint8 -> y: double", (hsize_t[]){10, 20}, (hsize_t[]){10, 20});
    check_chunks("x: uint8 -> y: double", (hsize_t[]){4096, 64}, (hsize_t[]){2048, 64});
    check_chunks("x: uint8 -> y: double", (hsize_t[]){4097, 64}, (hsize_t[]){2048, 64});
    check_chunks("x: uint8 -> y: double[128, 1024]", (hsize_t[]){3, 1}, (hsize_t[]){1, 1, 128, 1024});
    check_chunks("x: uint8 -> y: double[129, 1024]", (hsize_t[]){2, 2}, (hsize_t[]){1, 1, 65, 1024});
    check_chunks("x: uint8 -> y: double[2, 300000]", (hsize_t[]){1, 1}, (hsize_t[]){1, 1, 1, 100000});
    folder_remove();
}

/* What is behind the edge in the last chunk is the fill value. */
static void fills_the_last_chunk_up(void)
{
    struct filled filled;
    struct stage stage = {0};
    struct request *r;
    const hsize_t at = 1 << 20;
    unsigned char *packed = malloc(1 << 20), *chunk = malloc(1 << 20);
    uLongf bytes = 1 << 20;
    uint32_t mask = 9;
    hsize_t packed_bytes;
    hid_t file, dataset;

    folder_make();
    put_set((struct set){"in.h5", "/x", H5T_NATIVE_UINT8, .rank = 1, .shape = {1500001}});
    r = bound(request_make("x: uint8 -> y: int8", "in.h5"));
    filled_make(r, &filled);
    CU_ASSERT_EQUAL(pack(r, &filled.layout, 4, &stage), OK);
    file = open_file("out.pack");
    dataset = H5Dopen2(file, "/y", H5P_DEFAULT);
    CU_ASSERT(H5Dget_chunk_storage_size(dataset, &at, &packed_bytes) >= 0 && packed_bytes < 1 << 20);
    CU_ASSERT(H5Dread_chunk(dataset, H5P_DEFAULT, &at, &mask, packed) >= 0 && mask == 0);
    CU_ASSERT_EQUAL(uncompress(chunk, &bytes, packed, packed_bytes), Z_OK);
    CU_ASSERT_EQUAL(bytes, 1 << 20);
    CU_ASSERT_EQUAL(memcmp(chunk, filled.result[0] + (1 << 20), 1500001 - (1 << 20)), 0);
    CU_ASSERT(chunk[1500001 - (1 << 20)] == 0x80 && chunk[(1 << 20) - 1] == 0x80);
    CU_ASSERT(H5Dclose(dataset) >= 0 && H5Fclose(file) >= 0);
    free(packed);
    free(chunk);
    filled_free(&filled);
    folder_remove();
}

static off_t size_of(const char *name)
{
    struct stat status;

    CU_ASSERT_EQUAL(stat(name, &status), 0);
    return status.st_size;
}

/* The level that the file says was used. */
static unsigned level_of(const char *path)
{
    const hid_t file = open_file("out.pack"), dataset = H5Dopen2(file, path, H5P_DEFAULT);
    const hid_t plist = H5Dget_create_plist(dataset);
    size_t count = 1;
    unsigned level = 99;

    CU_ASSERT_EQUAL(H5Pget_filter2(plist, 1, NULL, &count, &level, 0, NULL, NULL), H5Z_FILTER_DEFLATE);
    CU_ASSERT(H5Pclose(plist) >= 0 && H5Dclose(dataset) >= 0 && H5Fclose(file) >= 0);
    return level;
}

static void uses_the_level_asked_for(void)
{
    struct filled filled;
    struct stage stage = {0};
    struct request *r;
    off_t fast;

    folder_make();
    put_set((struct set){"in.h5", "/x", H5T_NATIVE_UINT8, .rank = 1, .shape = {300000}});
    r = bound(request_make("x: uint8 -> y: double", "in.h5"));
    filled_make(r, &filled);
    CU_ASSERT_EQUAL(pack(r, &filled.layout, 1, &stage), OK);
    fast = size_of("out.pack");
    CU_ASSERT(fast < size_of("out.part"));
    CU_ASSERT_EQUAL(level_of("/y"), 1);
    CU_ASSERT_EQUAL(pack(r, &filled.layout, 9, &stage), OK);
    CU_ASSERT_NOT_EQUAL(size_of("out.pack"), fast);
    CU_ASSERT_EQUAL(level_of("/y"), 9);
    CU_ASSERT_EQUAL(level_of("/h5map/failed"), 9);
    filled_free(&filled);
    folder_remove();
}

/* A staged output of 25 chunks. */
static struct request *stage_many(struct filled *filled)
{
    struct request *r;

    folder_make();
    put_set((struct set){"in.h5", "/x", H5T_NATIVE_UINT8, .rank = 1, .shape = {12}});
    r = bound(request_make("x: uint8 -> y: double[140000]", "in.h5"));
    filled_make(r, filled);
    return r;
}

static void ends_where_it_is_told_to(void)
{
    struct filled filled;
    struct request *r = stage_many(&filled);

    for (int n = 1; n <= 25; n += 8) {
        struct stage stage = {.fail_look = n};

        error_clear(&r->error);
        CU_ASSERT_EQUAL(pack(r, &filled.layout, 1, &stage), STOPPED);
        CU_ASSERT_STRING_EQUAL(r->error.text, "stopped by a signal");
        CU_ASSERT_EQUAL(stage.looks, n);
        CU_ASSERT_EQUAL(stage.reads, n - 1);
    }
    error_clear(&r->error);
    CU_ASSERT_EQUAL(pack(r, &filled.layout, 1, &(struct stage){0}), OK);
    filled_free(&filled);
    folder_remove();
}

static void says_what_can_not_be_read(void)
{
    struct filled filled;
    struct request *r = stage_many(&filled);

    for (int n = 1; n <= 25; n += 8) {
        struct stage stage = {.fail_read = n};

        error_clear(&r->error);
        CU_ASSERT_EQUAL(pack(r, &filled.layout, 1, &stage), FAILED);
        CU_ASSERT_STRING_EQUAL(r->error.text, "out.h5: can't read back: as told");
        CU_ASSERT_EQUAL(stage.reads, n);
    }
    filled_free(&filled);
    folder_remove();
}

static void says_when_it_can_not_be_made(void)
{
    struct filled filled;
    struct request *r = stage_many(&filled);

    CU_ASSERT_EQUAL(mkdir("out.pack", 0700), 0);
    CU_ASSERT_EQUAL(pack(r, &filled.layout, 1, &(struct stage){0}), FAILED);
    CU_ASSERT_STRING_EQUAL(r->error.text, "out.h5: can't be created: Is a directory");
    filled_free(&filled);
    folder_remove();
}

/* In a child, where files may have `room` bytes. Does it say that there is no room, and can HDF5 be used afterwards? */
static bool says_no_room(struct request *r, const struct layout *layout, rlim_t room)
{
    const pid_t child = fork();
    int status = -1;

    if (child == 0) {
        struct rlimit limit = {room, room};
        struct stage stage = {0};

        if (setrlimit(RLIMIT_FSIZE, &limit) || pack(r, layout, 1, &stage) != FAILED)
            _exit(9);
        if (strncmp(r->error.text, "out.h5: ", 8) || !strstr(r->error.text, "File too large"))
            _exit(8);
        _exit(H5Fclose(open_file("in.h5")) < 0);
    }
    return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void says_when_there_is_no_room(void)
{
    struct filled filled;
    struct request *r = stage_many(&filled);
    int wrong = 0;
    rlim_t whole;

    CU_ASSERT_EQUAL(pack(r, &filled.layout, 1, &(struct stage){0}), OK);
    whole = (rlim_t)size_of("out.pack");
    for (rlim_t room = 0; room < 16384; room += 1024)
        wrong += !says_no_room(r, &filled.layout, room);
    for (rlim_t room = 16384; room < whole; room += whole / 8)
        wrong += !says_no_room(r, &filled.layout, room);
    wrong += !says_no_room(r, &filled.layout, whole - 1);
    CU_ASSERT_EQUAL(wrong, 0);
    filled_free(&filled);
    folder_remove();
}

int main(void)
{
    CU_TestInfo tests[] = {{"packs every shape", packs_every_shape},
                           {"packs what is empty or has no axes", packs_what_is_empty_or_has_no_axes},
                           {"packs every type", packs_every_type},
                           {"cuts along the first axis that can be", cuts_along_the_first_axis_that_can_be},
                           {"fills the last chunk up", fills_the_last_chunk_up},
                           {"uses the level asked for", uses_the_level_asked_for},
                           {"ends where it is told to", ends_where_it_is_told_to},
                           {"says what can't be read", says_what_can_not_be_read},
                           {"says when it can't be made", says_when_it_can_not_be_made},
                           {"says when there is no room", says_when_there_is_no_room},
                           CU_TEST_INFO_NULL};

    return data_suite("pack", tests);
}
