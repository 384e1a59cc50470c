/* A finished output read back: what it says of itself, its results in any ranges, its failed items; and files that are
 * no such output, or a damaged one. */
#include "data/bind.h"
#include "data/finished.h"
#include "data/pack.h"
#include "output_files.h"
#include "suite.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static off_t size_of(const char *name)
{
    struct stat status;

    CU_ASSERT_EQUAL(stat(name, &status), 0);
    return status.st_size;
}

static int read_part(void *self, uint64_t offset, void *to, size_t bytes, struct error *error)
{
    (void)error;
    CU_ASSERT_EQUAL(pread(*(int *)self, to, bytes, (off_t)offset), (ssize_t)bytes);
    return OK;
}

static int look_on(void *self, struct error *error)
{
    (void)self, (void)error;
    return OK;
}

/* Make out.part into out.pack. */
static void pack_part(struct request *r, const struct layout *layout)
{
    const struct record record = record_for(r);
    const struct ending ending = filled_ending(r);
    int fd = open("out.part", O_RDONLY | O_CLOEXEC);
    const struct pack job = {.target = {"out.pack", "out.h5"},
                             .record = &record,
                             .ending = &ending,
                             .items = r->plan.items,
                             .block = 1,
                             .staged = {layout, &fd, read_part, filled_no_chunk, look_on},
                             .level = 1};

    CU_ASSERT_EQUAL_FATAL(pack_write(&job, &r->error), OK);
    CU_ASSERT_EQUAL(close(fd), 0);
}

/* Make out.part and out.pack of the request for an input of this shape. */
static struct request *make_outputs(const char *signature, struct set set, struct filled *filled)
{
    struct request *r;

    unlink("in.h5");
    put_set(set);
    r = bound(request_make(signature, "in.h5"));
    filled_make(r, filled);
    filled_complete(r);
    pack_part(r, &filled->layout);
    return r;
}

static struct set bytes_of(int rank, hsize_t first, hsize_t second, hsize_t third)
{
    return (struct set){"in.h5", "/x", H5T_NATIVE_UINT8, .rank = rank, .shape = {first, second, third}};
}

static struct finished *open_finished(const char *path)
{
    struct error error = {0};
    struct finished *finished;

    CU_ASSERT_EQUAL(finished_open(&(struct target){path, "out.h5"}, &finished, &error), OK);
    CU_ASSERT_STRING_EQUAL(error.text, "");
    CU_ASSERT_PTR_NOT_NULL_FATAL(finished);
    return finished;
}

static void check_account(const struct account *account)
{
    CU_ASSERT_STRING_EQUAL(account->identity, "format 1\nkernel \xc3\xa9\n");
    CU_ASSERT(account->items == 14 && account->failed == 2);
    CU_ASSERT_EQUAL_FATAL(account->run_count, 2);
    CU_ASSERT(account->runs[0].start_s == 86400.25 && account->runs[0].end_s == 86461);
    CU_ASSERT_STRING_EQUAL(account->runs[0].host, "node1");
    CU_ASSERT_STRING_EQUAL(account->runs[1].host, "a-longer-name");
    CU_ASSERT_STRING_EQUAL(account->runs[0].job, "17");
    CU_ASSERT_STRING_EQUAL(account->runs[1].job, "17 restart 1");
    CU_ASSERT_STRING_EQUAL(account->runs[0].nodes, "");
    CU_ASSERT_STRING_EQUAL(account->runs[1].nodes, "n[1-3]");
    CU_ASSERT_STRING_EQUAL(account->runs[1].kernel_version, "4567");
    CU_ASSERT(account->runs[0].ranks == 4 && account->runs[1].ranks == 2);
    CU_ASSERT(account->runs[1].items == 9 && account->runs[1].failed == 1);
    CU_ASSERT_EQUAL_FATAL(account->made_count, 3);
    CU_ASSERT(account->made[1].first == 4 && account->made[1].count == 9 && account->made[1].run == 1);
    CU_ASSERT(account->made[2].first == 13 && account->made[2].count == 1 && account->made[2].run == 0);
    CU_ASSERT_EQUAL_FATAL(account->failure_count, 2);
    CU_ASSERT(account->failures[0].index == 5 && account->failures[0].rank == 1);
    CU_ASSERT_STRING_EQUAL(account->failures[0].reason, "no peak");
    CU_ASSERT_STRING_EQUAL(account->failures[1].reason, "no peak above 3 at all");
}

