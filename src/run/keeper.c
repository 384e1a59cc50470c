#include "run/keeper.h"
#include "run/clock.h"
#include "run/extents.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define EXTENTS_MOST 16384 /* as many, and a checkpoint is due */
#define FAILURES_MOST 4096

/* What one checkpoint records. */
struct load {
    struct extents extents;
    struct failure *failures; /* [failure_count] */
    int failure_count, failure_room;
    struct run_info run; /* this run, with its end and items */
};

struct keeper {
    struct keeper_spec spec;
    struct journal *journal; /* NULL: none yet */
    struct load loads[2];
    struct load *fresh, *pending; /* main's, the thread's */
    double due_s, touched_s;
    uint64_t recorded; /* items of this run */
    bool dead;         /* a checkpoint failed: no more of them */
    bool waits;        /* pending is to be recorded once the other ranks have synced */

    pthread_t thread;
    pthread_mutex_t lock; /* for what follows */
    pthread_cond_t call, answer;
    bool busy, leave;
    struct error error; /* of the thread's last checkpoint */
};

/* ---- the thread ---- */

static int begin_journal(struct keeper *keeper, struct error *error)
{
    struct journal *journal = NULL;

    if (history_begin(keeper->spec.history, &journal, error)) {
        journal_close(journal);
        return error->code;
    }
    keeper->journal = journal;
    return OK;
}

static int put_load(struct keeper *keeper, const struct load *load, struct error *error)
{
    struct journal *journal = keeper->journal;

    for (int k = 0; k < load->failure_count; k++)
        if (history_put_failure(journal, &load->failures[k], error))
            return error->code;
    for (size_t k = 0; k < load->extents.count; k++)
        if (history_put_extent(journal, &load->extents.of[k], keeper->spec.plan->out_count, error))
            return error->code;
    return history_put_run(journal, keeper->spec.history->head.run_count - 1, &load->run, error);
}

/* The journal is published with its first checkpoint in it. */
static int record(struct keeper *keeper, struct error *error)
{
    const bool first = keeper->journal == NULL;

    if (place_sync(keeper->spec.place, error) || lock_look(keeper->spec.lock, error) || /* a sync may take long */
        (first && begin_journal(keeper, error)))
        return error->code;
    if (!put_load(keeper, keeper->pending, error) && !lock_look(keeper->spec.lock, error)) {
        if (first)
            journal_publish(keeper->journal, error);
        else
            journal_sync(keeper->journal, error);
    }
    if (error->code && first && !journal_is_published(keeper->journal)) {
        journal_close(keeper->journal);
        keeper->journal = NULL;
    }
    return error->code;
}

/* Wait until there is something to record, touching the lock meanwhile. false: leave. */
static bool wait_for_call(struct keeper *keeper)
{
    struct timespec until;

    while (!keeper->busy && !keeper->leave) {
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec += (time_t)LOCK_REFRESH_S;
        if (pthread_cond_timedwait(&keeper->call, &keeper->lock, &until) != ETIMEDOUT)
            continue;
        pthread_mutex_unlock(&keeper->lock);
        lock_refresh(keeper->spec.lock);
        pthread_mutex_lock(&keeper->lock);
    }
    return keeper->busy;
}

static void *keeper_thread(void *argument)
{
    struct keeper *keeper = argument;

    pthread_mutex_lock(&keeper->lock);
    while (wait_for_call(keeper)) {
        struct error error = {0};

        pthread_mutex_unlock(&keeper->lock);
        lock_refresh(keeper->spec.lock);
        record(keeper, &error);
        pthread_mutex_lock(&keeper->lock);
        keeper->error = error;
        keeper->busy = false;
        pthread_cond_signal(&keeper->answer);
    }
    pthread_mutex_unlock(&keeper->lock);
    return NULL;
}

/* ---- the main thread ---- */

static int start_thread(struct keeper *keeper)
{
    sigset_t all, before;
    int problem;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    problem = pthread_create(&keeper->thread, NULL, keeper_thread, keeper);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return problem;
}

int keeper_open(const struct keeper_spec *spec, struct keeper **keeper_out, struct error *error)
{
    struct keeper *keeper = calloc(1, sizeof *keeper);
    int problem;

    if (!keeper)
        return error_memory(error, "the journal", sizeof *keeper);
    keeper->spec = *spec;
    keeper->fresh = &keeper->loads[0];
    keeper->pending = &keeper->loads[1];
    keeper->fresh->extents.plan = keeper->pending->extents.plan = spec->plan;
    keeper->due_s = clock_now_s() + spec->checkpoint_s;
    pthread_mutex_init(&keeper->lock, NULL);
    pthread_cond_init(&keeper->call, NULL);
    pthread_cond_init(&keeper->answer, NULL);
    problem = start_thread(keeper);
    if (problem) {
        free(keeper);
        return error_set(error, FAILED, "can't start the journal's thread: %s", strerror(problem));
    }
    *keeper_out = keeper;
    return OK;
}

void keeper_take_journal(struct keeper *keeper, struct journal *journal)
{
    keeper->journal = journal;
}

int keeper_add(struct keeper *keeper, const struct extent *extent, struct error *error)
{
    return extents_add(&keeper->fresh->extents, extent, error);
}

