/* The output file: results in their places, the record of the run, and disks that are full. */
#include "data/bind.h"
#include "data/output.h"
#include "output_files.h"
#include "suite.h"

#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void put_input(void)
{
    put_set((struct set){"in.h5", "/x", H5T_STD_I16BE, .rank = 3, .shape = {7, 2, 3}});
    put_number("in.h5", "/x", "scale_factor", H5T_NATIVE_DOUBLE, 0.5);
}

/* Make out.part of the bound request. */
static int create(struct request *r, const char *source, struct layout *layout)
{
    struct record record = record_for(r);

    record.source = source;
    return output_create(&(struct target){"out.part", "out.part"}, &record, &r->plan, layout, &r->error);
}

static hid_t open_part(void)
{
    const hid_t file = H5Fopen("out.part", H5F_ACC_RDONLY, H5P_DEFAULT);

    CU_ASSERT_FATAL(file >= 0);
    return file;
}

static void check_shape(hid_t dataset, int rank, const hsize_t *shape)
{
    const hid_t space = H5Dget_space(dataset);
    hsize_t got[H5S_MAX_RANK];

    CU_ASSERT_EQUAL(H5Sget_simple_extent_dims(space, got, NULL), rank);
    for (int k = 0; k < rank; k++)
        CU_ASSERT_EQUAL(got[k], shape[k]);
    CU_ASSERT(H5Sclose(space) >= 0);
}

static void put_bytes(uint64_t offset, const void *bytes, size_t count)
{
    const int fd = open("out.part", O_WRONLY | O_CLOEXEC);

    CU_ASSERT(pwrite(fd, bytes, count, (off_t)offset) == (ssize_t)count && close(fd) == 0);
}

static void makes_results_that_can_be_written_in_place(void)
{
    double mean[14], got[14] = {0};
    int32_t pair[28], got_pair[28] = {0};
    struct layout layout;
    struct stat status;
    struct ending ending = ending_for(NULL, 0);
    struct request *r;
    hid_t file, one, two;

    folder_make();
    put_input();
    for (int k = 0; k < 28; k++)
        pair[k] = k, mean[k / 2] = k;
    r = bound(with_output(request_make("x: double[n] -> mean: double, pair: int32[2]", "in.h5"), "pair", "/g/h/p"));
    CU_ASSERT_EQUAL(create(r, NULL, &layout), OK);
    CU_ASSERT(stat("out.part", &status) == 0 && layout.file_bytes == (uint64_t)status.st_size);
    CU_ASSERT(layout.result_offset[0] + sizeof mean <= layout.file_bytes);
    CU_ASSERT(layout.result_offset[1] + sizeof pair <= layout.file_bytes);
    put_bytes(layout.result_offset[0], mean, sizeof mean);
    put_bytes(layout.result_offset[1], pair, sizeof pair);
    put_bytes(layout.failed_offset, "\x21\x20", 2);
    CU_ASSERT_EQUAL(output_complete(&(struct target){"out.part", "out.part"}, &ending, &r->error), OK);
    file = open_part();
    one = H5Dopen2(file, "/mean", H5P_DEFAULT);
    two = H5Dopen2(file, "/g/h/p", H5P_DEFAULT);
    check_shape(one, 2, (hsize_t[]){7, 2});
    check_shape(two, 3, (hsize_t[]){7, 2, 2});
    CU_ASSERT(H5Dread(one, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, got) >= 0);
    CU_ASSERT(H5Dread(two, H5T_NATIVE_INT32, H5S_ALL, H5S_ALL, H5P_DEFAULT, got_pair) >= 0);
    CU_ASSERT(!memcmp(got, mean, sizeof mean) && !memcmp(got_pair, pair, sizeof pair));
    CU_ASSERT(H5Dclose(one) >= 0 && H5Dclose(two) >= 0 && H5Fclose(file) >= 0);
    folder_remove();
}

static void selects_rows_of_the_first_axis(void)
{
    struct layout layout;
    struct request *r;
    hid_t file, dataset;

    folder_make();
    put_input();
    r = bound(with_items(request_make("x: double[n] -> y: double[n, 4]", "in.h5"), 1, 7, 4));
    CU_ASSERT_EQUAL(create(r, NULL, &layout), OK);
    file = open_part();
    dataset = H5Dopen2(file, "/y", H5P_DEFAULT);
    check_shape(dataset, 4, (hsize_t[]){2, 2, 3, 4});
    CU_ASSERT(H5Dclose(dataset) >= 0 && H5Fclose(file) >= 0);
    folder_remove();
}

