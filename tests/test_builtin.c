#include "kernel/builtin.h"

#include "suite.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef H5MAP_SOURCE_DIR
#define H5MAP_SOURCE_DIR "."
#endif

static const h5map_kernel_t *kernel_of(const char *name)
{
    int count;
    const struct builtin *list = builtin_list(&count);

    for (int k = 0; k < count; k++)
        if (!strcmp(list[k].kernel->name, name))
            return list[k].kernel;
    return NULL;
}

/* Is the text that of the file? */
static bool is_file_text(const char *text, const char *path)
{
    FILE *file = fopen(path, "rb");
    size_t length = strlen(text), got = 0;
    char *read = malloc(length + 2);

    if (file && read)
        got = fread(read, 1, length + 2, file);
    if (file)
        fclose(file);
    bool same = got == length && length > 100 && !memcmp(read, text, length);
    free(read);
    return same;
}

static void test_list(void)
{
    int count = 0;
    const struct builtin *list = builtin_list(&count);

    CU_ASSERT_EQUAL_FATAL(count, 3);
    for (int k = 0; k < count; k++) {
        char path[256];

        CU_ASSERT_EQUAL(list[k].kernel->abi, H5MAP_ABI);
        CU_ASSERT_PTR_NOT_NULL(list[k].kernel->summary);
        if (k)
            CU_ASSERT(strcmp(list[k - 1].kernel->name, list[k].kernel->name) < 0);
        snprintf(path, sizeof path, H5MAP_SOURCE_DIR "/src/kernel/%s.c", list[k].kernel->name);
        CU_ASSERT(is_file_text(list[k].source, path));
    }
    CU_ASSERT(is_file_text(builtin_header(), H5MAP_SOURCE_DIR "/include/h5map/kernel.h"));
}

static void test_signatures(void)
{
    CU_ASSERT_STRING_EQUAL(kernel_of("square")->signature, "items: double -> results: double");
    CU_ASSERT_STRING_EQUAL(kernel_of("haversine")->signature,
                           "lon: double, lat: double, param lon0: double, param lat0: double, "
                           "param lon_scale: double = 1, param lon_min: double = 0, param lat_scale: double = 1, "
                           "param lat_min: double = 0, param missing: double = -1 -> distance: double");
    CU_ASSERT_STRING_EQUAL(kernel_of("stats")->signature,
                           "x: float[h, w] -> mean: double, std: double, min: float, max: float");
}

static void test_square(void)
{
    const double x[] = {1, 2, 3, 4, 5};
    double y[5];
    int32_t status[5] = {0};
    const void *const in[] = {x};
    void *const out[] = {y};
    const size_t bytes[] = {sizeof(double)};
    const h5map_slice_t slice = {.in = in,
                                 .out = out,
                                 .count = 5,
                                 .status = status,
                                 .in_count = 1,
                                 .out_count = 1,
                                 .in_bytes = bytes,
                                 .out_bytes = bytes};

    CU_ASSERT_EQUAL(kernel_of("square")->map(&slice), 0);
    for (int k = 0; k < 5; k++)
        CU_ASSERT_EQUAL(y[k], (k + 1) * (k + 1));
}

/* lon, lat, lon0, lat0, lon_scale, lon_min, lat_scale, lat_min, missing */
static double distance(const double value[9])
{
    const void *in[9];
    double result = -1;
    void *const out[] = {&result};
    int32_t status = 0;
    const size_t in_bytes[9] = {sizeof(double), sizeof(double)}, out_bytes[] = {sizeof(double)};
    const h5map_slice_t slice = {.in = in,
                                 .out = out,
                                 .count = 1,
                                 .status = &status,
                                 .in_count = 9,
                                 .out_count = 1,
                                 .in_bytes = in_bytes,
                                 .out_bytes = out_bytes};

    for (int k = 0; k < 9; k++)
        in[k] = &value[k];
    CU_ASSERT_EQUAL(kernel_of("haversine")->map(&slice), 0);
    return result;
}

static double plain_distance(double lon, double lat, double lon0, double lat0)
{
    return distance((const double[]){lon, lat, lon0, lat0, 1, 0, 1, 0, -1});
}

