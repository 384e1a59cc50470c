/* Goes wrong in the way that $E2E_HOW names: at item $E2E_ITEM, or on rank $E2E_RANK from item 100 on (each
 * takes a while, so that all ranks get some), or in init. */
#include <h5map/kernel.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static const char *how, *item_text, *rank_text;
static int crashes;

static void *touch(void *address)
{
    *(volatile int *)address = 1;
    return NULL;
}

static int deeper(volatile int depth)
{
    volatile char room[4096];

    room[0] = (char)depth;
    return deeper(depth + 1) + room[0];
}

/* A local array that is larger than the stack, by far. */
static int wide(void)
{
    volatile char room[48 << 20];

    room[0] = 1;
    return room[0] - 1;
}

/* free() of what an overrun has damaged: glibc notices, and aborts with a line of its own. */
static void damage_the_heap(void)
{
    volatile char *block = malloc(5000);

    for (int k = 0; k < 5000; k++)
        block[k - 16] = (char)255;
    free((void *)block);
}

static void crash_in_a_thread(void)
{
    pthread_t thread;

    if (!pthread_create(&thread, NULL, touch, (void *)8))
        pthread_join(thread, NULL);
}

static bool is_way(const char *name)
{
    return strcmp(how, name) == 0;
}

static int go_wrong(void)
{
    const struct timespec half = {0, 500000000};
    volatile int hundred = 100, zero = 0;

    if (getenv("E2E_PAUSE")) /* a checkpoint may be made before */
        nanosleep(&half, NULL);
    if (is_way("address"))
        touch((void *)8);
    if (is_way("abort"))
        abort();
    if (is_way("stack"))
        return deeper(0);
    if (is_way("array"))
        return wide();
    if (is_way("zero"))
        return hundred / zero;
    if (is_way("print")) /* of a bad string: the stream stays locked */
        fprintf(stderr, "h5map: the kernel prints %s", (const char *)8);
    if (is_way("heap"))
        damage_the_heap();
    if (is_way("once") && !crashes++)
        raise(SIGSEGV);
    if (is_way("thread"))
        crash_in_a_thread();
    if (is_way("exit"))
        exit(0);
    if (is_way("_exit"))
        _Exit(0);
    if (is_way("pthread_exit"))
        pthread_exit(NULL);
    return 0;
}

static bool is_on_rank(const char *text)
{
    const char *rank = getenv("OMPI_COMM_WORLD_RANK") ? getenv("OMPI_COMM_WORLD_RANK") : getenv("PMI_RANK");

    return text && rank && strcmp(text, rank) == 0;
}

static int crash(const h5map_item_t *item)
{
    *(double *)item->out[0] = *(const double *)item->in[0];
    if (rank_text)
        nanosleep(&(struct timespec){0, 5000000}, NULL);
    if (how && item_text && item->index == strtoull(item_text, NULL, 10))
        return go_wrong();
    if (how && item->index >= 100 && is_on_rank(rank_text))
        return go_wrong();
    return 0;
}

static int init(const h5map_job_t *job, void **state)
{
    (void)job;
    (void)state;
    how = getenv("E2E_HOW");
    item_text = getenv("E2E_ITEM");
    rank_text = getenv("E2E_RANK");
    return how && !item_text && !rank_text ? go_wrong() : 0;
}

H5MAP_KERNEL(crash, .signature = "x: double -> y: double", .init = init);