/* The fill value that the dataset is defined to have. */
static void check_fill(hid_t file, const char *name, hid_t memory, const void *expected)
{
    const hid_t dataset = H5Dopen2(file, name, H5P_DEFAULT), plist = H5Dget_create_plist(dataset);
    unsigned char got[16] = {0};

    CU_ASSERT(H5Pget_fill_value(plist, memory, got) >= 0);
    CU_ASSERT_EQUAL(memcmp(got, expected, H5Tget_size(memory)), 0);
    CU_ASSERT(H5Pclose(plist) >= 0 && H5Dclose(dataset) >= 0);
}

static void sets_the_fill_value_of_each_type(void)
{
    struct layout layout;
    struct scalar nan32 = type_fill(TYPE_FLOAT), nan64 = type_fill(TYPE_DOUBLE), nan128 = type_fill(TYPE_COMPLEX128);
    struct request *r;
    hid_t file, dataset, type, complex = H5Tcreate(H5T_COMPOUND, 16);

    folder_make();
    put_input();
    r = bound(request_make("x: double -> i8: int8, i64: int64, u16: uint16, u64: uint64, f: float, d: double, b: bool, "
                           "c: complex128",
                           "in.h5"));
    CU_ASSERT_EQUAL(create(r, NULL, &layout), OK);
    file = open_part();
    check_fill(file, "/i8", H5T_NATIVE_INT8, &(int8_t){INT8_MIN});
    check_fill(file, "/i64", H5T_NATIVE_INT64, &(int64_t){INT64_MIN});
    check_fill(file, "/u16", H5T_NATIVE_UINT16, &(uint16_t){UINT16_MAX});
    check_fill(file, "/u64", H5T_NATIVE_UINT64, &(uint64_t){UINT64_MAX});
    check_fill(file, "/f", H5T_NATIVE_FLOAT, &nan32);
    check_fill(file, "/d", H5T_NATIVE_DOUBLE, &nan64);
    CU_ASSERT(H5Tinsert(complex, "r", 0, H5T_NATIVE_DOUBLE) >= 0 && H5Tinsert(complex, "i", 8, H5T_NATIVE_DOUBLE) >= 0);
    check_fill(file, "/c", complex, &nan128);
    dataset = H5Dopen2(file, "/b", H5P_DEFAULT);
    type = H5Dget_type(dataset);
    check_fill(file, "/b", type, &(int8_t){0});
    CU_ASSERT(H5Tget_class(type) == H5T_ENUM && H5Tget_size(type) == 1 && H5Tget_nmembers(type) == 2);
    CU_ASSERT(H5Tclose(type) >= 0 && H5Tclose(complex) >= 0 && H5Dclose(dataset) >= 0 && H5Fclose(file) >= 0);
    folder_remove();
}

static void gives_empty_results_no_place(void)
{
    struct layout layout;
    struct ending ending = ending_for(NULL, 0);
    struct request *r;
    hid_t file, dataset;

    folder_make();
    put_input();
    put_set((struct set){"in.h5", "/none", H5T_NATIVE_DOUBLE, .rank = 2, .shape = {0, 3}});
    put_set((struct set){"in.h5", "/one", .stored = H5T_NATIVE_DOUBLE});
    r = bound(request_make("x: double[n] -> y: double[n]", "in.h5:/none"));
    CU_ASSERT_EQUAL(create(r, NULL, &layout), OK);
    CU_ASSERT(layout.result_offset[0] == UINT64_MAX && layout.failed_offset == UINT64_MAX);
    CU_ASSERT_EQUAL(output_complete(&(struct target){"out.part", "out.part"}, &ending, &r->error), OK);
    file = open_part();
    dataset = H5Dopen2(file, "/y", H5P_DEFAULT);
    check_shape(dataset, 2, (hsize_t[]){0, 3});
    CU_ASSERT(H5Dclose(dataset) >= 0 && H5Fclose(file) >= 0);
    r = bound(request_make("x: double -> y: double", "in.h5:/one"));
    CU_ASSERT_EQUAL(create(r, NULL, &layout), OK);
    CU_ASSERT(layout.result_offset[0] != UINT64_MAX && layout.failed_offset != UINT64_MAX);
    file = open_part();
    dataset = H5Dopen2(file, "/y", H5P_DEFAULT);
    check_shape(dataset, 0, NULL);
    CU_ASSERT(H5Dclose(dataset) >= 0 && H5Fclose(file) >= 0);
    folder_remove();
}