static void tells_what_it_says_of_itself(void)
{
    struct filled filled;

    folder_make();
    make_outputs("x: uint8 -> y: double", bytes_of(2, 7, 2, 0), &filled);
    for (int packed = 0; packed < 2; packed++) {
        struct finished *finished = open_finished(packed ? "out.pack" : "out.part");

        check_account(finished_account(finished));
        finished_close(finished);
    }
    filled_free(&filled);
    folder_remove();
}

/* Texts as long as their fields, tables as long as they may be, and empty ones. */
static void tells_the_longest(void)
{
    struct run_info run = {.ranks = 1};
    struct made *made = calloc(MADE_KEPT, sizeof *made);
    struct failure *failures = calloc(FAILURES_KEPT, sizeof *failures);
    struct ending ending = {&run, 1, made, MADE_KEPT, NULL, 0, failures, FAILURES_KEPT, 70000};
    struct request *r;
    struct record record;
    struct layout layout;
    struct finished *finished;
    const struct account *account;

    folder_make();
    put_set(bytes_of(1, 70000, 0, 0));
    memset(run.host, 'h', sizeof run.host - 1);
    memset(run.kernel_version, 'f', sizeof run.kernel_version - 1);
    for (int k = 0; k < FAILURES_KEPT; k++) {
        failures[k].index = (uint64_t)k;
        made[k] = (struct made){(uint64_t)k, 1, 0};
    }
    memset(failures[40000].reason, 'r', REASON_TEXT_MAX);
    r = bound(request_make("x: uint8 -> y: double", "in.h5"));
    record = record_for(r);
    CU_ASSERT_EQUAL(output_create(&(struct target){"out.h5", "out.h5"}, &record, &r->plan, &layout, &r->error), OK);
    CU_ASSERT_EQUAL(output_complete(&(struct target){"out.h5", "out.h5"}, &ending, &r->error), OK);
    finished = open_finished("out.h5");
    account = finished_account(finished);
    CU_ASSERT(account->made_count == MADE_KEPT && account->failure_count == FAILURES_KEPT);
    CU_ASSERT(account->made[65535].first == 65535 && account->failures[65535].index == 65535);
    CU_ASSERT_STRING_EQUAL(account->runs[0].host, run.host);
    CU_ASSERT_STRING_EQUAL(account->runs[0].job, "");
    CU_ASSERT_STRING_EQUAL(account->runs[0].kernel_version, run.kernel_version);
    CU_ASSERT_STRING_EQUAL(account->failures[40000].reason, failures[40000].reason);
    CU_ASSERT_STRING_EQUAL(account->failures[40001].reason, "");
    finished_close(finished);
    free(made);
    free(failures);
    folder_remove();
}

/* Every result in ranges of so many items; ranges that are wrong. */
static int wrong_ranges(struct finished *finished, const struct request *r, const struct filled *filled, uint64_t some)
{
    unsigned char *got = malloc(1 << 20);
    struct error error = {0};
    int wrong = 0;

    for (uint64_t first = 0; first < r->plan.items; first += some) {
        const uint64_t left = r->plan.items - first, count = left < some ? left : some;

        for (int k = 0; k < r->plan.out_count; k++) {
            const size_t bytes = r->plan.out[k].bytes;

            CU_ASSERT_FATAL(count * bytes <= 1 << 20);
            memset(got, 0x55, count * bytes + 1);
            wrong += finished_read(finished, k, first, count, got, &error) != OK;
            wrong += memcmp(got, filled->result[k] + first * bytes, count * bytes) != 0 || got[count * bytes] != 0x55;
        }
    }
    free(got);
    return wrong;
}

