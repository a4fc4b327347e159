#include "task/schedule.h"

#include "base/log.h"
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

enum { TICK_MS = 1000 };

struct schedule {
    struct store *store;
    struct engine *engine;
    const struct clock *clock;
    pthread_t thread;
    pthread_mutex_t mutex; /* guards closing */
    pthread_cond_t wake;
    bool closing;
};

static void tick(struct schedule *s, bool *ok)
{
    struct err err = {0};
    bool more = false, done = schedule_tick(s->store, clock_wall_ms(s->clock), &more, &err);
    if (!done && *ok) /* said once, not every second */
        log_err(LOG_ERROR, NULL, "schedule.tick", &err);
    *ok = done;
    if (more)
        engine_wake(s->engine);
}

static void *run(void *context)
{
    struct schedule *s = context;
    bool ok = true;
    pthread_mutex_lock(&s->mutex);
    while (!s->closing) {
        pthread_mutex_unlock(&s->mutex);
        tick(s, &ok);
        pthread_mutex_lock(&s->mutex);
        struct timespec at;
        clock_gettime(CLOCK_MONOTONIC, &at); /* a jump of the wall clock does not delay the next look at it */
        at.tv_sec += TICK_MS / 1000;
        while (!s->closing && pthread_cond_timedwait(&s->wake, &s->mutex, &at) == 0)
            continue;
    }
    pthread_mutex_unlock(&s->mutex);
    return NULL;
}

static void destroy(struct schedule *s)
{
    pthread_cond_destroy(&s->wake);
    pthread_mutex_destroy(&s->mutex);
    free(s);
}

bool schedule_open(struct store *store, struct engine *e, const struct clock *clock, struct schedule **ret,
                   struct err *err)
{
    pthread_condattr_t monotonic;
    struct schedule *s = calloc(1, sizeof *s);
    if (!s)
        return err_set(err, ERR_INTERNAL, "out of memory");
    s->store = store;
    s->engine = e;
    s->clock = clock;
    pthread_mutex_init(&s->mutex, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&s->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    if (pthread_create(&s->thread, NULL, run, s) != 0) {
        destroy(s);
        return err_set(err, ERR_INTERNAL, "cannot start a thread");
    }
    *ret = s;
    return true;
}

struct schedule *schedule_close(struct schedule *s)
{
    if (!s)
        return NULL;
    pthread_mutex_lock(&s->mutex);
    s->closing = true;
    pthread_cond_signal(&s->wake);
    pthread_mutex_unlock(&s->mutex);
    pthread_join(s->thread, NULL);
    destroy(s);
    return NULL;
}