/* One text field of one row of a table. */
static void check_field(hid_t file, const char *table, const char *field, int row, const char *expected)
{
    const hid_t dataset = H5Dopen2(file, table, H5P_DEFAULT), text = H5Tcopy(H5T_C_S1);
    const hid_t memory = H5Tcreate(H5T_COMPOUND, 256);
    char got[8][256] = {{0}};

    CU_ASSERT(H5Tset_size(text, 256) >= 0 && H5Tset_cset(text, H5T_CSET_UTF8) >= 0);
    CU_ASSERT(H5Tinsert(memory, field, 0, text) >= 0);
    CU_ASSERT(H5Dread(dataset, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, got) >= 0);
    CU_ASSERT_STRING_EQUAL(got[row], expected);
    CU_ASSERT(H5Tclose(text) >= 0 && H5Tclose(memory) >= 0 && H5Dclose(dataset) >= 0);
}

/* One number of one row. */
static double number(hid_t file, const char *table, const char *field, int row)
{
    const hid_t dataset = H5Dopen2(file, table, H5P_DEFAULT), memory = H5Tcreate(H5T_COMPOUND, sizeof(double));
    double got[8] = {NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN};

    CU_ASSERT(H5Tinsert(memory, field, 0, H5T_NATIVE_DOUBLE) >= 0);
    CU_ASSERT(H5Dread(dataset, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, got) >= 0);
    CU_ASSERT(H5Tclose(memory) >= 0 && H5Dclose(dataset) >= 0);
    return got[row];
}

static void check_attribute(hid_t file, const char *name, const char *expected)
{
    const hid_t attribute = H5Aopen_by_name(file, "/h5map", name, H5P_DEFAULT, H5P_DEFAULT);
    const hid_t type = H5Aget_type(attribute);
    char got[256] = "";

    CU_ASSERT(H5Tget_class(type) == H5T_STRING && H5Tis_variable_str(type) == 0);
    CU_ASSERT(H5Tget_cset(type) == H5T_CSET_UTF8 && H5Tget_size(type) == (*expected ? strlen(expected) : 1));
    CU_ASSERT(H5Aread(attribute, type, got) >= 0);
    CU_ASSERT_STRING_EQUAL(got, expected);
    CU_ASSERT(H5Tclose(type) >= 0 && H5Aclose(attribute) >= 0);
}

static uint64_t attribute_number(hid_t file, const char *name)
{
    const hid_t attribute = H5Aopen_by_name(file, "/h5map", name, H5P_DEFAULT, H5P_DEFAULT);
    const hid_t type = H5Aget_type(attribute), space = H5Aget_space(attribute);
    uint64_t got = 99;

    CU_ASSERT(H5Tequal(type, H5T_NATIVE_UINT64) > 0 && H5Sget_simple_extent_type(space) == H5S_SCALAR);
    CU_ASSERT(H5Aread(attribute, H5T_NATIVE_UINT64, &got) >= 0);
    CU_ASSERT(H5Tclose(type) >= 0 && H5Sclose(space) >= 0 && H5Aclose(attribute) >= 0);
    return got;
}

static void check_text(hid_t file, const char *name, const char *expected)
{
    const hid_t dataset = H5Dopen2(file, name, H5P_DEFAULT), type = H5Dget_type(dataset);
    char *got = calloc(1, H5Tget_size(type) + 1);

    CU_ASSERT_EQUAL(H5Tget_size(type), strlen(expected));
    CU_ASSERT(H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, got) >= 0);
    CU_ASSERT_STRING_EQUAL(got, expected);
    CU_ASSERT(H5Tclose(type) >= 0 && H5Dclose(dataset) >= 0);
    free(got);
}

