/* Items of which some take their time, and some fail unless the environment says that they are mended. */
#define _GNU_SOURCE
#include <h5map/kernel.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* A letter for each item mapped, so that a test can count them. */
static void log_item(void)
{
    const char *path = getenv("E2E_LOG");
    FILE *log = path ? fopen(path, "a") : NULL;

    if (!log)
        return;
    fputc('i', log);
    fclose(log);
}

static void nap(double seconds)
{
    struct timespec time = {(time_t)seconds, (long)(1e9 * (seconds - (double)(time_t)seconds))};

    if (seconds > 0)
        nanosleep(&time, NULL);
}

/* x < 0 fails; x >= 1000 naps for minutes; the environment tells how long the others take. */
static int again(const h5map_item_t *item)
{
    const double x = *(const double *)item->in[0];
    const double scale = *(const double *)item->in[1];
    const char *seconds = getenv("E2E_NAP");

    log_item();
    nap(x >= 1000 ? 300 : seconds ? atof(seconds) : 0);
    if (x < 0 && !getenv("E2E_MENDED"))
        return h5map_fail(item, "%g is below zero", x);
    *(double *)item->out[0] = scale * x;
    *(int32_t *)item->out[1] = (int32_t)x;
    return 0;
}

H5MAP_KERNEL(again, .signature = "x: double, param scale: double = 2 -> y: double, whole: int32");