static void check_results(const char *path, struct request *r, const struct filled *filled, const uint64_t *sizes)
{
    struct finished *finished = open_finished(path);

    for (int k = 0; k < r->plan.out_count; k++)
        CU_ASSERT_EQUAL(finished_find(finished, k, r->binding.result[k], &r->plan.out[k], &r->error), OK);
    CU_ASSERT_STRING_EQUAL(r->error.text, "");
    for (int k = 0; sizes[k]; k++)
        CU_ASSERT_EQUAL(wrong_ranges(finished, r, filled, sizes[k]), 0);
    finished_close(finished);
}

static void check_reading(const char *signature, struct set set, const uint64_t *sizes)
{
    struct filled filled;
    struct request *r = make_outputs(signature, set, &filled);

    check_results("out.part", r, &filled, sizes);
    check_results("out.pack", r, &filled, sizes);
    filled_free(&filled);
}

static void reads_ranges_that_cut_rows(void)
{
    folder_make();
    check_reading("x: uint8 -> y: double, z: int16[3]", bytes_of(3, 5, 3, 4),
                  (uint64_t[]){1, 2, 3, 5, 7, 12, 17, 60, 0});
    check_reading("x: uint8 -> y: float[2, 3]", bytes_of(1, 3000, 0, 0), (uint64_t[]){7, 1000, 3000, 0});
    check_reading("x: uint8 -> y: int32", bytes_of(2, 700, 900, 0), (uint64_t[]){1009, 90000, 0});
    check_reading("x: uint8[n] -> y: double[2, 40000]", bytes_of(2, 4, 2, 0), (uint64_t[]){1, 0});
    folder_remove();
}

static void reads_every_type(void)
{
    folder_make();
    check_reading("x: uint8 -> a: bool, b: int8, c: int16, d: int32, e: int64, f: uint8, g: uint16, h: uint32, i: "
                  "uint64, j: float, k: double, l: complex64, m: complex128",
                  bytes_of(2, 30, 11, 0), (uint64_t[]){13, 330, 0});
    folder_remove();
}

static void reads_what_is_empty_or_has_no_axes(void)
{
    folder_make();
    check_reading("x: uint8 -> y: double, z: bool[3]", bytes_of(0, 0, 0, 0), (uint64_t[]){1, 5, 0});
    check_reading("x: uint8[n] -> y: double[n], z: int16", bytes_of(2, 9, 0, 0), (uint64_t[]){2, 9, 0});
    check_reading("x: uint8 -> y: double", bytes_of(1, 0, 0, 0), (uint64_t[]){1, 0});
    folder_remove();
}

/* Bits first .. first + count - 1 of the bitmap, one by one. */
static int wrong_bits(struct finished *finished, const struct filled *filled, uint64_t first, uint64_t count)
{
    unsigned char bits[64];
    struct error error = {0};
    int wrong;

    memset(bits, 0xa5, sizeof bits);
    wrong = finished_failed(finished, first, count, bits, &error) != OK;
    for (uint64_t k = 0; k < (count + 7) / 8 * 8; k++) {
        const bool expected = k < count && filled->failed[(first + k) / 8] >> ((first + k) & 7) & 1;

        wrong += (bits[k / 8] >> (k & 7) & 1) != expected;
    }
    return wrong + (bits[(count + 7) / 8] != 0xa5);
}

static void reads_which_failed(void)
{
    struct filled filled;

    folder_make();
    make_outputs("x: uint8 -> y: int8", bytes_of(2, 13, 11, 0), &filled);
    for (int packed = 0; packed < 2; packed++) {
        struct finished *finished = open_finished(packed ? "out.pack" : "out.part");
        int wrong = 0;

        for (uint64_t first = 0; first <= 143; first += first > 20 && first < 120 ? 13 : 1)
            for (uint64_t count = 0; first + count <= 143; count++)
                wrong += wrong_bits(finished, &filled, first, count);
        CU_ASSERT_EQUAL(wrong, 0);
        finished_close(finished);
    }
    filled_free(&filled);
    folder_remove();
}

static void check_refused(int code, const struct error *error, const char *line)
{
    CU_ASSERT(code != OK && error->code == code);
    CU_ASSERT_STRING_EQUAL(error->text, line);
    if (strcmp(error->text, line))
        fprintf(stderr, "expected: %s\n     got: %s\n", line, error->text);
}

