/* Shared tables out of datasets: every element, in any layout, converted as inputs are, or named. */
#include "data/shared.h"
#include "data_files.h"
#include "suite.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define TABLE "x: double, shared t: double[a, b] -> y: double"

static void count_look(void *self)
{
    ++*(int *)self;
}

/* Bind in.h5, and read the table behind x into `to`; the code. */
static int read_table(struct request *r, uint64_t elements, void *to)
{
    const struct bound *bound_to = &r->binding.in[1];
    const struct feed feed = {.shared = true,
                              .wire = bound_to->wire,
                              .type = r->signature.in[1].type,
                              .elements = elements,
                              .wire_element = bound_to->element,
                              .element = r->signature.in[1].element,
                              .packing = bound_to->packing};
    int looks = 0, code;
    const struct shared_table table = {&r->signature.in[1], bound_to, &feed, r->binding.field, 1 << 20, &looks,
                                       count_look};

    code = shared_read(&table, to, &r->error);
    CU_ASSERT_EQUAL(looks > 0, elements > 0);
    return code;
}

static struct request *table_request(const char *signature, const char *path)
{
    struct request *r = with_input(request_make(signature, "in.h5"), "t", path);

    r->options.cast = true;
    return bound(r);
}

/* Element k of every table here. */
static double value_of(uint64_t k)
{
    return (double)(k * 7919 % 30011);
}

/* A file with x and a table of shape (rows, columns), stored as this. */
static void put_table(const char *path, hid_t stored, hsize_t rows, hsize_t columns, const hsize_t chunk[2])
{
    double *data = malloc(rows * columns * sizeof *data);

    CU_ASSERT_PTR_NOT_NULL_FATAL(data);
    for (uint64_t k = 0; k < rows * columns; k++)
        data[k] = value_of(k);
    put_set((struct set){"in.h5",
                         path,
                         stored,
                         H5T_NATIVE_DOUBLE,
                         2,
                         {rows, columns},
                         {chunk[0], chunk[1]},
                         chunk[0] ? 1 : 0,
                         .data = data});
    free(data);
}

/* Some MiB, more than a piece, of any layout: what stands there, and nothing beside it. */
static void reads_every_element(void)
{
    static const hsize_t chunks[][2] = {{0, 0}, {64, 300}, {700, 17}, {700, 500}, {1, 500}};
    const hid_t types[] = {H5T_NATIVE_DOUBLE, H5T_IEEE_F32BE, H5T_STD_U16LE};
    const uint64_t elements = 700 * 500;
    double *got = malloc((elements + 1) * sizeof *got);
    const double zero = 0;

    folder_make();
    CU_ASSERT_PTR_NOT_NULL_FATAL(got);
    put_set((struct set){"in.h5", "/x", H5T_NATIVE_DOUBLE, .data = &zero});
    for (size_t c = 0; c < sizeof chunks / sizeof *chunks; c++)
        for (size_t t = 0; t < sizeof types / sizeof *types; t++) {
            char path[16];
            size_t wrong = 0;

            snprintf(path, sizeof path, "/t%zu_%zu", c, t);
            put_table(path, types[t], 700, 500, chunks[c]);
            memset(got, 0xee, (elements + 1) * sizeof *got);
            CU_ASSERT_EQUAL(read_table(table_request(TABLE, path), elements, got), OK);
            for (uint64_t k = 0; k < elements; k++)
                wrong += got[k] != value_of(k);
            CU_ASSERT_EQUAL(wrong, 0);
            CU_ASSERT_EQUAL(((unsigned char *)got)[elements * sizeof *got], 0xee);
        }
    free(got);
    folder_remove();
}

