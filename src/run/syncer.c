#include "run/syncer.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

struct syncer {
    struct place *place;
    pthread_t thread;
    pthread_mutex_t lock; /* for what follows */
    pthread_cond_t call;
    bool busy, leave, over; /* over: it is done, and has not been told */
    struct error error;
};

static void *syncer_thread(void *argument)
{
    struct syncer *syncer = argument;

    pthread_mutex_lock(&syncer->lock);
    for (;;) {
        struct error error = {0};

        while (!syncer->busy && !syncer->leave)
            pthread_cond_wait(&syncer->call, &syncer->lock);
        if (!syncer->busy)
            break;
        pthread_mutex_unlock(&syncer->lock);
        place_sync(syncer->place, &error);
        pthread_mutex_lock(&syncer->lock);
        syncer->error = error;
        syncer->busy = false;
        syncer->over = true;
    }
    pthread_mutex_unlock(&syncer->lock);
    return NULL;
}

int syncer_open(struct place *place, struct syncer **syncer_out, struct error *error)
{
    struct syncer *syncer = calloc(1, sizeof *syncer);
    sigset_t all, before;
    int problem;

    *syncer_out = NULL;
    if (!syncer)
        return error_memory(error, "the thread that syncs", sizeof *syncer);
    syncer->place = place;
    pthread_mutex_init(&syncer->lock, NULL);
    pthread_cond_init(&syncer->call, NULL);
    sigfillset(&all); /* signals are the main thread's business */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    problem = pthread_create(&syncer->thread, NULL, syncer_thread, syncer);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (problem) {
        free(syncer);
        return error_set(error, FAILED, "can't start the thread that syncs: %s", strerror(problem));
    }
    *syncer_out = syncer;
    return OK;
}

void syncer_start(struct syncer *syncer)
{
    pthread_mutex_lock(&syncer->lock);
    syncer->busy = true;
    pthread_cond_signal(&syncer->call);
    pthread_mutex_unlock(&syncer->lock);
}

bool syncer_done(struct syncer *syncer, struct error *error)
{
    bool over;

    pthread_mutex_lock(&syncer->lock);
    over = syncer->over;
    syncer->over = false;
    if (over)
        *error = syncer->error;
    pthread_mutex_unlock(&syncer->lock);
    return over;
}

void syncer_close(struct syncer *syncer)
{
    if (!syncer)
        return;
    pthread_mutex_lock(&syncer->lock);
    syncer->leave = true;
    pthread_cond_signal(&syncer->call);
    pthread_mutex_unlock(&syncer->lock);
    pthread_join(syncer->thread, NULL);
    pthread_cond_destroy(&syncer->call);
    pthread_mutex_destroy(&syncer->lock);
    free(syncer);
}
