/* The kernel header alone: kernels called as the host calls them, without any of the host's code. */
#include <h5map/kernel.h>

#include "suite.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- kernels ---- */

static int norm(const h5map_item_t *item)
{
    const double *x = item->in[0];
    double *length = item->out[0];
    double sum = 0;

    for (size_t k = 0; k < item->dim[0]; k++)
        sum += x[k] * x[k];
    *length = sqrt(sum);
    return 0;
}

H5MAP_KERNEL(norm, .signature = "x: double[n] -> length: double", .summary = "Euclidean length of a vector");

/* Fails on negative numbers, stops at 99, and gives 7 back for 77. */
static int picky(const h5map_item_t *item)
{
    const double *x = item->in[0];

    if (*x < 0)
        return h5map_fail(item, "%g is below %s", *x, "zero");
    if (*x == 99)
        return h5map_stop(item, "enough at %d", 99);
    if (*x == 77)
        return 7;
    *(double *)item->out[0] = *x;
    return 0;
}

H5MAP_KERNEL(picky, .signature = "x: double -> y: double");

/* Two inputs of different types around a parameter, two results; index and state come along. */
static int mixed(const h5map_item_t *item)
{
    const float *x = item->in[0];
    const int64_t *offset = item->in[1];
    const int16_t *y = item->in[2];
    float *sum = item->out[0];
    uint64_t *index = item->out[1];

    if (y[0] < 0)
        return h5map_fail(item, "y is %d", y[0]);
    sum[0] = x[0] + x[1] + (float)*offset + (float)y[0] + *(float *)item->state;
    *index = item->index;
    return 0;
}

static int mixed_init(const h5map_job_t *job, void **state)
{
    static float hundred = 100;

    if (*(const int64_t *)job->in[1] < 0)
        return h5map_refuse(job, "offset must not be negative, not %lld", (long long)*(const int64_t *)job->in[1]);
    *state = &hundred;
    return 0;
}

static void mixed_finish(void *state)
{
    *(float *)state = -1;
}

H5MAP_KERNEL(mixed, .signature = "x: float[2], param offset: int64, y: int16 -> sum: float, index: uint64",
             .summary = "All fields", .init = mixed_init, .finish = mixed_finish, .block = 3);

static int halves(const h5map_slice_t *slice)
{
    const double *x = slice->in[0];
    double *y = slice->out[0];

    for (size_t k = 0; k < slice->count; k++) {
        if (x[k] < 0)
            h5map_fail_at(slice, k, "item %zu is %g", k, x[k]);
        y[k] = x[k] / 2;
    }
    return x[0] == 99 ? H5MAP_STOPPED : x[0] == 88 ? 5 : 0;
}

H5MAP_SLICE_KERNEL(halves, .signature = "x: double -> y: double");

/* ---- a host ---- */

#define NOTES_MAX 8

struct host {
    h5map_calls_t calls; /* first: its address is the host's */
    int count;
    int status[NOTES_MAX];
    uint64_t index[NOTES_MAX];
    char text[NOTES_MAX][64];
};

__attribute__((format(printf, 4, 0))) static int note(const h5map_calls_t *calls, int status, uint64_t index,
                                                      const char *format, va_list arguments)
{
    struct host *host = (struct host *)calls;

    if (host->count < NOTES_MAX) {
        host->status[host->count] = status;
        host->index[host->count] = index;
        vsnprintf(host->text[host->count++], sizeof host->text[0], format, arguments);
    }
    return status;
}

/* A slice of doubles, one in and one out. */
struct doubles {
    h5map_slice_t slice;
    const void *in[1];
    void *out[1];
    size_t dim[1], bytes[1];
    int32_t status[8];
    double y[8];
};

static h5map_slice_t *doubles_slice(struct doubles *d, const double *x, size_t count, struct host *host)
{
    memset(d, 0, sizeof *d);
    d->in[0] = x;
    d->out[0] = d->y;
    d->bytes[0] = sizeof(double);
    d->slice = (h5map_slice_t){.in = d->in,
                               .out = d->out,
                               .dim = d->dim,
                               .first = 1000,
                               .count = count,
                               .status = d->status,
                               .calls = host ? &host->calls : NULL,
                               .in_count = 1,
                               .out_count = 1,
                               .in_bytes = d->bytes,
                               .out_bytes = d->bytes};
    return &d->slice;
}

/* ---- tests ---- */

