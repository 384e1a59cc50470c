#include "run/lane.h"
#include "run/cpu.h"
#include "run/crash.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#define NS 1000000000L
#define SPINS 2000 /* looks before the lane sleeps: about 10 us */

/* Below the stack, addresses that hold nothing: a kernel whose stack overflows by large frames meets them, not the
 * stack of another thread. */
#define GUARD_BYTES ((size_t)64 << 20)
#define GUARD_LEAST_BYTES ((size_t)64 << 10)

/* The stack, where the user sets no limit (ulimit -s unlimited): the first of these that can be had. Only what is used
 * of it becomes memory. */
static const size_t stack_bytes[] = {(size_t)1 << 30, (size_t)128 << 20, (size_t)16 << 20};

struct lane {
    struct mapper *mapper;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t work, news, over;
    bool ended;
    int slots;
    int number, lanes;         /* of this host; number -1: not known */
    atomic_uint started, done; /* slots handed in, slots mapped: counts that only rise */
    unsigned taken;            /* slots handed back */
    atomic_bool resting;       /* the main thread is to hear of the next slot that is done */
    atomic_bool leave;
    struct slot **ring; /* [slots] */
};

/* The number of slots started once it differs from `seen`, or once the lane is to leave. */
static unsigned wait_for_work(struct lane *lane, unsigned seen)
{
    unsigned started = seen;

    for (int k = 0; k < SPINS; k++) {
        started = atomic_load_explicit(&lane->started, memory_order_acquire);
        if (started != seen || atomic_load(&lane->leave))
            return started;
    }
    pthread_mutex_lock(&lane->lock);
    while ((started = atomic_load(&lane->started)) == seen && !atomic_load(&lane->leave))
        pthread_cond_wait(&lane->work, &lane->lock);
    pthread_mutex_unlock(&lane->lock);
    return started;
}

/* A slot is done. The lock only sees to it that the main thread, if it is about to sleep, does so by now. */
static void tell(struct lane *lane, unsigned done)
{
    atomic_store(&lane->done, done);
    if (!atomic_load(&lane->resting))
        return;
    pthread_mutex_lock(&lane->lock);
    pthread_mutex_unlock(&lane->lock);
    pthread_cond_signal(&lane->news);
}

static void *lane_thread(void *argument)
{
    struct lane *lane = argument;

    crash_stack();
    pthread_cleanup_push(crash_thread_ended, NULL);
    for (unsigned done = 0; !atomic_load(&lane->leave);) {
        if (wait_for_work(lane, done) == done)
            continue;
        if (done == 0 && lane->number >= 0)
            cpu_begin_on(lane->number, lane->lanes);
        struct slot *slot = lane->ring[done % (unsigned)lane->slots];

        mapper_use_heap(lane->mapper, &slot->heap);
        mapper_map(lane->mapper, slot->ticket, slot->result);
        tell(lane, ++done);
    }
    pthread_cleanup_pop(0);
    pthread_mutex_lock(&lane->lock);
    lane->ended = true;
    pthread_cond_signal(&lane->over);
    pthread_mutex_unlock(&lane->lock);
    return NULL;
}

static bool stack_is_unlimited(void)
{
    struct rlimit limit;

    return getrlimit(RLIMIT_STACK, &limit) == 0 && limit.rlim_cur == RLIM_INFINITY;
}

/* With that stack (0: glibc's choice, the user's limit or 2 MiB) and guard. */
static int create(struct lane *lane, size_t stack, size_t guard)
{
    pthread_attr_t how;
    int problem = pthread_attr_init(&how);

    if (problem)
        return problem;
    pthread_attr_setguardsize(&how, guard);
    if (stack)
        pthread_attr_setstacksize(&how, stack);
    problem = pthread_create(&lane->thread, &how, lane_thread, lane);
    pthread_attr_destroy(&how);
    return problem;
}

/* Addresses may be limited, too (ulimit -v): then with less. */
static int create_thread(struct lane *lane)
{
    int problem = EAGAIN;

    if (stack_is_unlimited())
        for (size_t k = 0; problem && k < sizeof stack_bytes / sizeof stack_bytes[0]; k++)
            problem = create(lane, stack_bytes[k], GUARD_BYTES);
    if (problem)
        problem = create(lane, 0, GUARD_BYTES);
    return problem ? create(lane, 0, GUARD_LEAST_BYTES) : 0;
}