#define RADIUS_KM 6371.0088

static void test_haversine(void)
{
    const double pi = acos(-1);

    CU_ASSERT_EQUAL(plain_distance(10, 59, 10, 59), 0);
    CU_ASSERT_DOUBLE_EQUAL(plain_distance(90, 0, 0, 0), RADIUS_KM * pi / 2, 1e-8);
    CU_ASSERT_DOUBLE_EQUAL(plain_distance(0, 90, 123, -90), RADIUS_KM * pi, 1e-3);
    CU_ASSERT_DOUBLE_EQUAL(plain_distance(180, 0, 0, 0), RADIUS_KM * pi, 1e-3);
    CU_ASSERT_DOUBLE_EQUAL(plain_distance(-179.5, 0, 179.5, 0), RADIUS_KM * pi / 180, 1e-8);
    CU_ASSERT_DOUBLE_EQUAL(plain_distance(370, 12, 10, 12), 0, 1e-8);
    /* one second of arc: no digits are lost nearby */
    CU_ASSERT_DOUBLE_EQUAL(plain_distance(1. / 3600, 0, 0, 0), RADIUS_KM * pi / 180 / 3600, 1e-12);
    /* Oslo to Moscow by the spherical law of cosines */
    CU_ASSERT_DOUBLE_EQUAL(
        plain_distance(37.6173, 55.7558, 10.7522, 59.9139),
        RADIUS_KM * acos(sin(55.7558 * pi / 180) * sin(59.9139 * pi / 180) +
                         cos(55.7558 * pi / 180) * cos(59.9139 * pi / 180) * cos((37.6173 - 10.7522) * pi / 180)),
        1e-6);
}

static void test_haversine_packed(void)
{
    /* degrees = value / scale + min */
    double packed[] = {2000, 300, 10, 59, 1000, 8, 100, 56, 65535};

    CU_ASSERT_DOUBLE_EQUAL(distance(packed), 0, 1e-9);
    packed[0] = 3000;
    CU_ASSERT_DOUBLE_EQUAL(distance(packed), plain_distance(11, 59, 10, 59), 1e-9);
    packed[1] = 400;
    CU_ASSERT_DOUBLE_EQUAL(distance(packed), plain_distance(11, 60, 10, 59), 1e-9);
}

static void test_haversine_missing(void)
{
    double value[] = {65535, 0, 10, 59, 1000, 8, 100, 56, 65535};

    CU_ASSERT(isnan(distance(value)));
    value[0] = 65534;
    CU_ASSERT(!isnan(distance(value)));
    value[0] = NAN;
    CU_ASSERT(isnan(distance(value)));
    value[0] = 0, value[1] = NAN;
    CU_ASSERT(isnan(distance(value)));
    CU_ASSERT(isnan(plain_distance(-1, 0, 0, 0)));
}

static int haversine_init(double lon0, double lat0, double lon_scale, double lat_scale)
{
    const double zero = 0;
    const void *const in[] = {NULL, NULL, &lon0, &lat0, &lon_scale, &zero, &lat_scale, &zero, &zero};
    const h5map_job_t job = {.in = in};
    void *state = NULL;

    return kernel_of("haversine")->init(&job, &state);
}

static void test_haversine_parameters(void)
{
    CU_ASSERT_EQUAL(haversine_init(190, -90, 1, 1), 0);
    CU_ASSERT_NOT_EQUAL(haversine_init(10, 90.5, 1, 1), 0);
    CU_ASSERT_NOT_EQUAL(haversine_init(10, NAN, 1, 1), 0);
    CU_ASSERT_NOT_EQUAL(haversine_init(INFINITY, 0, 1, 1), 0);
    CU_ASSERT_NOT_EQUAL(haversine_init(10, 0, 0, 1), 0);
    CU_ASSERT_NOT_EQUAL(haversine_init(10, 0, 1, 0), 0);
}

struct summary {
    double mean, std;
    float min, max;
    int32_t status;
};

