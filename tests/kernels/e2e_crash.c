/* A kernel that goes wrong at one item, in the way that the environment names. */
#include <h5map/kernel.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void *touch_nothing(void *nothing)
{
    *(volatile int *)nothing = 1;
    return NULL;
}

static int deeper(volatile int depth)
{
    volatile char room[4096];

    room[0] = (char)depth;
    return deeper(depth + 1) + room[0];
}

static int go_wrong(const char *how)
{
    volatile int zero = 0;
    pthread_t thread;

    if (!strcmp(how, "address"))
        *(volatile int *)8 = 1;
    if (!strcmp(how, "abort"))
        abort();
    if (!strcmp(how, "stack"))
        return deeper(0);
    if (!strcmp(how, "zero"))
        return 5 / zero;
    if (!strcmp(how, "exit"))
        exit(0);
    if (!strcmp(how, "thread") && !pthread_create(&thread, NULL, touch_nothing, (void *)8))
        pthread_join(thread, NULL);
    return 0;
}

static int crash(const h5map_item_t *item)
{
    const char *how = getenv("E2E_HOW");
    const struct timespec nap = {0, 2000000};

    *(double *)item->out[0] = *(const double *)item->in[0];
    nanosleep(&nap, NULL);
    return how && item->index == 300 ? go_wrong(how) : 0;
}

H5MAP_KERNEL(crash, .signature = "x: double -> y: double");
