/* Datasets read without HDF5: what HDF5 reads, or not at all. */
#include "data/raw.h"
#include "data_files.h"

#include <string.h>
#include <unistd.h>

enum { ROWS = 6, COLUMNS = 5, DEPTH = 4, COUNT = ROWS * COLUMNS * DEPTH };

static float numbers[COUNT];

static struct set cube(const char *file)
{
    for (int k = 0; k < COUNT; k++)
        numbers[k] = 0.5f * (float)k;
    return (struct set){.file = file,
                        .path = "/g/x",
                        .stored = H5T_IEEE_F32LE,
                        .rank = 3,
                        .shape = {ROWS, COLUMNS, DEPTH},
                        .data = numbers};
}

struct opened {
    hid_t file, dataset;
    struct raw raw;
};

static struct opened open_set(const char *file, const char *path, hid_t memory)
{
    struct opened opened = {.file = H5Fopen(file, H5F_ACC_RDONLY, H5P_DEFAULT)};

    opened.dataset = H5Dopen2(opened.file, path, H5P_DEFAULT);
    CU_ASSERT_FATAL(opened.dataset >= 0);
    raw_open(opened.dataset, memory, &opened.raw);
    return opened;
}

static void close_set(struct opened *opened)
{
    H5Dclose(opened->dataset);
    H5Fclose(opened->file);
    CU_ASSERT_EQUAL(H5Fget_obj_count((hid_t)H5F_OBJ_ALL, H5F_OBJ_ALL), 0);
}

static bool is_readable(const char *file, const char *path, hid_t memory)
{
    struct opened opened = open_set(file, path, memory);
    const bool readable = opened.raw.fd >= 0;

    close_set(&opened);
    return readable;
}

/* Each box of the cube: in one run or not, and then what is there. */
static void check_every_box(const struct raw *raw)
{
    int runs = 0, wrong = 0;

    for (int box = 0; box < COUNT * COUNT; box++) {
        const int from = box / COUNT, to = box % COUNT;
        const int first[] = {from / (COLUMNS * DEPTH), from / DEPTH % COLUMNS, from % DEPTH};
        const int last[] = {to / (COLUMNS * DEPTH), to / DEPTH % COLUMNS, to % DEPTH};
        float got[COUNT];
        struct slab slab;
        int count = 1;

        for (int k = 0; k < 3; k++) {
            if (last[k] < first[k])
                count = 0;
            slab.first[k] = (hsize_t)first[k];
            slab.count[k] = (hsize_t)(last[k] - first[k] + 1);
            count *= last[k] - first[k] + 1;
        }
        if (count <= 0)
            continue;
        if (raw_read(raw, &slab, 1, got) != (count == to - from + 1))
            wrong++;
        else if (count == to - from + 1 && ++runs)
            wrong += memcmp(got, numbers + from, (size_t)count * sizeof *got) != 0;
    }
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT(runs > COUNT);
}

static void reads_each_box_that_is_one_run(void)
{
    struct opened opened;

    folder_make();
    put_set(cube("a.h5"));
    opened = open_set("a.h5", "/g/x", H5T_NATIVE_FLOAT);
    CU_ASSERT_FATAL(opened.raw.fd >= 0);
    check_every_box(&opened.raw);
    close_set(&opened);
    folder_remove();
}

static void leaves_steps_to_hdf5(void)
{
    const struct slab one = {{2, 0, 0}, {1, COLUMNS, DEPTH}}, two = {{2, 0, 0}, {2, COLUMNS, DEPTH}};
    struct opened opened;
    float got[COUNT];

    folder_make();
    put_set(cube("a.h5"));
    opened = open_set("a.h5", "/g/x", H5T_NATIVE_FLOAT);
    CU_ASSERT(raw_read(&opened.raw, &one, 3, got));
    CU_ASSERT(!raw_read(&opened.raw, &two, 3, got));
    close_set(&opened);
    folder_remove();
}

static void reads_a_number_without_axes(void)
{
    const double stored = 2.5;
    double got = 0;
    struct opened opened;
    const struct slab slab = {{0}, {0}};

    folder_make();
    put_set((struct set){.file = "a.h5", .path = "/x", .stored = H5T_IEEE_F64LE, .data = &stored});
    opened = open_set("a.h5", "/x", H5T_NATIVE_DOUBLE);
    CU_ASSERT(raw_read(&opened.raw, &slab, 1, &got) && got == stored);
    close_set(&opened);
    folder_remove();
}

