#include "api/cas/discovery.h"

#include "api/pool.h"
#include "base/clock.h"
#include "base/log.h"
#include "inventory/sync.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { WISHES_MAX = 1024, RESOURCES_BYTES = 256 << 20 };
#define LATELY_MS ((int64_t)10 * 60 * 1000)

struct wish {
    int64_t access_id, asked_ms;
    bool waiting; /* queued, or being worked on */
};

struct discovery {
    struct api *api;
    struct pool *pool;
    pthread_mutex_t mutex; /* guards wishes */
    struct wish wishes[WISHES_MAX];
};

struct look {
    struct discovery *discovery;
    int64_t access_id;
};

bool discovery_open(struct api *api, struct discovery **ret, struct err *err)
{
    struct discovery *d = calloc(1, sizeof *d);
    if (!d)
        return err_set(err, ERR_INTERNAL, "out of memory");
    d->api = api;
    pthread_mutex_init(&d->mutex, NULL);
    if (!pool_open(1, WISHES_MAX, &d->pool, err)) {
        discovery_close(d);
        return false;
    }
    *ret = d;
    return true;
}

struct discovery *discovery_close(struct discovery *d)
{
    if (!d)
        return NULL;
    d->pool = pool_close(d->pool);
    pthread_mutex_destroy(&d->mutex);
    free(d);
    return NULL;
}

void discovery_drain(struct discovery *d)
{
    pool_end(d->pool);
}

/* Its own row, else the one that was asked for longest ago and waits for nothing. Under the mutex. */
static struct wish *wish_of(struct discovery *d, int64_t access_id)
{
    struct wish *oldest = NULL;
    for (size_t i = 0; i < WISHES_MAX; i++) {
        struct wish *w = &d->wishes[i];
        if (w->access_id == access_id)
            return w;
        if (!w->waiting && (!oldest || w->asked_ms < oldest->asked_ms))
            oldest = w;
    }
    if (oldest)
        *oldest = (struct wish){.access_id = access_id};
    return oldest;
}

static void wish_done(struct discovery *d, int64_t access_id)
{
    pthread_mutex_lock(&d->mutex);
    struct wish *w = wish_of(d, access_id);
    if (w)
        w->waiting = false;
    pthread_mutex_unlock(&d->mutex);
}

static bool discover(struct discovery *d, int64_t access_id, struct err *err)
{
    cleanup(arena_free_p) struct arena *a = arena_new(RESOURCES_BYTES);
    const struct api_parts *parts = &d->api->parts;
    struct sync_options options = {.access_id = access_id, .stop = &d->api->stopping};
    struct session *session;
    struct identity identity;
    struct sync_summary sum;
    /* R21: checked before anything is planned with it. */
    return cloud_session(parts->cloud, access_id, &session, err) &&
           cloud_check_until(session, a, &d->api->stopping, &identity, err) &&
           inventory_sync(parts->cloud, parts->store, parts->clock, &options, a, NULL, NULL, &sum, err);
}

static void tell(int64_t access_id, const struct err *err)
{
    char id[24];
    struct log_ctx access = {NULL, "access", id};
    snprintf(id, sizeof id, "%lld", (long long)access_id);
    log_err(LOG_WARNING, &access, "discovery.failed", err);
}

static void run(void *context)
{
    struct look *look = context;
    struct err err = {0};
    const atomic_bool *stop = &look->discovery->api->stopping;
    if (!atomic_load(stop) && !discover(look->discovery, look->access_id, &err) && !atomic_load(stop))
        tell(look->access_id, &err);
    wish_done(look->discovery, look->access_id);
    free(look);
}

void discovery_wish(struct discovery *d, int64_t access_id, bool now)
{
    int64_t now_ms = clock_wall_ms(d->api->parts.clock);
    pthread_mutex_lock(&d->mutex);
    struct wish *w = wish_of(d, access_id);
    bool wanted = w && !w->waiting && (now || now_ms - w->asked_ms >= LATELY_MS || now_ms < w->asked_ms);
    if (wanted) {
        w->waiting = true;
        w->asked_ms = now_ms;
    }
    pthread_mutex_unlock(&d->mutex);
    struct look *look = wanted ? malloc(sizeof *look) : NULL;
    if (!look)
        return;
    *look = (struct look){d, access_id};
    if (pool_add(d->pool, run, look, NULL))
        return;
    free(look);
    wish_done(d, access_id);
}