static void records_who_made_it(void)
{
    struct layout layout;
    char here[PATH_BYTES], path[PATH_BYTES + 8];
    struct request *r;
    hid_t file;

    folder_make();
    put_input();
    r = request_make("x: double[n], param p: double, param n: int32 -> y: double", "in.h5");
    memcpy(r->param[1].bytes, &(double){0.25}, sizeof(double));
    r->param[2].bytes[0] = 3;
    bound(r);
    CU_ASSERT_EQUAL(create(r, "int main;\n/* \xc3\xa9 */\n", &layout), OK);
    file = open_part();
    check_attribute(file, "version", "0.1");
    check_attribute(file, "kernel", "k");
    check_attribute(file, "signature", "the signature");
    check_attribute(file, "object_sha256", "0123");
    check_attribute(file, "compiler", "cc 12");
    check_attribute(file, "flags", "-O3");
    check_attribute(file, "command_line", "h5map run k in.h5 out.h5 \xc3\xa9");
    check_text(file, "/h5map/source", "int main;\n/* \xc3\xa9 */\n");
    check_text(file, "/h5map/identity", "format 1\nkernel \xc3\xa9\n");
    CU_ASSERT_EQUAL(attribute_number(file, "items"), 14);
    CU_ASSERT_PTR_NOT_NULL(realpath(".", here));
    snprintf(path, sizeof path, "%s/in.h5", here);
    check_field(file, "/h5map/inputs", "name", 0, "x");
    check_field(file, "/h5map/inputs", "file", 0, path);
    check_field(file, "/h5map/inputs", "dataset", 0, "/x");
    check_field(file, "/h5map/inputs", "type", 0, "big-endian int16");
    check_field(file, "/h5map/inputs", "shape", 0, "(7, 2, 3)");
    check_field(file, "/h5map/inputs", "packing", 0, "scale_factor 0.5, add_offset 0");
    CU_ASSERT_EQUAL(number(file, "/h5map/inputs", "size", 0), (double)r->binding.in[0].file_bytes);
    CU_ASSERT_EQUAL(number(file, "/h5map/inputs", "mtime_ns", 0), (double)r->binding.in[0].mtime_ns);
    check_field(file, "/h5map/parameters", "name", 1, "n");
    check_field(file, "/h5map/parameters", "type", 0, "double");
    check_field(file, "/h5map/parameters", "value", 0, "0.25");
    check_field(file, "/h5map/parameters", "value", 1, "3");
    CU_ASSERT(H5Fclose(file) >= 0);
    folder_remove();
}

static void records_long_texts_as_datasets(void)
{
    char *text = malloc(200001);
    struct record record;
    struct layout layout;
    struct request *r;
    hid_t file, dataset;

    folder_make();
    put_input();
    memset(text, 'a', 200000);
    text[200000] = '\0';
    r = bound(request_make("x: double -> y: double", "in.h5"));
    CU_ASSERT_EQUAL(create(r, text, &layout), OK);
    file = open_part();
    check_text(file, "/h5map/source", text);
    dataset = H5Dopen2(file, "/h5map/parameters", H5P_DEFAULT);
    check_shape(dataset, 1, (hsize_t[]){0});
    CU_ASSERT(H5Dclose(dataset) >= 0 && H5Fclose(file) >= 0);
    record = record_for(r);
    record.compiler = "";
    record.command_line = record.identity = text;
    CU_ASSERT_EQUAL(output_create(&(struct target){"out.part", "out.part"}, &record, &r->plan, &layout, &r->error), OK);
    file = open_part();
    check_text(file, "/h5map/command_line", text);
    check_text(file, "/h5map/identity", text);
    check_attribute(file, "compiler", "");
    CU_ASSERT_EQUAL(H5Lexists(file, "/h5map/source", H5P_DEFAULT), 0);
    CU_ASSERT(H5Fclose(file) >= 0);
    free(text);
    folder_remove();
}