static void refuses_what_it_does_not_hold(void)
{
    const struct yield wide = {.type = TYPE_DOUBLE, .elements = 2}, other = {.type = TYPE_INT32, .elements = 1};
    struct filled filled;
    struct finished *finished;
    struct request *r;
    unsigned char to[64];

    folder_make();
    r = make_outputs("x: uint8 -> y: double", bytes_of(1, 14, 0, 0), &filled);
    finished = open_finished("out.part");
    check_refused(finished_find(finished, 0, "/z", &wide, &r->error), &r->error,
                  "out.h5: /z can't be opened: object 'z' doesn't exist (give --overwrite to replace it)");
    check_refused(finished_find(finished, 0, "/y", &wide, &r->error), &r->error,
                  "out.h5: /y holds 14 elements, not 28 (give --overwrite to replace it)");
    check_refused(finished_find(finished, 0, "/y", &other, &r->error), &r->error,
                  "out.h5: /y holds double, not int32 (give --overwrite to replace it)");
    check_refused(finished_find(finished, 0, "/h5map/runs", &other, &r->error), &r->error,
                  "out.h5: /h5map/runs holds compounds {start, end, start_s, end_s, host, job, nodes, ra...}, not "
                  "int32 (give --overwrite to replace it)");
    CU_ASSERT_EQUAL(finished_find(finished, 0, "/y", &r->plan.out[0], &r->error), OK);
    check_refused(finished_read(finished, 0, 10, 5, to, &r->error), &r->error, "out.h5: has no items 10 to 14");
    check_refused(finished_read(finished, 0, UINT64_MAX, 2, to, &r->error), &r->error,
                  "out.h5: has no items 18446744073709551615 to 0");
    check_refused(finished_failed(finished, 14, 1, to, &r->error), &r->error, "out.h5: has no items 14 to 14");
    CU_ASSERT_EQUAL(finished_read(finished, 0, 14, 0, to, &r->error), OK);
    finished_close(finished);
    finished_close(NULL);
    filled_free(&filled);
    folder_remove();
}

/* Is it said to be none of ours, without a word? */
static void check_foreign(const char *path)
{
    struct error error = {0};
    struct finished *finished = (struct finished *)&error;

    CU_ASSERT_EQUAL(finished_open(&(struct target){path, path}, &finished, &error), OK);
    CU_ASSERT_PTR_NULL(finished);
    CU_ASSERT_STRING_EQUAL(error.text, "");
    if (finished)
        fprintf(stderr, "%s\n", path);
}

static void leaves_what_is_not_ours(void)
{
    struct request *r;
    struct record record;
    struct layout layout;

    folder_make();
    put_file("text", "dear diary\n");
    put_file("empty", "");
    put_set((struct set){"plain.h5", "/x", H5T_NATIVE_DOUBLE, .rank = 1, .shape = {3}});
    put_set((struct set){"dataset.h5", "/h5map", H5T_NATIVE_DOUBLE, .rank = 1, .shape = {3}});
    put_set((struct set){"other.h5", "/h5map/runs", H5T_NATIVE_DOUBLE, .rank = 1, .shape = {3}});
    put_set((struct set){"another.h5", "/h5map/identity", H5T_NATIVE_DOUBLE, .rank = 1, .shape = {3}});
    put_set(bytes_of(1, 14, 0, 0));
    r = bound(request_make("x: uint8 -> y: double", "in.h5"));
    record = record_for(r);
    CU_ASSERT_EQUAL(output_create(&(struct target){"begun.h5", "x"}, &record, &r->plan, &layout, &r->error), OK);
    CU_ASSERT_EQUAL(mkfifo("fifo", 0600), 0);
    CU_ASSERT_EQUAL(mkdir("folder", 0700), 0);
    check_foreign("text");
    check_foreign("empty");
    check_foreign("plain.h5");
    check_foreign("dataset.h5");
    check_foreign("other.h5");
    check_foreign("another.h5");
    check_foreign("begun.h5");
    check_foreign("fifo");
    check_foreign("folder");
    check_foreign("/dev/null");
    folder_remove();
}

static void check_damaged(const char *path, const char *line)
{
    struct error error = {0};
    struct finished *finished = (struct finished *)&error;

    check_refused(finished_open(&(struct target){path, "out.h5"}, &finished, &error), &error, line);
    CU_ASSERT_EQUAL(error.code, REFUSED);
    CU_ASSERT_PTR_NULL(finished);
}

