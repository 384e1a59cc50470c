/* Guarded buffers: what is in them, what may not be touched, what is said of it. */
#include "run/guard.h"
#include "suite.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define ITEMS 3

static const char signature[] = "x: int32[n], param k: double -> y: int16[2], z: double";

/* x: 4 elements an item. */
struct scene {
    struct plan plan;
    struct guard *guard;
    int32_t x[ITEMS][4];
    double k;
    int16_t y[ITEMS][2];
    double z[ITEMS];
    const void *in[PORTS_MAX];
    void *out[PORTS_MAX];
};

static void enter(struct scene *scene, uint64_t count)
{
    scene->in[0] = scene->x;
    scene->in[1] = &scene->k;
    scene->out[0] = scene->y;
    scene->out[1] = scene->z;
    guard_enter(scene->guard, &(h5map_slice_t){.count = count}, scene->in, scene->out);
}

static void make_scene(struct scene *scene)
{
    struct error error = {0};

    memset(scene, 0, sizeof *scene);
    scene->plan.in_count = scene->plan.out_count = 2;
    scene->plan.in[0] = (struct feed){.type = TYPE_INT32, .elements = 4, .bytes = 16};
    scene->plan.in[1] = (struct feed){.param = true, .type = TYPE_DOUBLE, .elements = 1, .bytes = 8};
    scene->plan.out[0] = (struct yield){.type = TYPE_INT16, .elements = 2, .bytes = 4};
    scene->plan.out[1] = (struct yield){.type = TYPE_DOUBLE, .elements = 1, .bytes = 8};
    for (int k = 0; k < ITEMS * 4; k++)
        scene->x[k / 4][k % 4] = k;
    scene->k = 2.5;
    CU_ASSERT_EQUAL_FATAL(guard_open(&scene->plan, ITEMS, signature, &scene->guard, &error), OK);
}

/* May a byte there be read? May it be written to? The kernel tells, without a signal. */
static bool readable(const void *at)
{
    int fd[2];
    ssize_t got = -1;

    CU_ASSERT_EQUAL_FATAL(pipe(fd), 0);
    got = write(fd[1], at, 1);
    close(fd[0]);
    close(fd[1]);
    return got == 1;
}

static bool writable(void *at)
{
    const int fd = open("/dev/zero", O_RDONLY);
    char was = 0;
    bool may;

    if (readable(at))
        was = *(char *)at;
    may = read(fd, at, 1) == 1;
    if (may)
        *(char *)at = was;
    close(fd);
    return may;
}

static void test_contents(void)
{
    struct scene scene;
    char what[128];

    make_scene(&scene);
    for (uint64_t count = ITEMS; count > 0; count--) {
        scene.z[0] = 0;
        enter(&scene, count);
        CU_ASSERT_EQUAL(memcmp(scene.in[0], scene.x, count * 16), 0);
        CU_ASSERT_EQUAL(*(const double *)scene.in[1], 2.5);
        CU_ASSERT_EQUAL(*(double *)scene.out[1], 0);
        ((int16_t *)scene.out[0])[2 * count - 1] = (int16_t)count;
        *(double *)scene.out[1] = (double)count;
        CU_ASSERT_TRUE(guard_leave(scene.guard, what, sizeof what));
        CU_ASSERT_EQUAL(scene.y[count - 1][1], count);
        CU_ASSERT_EQUAL(scene.z[0], (double)count);
    }
    guard_close(scene.guard);
}

static void test_bounds(void)
{
    struct scene scene;
    char *x, *k, *y;

    make_scene(&scene);
    enter(&scene, 2);
    x = (char *)(uintptr_t)scene.in[0];
    k = (char *)(uintptr_t)scene.in[1];
    y = scene.out[0];
    CU_ASSERT_TRUE(readable(x + 31));
    CU_ASSERT_FALSE(readable(x + 32));
    CU_ASSERT_FALSE(writable(x));
    CU_ASSERT_FALSE(writable(x + 31));
    CU_ASSERT_TRUE(readable(k + 7));
    CU_ASSERT_FALSE(readable(k + 8));
    CU_ASSERT_FALSE(writable(k));
    CU_ASSERT_TRUE(writable(y + 7));
    CU_ASSERT_FALSE(writable(y + 8));
    CU_ASSERT_FALSE(readable(y - sysconf(_SC_PAGESIZE)));
    guard_close(scene.guard);
}

static void test_words(void)
{
    struct scene scene;
    const char *x, *y;
    char what[128];

    make_scene(&scene);
    enter(&scene, 1);
    x = scene.in[0];
    y = scene.out[0];
    CU_ASSERT_TRUE(guard_tell(scene.guard, x + 16, ACCESS_READ, what, sizeof what));
    CU_ASSERT_STRING_EQUAL(what, "reads element 4 of input 'x', which has 4");
    CU_ASSERT_TRUE(guard_tell(scene.guard, x + 8, ACCESS_WRITE, what, sizeof what));
    CU_ASSERT_STRING_EQUAL(what, "writes to element 2 of input 'x'");
    CU_ASSERT_TRUE(guard_tell(scene.guard, (const char *)scene.in[1] + 8, ACCESS_UNKNOWN, what, sizeof what));
    CU_ASSERT_STRING_EQUAL(what, "touches element 1 of parameter 'k', which has 1");
    CU_ASSERT_TRUE(guard_tell(scene.guard, y + 7, ACCESS_WRITE, what, sizeof what));
    CU_ASSERT_STRING_EQUAL(what, "writes element 3 of result 'y', which has 2");
    CU_ASSERT_FALSE(guard_tell(scene.guard, what, ACCESS_READ, what, sizeof what));
    CU_ASSERT_FALSE(guard_tell(scene.guard, NULL, ACCESS_READ, what, sizeof what));
    guard_close(scene.guard);
}

static void test_before(void)
{
    struct scene scene;
    char what[128];

    make_scene(&scene);
    enter(&scene, ITEMS);
    CU_ASSERT_TRUE(guard_leave(scene.guard, what, sizeof what));
    enter(&scene, 1); /* fewer: where items were before is watched now */
    ((double *)scene.out[1])[-2] = 1;
    CU_ASSERT_FALSE(guard_leave(scene.guard, what, sizeof what));
    CU_ASSERT_STRING_EQUAL(what, "writes 9 bytes before the beginning of result 'z'");
    guard_close(scene.guard);
    guard_close(NULL);
}

int main(void)
{
    CU_TestInfo tests[] = {{"contents", test_contents},
                           {"bounds", test_bounds},
                           {"words", test_words},
                           {"before", test_before},
                           CU_TEST_INFO_NULL};

    return suite_run("guard", tests);
}
