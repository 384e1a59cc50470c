/* Elements of variable length by their type. */
#include "data/bind.h"
#include "data/vlen.h"
#include "data_files.h"
#include "suite.h"

#include <hdf5.h>
#include <stdlib.h>
#include <string.h>

#define COUNT 1000
#define LONG_BYTES 3000000

static struct port port = {.name = "x", .rank = 1, .ragged = true};

/* Texts of k % 7 letters; the one at 500 is longer than what is read at a time. */
static hid_t write_texts(hid_t file)
{
    const hid_t type = H5Tcopy(H5T_C_S1), space = H5Screate_simple(1, (const hsize_t[]){COUNT}, NULL);
    char *text[COUNT];
    hid_t dataset;

    H5Tset_size(type, H5T_VARIABLE);
    for (int k = 0; k < COUNT; k++) {
        const size_t length = k == 500 ? LONG_BYTES : (size_t)k % 7;

        text[k] = calloc(length + 1, 1);
        memset(text[k], 'a' + k % 26, length);
    }
    dataset = H5Dcreate2(file, "s", type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    CU_ASSERT(H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, text) >= 0);
    for (int k = 0; k < COUNT; k++)
        free(text[k]);
    H5Sclose(space);
    H5Tclose(type);
    return dataset;
}

static struct bound bound_of(enum type wire, uint64_t items)
{
    return (struct bound){.file = "in.h5", .dataset = "/s", .wire = wire, .rank = 1, .shape = {items}, .vlen = true};
}

static void reads_long_ones_alone(void)
{
    struct bound bound = bound_of(TYPE_STRING, COUNT);
    struct error error = {0};
    hid_t file, dataset;
    struct vlen vlen;
    uint64_t seen = 0;

    folder_make();
    file = H5Fcreate("vlen.h5", H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    dataset = write_texts(file);
    CU_ASSERT_EQUAL(vlen_scan(dataset, &port, &bound, &error), OK);
    CU_ASSERT_EQUAL(bound.longest, LONG_BYTES + 1);
    CU_ASSERT_EQUAL(vlen_open(&vlen, dataset, "x", &bound, &error), OK);
    while (seen < COUNT) {
        const uint64_t count = COUNT - seen < vlen.piece ? COUNT - seen : vlen.piece;
        const struct slab box = {{seen}, {count}};
        const int read = vlen_read(&vlen, &box, 1);

        CU_ASSERT_FATAL(read == OK || (read == VLEN_AGAIN && vlen.piece < count));
        for (uint64_t k = 0; k < count && !read; k++, seen++) {
            const void *text;
            const uint64_t length = vlen_element(&vlen, k, &text);

            CU_ASSERT_EQUAL(length, (seen == 500 ? LONG_BYTES : seen % 7) + 1);
            CU_ASSERT_EQUAL(strlen(text) + 1, length);
            CU_ASSERT(length == 1 || *(const char *)text == (char)('a' + (int)(seen % 26)));
        }
        CU_ASSERT(vlen.pool.bytes <= (1u << 20) || vlen.pool.bytes == LONG_BYTES + 1);
    }
    vlen_close(&vlen);
    vlen_close(&vlen);
    H5Dclose(dataset);
    H5Fclose(file);
    folder_remove();
}

static void converts_sequences(void)
{
    const hid_t type = H5Tvlen_create(H5T_STD_I16BE), memory = H5Tvlen_create(H5T_NATIVE_INT),
                space = H5Screate_simple(1, (const hsize_t[]){3}, NULL);
    struct bound bound = bound_of(TYPE_INT16, 3);
    const hvl_t given[3] = {{2, (int[]){5, -7}}, {0, NULL}, {3, (int[]){1, 2, 3}}};
    struct error error = {0};
    const void *data;
    hid_t file, dataset;
    struct vlen vlen;

    folder_make();
    file = H5Fcreate("vlen.h5", H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    dataset = H5Dcreate2(file, "s", type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    CU_ASSERT(H5Dwrite(dataset, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, given) >= 0);
    CU_ASSERT_EQUAL(vlen_scan(dataset, &port, &bound, &error), OK);
    CU_ASSERT(bound.longest == 3 && bound.items == 3);
    CU_ASSERT_EQUAL(vlen_open(&vlen, dataset, "x", &bound, &error), OK);
    CU_ASSERT_EQUAL(vlen_read(&vlen, &(struct slab){{0}, {2}}, 2), OK);
    CU_ASSERT_EQUAL_FATAL(vlen_element(&vlen, 0, &data), 2);
    CU_ASSERT_EQUAL(memcmp(data, (int16_t[]){5, -7}, 4), 0);
    CU_ASSERT_EQUAL_FATAL(vlen_element(&vlen, 1, &data), 3);
    CU_ASSERT_EQUAL(memcmp(data, (int16_t[]){1, 2, 3}, 6), 0);
    vlen_close(&vlen);
    H5Dclose(dataset);
    H5Fclose(file);
    H5Sclose(space);
    H5Tclose(memory);
    H5Tclose(type);
    folder_remove();
}

int main(void)
{
    CU_TestInfo tests[] = {{"reads long ones alone", reads_long_ones_alone},
                           {"converts sequences", converts_sequences},
                           CU_TEST_INFO_NULL};
    struct error error = {0};

    return hdf5_start(&error) ? 1 : suite_run("vlen", tests);
}