/* Replace a dataset of /h5map in a fresh copy of the output. */
static void put_instead(const char *path, struct set set)
{
    hid_t file;

    CU_ASSERT_EQUAL(system("cp out.part out.h5"), 0);
    file = H5Fopen("out.h5", H5F_ACC_RDWR, H5P_DEFAULT);
    CU_ASSERT(H5Ldelete(file, path, H5P_DEFAULT) >= 0 && H5Fclose(file) >= 0);
    set.file = "out.h5";
    set.path = path;
    put_set(set);
}

/* A compound of one field. */
static hid_t one_field(const char *name, hid_t type)
{
    const hid_t made = H5Tcreate(H5T_COMPOUND, H5Tget_size(type));

    CU_ASSERT(H5Tinsert(made, name, 0, type) >= 0);
    return made;
}

static void refuses_other_tables(void)
{
    const hid_t field = one_field("first", H5T_NATIVE_UINT64), variable = H5Tcopy(H5T_C_S1);
    struct filled filled;

    folder_make();
    make_outputs("x: uint8 -> y: double", bytes_of(1, 14, 0, 0), &filled);
    CU_ASSERT(H5Tset_size(variable, H5T_VARIABLE) >= 0);
    put_instead("/h5map/identity", (struct set){.stored = H5T_NATIVE_DOUBLE});
    check_damaged("out.h5", "out.h5: /h5map/identity can't be read: it is no text of at most 16777216 bytes (give "
                            "--overwrite to replace it)");
    put_instead("/h5map/identity", (struct set){.stored = variable});
    check_damaged("out.h5", "out.h5: /h5map/identity can't be read: it is no text of at most 16777216 bytes (give "
                            "--overwrite to replace it)");
    put_instead("/h5map/runs", (struct set){.stored = H5T_NATIVE_DOUBLE, .rank = 1, .shape = {2}});
    check_damaged("out.h5", "out.h5: /h5map/runs can't be read: it is no table (give --overwrite to replace it)");
    put_instead("/h5map/runs", (struct set){.stored = field});
    check_damaged("out.h5", "out.h5: /h5map/runs can't be read: it is no table (give --overwrite to replace it)");
    put_instead("/h5map/made", (struct set){.stored = field, .rank = 1, .shape = {2}});
    check_damaged("out.h5", "out.h5: /h5map/made can't be read: its column count is missing or of another type (give "
                            "--overwrite to replace it)");
    put_instead("/h5map/failures", (struct set){.stored = field, .rank = 1, .shape = {70000}});
    check_damaged("out.h5", "out.h5: /h5map/failures can't be read: it has 70000 rows, more than 65536 (give "
                            "--overwrite to replace it)");
    CU_ASSERT(H5Tclose(field) >= 0 && H5Tclose(variable) >= 0);
    filled_free(&filled);
    folder_remove();
}

/* Rows that can't be: items and runs that there are not. */
static void refuses_impossible_rows(void)
{
    static const struct run_info run = {.ranks = 1};
    static const struct made made[] = {{0, 15, 0},         {15, 0, 0}, {14, 1, 0},
                                       {2, UINT64_MAX, 0}, {0, 1, 1},  {0, 1, 1u << 31}};
    struct filled filled;
    struct request *r;

    folder_make();
    put_set(bytes_of(1, 14, 0, 0));
    r = bound(request_make("x: uint8 -> y: double", "in.h5"));
    for (size_t k = 0; k < sizeof made / sizeof *made; k++) {
        const struct ending ending = {&run, 1, &made[k], 1, NULL, 0, NULL, 0, 0};

        filled_make(r, &filled);
        CU_ASSERT_EQUAL(output_complete(&(struct target){"out.part", "x"}, &ending, &r->error), OK);
        check_damaged("out.part", "out.h5: /h5map/made: row 0 has items or a run that there are not (give --overwrite "
                                  "to replace it)");
        filled_free(&filled);
    }
    filled_make(r, &filled);
    CU_ASSERT_EQUAL(output_complete(&(struct target){"out.part", "x"},
                                    &(struct ending){&run, 1, NULL, 0, NULL, 0, NULL, 0, 15}, &r->error),
                    OK);
    check_damaged("out.part", "out.h5: /h5map: 15 items of 14 failed: can't be (give --overwrite to replace it)");
    filled_free(&filled);
    folder_remove();
}