static void test_description(void)
{
    CU_ASSERT_EQUAL(h5map_kernel_norm.abi, H5MAP_ABI);
    CU_ASSERT_EQUAL(h5map_kernel_norm.size, sizeof(h5map_kernel_t));
    CU_ASSERT_STRING_EQUAL(h5map_kernel_norm.name, "norm");
    CU_ASSERT_STRING_EQUAL(h5map_kernel_norm.signature, "x: double[n] -> length: double");
    CU_ASSERT_STRING_EQUAL(h5map_kernel_norm.summary, "Euclidean length of a vector");
    CU_ASSERT_EQUAL(h5map_kernel_norm.default_block, 1);
    CU_ASSERT_EQUAL(h5map_kernel_norm.block, 0);
    CU_ASSERT(!h5map_kernel_norm.init);
    CU_ASSERT(!h5map_kernel_norm.finish);
    CU_ASSERT_PTR_NULL(h5map_kernel_picky.summary);
    CU_ASSERT_PTR_EQUAL(h5map_kernel_mixed.init, mixed_init);
    CU_ASSERT_PTR_EQUAL(h5map_kernel_mixed.finish, mixed_finish);
    CU_ASSERT_EQUAL(h5map_kernel_mixed.block, 3);
    CU_ASSERT_EQUAL(h5map_kernel_halves.default_block, 64);
}

static void test_items(void)
{
    const double x[] = {3, 4, 5, 12, 8, 15};
    struct doubles d;
    h5map_slice_t *slice = doubles_slice(&d, x, 3, NULL);
    const size_t in_bytes[] = {2 * sizeof(double)};

    d.dim[0] = 2;
    slice->in_bytes = in_bytes;
    CU_ASSERT_EQUAL(h5map_kernel_norm.map(slice), 0);
    CU_ASSERT_EQUAL(d.y[0], 5);
    CU_ASSERT_EQUAL(d.y[1], 13);
    CU_ASSERT_EQUAL(d.y[2], 17);
    CU_ASSERT_EQUAL(d.y[3], 0); /* not touched */
    slice->count = 0;
    CU_ASSERT_EQUAL(h5map_kernel_norm.map(slice), 0);
}

static void test_failures(void)
{
    const double x[] = {1, -2, 77, 4, -5};
    struct host host = {.calls = {note}};
    struct doubles d;

    CU_ASSERT_NOT_EQUAL(h5map_kernel_picky.map(doubles_slice(&d, x, 5, &host)), 0);
    CU_ASSERT_EQUAL(d.status[0], H5MAP_OK);
    CU_ASSERT_EQUAL(d.status[1], H5MAP_FAILED);
    CU_ASSERT_EQUAL(d.status[2], 7);
    CU_ASSERT_EQUAL(d.status[3], H5MAP_OK);
    CU_ASSERT_EQUAL(d.status[4], H5MAP_FAILED);
    CU_ASSERT_EQUAL(d.y[3], 4);
    CU_ASSERT_EQUAL(host.count, 2);
    CU_ASSERT_EQUAL(host.status[0], H5MAP_FAILED);
    CU_ASSERT_EQUAL(host.index[0], 1001);
    CU_ASSERT_STRING_EQUAL(host.text[0], "-2 is below zero");
    CU_ASSERT_EQUAL(host.index[1], 1004);
    CU_ASSERT_STRING_EQUAL(host.text[1], "-5 is below zero");
}

static void test_stop(void)
{
    const double x[] = {1, 99, -3, 4};
    struct host host = {.calls = {note}};
    struct doubles d;

    CU_ASSERT_NOT_EQUAL(h5map_kernel_picky.map(doubles_slice(&d, x, 4, &host)), 0);
    CU_ASSERT_EQUAL(d.status[0], H5MAP_OK);
    CU_ASSERT_EQUAL(d.status[1], H5MAP_STOPPED);
    CU_ASSERT_EQUAL(d.status[2], H5MAP_OK); /* not reached */
    CU_ASSERT_EQUAL(d.y[3], 0);
    CU_ASSERT_EQUAL(host.count, 1);
    CU_ASSERT_EQUAL(host.status[0], H5MAP_STOPPED);
    CU_ASSERT_EQUAL(host.index[0], 1001);
    CU_ASSERT_STRING_EQUAL(host.text[0], "enough at 99");
}

static void test_without_host(void)
{
    const double x[] = {-1, 2, 99};
    struct doubles d;

    CU_ASSERT_NOT_EQUAL(h5map_kernel_picky.map(doubles_slice(&d, x, 3, NULL)), 0);
    CU_ASSERT_EQUAL(d.status[0], H5MAP_FAILED);
    CU_ASSERT_EQUAL(d.y[1], 2);
    CU_ASSERT_EQUAL(d.status[2], H5MAP_STOPPED);
    CU_ASSERT_EQUAL(h5map_kernel_halves.map(doubles_slice(&d, x, 3, NULL)) ? d.status[0] : 0, H5MAP_FAILED);
}

static void test_index_list(void)
{
    const double x[] = {1, -2, 3};
    const uint64_t index[] = {5, 50, 500};
    struct host host = {.calls = {note}};
    struct doubles d;
    h5map_slice_t *slice = doubles_slice(&d, x, 3, &host);

    slice->index = index;
    CU_ASSERT_NOT_EQUAL(h5map_kernel_picky.map(slice), 0);
    CU_ASSERT_EQUAL(d.y[0], 1);
    CU_ASSERT_EQUAL(d.y[2], 3);
    CU_ASSERT_EQUAL(d.status[1], H5MAP_FAILED);
    CU_ASSERT_EQUAL(host.index[0], 50);
    CU_ASSERT_NOT_EQUAL(h5map_kernel_halves.map(slice), 0);
    CU_ASSERT_EQUAL(host.index[1], 50);
    CU_ASSERT_STRING_EQUAL(host.text[1], "item 1 is -2");
}