static void reads_one_and_none(void)
{
    const double numbers[2] = {3.5, -1};
    struct request *r;
    double got = 0;

    folder_make();
    put_set((struct set){"in.h5", "/x", H5T_NATIVE_DOUBLE, .data = numbers});
    put_set((struct set){"in.h5", "/one", H5T_NATIVE_DOUBLE, .data = numbers});
    put_set((struct set){"in.h5", "/none", H5T_NATIVE_DOUBLE, .rank = 2, .shape = {0, 3}});
    r = table_request("x: double, shared t: double -> y: double", "/one");
    CU_ASSERT_EQUAL(read_table(r, 1, &got), OK);
    CU_ASSERT_EQUAL(got, 3.5);
    r = table_request(TABLE, "/none");
    CU_ASSERT_EQUAL(read_table(r, 0, &got), OK);
    CU_ASSERT_EQUAL(got, 3.5);
    folder_remove();
}

static void undoes_packing(void)
{
    static const double numbers[3] = {0, 1, 2}, raw[3] = {100, -9, 300};
    struct request *r;
    double got[3];

    folder_make();
    put_set((struct set){"in.h5", "/x", H5T_NATIVE_DOUBLE, .data = numbers});
    put_set((struct set){"in.h5", "/t", H5T_NATIVE_SHORT, H5T_NATIVE_DOUBLE, 1, {3}, .data = raw});
    put_number("in.h5", "/t", "scale_factor", H5T_NATIVE_DOUBLE, 0.5);
    put_number("in.h5", "/t", "add_offset", H5T_NATIVE_DOUBLE, 1);
    put_number("in.h5", "/t", "_FillValue", H5T_NATIVE_SHORT, -9);
    r = table_request("x: double, shared t: double[m] -> y: double", "/t");
    CU_ASSERT_PTR_NOT_NULL(strstr(r->binding.notes, "t: "));
    CU_ASSERT_EQUAL(read_table(r, 3, got), OK);
    CU_ASSERT(got[0] == 51 && isnan(got[1]) && got[2] == 151);
    folder_remove();
}

/* Field by field, in more than one piece: other types, another order, a member that nobody takes; and a bool. */
static void reads_compounds(void)
{
    enum { ELEMENTS = 200000 };
    struct stored {
        double left, at;
        int16_t id[2];
        unsigned char good;
    } *data = calloc(ELEMENTS, sizeof *data);
    struct taken {
        int32_t id[2];
        double at;
        bool good;
    } *got = malloc((ELEMENTS + 1) * sizeof *got);
    const double zero = 0;
    const hid_t pair = H5Tarray_create2(H5T_NATIVE_SHORT, 1, (hsize_t[]){2});
    const hid_t type = H5Tcreate(H5T_COMPOUND, sizeof *data);
    uint64_t wrong = 0;
    struct request *r;

    folder_make();
    CU_ASSERT_FATAL(data && got);
    H5Tinsert(type, "left", offsetof(struct stored, left), H5T_NATIVE_DOUBLE);
    H5Tinsert(type, "at", offsetof(struct stored, at), H5T_NATIVE_DOUBLE);
    H5Tinsert(type, "id", offsetof(struct stored, id), pair);
    H5Tinsert(type, "good", offsetof(struct stored, good), H5T_NATIVE_UCHAR);
    for (int k = 0; k < ELEMENTS; k++)
        data[k] = (struct stored){-1, value_of((uint64_t)k), {(int16_t)(k % 999), (int16_t)(-k % 999)}, k % 2};
    put_set((struct set){"in.h5", "/x", H5T_NATIVE_DOUBLE, .data = &zero});
    put_set((struct set){"in.h5", "/t", type, type, 1, {ELEMENTS}, .data = data});
    r = table_request("x: double, shared t: {id: int32[2], at: double, good: bool}[m] -> y: double", "/t");
    memset(got, 0xee, (ELEMENTS + 1) * sizeof *got);
    CU_ASSERT_EQUAL(read_table(r, ELEMENTS, got), OK);
    for (int k = 0; k < ELEMENTS; k++)
        wrong += got[k].id[0] != k % 999 || got[k].id[1] != -k % 999 || got[k].at != data[k].at || got[k].good != k % 2;
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT_EQUAL(*(unsigned char *)(got + ELEMENTS), 0xee);
    data[150001].good = 2;
    put_set((struct set){"in.h5", "/u", type, type, 1, {ELEMENTS}, .data = data});
    r = table_request("x: double, shared t: {id: int32[2], at: double, good: bool}[m] -> y: double", "/u");
    CU_ASSERT_EQUAL(read_table(r, ELEMENTS, got), REFUSED);
    CU_ASSERT_STRING_EQUAL(r->error.text, "t: /u in in.h5: element (150001): field 'good': 2 is not a bool (all items "
                                          "need it: correct it, or take another type)");
    CU_ASSERT(H5Tclose(type) >= 0 && H5Tclose(pair) >= 0);
    free(data);
    free(got);
    folder_remove();
}