/* A file of others' making, with texts that end with NULs or spaces, wider numbers, and more columns. */
static void reads_what_others_wrote(void)
{
    struct {
        int64_t run;
        uint32_t first, count;
        char note[8];
    } row = {1, 3, 4, "note"};
    const hid_t type = H5Tcreate(H5T_COMPOUND, sizeof row), text = H5Tcopy(H5T_C_S1);
    const struct account *account;
    struct filled filled;
    struct finished *finished;

    folder_make();
    make_outputs("x: uint8 -> y: double", bytes_of(1, 14, 0, 0), &filled);
    CU_ASSERT(H5Tset_size(text, 8) >= 0 && H5Tset_strpad(text, H5T_STR_SPACEPAD) >= 0);
    CU_ASSERT(H5Tinsert(type, "run", 0, H5T_NATIVE_INT64) >= 0 && H5Tinsert(type, "first", 8, H5T_NATIVE_UINT32) >= 0);
    CU_ASSERT(H5Tinsert(type, "count", 12, H5T_NATIVE_UINT32) >= 0 && H5Tinsert(type, "note", 16, text) >= 0);
    put_instead("/h5map/made", (struct set){.stored = type, .rank = 1, .shape = {1}, .data = &row});
    finished = open_finished("out.h5");
    account = finished_account(finished);
    CU_ASSERT_EQUAL_FATAL(account->made_count, 1);
    CU_ASSERT(account->made[0].first == 3 && account->made[0].count == 4 && account->made[0].run == 1);
    finished_close(finished);
    put_instead("/h5map/identity", (struct set){.stored = text, .data = "spaces  "});
    finished = open_finished("out.h5");
    CU_ASSERT_STRING_EQUAL(finished_account(finished)->identity, "spaces");
    finished_close(finished);
    CU_ASSERT(H5Tclose(type) >= 0 && H5Tclose(text) >= 0);
    filled_free(&filled);
    folder_remove();
}

static void needs_no_lock(void)
{
    struct filled filled;
    int fd;

    folder_make();
    make_outputs("x: uint8 -> y: double", bytes_of(1, 14, 0, 0), &filled);
    fd = open("out.part", O_RDWR | O_CLOEXEC);
    CU_ASSERT_EQUAL(flock(fd, LOCK_EX | LOCK_NB), 0);
    finished_close(open_finished("out.part"));
    CU_ASSERT_EQUAL(close(fd), 0);
    filled_free(&filled);
    folder_remove();
}

static void says_what_can_not_be_opened(void)
{
    struct filled filled;

    folder_make();
    make_outputs("x: uint8 -> y: double[200]", bytes_of(1, 14, 0, 0), &filled);
    check_damaged("none.h5", "out.h5: can't be opened: No such file or directory (give --overwrite to replace it)");
    CU_ASSERT_EQUAL(truncate("out.part", size_of("out.part") / 2), 0);
    {
        struct error error = {0};
        struct finished *finished;

        CU_ASSERT_EQUAL(finished_open(&(struct target){"out.part", "out.h5"}, &finished, &error), REFUSED);
        CU_ASSERT_PTR_NOT_NULL(strstr(error.text, "out.h5: can't be opened: truncated file"));
    }
    filled_free(&filled);
    folder_remove();
}