/* The file's first bytes can be somebody else's, and a link can lead to another file. */
static void finds_the_first_element(void)
{
    const hid_t creation = H5Pcreate(H5P_FILE_CREATE);
    hid_t file;
    struct opened opened;

    folder_make();
    H5Pset_userblock(creation, 1024);
    file = H5Fcreate("user.h5", H5F_ACC_EXCL, creation, H5P_DEFAULT);
    H5Pclose(creation);
    CU_ASSERT_FATAL(file >= 0 && H5Fclose(file) >= 0);
    put_set(cube("user.h5"));
    file = H5Fcreate("link.h5", H5F_ACC_EXCL, H5P_DEFAULT, H5P_DEFAULT);
    CU_ASSERT_FATAL(H5Lcreate_external("user.h5", "/g/x", file, "y", H5P_DEFAULT, H5P_DEFAULT) >= 0);
    H5Fclose(file);
    opened = open_set("link.h5", "/y", H5T_NATIVE_FLOAT);
    CU_ASSERT_FATAL(opened.raw.fd >= 0);
    check_every_box(&opened.raw);
    close_set(&opened);
    folder_remove();
}

/* Conversions, chunks, other files' bytes and datasets that were never written are HDF5's. */
static void leaves_the_rest_to_hdf5(void)
{
    struct set set = cube("a.h5");
    hid_t creation;

    folder_make();
    put_set(set);
    CU_ASSERT(!is_readable("a.h5", "/g/x", H5T_NATIVE_DOUBLE));
    CU_ASSERT(!is_readable("a.h5", "/g/x", H5T_NATIVE_INT));
    set.path = "/swapped", set.stored = H5T_IEEE_F32BE, set.memory = H5T_NATIVE_FLOAT;
    put_set(set);
    CU_ASSERT(!is_readable("a.h5", "/swapped", H5T_NATIVE_FLOAT));
    set = cube("a.h5"), set.path = "/chunked", set.chunk[0] = 2, set.chunk[1] = 5, set.chunk[2] = 4;
    put_set(set);
    CU_ASSERT(!is_readable("a.h5", "/chunked", H5T_NATIVE_FLOAT));
    set = cube("a.h5"), set.path = "/unwritten", set.data = NULL;
    put_set(set);
    CU_ASSERT(!is_readable("a.h5", "/unwritten", H5T_NATIVE_FLOAT));
    creation = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_layout(creation, H5D_COMPACT);
    set = cube("a.h5"), set.path = "/compact", set.creation = creation;
    put_set(set);
    H5Pclose(creation);
    CU_ASSERT(!is_readable("a.h5", "/compact", H5T_NATIVE_FLOAT));
    creation = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_external(creation, "elsewhere.raw", 0, H5F_UNLIMITED);
    set = cube("a.h5"), set.path = "/elsewhere", set.creation = creation;
    put_set(set);
    H5Pclose(creation);
    CU_ASSERT(!is_readable("a.h5", "/elsewhere", H5T_NATIVE_FLOAT));
    folder_remove();
}

/* What a file that was cut short no longer holds is HDF5's to complain of. */
static void does_not_read_past_the_end(void)
{
    const struct slab all = {{0}, {ROWS, COLUMNS, DEPTH}}, begin = {{0}, {1, 1, DEPTH}};
    struct opened opened;
    float got[COUNT];

    folder_make();
    put_set(cube("a.h5"));
    opened = open_set("a.h5", "/g/x", H5T_NATIVE_FLOAT);
    CU_ASSERT_EQUAL_FATAL(truncate("a.h5", (off_t)opened.raw.offset + 64), 0);
    CU_ASSERT(raw_read(&opened.raw, &begin, 1, got));
    CU_ASSERT(!raw_read(&opened.raw, &all, 1, got));
    close_set(&opened);
    folder_remove();
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"reads each box that is one run", reads_each_box_that_is_one_run},
        {"leaves steps to HDF5", leaves_steps_to_hdf5},
        {"reads a number without axes", reads_a_number_without_axes},
        {"finds the first element", finds_the_first_element},
        {"leaves the rest to HDF5", leaves_the_rest_to_hdf5},
        {"does not read past the end", does_not_read_past_the_end},
        CU_TEST_INFO_NULL,
    };

    return data_suite("raw", tests);
}