static void records_how_it_ended(void)
{
    const struct failure failures[2] = {{5, 1, "no peak"}, {9, 0, "no peak above 3 at all"}};
    const struct ending ending = ending_for(failures, 2);
    unsigned char failed[2] = {9, 9};
    struct layout layout;
    struct request *r;
    hid_t file, dataset;

    folder_make();
    put_input();
    r = bound(request_make("x: double[n] -> y: double", "in.h5"));
    CU_ASSERT_EQUAL(create(r, NULL, &layout), OK);
    CU_ASSERT_EQUAL(output_complete(&(struct target){"out.part", "out.part"}, &ending, &r->error), OK);
    file = open_part();
    check_field(file, "/h5map/runs", "start", 0, "1970-01-02T00:00:00Z");
    check_field(file, "/h5map/runs", "end", 0, "1970-01-02T00:01:01Z");
    check_field(file, "/h5map/runs", "host", 0, "node1");
    check_field(file, "/h5map/runs", "job", 0, "17");
    check_field(file, "/h5map/runs", "kernel_version", 0, "0123");
    check_field(file, "/h5map/runs", "start", 1, "1970-01-02T01:00:00Z");
    check_field(file, "/h5map/runs", "end", 1, "1970-01-02T01:00:01Z");
    check_field(file, "/h5map/runs", "host", 1, "a-longer-name");
    check_field(file, "/h5map/runs", "job", 1, "17 restart 1");
    check_field(file, "/h5map/runs", "kernel_version", 1, "4567");
    CU_ASSERT_EQUAL(number(file, "/h5map/runs", "start_s", 0), 86400.25);
    CU_ASSERT_EQUAL(number(file, "/h5map/runs", "end_s", 1), 90001.5);
    CU_ASSERT_EQUAL(number(file, "/h5map/runs", "ranks", 0), 4);
    CU_ASSERT_EQUAL(number(file, "/h5map/runs", "items", 1), 9);
    CU_ASSERT_EQUAL(number(file, "/h5map/runs", "failed", 0), 1);
    CU_ASSERT_EQUAL(number(file, "/h5map/made", "first", 1), 4);
    CU_ASSERT_EQUAL(number(file, "/h5map/made", "count", 1), 9);
    CU_ASSERT_EQUAL(number(file, "/h5map/made", "run", 1), 1);
    CU_ASSERT_EQUAL(number(file, "/h5map/made", "run", 2), 0);
    CU_ASSERT_EQUAL(attribute_number(file, "failed"), 2);
    check_field(file, "/h5map/ranks", "host", 1, "a-longer-name");
    CU_ASSERT_EQUAL(number(file, "/h5map/ranks", "rank", 1), 1);
    CU_ASSERT_EQUAL(number(file, "/h5map/ranks", "items", 1), 4);
    CU_ASSERT_EQUAL(number(file, "/h5map/ranks", "busy_s", 1), 2.5);
    CU_ASSERT_EQUAL(number(file, "/h5map/ranks", "waiting_s", 1), 0.25);
    check_field(file, "/h5map/failures", "reason", 0, "no peak");
    check_field(file, "/h5map/failures", "reason", 1, "no peak above 3 at all");
    CU_ASSERT_EQUAL(number(file, "/h5map/failures", "index", 1), 9);
    CU_ASSERT_EQUAL(number(file, "/h5map/failures", "rank", 0), 1);
    dataset = H5Dopen2(file, "/h5map/failed", H5P_DEFAULT);
    check_shape(dataset, 1, (hsize_t[]){2});
    CU_ASSERT(H5Dread(dataset, H5T_NATIVE_UINT8, H5S_ALL, H5S_ALL, H5P_DEFAULT, failed) >= 0);
    CU_ASSERT(failed[0] == 0 && failed[1] == 0);
    CU_ASSERT(H5Dclose(dataset) >= 0 && H5Fclose(file) >= 0);
    folder_remove();
}

static void records_many_failures(void)
{
    const int count = 3000;
    struct failure *failures = calloc((size_t)count, sizeof *failures);
    struct ending ending = ending_for(failures, count);
    const hid_t memory = H5Tcreate(H5T_COMPOUND, sizeof(uint64_t));
    uint64_t *got = calloc((size_t)count, sizeof *got);
    struct layout layout;
    struct request *r;
    hid_t file, dataset;
    int wrong = 0;

    folder_make();
    put_input();
    for (int k = 0; k < count; k++)
        failures[k] = (struct failure){.index = (uint64_t)k * 3, .rank = k % 7, .reason = "why"};
    r = bound(request_make("x: double[n] -> y: double", "in.h5"));
    CU_ASSERT_EQUAL(create(r, NULL, &layout), OK);
    CU_ASSERT_EQUAL(output_complete(&(struct target){"out.part", "out.part"}, &ending, &r->error), OK);
    file = open_part();
    dataset = H5Dopen2(file, "/h5map/failures", H5P_DEFAULT);
    CU_ASSERT(H5Tinsert(memory, "index", 0, H5T_NATIVE_UINT64) >= 0);
    CU_ASSERT(H5Dread(dataset, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, got) >= 0);
    for (int k = 0; k < count; k++)
        wrong += got[k] != (uint64_t)k * 3;
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT(H5Tclose(memory) >= 0 && H5Dclose(dataset) >= 0 && H5Fclose(file) >= 0);
    free(failures);
    free(got);
    folder_remove();
}

static size_t read_file(const char *name, unsigned char *bytes, size_t most)
{
    FILE *file = fopen(name, "rb");
    size_t count = 0;

    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    count = fread(bytes, 1, most, file);
    fclose(file);
    return count;
}