/* So many items that their elements can't be counted. */
static void refuses_too_many_items(void)
{
    const struct yield two = {.type = TYPE_DOUBLE, .elements = 2};
    const uint64_t items = UINT64_C(1) << 63;
    struct filled filled;
    struct finished *finished;
    struct request *r;
    hid_t file, group, attribute;

    folder_make();
    r = make_outputs("x: uint8[n] -> y: double[n]", bytes_of(2, 14, 0, 0), &filled);
    file = H5Fopen("out.part", H5F_ACC_RDWR, H5P_DEFAULT);
    group = H5Gopen2(file, "/h5map", H5P_DEFAULT);
    attribute = H5Aopen(group, "items", H5P_DEFAULT);
    CU_ASSERT(H5Awrite(attribute, H5T_NATIVE_UINT64, &items) >= 0 && H5Aclose(attribute) >= 0);
    CU_ASSERT(H5Gclose(group) >= 0 && H5Fclose(file) >= 0);
    finished = open_finished("out.part");
    check_refused(finished_find(finished, 0, "/y", &two, &r->error), &r->error,
                  "out.h5: /y holds 0 elements, not 18446744073709551615 (give --overwrite to replace it)");
    finished_close(finished);
    filled_free(&filled);
    folder_remove();
}

/* Change bytes of the file that come `behind` bytes after the text. */
static void change_behind(const char *name, const char *text, size_t behind, unsigned char byte)
{
    const size_t size = (size_t)size_of(name), length = strlen(text);
    unsigned char *bytes = malloc(size);
    const int fd = open(name, O_RDWR | O_CLOEXEC);
    const unsigned char *found;

    CU_ASSERT(pread(fd, bytes, size, 0) == (ssize_t)size);
    found = memmem(bytes, size, text, length + 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(found);
    CU_ASSERT(pwrite(fd, &byte, 1, found - bytes + (off_t)(length + behind)) == 1 && close(fd) == 0);
    free(bytes);
}

/* HDF5 itself would read beyond its buffers. */
static void refuses_columns_behind_the_row(void)
{
    struct filled filled;

    folder_make();
    make_outputs("x: uint8 -> y: double", bytes_of(1, 14, 0, 0), &filled);
    CU_ASSERT_EQUAL(system("cp out.part out.h5"), 0);
    change_behind("out.h5", "count", 5, 0x80); /* the name is padded to 8 bytes; the offset follows */
    check_damaged("out.h5", "out.h5: /h5map/made can't be read: it is no table (give --overwrite to replace it)");
    filled_free(&filled);
    folder_remove();
}

static void refuses_compact_results(void)
{
    const hid_t plist = H5Pcreate(H5P_DATASET_CREATE);
    const uint8_t failed[2] = {0};
    struct filled filled;
    struct finished *finished;
    struct request *r;
    unsigned char bits[2];

    folder_make();
    r = make_outputs("x: uint8 -> y: double", bytes_of(1, 14, 0, 0), &filled);
    CU_ASSERT(H5Pset_layout(plist, H5D_COMPACT) >= 0);
    put_instead("/h5map/failed",
                (struct set){.stored = H5T_NATIVE_UINT8, .rank = 1, .shape = {2}, .creation = plist, .data = failed});
    finished = open_finished("out.h5");
    check_refused(finished_failed(finished, 0, 14, bits, &r->error), &r->error,
                  "out.h5: /h5map/failed is neither contiguous nor chunked (give --overwrite to replace it)");
    finished_close(finished);
    CU_ASSERT(H5Pclose(plist) >= 0);
    filled_free(&filled);
    folder_remove();
}

int main(void)
{
    CU_TestInfo tests[] = {{"tells what it says of itself", tells_what_it_says_of_itself},
                           {"tells the longest", tells_the_longest},
                           {"reads ranges that cut rows", reads_ranges_that_cut_rows},
                           {"reads every type", reads_every_type},
                           {"reads what is empty or has no axes", reads_what_is_empty_or_has_no_axes},
                           {"reads which failed", reads_which_failed},
                           {"refuses what it does not hold", refuses_what_it_does_not_hold},
                           {"leaves what is not ours", leaves_what_is_not_ours},
                           {"refuses other tables", refuses_other_tables},
                           {"refuses impossible rows", refuses_impossible_rows},
                           {"reads what others wrote", reads_what_others_wrote},
                           {"needs no lock", needs_no_lock},
                           {"says what can't be opened", says_what_can_not_be_opened},
                           {"refuses columns behind the row", refuses_columns_behind_the_row},
                           {"refuses too many items", refuses_too_many_items},
                           {"refuses compact results", refuses_compact_results},
                           CU_TEST_INFO_NULL};

    return data_suite("finished", tests);
}