static struct summary stats_of(const float *x, size_t h, size_t w)
{
    struct summary s = {0};
    const void *const in[] = {x};
    void *const out[] = {&s.mean, &s.std, &s.min, &s.max};
    const size_t dim[] = {h, w}, in_bytes[] = {h * w * sizeof *x}, out_bytes[] = {8, 8, 4, 4};
    const h5map_slice_t slice = {.in = in,
                                 .out = out,
                                 .dim = dim,
                                 .count = 1,
                                 .status = &s.status,
                                 .in_count = 1,
                                 .out_count = 4,
                                 .in_bytes = in_bytes,
                                 .out_bytes = out_bytes};

    kernel_of("stats")->map(&slice);
    return s;
}

static void test_stats(void)
{
    float x[41];
    struct summary s;

    /* lengths around the lanes */
    for (size_t n = 1; n <= 41; n++) {
        double expected_std = sqrt(((double)n * (double)n - 1) / 12);

        for (size_t k = 0; k < n; k++)
            x[k] = (float)(k * 43 % n) - 3; /* 43 is prime: each of 0 .. n - 1 once */
        s = stats_of(x, 1, n);
        CU_ASSERT_EQUAL(s.status, 0);
        CU_ASSERT_DOUBLE_EQUAL(s.mean, ((double)n - 1) / 2 - 3, 1e-12);
        CU_ASSERT_DOUBLE_EQUAL(s.std, expected_std, 1e-12);
        CU_ASSERT_EQUAL(s.min, -3);
        CU_ASSERT_EQUAL(s.max, (float)n - 4);
    }
}

static void test_stats_is_sound(void)
{
    float x[1000];
    struct summary s;

    for (int k = 0; k < 1000; k++)
        x[k] = 16777214.0f + (float)(k % 2); /* squares and their mean agree in 14 digits */
    s = stats_of(x, 10, 100);
    CU_ASSERT_DOUBLE_EQUAL(s.mean, 16777214.5, 1e-6);
    CU_ASSERT_DOUBLE_EQUAL(s.std, 0.5, 1e-12);
    x[3] = FLT_MAX, x[4] = -FLT_MAX;
    s = stats_of(x, 10, 100);
    CU_ASSERT(isfinite(s.mean));
    CU_ASSERT(isfinite(s.std));
    CU_ASSERT_EQUAL(s.min, -FLT_MAX);
    CU_ASSERT_EQUAL(s.max, FLT_MAX);
}

static void test_stats_nan(void)
{
    float x[20];
    struct summary s;

    for (int at = 0; at < 20; at++) {
        for (int k = 0; k < 20; k++)
            x[k] = k == at ? NAN : (float)k;
        s = stats_of(x, 4, 5);
        CU_ASSERT_EQUAL(s.status, 0);
        CU_ASSERT(isnan(s.mean) && isnan(s.std) && isnan(s.min) && isnan(s.max));
    }
    for (int k = 0; k < 20; k++)
        x[k] = k == 3 ? INFINITY : k == 17 ? -INFINITY : (float)k;
    s = stats_of(x, 4, 5); /* as NumPy has it */
    CU_ASSERT(isnan(s.mean) && isnan(s.std));
    CU_ASSERT_EQUAL(s.min, -INFINITY);
    CU_ASSERT_EQUAL(s.max, INFINITY);
}

static void test_stats_of_nothing(void)
{
    float x[1] = {0};

    CU_ASSERT_EQUAL(stats_of(x, 0, 5).status, H5MAP_FAILED);
    CU_ASSERT_EQUAL(stats_of(x, 5, 0).status, H5MAP_FAILED);
    CU_ASSERT_EQUAL(stats_of(x, 1, 1).status, 0);
}

int main(void)
{
    CU_TestInfo tests[] = {{"list", test_list},
                           {"signatures", test_signatures},
                           {"square", test_square},
                           {"haversine", test_haversine},
                           {"haversine, packed", test_haversine_packed},
                           {"haversine, missing", test_haversine_missing},
                           {"haversine, parameters", test_haversine_parameters},
                           {"stats", test_stats},
                           {"stats is sound", test_stats_is_sound},
                           {"stats, NaN", test_stats_nan},
                           {"stats of nothing", test_stats_of_nothing},
                           CU_TEST_INFO_NULL};

    return suite_run("builtin", tests);
}