void keeper_add_failure(struct keeper *keeper, const struct failure *failure)
{
    struct load *load = keeper->fresh;

    if (load->failure_count == load->failure_room) {
        const int room = load->failure_room ? 2 * load->failure_room : 64;
        struct failure *more = room <= FAILURES_KEPT ? realloc(load->failures, (size_t)room * sizeof *more) : NULL;

        if (!more)
            return;
        load->failures = more;
        load->failure_room = room;
    }
    load->failures[load->failure_count++] = *failure;
}

/* What the run has done, for the record, once what is fresh is recorded. */
static void describe_run(struct keeper *keeper)
{
    struct run_info *run = &keeper->spec.history->runs[keeper->spec.history->head.run_count - 1];
    const struct extents *extents = &keeper->fresh->extents;

    run->end_s = clock_unix_s();
    run->items += extents->items;
    for (size_t k = 0; k < extents->count; k++)
        run->failed += extents->of[k].failed;
    keeper->fresh->run = *run;
}

/* What is fresh is what the next checkpoint records. */
static void set_apart(struct keeper *keeper)
{
    struct load *load = keeper->fresh;

    describe_run(keeper);
    keeper->fresh = keeper->pending;
    keeper->pending = load;
    keeper->waits = true;
}

/* The thread is to record what was set apart. It is locked. */
static void hand_over(struct keeper *keeper)
{
    keeper->waits = false;
    keeper->busy = true;
    pthread_cond_signal(&keeper->call);
}

/* The thread is not busy: what came of its last checkpoint. */
static int take_answer(struct keeper *keeper, struct error *error)
{
    struct load *load = keeper->pending;

    if (keeper->error.code) {
        keeper->dead = true;
        *error = keeper->error;
        return error->code;
    }
    keeper->recorded += load->extents.items;
    extents_clear(&load->extents);
    load->failure_count = 0;
    return OK;
}

/* A checkpoint that asks for much memory is made at once. */
static bool is_due(const struct keeper *keeper, double now_s)
{
    const struct load *load = keeper->fresh;

    return load->extents.count &&
           (now_s >= keeper->due_s || load->extents.count >= EXTENTS_MOST || load->failure_count >= FAILURES_MOST);
}

/* While the thread waits for a slow disk, others must see that we live. */
static void touch_lock(struct keeper *keeper, double now_s)
{
    if (keeper->pending->extents.count == 0)
        keeper->touched_s = now_s; /* the thread takes care of it */
    if (now_s - keeper->touched_s < LOCK_REFRESH_S)
        return;
    keeper->touched_s = now_s;
    lock_refresh(keeper->spec.lock);
}

int keeper_look(struct keeper *keeper, struct error *error)
{
    const double now_s = clock_now_s();

    touch_lock(keeper, now_s);
    if (keeper->dead || keeper->waits || !(keeper->pending->extents.count || is_due(keeper, now_s)))
        return OK;
    pthread_mutex_lock(&keeper->lock);
    if (!keeper->busy && !take_answer(keeper, error) && is_due(keeper, now_s)) {
        set_apart(keeper);
        if (!keeper->spec.others_write)
            hand_over(keeper);
        keeper->due_s = now_s + keeper->spec.checkpoint_s;
    }
    pthread_mutex_unlock(&keeper->lock);
    return error->code;
}

bool keeper_waits(const struct keeper *keeper)
{
    return keeper->waits;
}

void keeper_go(struct keeper *keeper)
{
    pthread_mutex_lock(&keeper->lock);
    hand_over(keeper);
    pthread_mutex_unlock(&keeper->lock);
}

int keeper_settle(struct keeper *keeper, struct error *error)
{
    if (keeper->dead)
        return error_set(error, FAILED, "%s: can't go on recording what is finished", keeper->spec.history->name);
    pthread_mutex_lock(&keeper->lock);
    if (keeper->waits)
        hand_over(keeper);
    while (keeper->busy)
        pthread_cond_wait(&keeper->answer, &keeper->lock);
    take_answer(keeper, error);
    pthread_mutex_unlock(&keeper->lock);
    return error->code;
}

int keeper_commit(struct keeper *keeper, struct error *error)
{
    if (keeper_settle(keeper, error) || keeper->fresh->extents.count == 0)
        return error->code;
    set_apart(keeper);
    return keeper_settle(keeper, error);
}

bool keeper_has_journal(const struct keeper *keeper)
{
    return keeper->journal != NULL;
}

uint64_t keeper_recorded(const struct keeper *keeper)
{
    return keeper->recorded;
}

void keeper_forget(struct keeper *keeper)
{
    if (keeper->journal)
        journal_remove(keeper->journal);
}

void keeper_close(struct keeper *keeper)
{
    if (!keeper)
        return;
    pthread_mutex_lock(&keeper->lock);
    keeper->leave = true;
    pthread_cond_signal(&keeper->call);
    pthread_mutex_unlock(&keeper->lock);
    pthread_join(keeper->thread, NULL);
    for (int k = 0; k < 2; k++) {
        extents_free(&keeper->loads[k].extents);
        free(keeper->loads[k].failures);
    }
    journal_close(keeper->journal);
    pthread_cond_destroy(&keeper->answer);
    pthread_cond_destroy(&keeper->call);
    pthread_mutex_destroy(&keeper->lock);
    free(keeper);
}