/* Signals are the main thread's business. */
static int start_thread(struct lane *lane)
{
    sigset_t all, before;
    int problem;

    sigfillset(&all);
    sigdelset(&all, SIGSEGV);
    sigdelset(&all, SIGBUS);
    sigdelset(&all, SIGFPE);
    sigdelset(&all, SIGILL);
    sigdelset(&all, SIGABRT);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    problem = create_thread(lane);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return problem;
}

static void init_locks(struct lane *lane)
{
    pthread_condattr_t monotonic;

    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&lane->lock, NULL);
    pthread_cond_init(&lane->work, NULL);
    pthread_cond_init(&lane->news, &monotonic);
    pthread_cond_init(&lane->over, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

int lane_open(struct mapper *mapper, int slots, struct lane **lane_out, struct error *error)
{
    struct lane *lane = calloc(1, sizeof *lane);
    int problem;

    if (!lane || !(lane->ring = calloc((size_t)slots, sizeof(struct slot *)))) {
        free(lane);
        return error_memory(error, "the kernel's thread", sizeof *lane);
    }
    lane->mapper = mapper;
    lane->slots = slots;
    lane->number = -1;
    init_locks(lane);
    problem = start_thread(lane);
    if (problem) {
        free(lane->ring);
        free(lane);
        return error_set(error, FAILED, "can't start the kernel's thread: %s", strerror(problem));
    }
    *lane_out = lane;
    return OK;
}

void lane_begin_apart(struct lane *lane, int number, int lanes)
{
    lane->number = number;
    lane->lanes = lanes;
}

void lane_start(struct lane *lane, struct slot *slot)
{
    const unsigned started = atomic_load_explicit(&lane->started, memory_order_relaxed);

    lane->ring[started % (unsigned)lane->slots] = slot;
    pthread_mutex_lock(&lane->lock);
    atomic_store_explicit(&lane->started, started + 1, memory_order_release);
    pthread_mutex_unlock(&lane->lock);
    pthread_cond_signal(&lane->work);
}

struct slot *lane_done(struct lane *lane)
{
    if (atomic_load_explicit(&lane->done, memory_order_acquire) == lane->taken)
        return NULL;
    return lane->ring[lane->taken++ % (unsigned)lane->slots];
}

static struct timespec after(long ns)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    time.tv_sec += (time.tv_nsec + ns) / NS;
    time.tv_nsec = (time.tv_nsec + ns) % NS;
    return time;
}

void lane_rest(struct lane *lane, long ns)
{
    const struct timespec until = after(ns);

    pthread_mutex_lock(&lane->lock);
    atomic_store(&lane->resting, true);
    while (atomic_load(&lane->done) == lane->taken &&
           pthread_cond_timedwait(&lane->news, &lane->lock, &until) != ETIMEDOUT)
        ;
    atomic_store(&lane->resting, false);
    pthread_mutex_unlock(&lane->lock);
}

int lane_load(const struct lane *lane)
{
    return (int)(atomic_load_explicit(&lane->started, memory_order_relaxed) - lane->taken);
}

static bool wait_for_end(struct lane *lane, double patience_s)
{
    const struct timespec until = after((long)(NS * patience_s));
    bool ended;

    pthread_mutex_lock(&lane->lock);
    atomic_store(&lane->leave, true);
    pthread_cond_signal(&lane->work);
    while (!lane->ended && pthread_cond_timedwait(&lane->over, &lane->lock, &until) != ETIMEDOUT)
        ;
    ended = lane->ended;
    pthread_mutex_unlock(&lane->lock);
    return ended;
}

bool lane_close(struct lane *lane, double patience_s)
{
    bool sound;

    if (!lane)
        return true;
    if (!wait_for_end(lane, patience_s)) {
        pthread_detach(lane->thread);
        return false;
    }
    pthread_join(lane->thread, NULL);
    pthread_cond_destroy(&lane->over);
    pthread_cond_destroy(&lane->news);
    pthread_cond_destroy(&lane->work);
    pthread_mutex_destroy(&lane->lock);
    sound = !mapper_crashed(lane->mapper);
    free(lane->ring);
    free(lane);
    return sound;
}