/* In a later piece, too. */
static void names_what_does_not_convert(void)
{
    const uint64_t elements = 700 * 500;
    const double zero = 0;
    unsigned char *got = malloc(elements);
    double *data = calloc(elements, sizeof *data);
    struct request *r;

    folder_make();
    CU_ASSERT_FATAL(got && data);
    data[612 * 500 + 3] = 300;
    data[613 * 500] = 400;
    put_set((struct set){"in.h5", "/x", H5T_NATIVE_DOUBLE, .data = &zero});
    put_set((struct set){"in.h5", "/t", H5T_NATIVE_DOUBLE, .rank = 2, .shape = {700, 500}, .data = data});
    r = table_request("x: double, shared t: uint8[a, b] -> y: double", "/t");
    CU_ASSERT_EQUAL(read_table(r, elements, got), REFUSED);
    CU_ASSERT_STRING_EQUAL(r->error.text, "t: /t in in.h5: element (612, 3): 300 is not a uint8 (all items need it: "
                                          "correct it, or take another type)");
    free(data);
    free(got);
    folder_remove();
}

/* A chunk that is damaged ends it. */
static void tells_what_can_not_be_read(void)
{
    static const hsize_t chunk[2] = {100, 500};
    const double zero = 0;
    double *got = malloc(700 * 500 * sizeof *got);
    unsigned char garbage[64];
    hid_t file, dataset;
    struct request *r;

    folder_make();
    CU_ASSERT_PTR_NOT_NULL_FATAL(got);
    memset(garbage, 0x5a, sizeof garbage);
    put_set((struct set){"in.h5", "/x", H5T_NATIVE_DOUBLE, .data = &zero});
    put_table("/t", H5T_NATIVE_DOUBLE, 700, 500, chunk);
    file = H5Fopen("in.h5", H5F_ACC_RDWR, H5P_DEFAULT);
    dataset = H5Dopen2(file, "/t", H5P_DEFAULT);
    CU_ASSERT(H5Dwrite_chunk(dataset, H5P_DEFAULT, 0, (hsize_t[]){400, 0}, sizeof garbage, garbage) >= 0);
    CU_ASSERT(H5Dclose(dataset) >= 0 && H5Fclose(file) >= 0);
    r = table_request(TABLE, "/t");
    CU_ASSERT_EQUAL(read_table(r, 700 * 500, got), FAILED);
    CU_ASSERT_PTR_NOT_NULL(strstr(r->error.text, "t: /t in in.h5: can't read"));
    free(got);
    folder_remove();
}

int main(void)
{
    CU_TestInfo tests[] = {{"reads every element", reads_every_element},
                           {"reads one and none", reads_one_and_none},
                           {"undoes packing", undoes_packing},
                           {"reads compounds", reads_compounds},
                           {"names what does not convert", names_what_does_not_convert},
                           {"tells what can't be read", tells_what_can_not_be_read},
                           CU_TEST_INFO_NULL};

    return data_suite("shared", tests);
}