static void makes_the_same_bytes_each_time(void)
{
    static unsigned char one[1 << 16], two[1 << 16];
    struct layout layout;
    size_t bytes;
    struct request *r;

    folder_make();
    put_input();
    r = bound(request_make("x: double[n] -> y: double", "in.h5"));
    CU_ASSERT_EQUAL(create(r, "text", &layout), OK);
    bytes = read_file("out.part", one, sizeof one);
    CU_ASSERT(bytes > 0 && bytes == layout.file_bytes);
    CU_ASSERT_EQUAL(create(r, "text", &layout), OK);
    CU_ASSERT_EQUAL(read_file("out.part", two, sizeof two), bytes);
    CU_ASSERT_EQUAL(memcmp(one, two, bytes), 0);
    folder_remove();
}

/* Files of at most `bytes` bytes from now on. */
static int limit_files(rlim_t bytes)
{
    struct rlimit limit = {bytes, bytes};

    return setrlimit(RLIMIT_FSIZE, &limit);
}

static bool is_no_room(int code, const struct error *error)
{
    return code == FAILED && error->code == FAILED && !strncmp(error->text, "out.part: ", 10) &&
           strstr(error->text, "File too large") && !strchr(error->text, '\n');
}

/* In a child, where files may have `room` bytes: make the file, or complete it. Does it say that there is no room? */
static bool says_no_room(struct request *r, bool complete, rlim_t room)
{
    const pid_t child = fork();
    int status = -1;

    if (child == 0) {
        const struct ending ending = ending_for(NULL, 0);
        struct layout layout;
        int code;

        if (limit_files(room))
            _exit(9);
        code = complete ? output_complete(&(struct target){"out.part", "out.part"}, &ending, &r->error)
                        : create(r, "text", &layout);
        _exit(is_no_room(code, &r->error) ? 0 : 1);
    }
    return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* Less room than the file takes, in many amounts: each ends with one line, and not with a signal. */
static void says_when_there_is_no_room(void)
{
    const struct ending ending = ending_for(NULL, 0);
    struct layout layout;
    struct request *r;
    struct stat status;
    int wrong = 0;

    folder_make();
    put_input();
    r = bound(request_make("x: double[n] -> y: double", "in.h5"));
    CU_ASSERT_EQUAL(create(r, "text", &layout), OK);
    for (rlim_t room = 0; room < layout.file_bytes; room += 512)
        wrong += !says_no_room(r, false, room);
    CU_ASSERT_EQUAL(create(r, "text", &layout), OK);
    CU_ASSERT_EQUAL(output_complete(&(struct target){"out.part", "out.part"}, &ending, &r->error), OK);
    CU_ASSERT_EQUAL(stat("out.part", &status), 0);
    for (rlim_t room = 0; room < (rlim_t)status.st_size; room += 512) {
        wrong += create(r, "text", &layout) != OK;
        wrong += !says_no_room(r, true, room);
    }
    CU_ASSERT_EQUAL(wrong, 0);
    folder_remove();
}

static void says_when_it_can_not_be_made(void)
{
    struct layout layout;
    struct ending ending = ending_for(NULL, 0);
    struct request *r;

    folder_make();
    put_input();
    CU_ASSERT_EQUAL(mkdir("out.part", 0700), 0);
    r = bound(request_make("x: double[n] -> y: double", "in.h5"));
    CU_ASSERT_EQUAL(create(r, NULL, &layout), FAILED);
    CU_ASSERT_STRING_EQUAL(r->error.text, "out.part: can't be created: Is a directory");
    CU_ASSERT_EQUAL(rmdir("out.part"), 0);
    CU_ASSERT_EQUAL(output_complete(&(struct target){"out.part", "out.part"}, &ending, &r->error), FAILED);
    CU_ASSERT_STRING_EQUAL(r->error.text, "out.part: can't be opened again: No such file or directory");
    folder_remove();
}

int main(void)
{
    CU_TestInfo tests[] = {{"makes results to be written in place", makes_results_that_can_be_written_in_place},
                           {"selects rows of the first axis", selects_rows_of_the_first_axis},
                           {"sets the fill value of each type", sets_the_fill_value_of_each_type},
                           {"gives empty results no place", gives_empty_results_no_place},
                           {"records who made it", records_who_made_it},
                           {"records long texts as datasets", records_long_texts_as_datasets},
                           {"records how it ended", records_how_it_ended},
                           {"records many failures", records_many_failures},
                           {"makes the same bytes each time", makes_the_same_bytes_each_time},
                           {"says when it can't be made", says_when_it_can_not_be_made},
                           {"says when there is no room", says_when_there_is_no_room},
                           CU_TEST_INFO_NULL};

    return data_suite("output", tests);
}