static void test_several_ports(void)
{
    const float x[] = {1, 2, 3, 4, 5, 6};
    const int64_t offset = 10;
    const int16_t y[] = {1000, -1, 3000};
    float sum[3] = {0};
    uint64_t index[3] = {0};
    int32_t status[3] = {0};
    const void *const in[] = {x, &offset, y};
    void *const out[] = {sum, index};
    const size_t in_bytes[] = {2 * sizeof(float), 0, sizeof(int16_t)};
    const size_t out_bytes[] = {sizeof(float), sizeof(uint64_t)};
    struct host host = {.calls = {note}};
    const h5map_job_t job = {in, NULL, 3, &host.calls};
    h5map_slice_t slice = {.in = in,
                           .out = out,
                           .first = 7,
                           .count = 3,
                           .status = status,
                           .calls = &host.calls,
                           .in_count = 3,
                           .out_count = 2,
                           .in_bytes = in_bytes,
                           .out_bytes = out_bytes};

    CU_ASSERT_EQUAL_FATAL(h5map_kernel_mixed.init(&job, &slice.state), 0);
    CU_ASSERT_NOT_EQUAL(h5map_kernel_mixed.map(&slice), 0);
    CU_ASSERT_EQUAL(sum[0], 1 + 2 + 10 + 1000 + 100);
    CU_ASSERT_EQUAL(sum[2], 5 + 6 + 10 + 3000 + 100);
    CU_ASSERT_EQUAL(index[0], 7);
    CU_ASSERT_EQUAL(index[2], 9);
    CU_ASSERT_EQUAL(status[0], H5MAP_OK);
    CU_ASSERT_EQUAL(status[1], H5MAP_FAILED);
    CU_ASSERT_EQUAL(status[2], H5MAP_OK);
    CU_ASSERT_EQUAL(host.index[0], 8);
    CU_ASSERT_STRING_EQUAL(host.text[0], "y is -1");
    h5map_kernel_mixed.finish(slice.state);
    CU_ASSERT_EQUAL(*(float *)slice.state, -1);
}

static void test_refused_job(void)
{
    const int64_t offset = -3;
    const void *const in[] = {NULL, &offset, NULL};
    struct host host = {.calls = {note}};
    h5map_job_t job = {in, NULL, 3, &host.calls};
    void *state = NULL;

    CU_ASSERT_EQUAL(h5map_kernel_mixed.init(&job, &state), H5MAP_STOPPED);
    CU_ASSERT_EQUAL(host.count, 1);
    CU_ASSERT_STRING_EQUAL(host.text[0], "offset must not be negative, not -3");
    job.calls = NULL;
    CU_ASSERT_EQUAL(h5map_kernel_mixed.init(&job, &state), H5MAP_STOPPED);
    CU_ASSERT_PTR_NULL(state);
}

static void test_slices(void)
{
    const double x[] = {1, -2, 3}, stopping[] = {99, -2}, failing[] = {88, -2};
    struct host host = {.calls = {note}};
    struct doubles d;

    h5map_kernel_halves.map(doubles_slice(&d, x, 3, &host));
    CU_ASSERT_EQUAL(d.y[0], 0.5);
    CU_ASSERT_EQUAL(d.y[2], 1.5);
    CU_ASSERT_EQUAL(d.status[0], H5MAP_OK);
    CU_ASSERT_EQUAL(d.status[1], H5MAP_FAILED);
    CU_ASSERT_EQUAL(d.status[2], H5MAP_OK);
    CU_ASSERT_EQUAL(host.index[0], 1001);
    CU_ASSERT_STRING_EQUAL(host.text[0], "item 1 is -2");

    CU_ASSERT_NOT_EQUAL(h5map_kernel_halves.map(doubles_slice(&d, stopping, 2, &host)), 0);
    CU_ASSERT_EQUAL(d.status[0], H5MAP_STOPPED);
    CU_ASSERT_EQUAL(d.status[1], H5MAP_FAILED); /* its own status stays */
    CU_ASSERT_NOT_EQUAL(h5map_kernel_halves.map(doubles_slice(&d, failing, 2, &host)), 0);
    CU_ASSERT_EQUAL(d.status[0], 5);
}

int main(void)
{
    CU_TestInfo tests[] = {{"description", test_description},
                           {"items", test_items},
                           {"failures", test_failures},
                           {"stop", test_stop},
                           {"without host", test_without_host},
                           {"index list", test_index_list},
                           {"several ports", test_several_ports},
                           {"refused job", test_refused_job},
                           {"slices", test_slices},
                           CU_TEST_INFO_NULL};

    return suite_run("kernel_abi", tests);
}
