#include "data_files.h"

#include "data/bind.h"
#include "kernel/signature.h"
#include "suite.h"

#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[256];
static struct request request;

void folder_make(void)
{
    const char *parent = getenv("TMPDIR");

    snprintf(folder, sizeof folder, "%s/h5map-test.XXXXXX", parent && *parent ? parent : "/tmp");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
    CU_ASSERT_EQUAL_FATAL(chdir(folder), 0);
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
    (void)status, (void)kind, (void)walk;
    return remove(path);
}

void folder_remove(void)
{
    CU_ASSERT_EQUAL(chdir("/"), 0);
    CU_ASSERT_EQUAL(nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

static hid_t open_file(const char *name)
{
    hid_t file;

    if (access(name, F_OK) == 0)
        file = H5Fopen(name, H5F_ACC_RDWR, H5P_DEFAULT);
    else
        file = H5Fcreate(name, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    CU_ASSERT_FATAL(file >= 0);
    return file;
}

static hid_t creation_of(const struct set *set)
{
    const hid_t plist = set->creation ? H5Pcopy(set->creation) : H5Pcreate(H5P_DATASET_CREATE);

    CU_ASSERT_FATAL(plist >= 0);
    if (set->chunk[0])
        CU_ASSERT(H5Pset_chunk(plist, set->rank, set->chunk) >= 0);
    if (set->deflate)
        CU_ASSERT(H5Pset_shuffle(plist) >= 0 && H5Pset_deflate(plist, set->deflate) >= 0);
    return plist;
}

void put_set(struct set set)
{
    const hid_t file = open_file(set.file), plist = creation_of(&set), links = H5Pcreate(H5P_LINK_CREATE);
    const hid_t space = H5Screate_simple(set.rank, set.shape, NULL);
    hid_t dataset;

    CU_ASSERT(H5Pset_create_intermediate_group(links, 1) >= 0);
    dataset = H5Dcreate2(file, set.path, set.stored, space, links, plist, H5P_DEFAULT);
    CU_ASSERT_FATAL(dataset >= 0);
    if (set.data)
        CU_ASSERT(H5Dwrite(dataset, set.memory ? set.memory : set.stored, H5S_ALL, H5S_ALL, H5P_DEFAULT, set.data) >=
                  0);
    CU_ASSERT(H5Dclose(dataset) >= 0 && H5Sclose(space) >= 0 && H5Pclose(links) >= 0 && H5Pclose(plist) >= 0);
    CU_ASSERT(H5Fclose(file) >= 0);
}

/* Make the attribute and write it. */
static void put_attribute(const char *file, const char *path, const char *name, hid_t space, const hid_t types[2],
                          const void *data)
{
    const hid_t opened = open_file(file);
    const hid_t attribute =
        H5Acreate_by_name(opened, path, name, types[0], space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);

    CU_ASSERT_FATAL(attribute >= 0);
    CU_ASSERT(H5Awrite(attribute, types[1], data) >= 0);
    CU_ASSERT(H5Aclose(attribute) >= 0 && H5Sclose(space) >= 0 && H5Fclose(opened) >= 0);
}

void put_numbers(const char *file, const char *path, const char *name, hid_t stored, int count, const double *values)
{
    const hsize_t shape = (hsize_t)count;
    const hid_t types[2] = {stored, H5T_NATIVE_DOUBLE};

    put_attribute(file, path, name, H5Screate_simple(1, &shape, NULL), types, values);
}

void put_number(const char *file, const char *path, const char *name, hid_t stored, double value)
{
    const hid_t types[2] = {stored, H5T_NATIVE_DOUBLE};

    put_attribute(file, path, name, H5Screate(H5S_SCALAR), types, &value);
}

void put_text(const char *file, const char *path, const char *name, const char *text, bool variable)
{
    const hid_t type = H5Tcopy(H5T_C_S1);
    const hid_t types[2] = {type, type};

    CU_ASSERT(H5Tset_size(type, variable ? H5T_VARIABLE : strlen(text)) >= 0);
    CU_ASSERT(H5Tset_strpad(type, variable ? H5T_STR_NULLTERM : H5T_STR_NULLPAD) >= 0);
    put_attribute(file, path, name, H5Screate(H5S_SCALAR), types, variable ? (const void *)&text : text);
    CU_ASSERT(H5Tclose(type) >= 0);
}

void put_file(const char *name, const char *text)
{
    FILE *file = fopen(name, "wb");

    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT(fputs(text, file) >= 0 && fclose(file) == 0);
}

struct request *request_make(const char *signature, const char *input)
{
    memset(&request, 0, sizeof request);
    request.options.input = input;
    request.options.output = "out.h5";
    if (signature_parse(signature, "k", &request.signature, &request.error))
        CU_FAIL_FATAL("the test's signature");
    return &request;
}

static void assign(struct assignments *to, const char *name, const char *value)
{
    struct assignment *one = &to->of[to->count++];

    snprintf(one->name, sizeof one->name, "%s", name);
    one->value = value;
}

struct request *with_input(struct request *r, const char *name, const char *value)
{
    assign(&r->options.inputs, name, value);
    return r;
}

struct request *with_output(struct request *r, const char *name, const char *value)
{
    assign(&r->options.outputs, name, value);
    return r;
}

struct request *with_items(struct request *r, uint64_t start, uint64_t stop, uint64_t step)
{
    r->options.items = (struct items_range){true, start, stop, step};
    return r;
}

int request_bind(struct request *r)
{
    const int code = bind_inputs(&r->options, &r->signature, r->param, "out.h5", &r->binding, &r->error);

    if (code)
        return code;
    r->plan = (struct plan){.start = r->binding.start, .step = r->binding.step, .inner = 1, .cache_bytes = 1 << 20};
    for (int k = 1; k < r->binding.loop_rank; k++)
        r->plan.inner *= r->binding.loop_shape[k];
    r->plan.items = r->binding.rows * r->plan.inner;
    return OK;
}

void refused(struct request *r, const char *line)
{
    CU_ASSERT_EQUAL(request_bind(r), REFUSED);
    CU_ASSERT_STRING_EQUAL(r->error.text, line);
    if (strcmp(r->error.text, line))
        fprintf(stderr, "expected: %s\n     got: %s\n", line, r->error.text);
}

struct request *bound(struct request *r)
{
    const int code = request_bind(r);

    CU_ASSERT_EQUAL(code, OK);
    if (code)
        fprintf(stderr, "refused: %s\n", r->error.text);
    return r;
}

int data_suite(const char *name, CU_TestInfo *tests)
{
    struct error error = {0};

    signal(SIGXFSZ, SIG_IGN);
    if (hdf5_start(&error)) {
        fprintf(stderr, "%s\n", error.text);
        return 1;
    }
    return suite_run(name, tests);
}
